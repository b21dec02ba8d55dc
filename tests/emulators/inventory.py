"""Counts what exists, by kind, as a client sees it that knows nothing of Landfall or its state.

Usage: inventory.py REGION... ; prints one JSON object: kind to list of ids. Endpoints come from AWS_ENDPOINT_URL and
AWS_ENDPOINT_URL_<SERVICE>, as for any program over botocore. What every account has from the start is left out, and
so is what AWS itself makes and removes: default networks, service-linked roles, keys on their way out.
"""

import json
import sys

import boto3

GLOBAL = "us-east-1"


def client(service, region):
    return boto3.client(service, region_name=region, aws_access_key_id="test", aws_secret_access_key="test")


def pages(api, operation, key, **arguments):
    """Every item of an operation, page by page where it has pages."""
    if api.can_paginate(operation):
        for page in api.get_paginator(operation).paginate(**arguments):
            yield from page.get(key) or []
    else:
        yield from getattr(api, operation)(**arguments).get(key) or []


def ec2(region):
    api = client("ec2", region)
    ours = {vpc["VpcId"] for vpc in pages(api, "describe_vpcs", "Vpcs") if not vpc.get("IsDefault")}
    yield from (("ec2.vpc", vpc) for vpc in ours)
    for kind, operation, key, name in [
        ("ec2.subnet", "describe_subnets", "Subnets", "SubnetId"),
        ("ec2.vpc_endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ]:
        for item in pages(api, operation, key):
            if item["VpcId"] in ours and item.get("State") not in ("deleting", "deleted"):
                yield kind, item[name]
    for gateway in pages(api, "describe_internet_gateways", "InternetGateways"):
        if all(attachment["VpcId"] in ours for attachment in gateway["Attachments"]):
            yield "ec2.internet_gateway", gateway["InternetGatewayId"]
    for address in pages(api, "describe_addresses", "Addresses"):
        yield "ec2.elastic_ip", address["AllocationId"]
    for gateway in pages(api, "describe_nat_gateways", "NatGateways"):
        if gateway["State"] not in ("deleting", "deleted"):
            yield "ec2.nat_gateway", gateway["NatGatewayId"]
    for table in pages(api, "describe_route_tables", "RouteTables"):
        if table["VpcId"] in ours and not any(one.get("Main") for one in table["Associations"]):
            yield "ec2.route_table", table["RouteTableId"]
            for route in table["Routes"]:
                if route.get("GatewayId") != "local" and not str(route.get("GatewayId", "")).startswith("vpce-"):
                    target = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
                    yield "ec2.route", f"{table['RouteTableId']}|{target}"
            for one in table["Associations"]:
                if one.get("SubnetId"):
                    yield "ec2.route_table_association", one["RouteTableAssociationId"]
    groups = {
        group["GroupId"]
        for group in pages(api, "describe_security_groups", "SecurityGroups")
        if group["VpcId"] in ours and group["GroupName"] != "default"
    }
    yield from (("ec2.security_group", group) for group in groups)
    for rule in pages(api, "describe_security_group_rules", "SecurityGroupRules"):
        if rule["GroupId"] in groups:
            yield "ec2.security_group_rule", rule["SecurityGroupRuleId"]
    for peering in pages(api, "describe_vpc_peering_connections", "VpcPeeringConnections"):
        if peering["Status"]["Code"] in ("active", "pending-acceptance", "provisioning", "initiating-request"):
            yield "ec2.vpc_peering_connection", peering["VpcPeeringConnectionId"]
    for template in pages(api, "describe_launch_templates", "LaunchTemplates"):
        yield "ec2.launch_template", template["LaunchTemplateId"]
    for log in pages(api, "describe_flow_logs", "FlowLogs"):
        yield "ec2.flow_log", log["FlowLogId"]


def compute(region):
    api = client("elbv2", region)
    for balancer in pages(api, "describe_load_balancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        yield "elasticloadbalancing.load_balancer", arn
        for listener in pages(api, "describe_listeners", "Listeners", LoadBalancerArn=arn):
            yield "elasticloadbalancing.listener", listener["ListenerArn"]
            for rule in pages(api, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
                if not rule["IsDefault"]:
                    yield "elasticloadbalancing.listener_rule", rule["RuleArn"]
    for group in pages(api, "describe_target_groups", "TargetGroups"):
        yield "elasticloadbalancing.target_group", group["TargetGroupArn"]
    api = client("autoscaling", region)
    for group in pages(api, "describe_auto_scaling_groups", "AutoScalingGroups"):
        yield "autoscaling.group", group["AutoScalingGroupARN"]
    for policy in pages(api, "describe_policies", "ScalingPolicies"):
        yield "autoscaling.policy", policy["PolicyARN"]


def data(region):
    api = client("rds", region)
    for cluster in pages(api, "describe_db_clusters", "DBClusters"):
        yield "rds.cluster", cluster["DBClusterArn"]
    for instance in pages(api, "describe_db_instances", "DBInstances"):
        yield "rds.cluster_instance", instance["DBInstanceArn"]
    for group in pages(api, "describe_db_subnet_groups", "DBSubnetGroups"):
        yield "rds.subnet_group", f"{region}:{group['DBSubnetGroupName']}"
    for group in pages(api, "describe_db_cluster_parameter_groups", "DBClusterParameterGroups"):
        if not group["DBClusterParameterGroupName"].startswith("default"):
            yield "rds.cluster_parameter_group", f"{region}:{group['DBClusterParameterGroupName']}"
    for cluster in pages(api, "describe_global_clusters", "GlobalClusters"):
        yield "rds.global_cluster", cluster["GlobalClusterArn"]
    api = client("elasticache", region)
    for group in pages(api, "describe_replication_groups", "ReplicationGroups"):
        yield "elasticache.replication_group", f"{region}:{group['ReplicationGroupId']}"
    for group in pages(api, "describe_cache_subnet_groups", "CacheSubnetGroups"):
        if group["CacheSubnetGroupName"] != "default":
            yield "elasticache.subnet_group", f"{region}:{group['CacheSubnetGroupName']}"


def security(region):
    api = client("kms", region)
    aliases = list(pages(api, "list_aliases", "Aliases"))
    managed = {alias.get("TargetKeyId") for alias in aliases if alias["AliasName"].startswith("alias/aws/")}
    for key in pages(api, "list_keys", "Keys"):
        about = api.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if key["KeyId"] not in managed and about["KeyState"] == "Enabled":
            replica = about.get("MultiRegionConfiguration", {}).get("MultiRegionKeyType") == "REPLICA"
            yield "kms.replica_key" if replica else "kms.key", about["Arn"]
    for alias in aliases:
        if not alias["AliasName"].startswith("alias/aws/"):
            yield "kms.alias", alias["AliasArn"]
    for secret in pages(client("secretsmanager", region), "list_secrets", "SecretList"):
        if secret.get("PrimaryRegion", region) == region and not secret.get("DeletedDate"):
            yield "secretsmanager.secret", secret["ARN"]
    for certificate in pages(client("acm", region), "list_certificates", "CertificateSummaryList"):
        yield "acm.certificate", certificate["CertificateArn"]


def watch(region):
    api = client("cloudwatch", region)
    for alarm in pages(api, "describe_alarms", "MetricAlarms"):
        yield "cloudwatch.alarm", alarm["AlarmArn"]
    for dashboard in pages(api, "list_dashboards", "DashboardEntries"):
        yield "cloudwatch.dashboard", dashboard["DashboardArn"]
    api = client("sns", region)
    for topic in pages(api, "list_topics", "Topics"):
        yield "sns.topic", topic["TopicArn"]
    for subscription in pages(api, "list_subscriptions", "Subscriptions"):
        yield "sns.subscription", subscription["SubscriptionArn"]
    for trail in client("cloudtrail", region).describe_trails(includeShadowTrails=False)["trailList"]:
        yield "cloudtrail.trail", trail["TrailARN"]
    for group in pages(client("logs", region), "describe_log_groups", "logGroups"):
        yield "logs.log_group", group["arn"]
    for acl in client("wafv2", region).list_web_acls(Scope="REGIONAL")["WebACLs"]:
        yield "wafv2.web_acl", acl["ARN"]


def everywhere():
    api = client("iam", GLOBAL)
    for role in pages(api, "list_roles", "Roles"):
        if not role["Path"].startswith("/aws-service-role/"):
            yield "iam.role", role["Arn"]
    for profile in pages(api, "list_instance_profiles", "InstanceProfiles"):
        yield "iam.instance_profile", profile["Arn"]
    for policy in pages(api, "list_policies", "Policies", Scope="Local"):
        yield "iam.managed_policy", policy["Arn"]
    for bucket in client("s3", GLOBAL).list_buckets()["Buckets"]:
        yield "s3.bucket", bucket["Name"]
    api = client("route53", GLOBAL)
    for zone in pages(api, "list_hosted_zones", "HostedZones"):
        yield "route53.hosted_zone", zone["Id"]
        for record in pages(api, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]):
            if record["Type"] not in ("NS", "SOA") or record["Name"] != zone["Name"]:
                name = (record["Name"], record["Type"], record.get("SetIdentifier", ""))
                yield "route53.record_set", "|".join((zone["Id"], *name))
    for check in pages(api, "list_health_checks", "HealthChecks"):
        yield "route53.health_check", check["Id"]
    api = client("cloudfront", GLOBAL)
    for item in api.list_distributions()["DistributionList"].get("Items", []):
        yield "cloudfront.distribution", item["ARN"]
    for item in api.list_origin_access_controls()["OriginAccessControlList"].get("Items", []):
        yield "cloudfront.origin_access_control", item["Id"]
    for acl in client("wafv2", GLOBAL).list_web_acls(Scope="CLOUDFRONT")["WebACLs"]:
        yield "wafv2.cloudfront_web_acl", acl["ARN"]


def main(regions):
    found = {}
    for kind, name in everywhere():
        found.setdefault(kind, set()).add(name)
    for region in regions:
        for part in (ec2, compute, data, security, watch):
            for kind, name in part(region):
                found.setdefault(kind, set()).add(name)
    print(json.dumps({kind: sorted(names) for kind, names in sorted(found.items())}))


main(sys.argv[1:])
