//! Route table association: which route table a subnet uses.

use landfall_core::{
    AnyRegion, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::{route_table::RouteTable, subnet::Subnet, wiring};

/// Desired settings of a route table association. A subnet without one uses the VPC's main table.
///
/// AWS gives the association a new id each time the table changes, so Landfall names it by its subnet, which
/// has one at most.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct RouteTableAssociation<R: Region> {
    /// Subnet that uses the table. A change replaces the association.
    #[builder(into)]
    pub subnet: Ref<Subnet<R>>,
    /// Table that the subnet uses, of the same VPC. A change updates the association without a gap.
    #[builder(into)]
    pub route_table: Ref<RouteTable<R>>,
}

/// What AWS reports of a route table association.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTableAssociationAttributes {
    /// The subnet's id, as a key: `subnet-…|route_table`.
    pub id: String,
    /// AWS's own id, `rtbassoc-…`: another one after each change of the table.
    pub association_id: String,
}

impl<R: Region> Resource for RouteTableAssociation<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("subnet"), Field::updates("route_table")],
    attributes: &[
        Reported::stable("id", "{field.subnet}|route_table"),
        Reported::changing("association_id", "rtbassoc-{hex:17}"),
    ],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["subnet"], within: Within::Place }],
    actions: Actions {
        create: &["ec2:AssociateRouteTable", "ec2:DescribeRouteTables"],
        read: &["ec2:DescribeRouteTables"],
        update: &["ec2:ReplaceRouteTableAssociation", "ec2:DescribeRouteTables"],
        delete: &["ec2:DisassociateRouteTable", "ec2:DescribeRouteTables"],
    },
    timing: "aws_route_table_association",
    check: |site: &Site<'_>| {
        let (Some(subnet), Some(table)) = (site.target("subnet"), site.target("route_table")) else {
            return Vec::new();
        };
        let why = "an association joins a subnet and a table of one VPC";
        wiring::one_vpc(site, subnet, table, why).into_iter().collect()
    },
    ..Kind::of::<RouteTableAssociation<AnyRegion>>("ec2.route_table_association")
};

/// The key of the association of a subnet.
#[cfg(feature = "aws")]
pub(crate) fn key(subnet: &str) -> String {
    format!("{subnet}|route_table")
}

/// The subnet that a key names.
#[cfg(feature = "aws")]
pub(crate) fn subnet_of(key: &str) -> &str {
    key.strip_suffix("|route_table").unwrap_or(key)
}
