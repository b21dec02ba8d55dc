//! Amazon VPC: a private network of one region.

use std::marker::PhantomData;

use ipnet::Ipv4Net;
use landfall_core::{
    AnyRegion, Attribute, Kind, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::wiring;

/// Desired settings of a VPC.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Vpc<R: Region> {
    /// IPv4 range of the network, /16 to /28. A change replaces the VPC.
    pub cidr_block: Ipv4Net,
    /// Whether instances get DNS names; default true. A change updates the VPC.
    #[builder(default = true)]
    pub enable_dns_hostnames: bool,
    /// Whether Amazon's DNS server answers inside the network; default true. A change updates the VPC.
    #[builder(default = true)]
    pub enable_dns_support: bool,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

/// What AWS reports of a VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcAttributes {
    /// `vpc-…`.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// The group that AWS made with the VPC.
    pub default_security_group_id: String,
    /// The route table that AWS made with the VPC.
    pub main_route_table_id: String,
}

impl<R: Region> Vpc<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Id of the security group that AWS made with the VPC.
    pub const DEFAULT_SECURITY_GROUP_ID: Attribute<Self> = Attribute::new("default_security_group_id");
    /// Id of the route table that AWS made with the VPC.
    pub const MAIN_ROUTE_TABLE_ID: Attribute<Self> = Attribute::new("main_route_table_id");
}

impl<R: Region> Resource for Vpc<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("cidr_block"),
        Field::updates("enable_dns_hostnames"),
        Field::updates("enable_dns_support"),
    ],
    attributes: &[
        Reported::stable("id", "vpc-{hex:17}"),
        Reported::stable("arn", "arn:aws:ec2:{region}:{account}:vpc/{attribute.id}"),
        Reported::stable("default_security_group_id", "sg-{hex:17}"),
        Reported::stable("main_route_table_id", "rtb-{hex:17}"),
    ],
    identity: Identity::TagOnCreate,
    taggable: true,
    actions: Actions {
        create: &[
            "ec2:CreateVpc",
            "ec2:CreateTags",
            "ec2:ModifyVpcAttribute",
            "ec2:DescribeVpcs",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeRouteTables",
        ],
        read: &[
            "ec2:DescribeVpcs",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeRouteTables",
        ],
        update: &["ec2:ModifyVpcAttribute", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteVpc"],
    },
    timing: "aws_vpc",
    check,
    ..Kind::of::<Vpc<AnyRegion>>("ec2.vpc")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let Some(range) = wiring::range(site.own, "cidr_block") else { return Vec::new() };
    let mut problems: Vec<String> = wiring::host_bits("cidr_block", range).into_iter().collect();
    if !(16..=28).contains(&range.prefix_len()) {
        problems.push(format!("`cidr_block` {range} is no VPC range; AWS takes /16 to /28"));
    }
    let is_true = |field: &str| site.known(field).and_then(|value| value.as_bool());
    if is_true("enable_dns_hostnames") == Some(true) && is_true("enable_dns_support") == Some(false) {
        problems.push("`enable_dns_hostnames` needs `enable_dns_support`; turn both on or both off".to_owned());
    }
    problems
}
