//! Aurora global cluster: what the regional clusters of one global database have in common.

use landfall_core::{
    Attribute, Global, Kind, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::engine::AuroraEngine;

/// Desired settings of an Aurora global database; its name is derived.
///
/// Its [clusters](crate::AuroraCluster), one per region, take engine, version, encryption and database name from it.
///
/// API: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateGlobalCluster.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct GlobalCluster {
    /// Engine. A change replaces the global cluster.
    pub engine: AuroraEngine,
    /// Full version, as AWS lists it: `16.6`, `8.0.mysql_aurora.3.08.0`. A change upgrades every cluster in place: of
    /// a minor version the secondaries first and then the primary, of a major version all through the global cluster.
    #[builder(into)]
    pub engine_version: String,
    /// Name of the database that is made with the primary: letters, digits and `_`, a letter first; none unless said.
    /// A change replaces the global cluster.
    #[builder(into)]
    pub database_name: Option<String>,
    /// Whether storage is encrypted, in each region by that region's key; default true. A change replaces the global
    /// cluster.
    #[builder(default = true)]
    pub storage_encrypted: bool,
    /// Whether AWS refuses to delete it; default true, so that a destroy needs an apply with false before. A change
    /// updates the global cluster.
    #[builder(default = true)]
    pub deletion_protection: bool,
}

/// What AWS reports of a global cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalClusterAttributes {
    /// Its identifier.
    pub id: String,
    /// Amazon Resource Name, without a region.
    pub arn: String,
    /// Id that never changes: `cluster-…`.
    pub global_cluster_resource_id: String,
    /// DNS name that always leads to the writer, whichever region it is in; empty while there is no member.
    pub endpoint: String,
}

impl GlobalCluster {
    /// Amazon Resource Name, without a region.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Id that never changes: `cluster-…`.
    pub const GLOBAL_CLUSTER_RESOURCE_ID: Attribute<Self> = Attribute::new("global_cluster_resource_id");
    /// DNS name that always leads to the writer, whichever region it is in.
    pub const ENDPOINT: Attribute<Self> = Attribute::new("endpoint");
}

impl Resource for GlobalCluster {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("engine"),
        Field::updates("engine_version"),
        Field::replaces("database_name"),
        Field::replaces("storage_encrypted"),
        Field::updates("deletion_protection"),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:rds::{account}:global-cluster:{attribute.id}"),
        Reported::stable("global_cluster_resource_id", "cluster-{hex:16}"),
        Reported::stable("endpoint", "{attribute.id}.global-{hex:12}.global.rds.amazonaws.com"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["rds:CreateGlobalCluster", "rds:AddTagsToResource", "rds:DescribeGlobalClusters"],
        read: &["rds:DescribeGlobalClusters"],
        update: &[
            "rds:ModifyGlobalCluster",
            "rds:DescribeGlobalClusters",
            "rds:ModifyDBCluster",
            "rds:DescribeDBClusters",
            "rds:AddTagsToResource",
            "rds:RemoveTagsFromResource",
        ],
        delete: &["rds:DeleteGlobalCluster", "rds:DescribeGlobalClusters"],
    },
    timing: "aws_rds_global_cluster",
    check,
    ..Kind::of::<GlobalCluster>("rds.global_cluster")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(name) = site.known("database_name").as_ref().and_then(|name| name.as_str())
        && !is_database_name(name)
    {
        problems.push(format!(
            "`database_name` {name} is no name of a database: use letters, digits and `_`, a letter first, at most 63"
        ));
    }
    if let Some(version) = site.known("engine_version").as_ref().and_then(|version| version.as_str()) {
        let engine = site.known("engine").and_then(|engine| serde_json::from_value(engine).ok());
        let (is_full, example) = match engine {
            Some(AuroraEngine::AuroraMysql) => (version.contains(".mysql_aurora."), "8.0.mysql_aurora.3.08.0"),
            _ => (version.contains('.'), "16.6"),
        };
        if !is_full {
            problems.push(format!(
                "`engine_version` {version} is no full version, so that AWS would choose one: name it, as in `{example}`"
            ));
        }
    }
    problems
}

fn is_database_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Topology};

    use super::*;

    #[test]
    fn what_aws_would_refuse_is_said() {
        let check_of = |engine: AuroraEngine, version: &str, database: &str, expected: &str| {
            let topology = Topology::new("twin", Environment::new("test"));
            let cluster = GlobalCluster::builder().engine(engine).engine_version(version);
            topology.global().add("db", cluster.database_name(database).build());
            let problems = topology.lower().map_err(|problems| problems.to_string());
            assert_eq!(
                problems.as_ref().err().is_some_and(|problems| problems.contains(expected)),
                !expected.is_empty()
            );
            assert_eq!(problems.is_ok(), expected.is_empty(), "{version} {database}");
        };
        let check = |version: &str, database: &str, expected: &str| {
            check_of(AuroraEngine::AuroraPostgresql, version, database, expected);
        };
        check("16.6", "app", "");
        check("16", "app", "`engine_version` 16 is no full version");
        check("16.6", "1app", "`database_name` 1app is no name");
        check("16.6", "my-app", "`database_name` my-app is no name");
        check_of(AuroraEngine::AuroraMysql, "8.0.mysql_aurora.3.08.0", "app", "");
        check_of(AuroraEngine::AuroraMysql, "8.0", "app", "name it, as in `8.0.mysql_aurora.3.08.0`");
    }
}
