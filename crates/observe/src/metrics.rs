//! Metrics that AWS publishes of what this library declares, with the dimensions they really have.

use landfall_compute::{AutoScalingGroup, LoadBalancer, TargetGroup};
use landfall_core::{Handle, Input, PlaceCode, Region};
use landfall_datalayer::{AuroraCluster, ClusterRole};
use landfall_dns::HealthCheck;
use landfall_edge::Distribution;

use crate::metric::{Metric, Statistic};

const P99: Statistic = Statistic::Percentile(990);

fn load_balancer<R: Region>(handle: Handle<LoadBalancer<R>>, name: &str, statistic: Statistic) -> Metric {
    Metric::new("AWS/ApplicationELB", name, statistic).dimension("LoadBalancer", handle.get(LoadBalancer::ARN_SUFFIX))
}

/// Seconds until targets begin to answer, 99th percentile.
pub fn target_response_time<R: Region>(handle: Handle<LoadBalancer<R>>) -> Metric {
    load_balancer(handle, "TargetResponseTime", P99)
}

/// Requests per period.
pub fn request_count<R: Region>(handle: Handle<LoadBalancer<R>>) -> Metric {
    load_balancer(handle, "RequestCount", Statistic::Sum)
}

/// Errors per period that the load balancer itself answers with, for want of a healthy target among others.
pub fn load_balancer_5xx<R: Region>(handle: Handle<LoadBalancer<R>>) -> Metric {
    load_balancer(handle, "HTTPCode_ELB_5XX_Count", Statistic::Sum)
}

/// Errors per period that targets answer with.
pub fn target_5xx<R: Region>(handle: Handle<LoadBalancer<R>>) -> Metric {
    load_balancer(handle, "HTTPCode_Target_5XX_Count", Statistic::Sum)
}

/// Targets that fail their health check.
pub fn unhealthy_hosts<R: Region>(balancer: Handle<LoadBalancer<R>>, targets: Handle<TargetGroup<R>>) -> Metric {
    load_balancer(balancer, "UnHealthyHostCount", Statistic::Maximum)
        .dimension("TargetGroup", targets.get(TargetGroup::ARN_SUFFIX))
}

/// CPU of the instances of a group, mean, in per cent.
pub fn instance_cpu<R: Region>(group: Handle<AutoScalingGroup<R>>) -> Metric {
    Metric::new("AWS/EC2", "CPUUtilization", Statistic::Average)
        .dimension("AutoScalingGroupName", group.get(AutoScalingGroup::NAME))
}

fn cluster<R: Region, M: ClusterRole>(handle: Handle<AuroraCluster<R, M>>, name: &str, statistic: Statistic) -> Metric {
    Metric::new("AWS/RDS", name, statistic).dimension("DBClusterIdentifier", handle.id())
}

/// CPU of the instances of a cluster, mean, in per cent.
pub fn database_cpu<R: Region, M: ClusterRole>(handle: Handle<AuroraCluster<R, M>>) -> Metric {
    cluster(handle, "CPUUtilization", Statistic::Average)
}

/// Connections to the instances of a cluster.
pub fn database_connections<R: Region, M: ClusterRole>(handle: Handle<AuroraCluster<R, M>>) -> Metric {
    cluster(handle, "DatabaseConnections", Statistic::Average)
}

/// Milliseconds by which a secondary cluster lags behind the primary in the region `source`: what a lost region loses
/// in writes.
///
/// Published in the secondary's region only, under both dimensions: on the cluster alone there is no such metric.
pub fn replication_lag<R: Region, M: ClusterRole>(secondary: Handle<AuroraCluster<R, M>>, source: PlaceCode) -> Metric {
    cluster(secondary, "AuroraGlobalDBReplicationLag", Statistic::Maximum).dimension("SourceRegion", source.as_str())
}

/// CPU of one node of a cache, in per cent of the core that the engine uses.
///
/// ElastiCache publishes by node: `node` is the id of a member cluster, not of the replication group.
pub fn cache_cpu(node: impl Into<Input<String>>) -> Metric {
    Metric::new("AWS/ElastiCache", "EngineCPUUtilization", Statistic::Average).dimension("CacheClusterId", node)
}

/// Memory of one node of a cache that is in use, in per cent.
pub fn cache_memory(node: impl Into<Input<String>>) -> Metric {
    Metric::new("AWS/ElastiCache", "DatabaseMemoryUsagePercentage", Statistic::Average)
        .dimension("CacheClusterId", node)
}

/// 1 while a health check passes, 0 while it fails. Published in us-east-1 only.
pub fn health_check_status(check: Handle<HealthCheck>) -> Metric {
    Metric::new("AWS/Route53", "HealthCheckStatus", Statistic::Minimum).dimension("HealthCheckId", check.id())
}

/// Errors of a distribution, in per cent of its requests. Published in us-east-1 only.
pub fn distribution_5xx(distribution: Handle<Distribution>) -> Metric {
    Metric::new("AWS/CloudFront", "5xxErrorRate", Statistic::Average)
        .dimension("DistributionId", distribution.id())
        .dimension("Region", "Global")
}
