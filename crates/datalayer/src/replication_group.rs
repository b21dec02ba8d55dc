//! ElastiCache replication group: a cache with a primary node and replicas.

use std::collections::BTreeSet;

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Input, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_netlayer::SecurityGroup;
use landfall_security::{Key, SecretValue};
use serde::{Deserialize, Serialize};

use crate::{cache_node_type::CacheNodeType, cache_subnet_group::CacheSubnetGroup, wiring};

/// Desired settings of a cache of one shard: a primary that takes writes, and replicas that read and stand by; its
/// name is derived.
///
/// Encrypted at rest and on the way, and over several zones, unless said otherwise.
///
/// API: <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[expect(clippy::struct_excessive_bools, reason = "the switches are AWS's, each independent of the others")]
#[serde(bound = "")]
pub struct ReplicationGroup<R: Region> {
    /// Engine; default [`CacheEngine::Valkey`]. A change from Redis to Valkey updates the group; AWS knows no way back.
    #[builder(default)]
    pub engine: CacheEngine,
    /// Major and minor version: `8.0`; the patch is AWS's choice. A change updates the group, upwards alone.
    #[builder(into)]
    pub engine_version: String,
    /// Type of the nodes: `cache.r7g.large`. A change updates the group, node by node.
    pub cache_node_type: CacheNodeType,
    /// Nodes, the primary among them, 1 to 6; default 2. A change updates the group.
    #[builder(default = 2)]
    pub num_cache_clusters: i32,
    /// Whether a replica takes over from a failed primary; default true. A change updates the group.
    #[builder(default = true)]
    pub automatic_failover_enabled: bool,
    /// Whether the nodes are spread over zones; default true. A change updates the group.
    #[builder(default = true)]
    pub multi_az_enabled: bool,
    /// Subnets for the nodes. A change replaces the group.
    #[builder(into)]
    pub cache_subnet_group: Ref<CacheSubnetGroup<R>>,
    /// Security groups of the nodes; the VPC's default group unless said. A change updates the group.
    #[builder(with = |groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<R>>>>| groups.into_iter().map(Into::into).collect())]
    pub security_groups: Option<Vec<Ref<SecurityGroup<R>>>>,
    /// Whether data on disk and in snapshots is encrypted; default true. A change replaces the group.
    #[builder(default = true)]
    pub at_rest_encryption_enabled: bool,
    /// Key that encrypts it; one of the service's own unless said. A change replaces the group.
    #[builder(into)]
    pub kms_key: Option<ArnRef<Key<R>>>,
    /// Whether clients and nodes speak TLS; default true. A change replaces the group.
    #[builder(default = true)]
    pub transit_encryption_enabled: bool,
    /// Password that clients send: 16 to 128 letters, digits and some signs, see
    /// [`GenerateSecretString::auth_token`](landfall_security::GenerateSecretString::auth_token); none unless said. A
    /// change, of the secret's version too, updates the group: AWS takes both passwords for a while, then the new one.
    /// None can be taken away from a group that has one.
    #[builder(into)]
    #[serde(default)]
    pub auth_token: Option<SecretValue<R>>,
    /// Name of the parameter group; AWS's default for engine and version unless said. A change updates the group.
    #[builder(into)]
    pub cache_parameter_group_name: Option<String>,
    /// Days for which daily snapshots are kept, 0 for none, up to 35; default 0. A change updates the group.
    #[builder(default)]
    pub snapshot_retention_limit_days: i32,
    /// Daily window for snapshots, in UTC, an hour at least: `03:00-04:00`; AWS chooses unless said. A change updates
    /// the group.
    #[builder(into)]
    pub snapshot_window: Option<String>,
    /// Weekly window for maintenance, in UTC, an hour at least: `sun:04:00-sun:05:00`; AWS chooses unless said. A
    /// change updates the group.
    #[builder(into)]
    pub preferred_maintenance_window: Option<String>,
    /// Whether AWS upgrades minor versions by itself, which then differ from `engine_version`; default false. A change
    /// updates the group.
    #[builder(default)]
    pub auto_minor_version_upgrade: bool,
    /// Logs that go to CloudWatch; default none. A change updates the group.
    #[builder(default)]
    pub log_delivery: Vec<CacheLogDelivery>,
}

/// Engine of a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheEngine {
    /// Valkey: what Redis was, under an open licence and at a lower price.
    #[default]
    Valkey,
    /// Redis OSS, up to version 7.1.
    Redis,
}

impl CacheEngine {
    /// The port on which both listen.
    pub const PORT: u16 = 6379;

    /// The name in AWS's APIs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valkey => "valkey",
            Self::Redis => "redis",
        }
    }
}

/// One log of a cache, sent to CloudWatch as JSON.
///
/// API: <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_LogDeliveryConfigurationRequest.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CacheLogDelivery {
    /// Which log; each at most once.
    pub log_type: CacheLogType,
    /// Name of the log group.
    pub log_group_name: Input<String>,
}

impl CacheLogDelivery {
    /// Sends a log to a group.
    pub fn new(log_type: CacheLogType, log_group_name: impl Into<Input<String>>) -> Self {
        Self { log_type, log_group_name: log_group_name.into() }
    }
}

/// Logs of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheLogType {
    /// Commands that took long.
    SlowLog,
    /// What the engine says.
    EngineLog,
}

/// What AWS reports of a replication group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicationGroupAttributes {
    /// Its id.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// DNS name of the primary; a failover moves it.
    pub primary_endpoint: String,
    /// DNS name that spreads connections over the replicas.
    pub reader_endpoint: String,
    /// Port of the endpoints, as text.
    pub port: String,
}

impl<R: Region> ReplicationGroup<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// DNS name of the primary; a failover moves it.
    pub const PRIMARY_ENDPOINT: Attribute<Self> = Attribute::new("primary_endpoint");
    /// DNS name that spreads connections over the replicas.
    pub const READER_ENDPOINT: Attribute<Self> = Attribute::new("reader_endpoint");
    /// Port of the endpoints, as text.
    pub const PORT: Attribute<Self> = Attribute::new("port");
}

impl<R: Region> Resource for ReplicationGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("engine"),
        Field::updates("engine_version"),
        Field::updates("cache_node_type"),
        Field::updates("num_cache_clusters"),
        Field::updates("automatic_failover_enabled"),
        Field::updates("multi_az_enabled"),
        Field::replaces("cache_subnet_group"),
        Field::updates("security_groups").set(),
        Field::replaces("at_rest_encryption_enabled"),
        Field::replaces("kms_key"),
        Field::replaces("transit_encryption_enabled"),
        Field::updates("auth_token").write_only(),
        Field::updates("cache_parameter_group_name"),
        Field::updates("snapshot_retention_limit_days"),
        Field::updates("snapshot_window"),
        Field::updates("preferred_maintenance_window"),
        Field::updates("auto_minor_version_upgrade"),
        Field::updates("log_delivery").set(),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:elasticache:{region}:{account}:replicationgroup:{attribute.id}"),
        Reported::stable("primary_endpoint", "master.{attribute.id}.{hex:6}.{region}.cache.amazonaws.com"),
        Reported::stable("reader_endpoint", "replica.{attribute.id}.{hex:6}.{region}.cache.amazonaws.com"),
        Reported::stable("port", "6379"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &[
            "elasticache:CreateReplicationGroup",
            "elasticache:AddTagsToResource",
            "elasticache:DescribeReplicationGroups",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:CreateGrant",
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:PutResourcePolicy",
            // The first cache of an account makes ElastiCache's service-linked role.
            "iam:CreateServiceLinkedRole",
        ],
        read: &[
            "elasticache:DescribeReplicationGroups",
            "elasticache:DescribeCacheClusters",
            "elasticache:ListTagsForResource",
        ],
        update: &[
            "elasticache:ModifyReplicationGroup",
            "elasticache:IncreaseReplicaCount",
            "elasticache:DecreaseReplicaCount",
            "elasticache:DescribeReplicationGroups",
            "elasticache:AddTagsToResource",
            "elasticache:RemoveTagsFromResource",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:PutResourcePolicy",
        ],
        delete: &["elasticache:DeleteReplicationGroup", "elasticache:DescribeReplicationGroups"],
    },
    timing: "aws_elasticache_replication_group",
    check,
    ..Kind::of::<ReplicationGroup<AnyRegion>>("elasticache.replication_group")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let on = |field: &str| site.known(field) == Some(true.into());
    if let Some(nodes) = site.known("num_cache_clusters").and_then(|nodes| nodes.as_i64()) {
        if !(1..=6).contains(&nodes) {
            problems.push(format!("`num_cache_clusters` {nodes} is out of range: AWS takes 1 to 6"));
        }
        if nodes == 1 && (on("automatic_failover_enabled") || on("multi_az_enabled")) {
            problems.push("one node has nothing to fail over to: give it a replica, or switch both `automatic_failover_enabled` and `multi_az_enabled` off".to_owned());
        }
    }
    if on("multi_az_enabled") && !on("automatic_failover_enabled") {
        problems.push("`multi_az_enabled` needs `automatic_failover_enabled`".to_owned());
    }
    if site.known("auth_token").is_none_or(|token| !token.is_null()) && !on("transit_encryption_enabled") {
        problems.push("`auth_token` would travel in clear: switch `transit_encryption_enabled` on".to_owned());
    }
    if site.known("kms_key").is_none_or(|key| !key.is_null()) && !on("at_rest_encryption_enabled") {
        problems.push("`kms_key` has nothing to encrypt: switch `at_rest_encryption_enabled` on".to_owned());
    }
    if let Some(version) = wiring::text(site, "engine_version").filter(|version| !is_version(version)) {
        problems.push(format!("`engine_version` {version} is no major and minor version, as in `8.0`"));
    }
    if let Some(days) = site.known("snapshot_retention_limit_days").and_then(|days| days.as_i64())
        && !(0..=35).contains(&days)
    {
        problems.push(format!("`snapshot_retention_limit_days` {days} is out of range: AWS takes 0 to 35"));
    }
    problems.extend(wiring::daily_window(site, "snapshot_window", 60));
    problems.extend(wiring::weekly_window(site, "preferred_maintenance_window", 60));
    problems.extend(wiring::empty_groups(site, "security_groups"));
    problems.extend(log_problems(site));
    problems
}

fn log_problems(site: &Site<'_>) -> Option<String> {
    use landfall_core::expr::Expr;
    let Some(Expr::List(logs)) = site.own.fields.get("log_delivery") else { return None };
    let types = logs.iter().filter_map(|log| match log {
        Expr::Map(log) => log.get("log_type").and_then(Expr::known).map(|log_type| log_type.to_string()),
        _ => None,
    });
    let mut seen = BTreeSet::new();
    let twice = types.into_iter().find(|log_type| !seen.insert(log_type.clone()))?;
    Some(format!("`log_delivery` sends {twice} twice: AWS delivers each log to one place"))
}

fn is_version(version: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    version.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};

    use super::*;

    fn problems(change: impl FnOnce(&mut ReplicationGroup<ApSouth1>)) -> Vec<String> {
        let topology = Topology::new("twin", Environment::new("test"));
        let mut group = ReplicationGroup::builder()
            .engine_version("8.0")
            .cache_node_type("cache.r7g.large".parse().unwrap())
            .cache_subnet_group(Ref::existing("data"))
            .build();
        change(&mut group);
        topology.region::<ApSouth1>().add("cache", group);
        let problems =
            topology.lower().map_err(|problems| problems.iter().map(|p| p.cause.clone()).collect::<Vec<_>>());
        problems.err().unwrap_or_default()
    }

    #[test]
    fn what_aws_would_refuse_is_said() {
        assert_eq!(problems(|_| ()), Vec::<String>::new());
        let check = |change: fn(&mut ReplicationGroup<ApSouth1>), expected: &str| {
            let problems = problems(change);
            assert!(problems.len() == 1 && problems[0].starts_with(expected), "{problems:?}");
        };
        check(|group| group.num_cache_clusters = 1, "one node has nothing to fail over to");
        check(|group| group.num_cache_clusters = 7, "`num_cache_clusters` 7 is out of range");
        check(|group| group.automatic_failover_enabled = false, "`multi_az_enabled` needs");
        check(|group| group.engine_version = "8".to_owned(), "`engine_version` 8 is no major and minor version");
        check(|group| group.engine_version = "8.0.1".to_owned(), "`engine_version` 8.0.1 is no major");
        check(|group| group.snapshot_retention_limit_days = 36, "`snapshot_retention_limit_days` 36 is out of range");
        check(|group| group.snapshot_window = Some("03:00-03:30".to_owned()), "`snapshot_window` 03:00-03:30 is no");
        check(|group| group.security_groups = Some(Vec::new()), "`security_groups` is empty");
        check(
            |group| {
                group.auth_token = Some(SecretValue::existing("arn"));
                group.transit_encryption_enabled = false;
            },
            "`auth_token` would travel in clear",
        );
        check(
            |group| {
                let log = CacheLogDelivery::new(CacheLogType::SlowLog, "logs");
                group.log_delivery = vec![log.clone(), log];
            },
            "`log_delivery` sends \"slow_log\" twice",
        );
    }

    #[test]
    fn every_field_is_listed() {
        let group = ReplicationGroup::<ApSouth1>::builder()
            .engine_version("8.0")
            .cache_node_type("cache.r7g.large".parse().unwrap())
            .cache_subnet_group(Ref::existing("data"))
            .build();
        let written = serde_json::to_value(group).unwrap();
        let mut listed: Vec<_> = KIND.fields.iter().map(|field| field.name).collect();
        listed.sort_unstable();
        assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), listed);
    }
}
