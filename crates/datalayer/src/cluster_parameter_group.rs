//! RDS cluster parameter group: settings of the database engine.

use std::{
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
};

use landfall_core::{
    AnyRegion, Attribute, Kind, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::wiring;

/// Desired settings of a parameter group for clusters; its name is derived.
///
/// ```
/// # use landfall_core::ApSouth1;
/// # use landfall_datalayer::ClusterParameterGroup;
/// let group = ClusterParameterGroup::<ApSouth1>::builder()
///     .family("aurora-postgresql16")
///     .parameter("rds.force_ssl", "1")
///     .static_parameter("shared_preload_libraries", "pg_stat_statements,auto_explain")
///     .build();
/// ```
///
/// API: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterParameterGroup.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct ClusterParameterGroup<R: Region> {
    /// Parameters that differ from the engine's defaults, by name; set with `parameter` and `static_parameter`. All
    /// others have their defaults. A change updates the group.
    #[builder(field)]
    pub parameters: BTreeMap<String, String>,
    /// Names of those among them that the engine reads only when it starts; set with `static_parameter`. Says how a
    /// change is made, and is not a state of its own: a change of it alone calls nothing.
    #[builder(field)]
    #[serde(default)]
    pub static_parameters: BTreeSet<String>,
    /// Engine and major version, see [`AuroraEngine::parameter_group_family`](crate::AuroraEngine): a change replaces
    /// the group.
    #[builder(into)]
    pub family: String,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

impl<R: Region, S: cluster_parameter_group_builder::State> ClusterParameterGroupBuilder<R, S> {
    /// Sets a parameter that takes effect at once.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Sets a parameter that the engine reads only when it starts: a later change waits for a restart of the
    /// instances.
    pub fn static_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.static_parameters.insert(name.clone());
        self.parameters.insert(name, value.into());
        self
    }
}

/// What AWS reports of a cluster parameter group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterParameterGroupAttributes {
    /// Its name.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> ClusterParameterGroup<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for ClusterParameterGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("parameters"),
        Field::updates("static_parameters").set().write_only(),
        Field::replaces("family"),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:rds:{region}:{account}:cluster-pg:{attribute.id}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &[
            "rds:CreateDBClusterParameterGroup",
            "rds:ModifyDBClusterParameterGroup",
            "rds:DescribeDBClusterParameters",
            "rds:AddTagsToResource",
        ],
        read: &["rds:DescribeDBClusterParameterGroups", "rds:DescribeDBClusterParameters", "rds:ListTagsForResource"],
        update: &[
            "rds:ModifyDBClusterParameterGroup",
            "rds:ResetDBClusterParameterGroup",
            "rds:AddTagsToResource",
            "rds:RemoveTagsFromResource",
        ],
        delete: &["rds:DeleteDBClusterParameterGroup"],
    },
    timing: "aws_db_parameter_group",
    check,
    ..Kind::of::<ClusterParameterGroup<AnyRegion>>("rds.cluster_parameter_group")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(family) = wiring::text(site, "family")
        && !family.starts_with("aurora-")
    {
        problems
            .push(format!("`family` {family} is none of Aurora's: write `aurora-postgresql16` or `aurora-mysql8.0`"));
    }
    let parameters = site.known("parameters").unwrap_or_default();
    // AWS keeps every name in lower case, so that another spelling would look changed for ever.
    for name in parameters.as_object().into_iter().flat_map(|parameters| parameters.keys()) {
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            problems.push(format!("`parameters` names {name}, but AWS's names are in lower case"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};

    use super::*;

    #[test]
    fn families_and_names_are_checked() {
        let check = |family: &str, name: &str, expected: &str| {
            let topology = Topology::new("twin", Environment::new("test"));
            let group = ClusterParameterGroup::builder().parameter(name, "1").family(family).build();
            topology.region::<ApSouth1>().add("db", group);
            match topology.lower() {
                Ok(_) => assert_eq!(expected, ""),
                Err(problems) => assert!(problems.to_string().contains(expected), "{problems}"),
            }
        };
        check("aurora-postgresql16", "rds.force_ssl", "");
        check("postgres16", "rds.force_ssl", "`family` postgres16 is none of Aurora's");
        check("aurora-mysql8.0", "Max_Connections", "AWS's names are in lower case");
    }
}
