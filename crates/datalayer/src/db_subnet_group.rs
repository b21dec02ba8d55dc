//! RDS subnet group: the subnets in which a region's databases may live.

use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_netlayer::Subnet;
use serde::{Deserialize, Serialize};

use crate::wiring;

/// Desired settings of a subnet group for databases; its name is derived.
///
/// API: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct DbSubnetGroup<R: Region> {
    /// Subnets of one VPC in at least two availability zones; data subnets, without a way out. A change updates the
    /// group.
    #[builder(with = |subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>| subnets.into_iter().map(Into::into).collect())]
    pub subnets: Vec<Ref<Subnet<R>>>,
}

/// What AWS reports of a subnet group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbSubnetGroupAttributes {
    /// Its name.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// VPC of its subnets.
    pub vpc_id: String,
}

impl<R: Region> DbSubnetGroup<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// VPC of its subnets.
    pub const VPC_ID: Attribute<Self> = Attribute::new("vpc_id");
}

impl<R: Region> Resource for DbSubnetGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::updates("subnets").set()],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:rds:{region}:{account}:subgrp:{attribute.id}"),
        Reported::stable("vpc_id", "vpc-{hex:17}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["rds:CreateDBSubnetGroup", "rds:AddTagsToResource"],
        read: &["rds:DescribeDBSubnetGroups", "rds:ListTagsForResource"],
        update: &["rds:ModifyDBSubnetGroup", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"],
        delete: &["rds:DeleteDBSubnetGroup"],
    },
    timing: "aws_db_subnet_group",
    check: wiring::zones_of_subnets,
    ..Kind::of::<DbSubnetGroup<AnyRegion>>("rds.subnet_group")
};
