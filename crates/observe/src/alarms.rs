//! The alarms that the people on call need, for one region and for the edge.

use landfall_compute::{AutoScalingGroup, LoadBalancer, TargetGroup};
use landfall_core::{DistinctFrom, Handle, Input, PlaceCode, Region, Scope, UsEast1};
use landfall_datalayer::{AuroraCluster, ClusterRole};
use landfall_dns::HealthCheck;
use landfall_edge::Distribution;

use crate::{
    alarm::{Alarm, Comparison, MissingData},
    dashboard::{Row, Widget},
    metric::Metric,
    metrics,
    topic::Topic,
};

/// Alarms on a region's web tier, database and cache: latency, request spikes, errors, unhealthy hosts, CPU,
/// memory.
#[derive(Debug, Clone, bon::Builder)]
pub struct Alarms<R: Region, M: ClusterRole> {
    /// Regions of the global database that the cluster belongs to; set with `database_between`.
    #[builder(field)]
    pub database_regions: Vec<PlaceCode>,
    /// Topic that is told when an alarm goes off, and when it is over.
    pub topic: Handle<Topic<R>>,
    /// Load balancer of the web tier.
    pub load_balancer: Handle<LoadBalancer<R>>,
    /// Its targets.
    pub target_group: Handle<TargetGroup<R>>,
    /// The instances behind them.
    pub auto_scaling_group: Handle<AutoScalingGroup<R>>,
    /// The region's database cluster.
    pub database: Handle<AuroraCluster<R, M>>,
    /// Ids of the cache's nodes.
    #[builder(default, with = |nodes: impl IntoIterator<Item = impl Into<Input<String>>>| nodes.into_iter().map(Into::into).collect())]
    pub cache_nodes: Vec<Input<String>>,
    /// Bounds; defaults that suit a web platform.
    #[builder(default)]
    pub thresholds: Thresholds,
}

impl<R: Region, M: ClusterRole, S: alarms_builder::State> AlarmsBuilder<R, M, S> {
    /// Watches how far the database lags behind that of the other region; which of the two follows is for a failover
    /// to decide.
    ///
    /// # Panics
    /// For [`AnyRegion`](landfall_core::AnyRegion), whose code is known at run time only: use `database_in`.
    pub fn database_between<A: Region, B: DistinctFrom<A>>(self) -> Self {
        let code = |code: Option<&str>| {
            let code = code.expect("`AnyRegion` has no code of its own: use `database_in(scope.place())`");
            code.parse().expect("region types carry known codes")
        };
        self.database_in(code(A::CODE)).database_in(code(B::CODE))
    }

    /// Adds a region of the global database, chosen at run time.
    pub fn database_in(mut self, place: PlaceCode) -> Self {
        self.database_regions.push(place);
        self
    }
}

/// Bounds of a region's alarms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Seconds until a page begins to come, 99th percentile over five minutes; default 1.
    pub response_time_seconds: f64,
    /// Requests per minute that nobody expects; default 60,000.
    pub requests_per_minute: f64,
    /// Errors per minute; default 25.
    pub errors_per_minute: f64,
    /// CPU of instances, database and cache in per cent; default 90, above the 80 at which the group grows.
    pub cpu_percent: f64,
    /// Memory of the cache in per cent; default 85.
    pub memory_percent: f64,
    /// Milliseconds by which a secondary database may lag; default 5,000, far inside an RPO of five minutes.
    pub replication_lag_milliseconds: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            response_time_seconds: 1.0,
            requests_per_minute: 60_000.0,
            errors_per_minute: 25.0,
            cpu_percent: 90.0,
            memory_percent: 85.0,
            replication_lag_milliseconds: 5_000.0,
        }
    }
}

/// An alarm that goes off above a threshold and tells one topic.
fn above<R: Region>(
    topic: Handle<Topic<R>>,
    metric: Metric,
    threshold: f64,
    missing: MissingData,
    description: &str,
) -> Alarm<R> {
    Alarm::builder()
        .description(description)
        .metric(metric)
        .comparison(Comparison::GreaterThanThreshold)
        .threshold(threshold)
        .treat_missing_data(missing)
        .alarm_actions([topic])
        .ok_actions([topic])
        .build()
}

impl<R: Region, M: ClusterRole> Alarms<R, M> {
    /// Declares the alarms.
    pub fn add_to(&self, scope: &Scope<'_, R>) -> Vec<Handle<Alarm<R>>> {
        let Thresholds { cpu_percent, errors_per_minute, .. } = self.thresholds;
        let balancer = self.load_balancer;
        let quiet = MissingData::NotBreaching;
        let alarms = [
            (
                "latency",
                metrics::target_response_time(balancer).period_seconds(300),
                self.thresholds.response_time_seconds,
                quiet,
                "Pages come slowly: look at the database and at the instances' CPU",
            ),
            (
                "requests",
                metrics::request_count(balancer),
                self.thresholds.requests_per_minute,
                quiet,
                "More requests than expected: a campaign, or an attack that the firewall lets through",
            ),
            (
                "errors",
                metrics::target_5xx(balancer),
                errors_per_minute,
                quiet,
                "The application answers with errors: look at its logs",
            ),
            (
                "balancer-errors",
                metrics::load_balancer_5xx(balancer),
                errors_per_minute,
                quiet,
                "The load balancer finds no target that answers",
            ),
            (
                "unhealthy-hosts",
                metrics::unhealthy_hosts(balancer, self.target_group),
                0.0,
                quiet,
                "Instances fail their health check",
            ),
            (
                "instance-cpu",
                metrics::instance_cpu(self.auto_scaling_group),
                cpu_percent,
                MissingData::Missing,
                "Instances are busy although the group grows at 80 %: is its maximum reached?",
            ),
            (
                "database-cpu",
                metrics::database_cpu(self.database),
                cpu_percent,
                MissingData::Missing,
                "The database is busy: find the query, or take a larger class",
            ),
        ];
        let alarms = alarms.into_iter().map(|(name, metric, threshold, missing, description)| {
            scope.add(name, above(self.topic, metric, threshold, missing, description))
        });
        let mut alarms: Vec<_> = alarms.collect();
        // Only the cluster that follows publishes its lag; each region has the alarm, because a failover swaps them.
        for source in self.database_regions.iter().filter(|place| **place != scope.place()) {
            let lag = above(
                self.topic,
                metrics::replication_lag(self.database, *source),
                self.thresholds.replication_lag_milliseconds,
                quiet,
                "The secondary lags behind the primary: what a lost region would lose grows",
            );
            alarms.push(scope.add(&format!("database-lag-{source}"), lag));
        }
        let caches = self.cache_nodes.iter().enumerate().flat_map(|(position, node)| {
            let cpu = above(
                self.topic,
                metrics::cache_cpu(node),
                cpu_percent,
                MissingData::Missing,
                "A node of the cache is busy",
            );
            let memory = metrics::cache_memory(node);
            let memory = above(
                self.topic,
                memory,
                self.thresholds.memory_percent,
                MissingData::Missing,
                "A node of the cache runs full and will evict",
            );
            let number = position + 1;
            [scope.add(&format!("cache-{number}-cpu"), cpu), scope.add(&format!("cache-{number}-memory"), memory)]
        });
        alarms.iter().copied().chain(caches).collect()
    }
}

impl<R: Region, M: ClusterRole> Alarms<R, M> {
    /// The region's part of a dashboard: a heading, and graphs of what the alarms watch.
    pub fn rows(&self, scope: &Scope<'_, R>) -> Vec<Row> {
        let place = scope.place();
        let graph = |title: &str, metric: Metric| Widget::graph(title, place, [metric]);
        let title = place.region().map_or(place.as_str(), |region| region.city);
        let cache = Widget::graph("Cache CPU", place, self.cache_nodes.iter().map(metrics::cache_cpu));
        vec![
            Row::heading(format!("# {title}")),
            Row::graphs([
                graph("Requests", metrics::request_count(self.load_balancer)),
                graph("Latency, p99", metrics::target_response_time(self.load_balancer)),
                graph("Errors", metrics::target_5xx(self.load_balancer)),
            ]),
            Row::graphs([
                graph("Instance CPU", metrics::instance_cpu(self.auto_scaling_group)),
                graph("Database CPU", metrics::database_cpu(self.database)),
                cache,
            ]),
        ]
    }
}

/// Alarms on what belongs to no region: health checks and the distribution. AWS publishes their metrics in
/// us-east-1 only, so the alarms and their topic live there.
#[derive(Debug, Clone, bon::Builder)]
pub struct EdgeAlarms {
    /// Topic that is told when an alarm goes off, and when it is over.
    pub topic: Handle<Topic<UsEast1>>,
    /// Health checks with the names of what they check.
    #[builder(default, with = |checks: impl IntoIterator<Item = (impl Into<String>, Handle<HealthCheck>)>| {
        checks.into_iter().map(|(name, check)| (name.into(), check)).collect()
    })]
    pub health_checks: Vec<(String, Handle<HealthCheck>)>,
    /// The distribution.
    pub distribution: Option<Handle<Distribution>>,
    /// Errors of the distribution in per cent of its requests; 5 unless said.
    #[builder(default = 5.0)]
    pub distribution_5xx_percent: f64,
}

impl EdgeAlarms {
    /// Declares the alarms.
    pub fn add_to(&self, scope: &Scope<'_, UsEast1>) -> Vec<Handle<Alarm<UsEast1>>> {
        let checks = self.health_checks.iter().map(|(name, check)| {
            let alarm = Alarm::builder()
                .description(format!("{name} fails its health check: Route 53 sends its users elsewhere"))
                .metric(metrics::health_check_status(*check))
                .comparison(Comparison::LessThanThreshold)
                .threshold(1.0)
                .evaluation_periods(1)
                .treat_missing_data(MissingData::Breaching)
                .alarm_actions([self.topic])
                .ok_actions([self.topic])
                .build();
            scope.add(&format!("health-{name}"), alarm)
        });
        let distribution = self.distribution.map(|distribution| {
            let metric = metrics::distribution_5xx(distribution).period_seconds(300);
            let description = "Users get errors from CloudFront: look at both origins";
            scope.add(
                "distribution-errors",
                above(self.topic, metric, self.distribution_5xx_percent, MissingData::NotBreaching, description),
            )
        });
        checks.chain(distribution).collect()
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, London, Mumbai, Topology};
    use landfall_datalayer::{Primary, Secondary};

    use super::*;

    fn watch<R: Region, M: ClusterRole>(topology: &Topology) -> String {
        let scope = topology.region::<R>();
        let alarms = Alarms::builder()
            .database_between::<Mumbai, London>()
            .topic(scope.lookup("alerts", "arn"))
            .load_balancer(scope.lookup("web", "arn"))
            .target_group(scope.lookup("web", "arn"))
            .auto_scaling_group(scope.lookup("web", "web"))
            .database(scope.lookup::<AuroraCluster<R, M>>("db", "db"))
            .build();
        alarms.add_to(&scope);
        let lowered = topology.lower().expect("free of problems");
        let lag = |own: &&landfall_core::Declaration| {
            own.place == scope.place() && own.address.name().starts_with("database-lag")
        };
        let lags: Vec<_> = lowered.declarations.iter().filter(lag).collect();
        assert_eq!(lags.len(), 1, "one for the region that it may follow");
        let landfall_core::expr::Expr::Map(metric) = &lags[0].fields["metric"] else { panic!("a metric") };
        let dimensions = metric["dimensions"].resolve(&|_, _| Some("db".into())).known().expect("known");
        dimensions.to_string()
    }

    #[test]
    fn a_lag_is_watched_under_the_dimensions_that_aws_publishes() {
        let topology = Topology::new("twin", Environment::new("test"));
        let india = watch::<Mumbai, Primary>(&topology);
        let london = watch::<London, Secondary>(&topology);
        assert_eq!(india, r#"{"DBClusterIdentifier":"db","SourceRegion":"eu-west-2"}"#);
        assert_eq!(london, r#"{"DBClusterIdentifier":"db","SourceRegion":"ap-south-1"}"#);
    }
}
