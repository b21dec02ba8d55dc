//! Aurora instance: a database server of a cluster.

use std::marker::PhantomData;

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_security::{Key, Role};
use serde::{Deserialize, Serialize};

use crate::{
    cluster::{AnyRole, AuroraCluster, ClusterRole},
    instance_class::DbInstanceClass,
    wiring,
};

/// Desired settings of a server in a cluster; its name is derived.
///
/// The first instance of a primary cluster is its writer, the others read and stand by.
///
/// API: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct AuroraInstance<R: Region, M: ClusterRole> {
    /// Cluster whose storage it serves. A change replaces the instance.
    #[builder(into)]
    pub cluster: Ref<AuroraCluster<R, M>>,
    /// Class: `db.r7g.large`. Global databases take no burstable class. A change updates the instance, with a
    /// restart.
    pub instance_class: DbInstanceClass,
    /// Order in which readers take over from a failed writer, 0 first to 15 last; default 1. A change updates the
    /// instance.
    #[builder(default = 1)]
    pub promotion_tier: i32,
    /// Availability zone: `ap-south-1a`; AWS spreads instances over the subnet group's zones unless said. A change
    /// replaces the instance.
    #[builder(into)]
    pub availability_zone: Option<String>,
    /// Whether Performance Insights records what the load waits for; default false. A change updates the instance.
    #[builder(default)]
    pub enable_performance_insights: bool,
    /// Key that encrypts those records; AWS's own `aws/rds` unless said. A change replaces the instance.
    #[builder(into)]
    pub performance_insights_kms_key: Option<ArnRef<Key<R>>>,
    /// Days for which they are kept: 7, which is free, a multiple of 31 up to 713, or 731; AWS's default is 7. A
    /// change updates the instance.
    pub performance_insights_retention_period_days: Option<i32>,
    /// Seconds between two samples of the operating system's figures: 1, 5, 10, 15, 30 or 60, or 0 for none; default
    /// 0. A change updates the instance.
    #[builder(default)]
    pub monitoring_interval_seconds: i32,
    /// Role by which RDS sends those figures to CloudWatch Logs: the managed policy
    /// `AmazonRDSEnhancedMonitoringRole`, trusted to `monitoring.rds.amazonaws.com`. A change updates the instance.
    #[builder(into)]
    pub monitoring_role: Option<ArnRef<Role>>,
    /// Weekly window for maintenance, in UTC: `sun:04:00-sun:05:00`; AWS chooses unless said. A change updates the
    /// instance.
    #[builder(into)]
    pub preferred_maintenance_window: Option<String>,
    /// Whether AWS upgrades minor versions by itself; default false. AWS never does for members of a global database,
    /// whose version is [`GlobalCluster::engine_version`](crate::GlobalCluster). A change updates the instance.
    #[builder(default)]
    pub auto_minor_version_upgrade: bool,
    /// Whether it has an address on the internet; default false. A change updates the instance.
    #[builder(default)]
    pub publicly_accessible: bool,
    #[serde(skip)]
    #[builder(skip)]
    role: PhantomData<M>,
}

/// What AWS reports of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuroraInstanceAttributes {
    /// Its identifier.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// DNS name of this instance alone.
    pub endpoint: String,
    /// Port of the endpoint, as text.
    pub port: String,
    /// Id that never changes: `db-…`.
    pub dbi_resource_id: String,
    /// The availability zone it is in.
    pub availability_zone: String,
}

impl<R: Region, M: ClusterRole> AuroraInstance<R, M> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// DNS name of this instance alone.
    pub const ENDPOINT: Attribute<Self> = Attribute::new("endpoint");
    /// Port of the endpoint, as text.
    pub const PORT: Attribute<Self> = Attribute::new("port");
    /// Id that never changes: `db-…`.
    pub const DBI_RESOURCE_ID: Attribute<Self> = Attribute::new("dbi_resource_id");
    /// The availability zone it is in.
    pub const AVAILABILITY_ZONE: Attribute<Self> = Attribute::new("availability_zone");
}

impl<R: Region, M: ClusterRole> Resource for AuroraInstance<R, M> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("cluster"),
        Field::updates("instance_class"),
        Field::updates("promotion_tier"),
        Field::replaces("availability_zone"),
        Field::updates("enable_performance_insights"),
        // AWS tells it only while it records, and keeps it for good: where it is off, a read of none would look changed.
        Field::replaces("performance_insights_kms_key").write_only(),
        Field::updates("performance_insights_retention_period_days"),
        Field::updates("monitoring_interval_seconds"),
        Field::updates("monitoring_role"),
        Field::updates("preferred_maintenance_window"),
        Field::updates("auto_minor_version_upgrade"),
        Field::updates("publicly_accessible"),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:rds:{region}:{account}:db:{attribute.id}"),
        Reported::stable("endpoint", "{attribute.id}.{hex:12}.{region}.rds.amazonaws.com"),
        Reported::stable("port", "5432"),
        Reported::stable("dbi_resource_id", "db-{upper:26}"),
        Reported::stable("availability_zone", "{region}a"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &[
            "rds:DescribeDBClusters",
            "rds:CreateDBInstance",
            "rds:AddTagsToResource",
            "rds:DescribeDBInstances",
            "iam:PassRole",
            "kms:DescribeKey",
            "kms:CreateGrant",
        ],
        read: &["rds:DescribeDBInstances"],
        update: &[
            "rds:ModifyDBInstance",
            "rds:DescribeDBInstances",
            "rds:AddTagsToResource",
            "rds:RemoveTagsFromResource",
            "iam:PassRole",
            "kms:DescribeKey",
            "kms:CreateGrant",
        ],
        delete: &["rds:DeleteDBInstance", "rds:DescribeDBInstances"],
    },
    timing: "aws_rds_cluster_instance",
    check,
    ..Kind::of::<AuroraInstance<AnyRegion, AnyRole>>("rds.cluster_instance")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = class_problems(site);
    let number = |field: &str| site.known(field).and_then(|value| value.as_i64());
    if let Some(tier) = number("promotion_tier").filter(|tier| !(0..=15).contains(tier)) {
        problems.push(format!("`promotion_tier` {tier} is out of range: AWS takes 0 to 15"));
    }
    if let Some(days) = number("performance_insights_retention_period_days")
        && !(days == 7 || days == 731 || (days % 31 == 0 && (31..=713).contains(&days)))
    {
        problems.push(format!(
            "`performance_insights_retention_period_days` {days}: AWS takes 7, multiples of 31 up to 713, and 731"
        ));
    }
    if let Some(seconds) = number("monitoring_interval_seconds") {
        if ![0, 1, 5, 10, 15, 30, 60].contains(&seconds) {
            problems.push(format!("`monitoring_interval_seconds` {seconds}: AWS takes 0, 1, 5, 10, 15, 30 and 60"));
        }
        let has_role = site.known("monitoring_role").is_none_or(|role| !role.is_null());
        if (seconds != 0) != has_role {
            problems.push(
                "`monitoring_interval_seconds` and `monitoring_role` belong together: say both or none".to_owned(),
            );
        }
    }
    if let Some(zone) =
        wiring::text(site, "availability_zone").filter(|zone| !zone.starts_with(site.own.place.as_str()))
    {
        problems.push(format!("`availability_zone` {zone} is not in {}", site.own.place));
    }
    problems.extend(wiring::weekly_window(site, "preferred_maintenance_window", 30));
    problems
}

fn class_problems(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let class = wiring::text(site, "instance_class").and_then(|class| class.parse::<DbInstanceClass>().ok());
    let Some(class) = class else { return problems };
    if class.is_burstable() {
        problems.push(format!(
            "`instance_class` {class} lives on processor credits, which no global database takes: use a class such as \
             db.r7g.large"
        ));
    }
    if let Some(cluster) = site.target("cluster").filter(|cluster| cluster.lookup.is_none())
        && class.is_serverless()
        && wiring::known(cluster, "serverless_v2_scaling") == Some(serde_json::Value::Null)
    {
        problems
            .push(format!("`instance_class` {class} needs bounds: set `serverless_v2_scaling` on {}", cluster.address));
    }
    problems
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};

    use super::*;
    use crate::cluster::Primary;

    fn problems(instance: AuroraInstance<ApSouth1, Primary>) -> Vec<String> {
        let topology = Topology::new("twin", Environment::new("test"));
        topology.region::<ApSouth1>().add("db", instance);
        let problems =
            topology.lower().map_err(|problems| problems.iter().map(|p| p.cause.clone()).collect::<Vec<_>>());
        problems.err().unwrap_or_default()
    }

    fn instance(class: &str) -> AuroraInstance<ApSouth1, Primary> {
        AuroraInstance::builder().cluster(Ref::existing("db")).instance_class(class.parse().unwrap()).build()
    }

    #[test]
    fn what_aws_would_refuse_is_said() {
        let check = |instance, expected: &[&str]| assert_eq!(problems(instance), expected);
        check(instance("db.r7g.large"), &[]);
        check(
            instance("db.t4g.medium"),
            &[
                "`instance_class` db.t4g.medium lives on processor credits, which no global database takes: use a class \
               such as db.r7g.large",
            ],
        );
        let base = || instance("db.r7g.large");
        check(
            AuroraInstance { promotion_tier: 16, ..base() },
            &["`promotion_tier` 16 is out of range: AWS takes 0 to 15"],
        );
        check(
            AuroraInstance { monitoring_interval_seconds: 60, ..base() },
            &["`monitoring_interval_seconds` and `monitoring_role` belong together: say both or none"],
        );
        check(
            AuroraInstance { performance_insights_retention_period_days: Some(30), ..base() },
            &["`performance_insights_retention_period_days` 30: AWS takes 7, multiples of 31 up to 713, and 731"],
        );
        check(
            AuroraInstance { availability_zone: Some("eu-west-2a".to_owned()), ..base() },
            &["`availability_zone` eu-west-2a is not in ap-south-1"],
        );
    }

    #[test]
    fn every_field_is_listed() {
        let written = serde_json::to_value(instance("db.r7g.large")).unwrap();
        let mut listed: Vec<_> = KIND.fields.iter().map(|field| field.name).collect();
        listed.sort_unstable();
        assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), listed);
    }
}
