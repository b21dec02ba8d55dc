//! Amazon VPC subnet: a range of a VPC's addresses in one availability zone.

use ipnet::Ipv4Net;
use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::{vpc::Vpc, wiring};

/// Desired settings of a subnet.
///
/// ```compile_fail,E0271
/// # use landfall_core::{Environment, London, Mumbai, Topology};
/// # use landfall_netlayer::{Subnet, Vpc};
/// # let topology = Topology::new("twin", Environment::new("prod"));
/// let (india, london) = (topology.region::<Mumbai>(), topology.region::<London>());
/// let vpc = india.add("main", Vpc::builder().cidr_block("10.10.0.0/16".parse().unwrap()).build());
/// let subnet = Subnet::builder().vpc(vpc).cidr_block("10.10.1.0/24".parse().unwrap()).availability_zone("eu-west-2a");
/// london.add("a", subnet.build()); // a subnet lives where its VPC does
/// ```
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
    /// Name of the availability zone: `ap-south-1a`, or a [`Zone`](crate::Zone). A change replaces the subnet.
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
        create: &["ec2:CreateSubnet", "ec2:CreateTags", "ec2:ModifySubnetAttribute", "ec2:DescribeSubnets"],
        read: &["ec2:DescribeSubnets"],
        update: &["ec2:ModifySubnetAttribute", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteSubnet"],
    },
    timing: "aws_subnet",
    check,
    ..Kind::of::<Subnet<AnyRegion>>("ec2.subnet")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(zone) = site.known("availability_zone").as_ref().and_then(serde_json::Value::as_str)
        && !zone
            .strip_prefix(site.own.place.as_str())
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '-'))
    {
        problems
            .push(format!("`availability_zone` {zone} is not in {0}; its zones are named like {0}a", site.own.place));
    }
    let Some(own) = wiring::range(site.own, "cidr_block") else { return problems };
    problems.extend(wiring::host_bits("cidr_block", own));
    if !(16..=28).contains(&own.prefix_len()) {
        problems.push(format!("`cidr_block` {own} is no subnet range; AWS takes /16 to /28"));
    }
    let Some(vpc) = site.target("vpc") else { return problems };
    if let Some(outer) = wiring::range(vpc, "cidr_block")
        && !outer.contains(&own)
    {
        problems
            .push(format!("`cidr_block` {own} is outside {outer}, the range of {}; take a part of that", vpc.address));
    }
    for other in site.earlier_siblings().filter(|other| other.fields.get("vpc") == site.own.fields.get("vpc")) {
        if wiring::range(other, "cidr_block").is_some_and(|range| range != own && wiring::overlap(range, own)) {
            problems.push(format!("`cidr_block` {own} overlaps the range of {}; take another part", other.address));
        }
    }
    problems
}
