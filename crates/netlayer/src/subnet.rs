//! Amazon VPC subnet: a range of a VPC's addresses in one availability zone.

use ipnet::Ipv4Net;
use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::vpc::Vpc;

/// Desired settings of a subnet.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Subnet<R: Region> {
    /// VPC that holds the subnet. A change replaces the subnet.
    #[builder(into)]
    pub vpc: Ref<Vpc<R>>,
    /// IPv4 range inside the VPC's, /16 to /28. A change replaces the subnet.
    pub cidr_block: Ipv4Net,
    /// Name of the availability zone: `ap-south-1a`. A change replaces the subnet.
    #[builder(into)]
    pub availability_zone: String,
    /// Whether instances get a public address; default false. A change updates the subnet.
    #[builder(default)]
    pub map_public_ip_on_launch: bool,
}

/// What AWS reports of a subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetAttributes {
    /// `subnet-…`.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> Subnet<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for Subnet<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("vpc"),
        Field::replaces("cidr_block"),
        Field::replaces("availability_zone"),
        Field::updates("map_public_ip_on_launch"),
    ],
    attributes: &[
        Reported::stable("id", "subnet-{hex:17}"),
        Reported::stable("arn", "arn:aws:ec2:{region}:{account}:subnet/{attribute.id}"),
    ],
    identity: Identity::TagOnCreate,
    exclusive: &[Exclusive { fields: &["vpc", "cidr_block"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &["ec2:CreateSubnet", "ec2:CreateTags", "ec2:ModifySubnetAttribute"],
        read: &["ec2:DescribeSubnets"],
        update: &["ec2:ModifySubnetAttribute", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteSubnet"],
    },
    timing: "aws_subnet",
    check,
    ..Kind::of::<Subnet<AnyRegion>>("ec2.subnet")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let range = |field: Option<serde_json::Value>| field.and_then(|cidr| cidr.as_str()?.parse::<Ipv4Net>().ok());
    let Some(own) = range(site.known("cidr_block")) else { return Vec::new() };
    let mut problems = Vec::new();
    if !(16..=28).contains(&own.prefix_len()) {
        problems.push(format!("`cidr_block` {own} is no subnet range: AWS takes /16 to /28"));
    }
    if let Some(zone) = site.known("availability_zone").and_then(|zone| zone.as_str().map(str::to_owned))
        && !zone.starts_with(site.own.place.as_str())
    {
        problems.push(format!("`availability_zone` {zone} is not in {}", site.own.place));
    }
    let Some(vpc) = site.target("vpc") else { return problems };
    if let Some(outer) = range(vpc.fields.get("cidr_block").and_then(landfall_core::expr::Expr::known))
        && !outer.contains(&own)
    {
        problems.push(format!("`cidr_block` {own} is outside {outer}, the range of {}", vpc.address));
    }
    for other in site.earlier_siblings().filter(|other| other.fields.get("vpc") == site.own.fields.get("vpc")) {
        let overlaps = range(other.fields.get("cidr_block").and_then(landfall_core::expr::Expr::known))
            .is_some_and(|range| range != own && (range.contains(&own) || own.contains(&range)));
        if overlaps {
            problems.push(format!("`cidr_block` {own} overlaps the range of {}", other.address));
        }
    }
    problems
}
