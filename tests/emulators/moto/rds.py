"""Rules and answers of Amazon RDS that moto 5.2.5 lacks, closed over moto's own models.

Every patch says what stock moto does.
"""

from moto.core.responses import ActionResult
from moto.rds.exceptions import (
    DBClusterNotFoundError,
    DBSubnetGroupNotFoundError,
    InvalidDBClusterStateFault,
    InvalidParameterCombination,
    RDSClientError,
)
from moto.rds.models import DBInstanceClustered, RDSBackend, rds_backends
from moto.rds.responses import RDSResponse


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


def action(function):
    """Adds an action that stock moto does not have."""
    setattr(RDSResponse, function.__name__, function)
    return function


class GlobalClusterNotFound(RDSClientError):
    def __init__(self, identifier):
        super().__init__("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found.")


def global_clusters(account_id):
    """Every region sees the same global clusters; moto keeps them in us-east-1."""
    return rds_backends[account_id]["us-east-1"].global_clusters


def global_cluster(account_id, identifier):
    if identifier not in global_clusters(account_id):
        raise GlobalClusterNotFound(identifier)
    return global_clusters(account_id)[identifier]


# Global clusters.


@patch(RDSResponse, "create_global_cluster")
def create_global_cluster(stock, self):
    """Stock: database name and tags are dropped, and a second one replaces the first."""
    identifier = self.params["GlobalClusterIdentifier"]
    if identifier in global_clusters(self.current_account):
        raise RDSClientError("GlobalClusterAlreadyExistsFault", f"Global cluster {identifier} already exists")
    answer = stock(self)
    made = global_clusters(self.current_account)[identifier]
    made.database_name = self.params.get("DatabaseName")
    made.tags = self.params.get("Tags", [])
    return answer


@patch(RDSResponse, "describe_global_clusters")
def describe_global_clusters(stock, self):
    """Stock: the identifier is ignored."""
    identifier = self.params.get("GlobalClusterIdentifier")
    if not identifier:
        return stock(self)
    return ActionResult({"GlobalClusters": [global_cluster(self.current_account, identifier)]})


@action
def modify_global_cluster(self):
    """Stock: not there."""
    changed = global_cluster(self.current_account, self.params["GlobalClusterIdentifier"])
    if self.params.get("DeletionProtection") is not None:
        changed.deletion_protection = self.params["DeletionProtection"]
    version = self.params.get("EngineVersion")
    if version:
        if changed.members and version.split(".")[0] == changed.engine_version.split(".")[0]:
            message = "ModifyGlobalCluster only supports Major Version Upgrades. Modify the members one by one."
            raise InvalidParameterCombination(message)
        changed.engine_version = version
        for member in changed.members:
            member.engine_version = version
    return ActionResult({"GlobalCluster": changed})


@action
def switchover_global_cluster(self):
    """Stock: not there."""
    switched = global_cluster(self.current_account, self.params["GlobalClusterIdentifier"])
    target = self.params["TargetDbClusterIdentifier"]
    if all(member.db_cluster_arn != target for member in switched.members):
        raise DBClusterNotFoundError(target)
    for member in switched.members:
        member.is_writer = member.db_cluster_arn == target
    return ActionResult({"GlobalCluster": switched})


@patch(RDSBackend, "delete_global_cluster")
def delete_global_cluster(stock, self, global_cluster_identifier):
    """Stock: protection is ignored, and an absent one is a failure of the server."""
    gone = global_cluster(self.account_id, global_cluster_identifier)
    if gone.deletion_protection:
        raise InvalidParameterCombination("Cannot delete protected Global Cluster.")
    return stock(self, global_cluster_identifier)


@patch(RDSBackend, "remove_from_global_cluster")
def remove_from_global_cluster(stock, self, global_cluster_identifier, db_cluster_identifier):
    """Stock: nothing happens to members outside us-east-1, and a writer may leave before its readers."""
    left = global_cluster(self.account_id, global_cluster_identifier)
    name = db_cluster_identifier.split(":")[-1]
    member = next((member for member in left.members if member.db_cluster_identifier == name), None)
    if member is None:
        raise DBClusterNotFoundError(db_cluster_identifier)
    if member.is_writer and len(left.members) > 1:
        raise RDSClientError("InvalidGlobalClusterStateFault", "the primary cluster leaves last")
    left.members.remove(member)
    member.global_cluster_identifier = None
    return left


@patch(RDSBackend, "_get_resource_for_tagging")
def get_resource_for_tagging(stock, self, arn):
    """Stock: global clusters take no tags."""
    if ":global-cluster:" in arn:
        return global_cluster(self.account_id, arn.split(":")[-1])
    return stock(self, arn)


# Clusters.


@patch(RDSBackend, "create_db_cluster")
def create_db_cluster(stock, self, kwargs):
    """Stock: a second one of a name replaces the first; any global cluster, subnet group and master user will do."""
    identifier = kwargs["db_cluster_identifier"]
    if identifier in self.clusters:
        raise RDSClientError("DBClusterAlreadyExistsFault", f"DB cluster {identifier} already exists")
    group = kwargs.get("db_subnet_group_name")
    if group and group not in self.subnet_groups:
        raise DBSubnetGroupNotFoundError(group)
    joined = kwargs.get("global_cluster_identifier")
    if joined:
        members = global_cluster(self.account_id, joined).members
        if not members and not kwargs.get("master_username"):
            raise InvalidParameterCombination("the first cluster of a global cluster needs a master user")
        if members and kwargs.get("master_username"):
            raise InvalidParameterCombination("a secondary cluster takes its master user from the primary")
        if members and not members[0].members:
            raise InvalidDBClusterStateFault("Source cluster is in a state which is not valid for physical replication")
        if any(member.region == self.region_name for member in members):
            raise InvalidParameterCombination("a global cluster has one cluster in a region")
    return stock(self, kwargs)


@patch(RDSBackend, "modify_db_cluster")
def modify_db_cluster(stock, self, kwargs):
    """Stock: changes of logs, IAM authentication and write forwarding are dropped, the global cluster's version stays."""
    identifier = kwargs["db_cluster_identifier"]
    if identifier not in self.clusters:
        raise DBClusterNotFoundError(identifier)
    cluster = self.clusters[identifier]
    logs = kwargs.pop("cloudwatch_logs_export_configuration", None) or {}
    ended = logs.get("DisableLogTypes") or []
    begun = logs.get("EnableLogTypes") or []
    kept = [log for log in cluster.enabled_cloudwatch_logs_exports if log not in ended]
    answer = stock(self, kwargs)
    cluster.enabled_cloudwatch_logs_exports = kept + [log for log in begun if log not in kept]
    if kwargs.get("engine_version") and cluster.global_cluster_identifier:
        joined = global_cluster(self.account_id, cluster.global_cluster_identifier)
        if all(member.engine_version == cluster.engine_version for member in joined.members):
            joined.engine_version = cluster.engine_version
    if kwargs.get("enable_iam_database_authentication") is not None:
        cluster.iam_auth = kwargs["enable_iam_database_authentication"]
    if kwargs.get("enable_global_write_forwarding") is not None:
        cluster._global_write_forwarding_requested = kwargs["enable_global_write_forwarding"]
    return answer


@patch(RDSBackend, "delete_db_cluster")
def delete_db_cluster(stock, self, cluster_identifier, snapshot_name=None):
    """Stock: a member of a global cluster goes without leaving it."""
    cluster = self.clusters.get(cluster_identifier)
    if cluster is not None and cluster.global_cluster_identifier:
        message = "This cluster is a part of a global cluster, please remove it from globalcluster first"
        raise InvalidDBClusterStateFault(message)
    return stock(self, cluster_identifier, snapshot_name)


# Instances.


@patch(DBInstanceClustered, "__init__")
def init_instance(stock, self, db_cluster_identifier, promotion_tier=1, **kwargs):
    """Stock: Performance Insights are dropped."""
    stock(self, db_cluster_identifier, promotion_tier, **kwargs)
    self.performance_insights_enabled = kwargs.get("enable_performance_insights") or False
    self.performance_insights_kms_key_id = kwargs.get("performance_insights_kms_key_id")
    self.performance_insights_retention_period = kwargs.get("performance_insights_retention_period")


@patch(RDSBackend, "modify_db_instance")
def modify_db_instance(stock, self, db_instance_identifier, db_kwargs):
    """Stock: as above."""
    instance = stock(self, db_instance_identifier, db_kwargs)
    if db_kwargs.get("enable_performance_insights") is not None:
        instance.performance_insights_enabled = db_kwargs["enable_performance_insights"]
    return instance


# Subnet groups and parameter groups.


@patch(RDSBackend, "modify_db_subnet_group")
def modify_db_subnet_group(stock, self, subnet_name, description, subnets):
    """Stock: the group is deleted."""
    if subnet_name not in self.subnet_groups:
        raise DBSubnetGroupNotFoundError(subnet_name)
    group = stock(self, subnet_name, description, subnets)
    self.subnet_groups[subnet_name] = group
    return group


@patch(RDSBackend, "delete_subnet_group")
def delete_subnet_group(stock, self, subnet_name):
    """Stock: a group in use goes too."""
    if any(cluster.db_subnet_group_name == subnet_name for cluster in self.clusters.values()):
        raise RDSClientError("InvalidDBSubnetGroupStateFault", f"{subnet_name} is in use")
    return stock(self, subnet_name)


@patch(RDSBackend, "delete_db_cluster_parameter_group")
def delete_db_cluster_parameter_group(stock, self, db_cluster_parameter_group_name):
    """Stock: a group in use goes too."""
    if any(cluster.parameter_group == db_cluster_parameter_group_name for cluster in self.clusters.values()):
        raise RDSClientError("InvalidDBParameterGroupState", f"{db_cluster_parameter_group_name} is in use")
    return stock(self, db_cluster_parameter_group_name)


@action
def reset_db_cluster_parameter_group(self):
    """Stock: not there."""
    name = self.params["DBClusterParameterGroupName"]
    group = self.backend.db_cluster_parameter_groups[name]
    for parameter in self.params.get("Parameters", []):
        group.parameters.pop(parameter["ParameterName"], None)
    return ActionResult({"DBClusterParameterGroupName": name})
