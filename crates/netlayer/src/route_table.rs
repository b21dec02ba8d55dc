//! Amazon VPC route table: where traffic that leaves a subnet goes.

use landfall_core::{
    AnyRegion, Kind, Ref, Region, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::vpc::Vpc;

/// Desired settings of a route table.
///
/// Its entries are [routes](crate::Route) of their own; the one for the VPC's own range is always there.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRouteTable.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct RouteTable<R: Region> {
    /// VPC that holds the table. A change replaces the table.
    #[builder(into)]
    pub vpc: Ref<Vpc<R>>,
}

/// What AWS reports of a route table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTableAttributes {
    /// `rtb-…`.
    pub id: String,
}

impl<R: Region> Resource for RouteTable<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("vpc")],
    attributes: &[Reported::stable("id", "rtb-{hex:17}")],
    identity: Identity::ClientToken,
    taggable: true,
    actions: Actions {
        create: &["ec2:CreateRouteTable", "ec2:CreateTags", "ec2:DescribeRouteTables"],
        read: &["ec2:DescribeRouteTables"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteRouteTable"],
    },
    timing: "aws_route_table",
    ..Kind::of::<RouteTable<AnyRegion>>("ec2.route_table")
};
