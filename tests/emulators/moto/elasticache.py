"""Rules and answers of Amazon ElastiCache that moto 5.2.5 lacks, closed over moto's own models.

Every patch says what stock moto does.
"""

import copy
from types import SimpleNamespace

from moto.core.responses import ActionResult
from moto.elasticache.exceptions import (
    CacheSubnetGroupNotFound,
    ElastiCacheException,
    InvalidParameterCombinationException,
    ReplicationGroupNotFound,
)
from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


def action(function):
    """Adds an action that stock moto does not have."""
    setattr(ElastiCacheResponse, function.__name__, function)
    return function


class InvalidReplicationGroupState(ElastiCacheException):
    code = "InvalidReplicationGroupState"

    def __init__(self, group):
        super().__init__(f"Replication group {group.replication_group_id} is {group.status}.")


class CacheSubnetGroupInUse(ElastiCacheException):
    code = "CacheSubnetGroupInUse"


# Subnet groups.


@action
def modify_cache_subnet_group(self):
    """Stock: not there."""
    name = self._get_param("CacheSubnetGroupName")
    old = self.elasticache_backend.describe_cache_subnet_groups(name)[0]
    account, region = self.current_account, self.region
    subnets = self._get_param("SubnetIds", old.subnet_ids)
    group = CacheSubnetGroup(account, region, name, old.cache_subnet_group_description, subnets, old.tags)
    self.elasticache_backend.cache_subnet_groups[name] = group
    return ActionResult({"CacheSubnetGroup": group})


@action
def delete_cache_subnet_group(self):
    """Stock: not there."""
    name = self._get_param("CacheSubnetGroupName")
    backend = self.elasticache_backend
    if name not in backend.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(name)
    if any(group.cache_subnet_group_name == name for group in backend.replication_groups.values()):
        raise CacheSubnetGroupInUse(f"{name} is in use")
    group = backend.cache_subnet_groups.pop(name)
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    return ActionResult({})


# Replication groups. Stock: available at once, deleting for ever. Here: one look sees the state in between.


def set_nodes(group, count):
    """Gives the group as many nodes."""
    shard = group.node_groups[0]
    shard["reader_endpoint"] = {"address": shard["reader_endpoint_address"], "port": shard["port"]}
    domain = shard["primary_endpoint_address"].removeprefix("master.")
    group.member_clusters.clear()
    shard["node_group_members"].clear()
    azs, replicas = [], count - 1
    names = (group.member_clusters, group.replication_group_id, domain, shard, azs, count, replicas)
    group._set_node_members_clusters_disabled(*names)


def ready(backend, identifier):
    """The group, for a change."""
    if identifier not in backend.replication_groups:
        raise ReplicationGroupNotFound(identifier)
    group = backend.replication_groups[identifier]
    if group.status != "available":
        raise InvalidReplicationGroupState(group)
    return group


@patch(ElastiCacheBackend, "create_replication_group")
def create_replication_group(stock, self, **settings):
    """Stock: the number of nodes and the endpoint of the readers are not told, any subnet group will do."""
    subnets = settings.get("cache_subnet_group_name")
    if subnets and subnets not in self.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(subnets)
    if settings.get("auth_token") and not settings.get("transit_encryption_enabled"):
        raise InvalidParameterCombinationException("An AUTH token needs encryption in transit.")
    group = stock(self, **settings)
    set_nodes(group, settings.get("num_cache_clusters") or 1)
    group.status = "creating"
    return group


@patch(ElastiCacheBackend, "describe_replication_groups")
def describe_replication_groups(stock, self, replication_group_id=None):
    found = stock(self, replication_group_id)
    seen = [copy.copy(group) for group in found]
    for group in found:
        if group.status == "deleting":
            del self.replication_groups[group.replication_group_id]
        elif group.status in ("creating", "modifying"):
            group.status = "available"
    return seen


@patch(ElastiCacheBackend, "describe_cache_clusters")
def describe_cache_clusters(stock, self, cache_cluster_id=None):
    """Stock: nodes of replication groups are no clusters."""
    nodes = [
        node(group, member)
        for group in self.replication_groups.values()
        for member in group.member_clusters
        if cache_cluster_id in (None, member)
    ]
    if nodes and cache_cluster_id:
        return nodes
    return nodes + stock(self, cache_cluster_id)


def node(group, member):
    """A node of a group, as DescribeCacheClusters tells it."""
    name = group.cache_parameter_group_name or f"default.{group.engine}{(group.engine_version or '7')[0]}"
    return SimpleNamespace(
        cache_cluster_id=member,
        replication_group_id=group.replication_group_id,
        engine=group.engine,
        # AWS takes major and minor version and tells the patch too.
        engine_version=f"{group.engine_version}.0",
        cache_node_type=group.cache_node_type,
        cache_cluster_status="available",
        num_cache_nodes=1,
        cache_subnet_group_name=group.cache_subnet_group_name,
        security_groups=[{"SecurityGroupId": it, "Status": "active"} for it in group.security_group_ids or []],
        cache_parameter_group={"CacheParameterGroupName": name, "ParameterApplyStatus": "in-sync"},
        preferred_maintenance_window=group.preferred_maintenance_window,
        snapshot_retention_limit=group.snapshot_retention_limit,
        snapshot_window=group.snapshot_window,
        auto_minor_version_upgrade=group.auto_minor_version_upgrade,
        transit_encryption_enabled=group.transit_encryption_enabled,
        at_rest_encryption_enabled=group.at_rest_encryption_enabled,
        arn=group.arn.replace("replicationgroup", "cluster") + member[-4:],
    )


@patch(ElastiCacheResponse, "modify_replication_group")
def modify_replication_group(stock, self):
    """Stock: most settings are ignored, and any may be combined."""
    group = ready(self.elasticache_backend, self._get_param("ReplicationGroupId"))
    strategy = self._get_param("AuthTokenUpdateStrategy")
    settings = {
        "EngineVersion": "engine_version",
        "CacheParameterGroupName": "cache_parameter_group_name",
        "SecurityGroupIds": "security_group_ids",
        "SnapshotWindow": "snapshot_window",
        "PreferredMaintenanceWindow": "preferred_maintenance_window",
    }
    changes = {attribute: self._get_param(name) for name, attribute in settings.items()}
    changes = {attribute: value for attribute, value in changes.items() if value is not None}
    if strategy and (changes or self._get_param("CacheNodeType")):
        raise InvalidParameterCombinationException("An AUTH token changes alone.")
    answer = stock(self)
    for attribute, value in changes.items():
        setattr(group, attribute, value)
    if self._get_bool_param("AutoMinorVersionUpgrade") is not None:
        group.auto_minor_version_upgrade = self._get_bool_param("AutoMinorVersionUpgrade")
    if strategy in ("ROTATE", "SET"):
        group.auth_token_enabled = True
    if strategy == "DELETE":
        group.auth_token_enabled = False
    group.status = "modifying"
    return answer


@action
def increase_replica_count(self):
    """Stock: not there."""
    return change_replica_count(self)


@action
def decrease_replica_count(self):
    """Stock: not there."""
    return change_replica_count(self)


def change_replica_count(self):
    group = ready(self.elasticache_backend, self._get_param("ReplicationGroupId"))
    count = self._get_int_param("NewReplicaCount")
    if count == 0 and (group.multi_az == "enabled" or group.automatic_failover == "enabled"):
        raise InvalidParameterCombinationException("Automatic failover needs a replica.")
    set_nodes(group, count + 1)
    group.status = "modifying"
    return ActionResult({"ReplicationGroup": group})


@patch(ElastiCacheBackend, "delete_replication_group")
def delete_replication_group(stock, self, replication_group_id, retain_primary_cluster):
    group = ready(self, replication_group_id)
    self.tagging_service.delete_all_tags_for_resource(group.arn)
    return stock(self, replication_group_id, retain_primary_cluster)
