//! Security group: a stateful firewall around network interfaces.

use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::{vpc::Vpc, wiring};

/// Desired settings of a security group.
///
/// It lets through what its [rules](crate::SecurityGroupRule) say and nothing else: the rule that lets
/// everything out, with which AWS makes every group, is revoked. Its name is derived.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct SecurityGroup<R: Region> {
    /// VPC that holds the group. A change replaces the group.
    #[builder(into)]
    pub vpc: Ref<Vpc<R>>,
    /// What the group is for, for people: at most 255 characters of ASCII. A change replaces the group.
    #[builder(into)]
    pub description: String,
    /// Whether the group keeps AWS's own rule that lets everything out; default false. A change updates the group.
    #[builder(default)]
    pub default_egress_rule: bool,
}

/// What AWS reports of a security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupAttributes {
    /// `sg-…`.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// Its name, unique in the VPC.
    pub name: String,
}

impl<R: Region> SecurityGroup<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Its name, unique in the VPC.
    pub const NAME: Attribute<Self> = Attribute::new("name");
}

impl<R: Region> Resource for SecurityGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("vpc"), Field::replaces("description"), Field::updates("default_egress_rule")],
    attributes: &[
        Reported::stable("id", "sg-{hex:17}"),
        Reported::stable("arn", "arn:aws:ec2:{region}:{account}:security-group/{attribute.id}"),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &[
            "ec2:CreateSecurityGroup",
            "ec2:CreateTags",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSecurityGroupRules",
        ],
        read: &["ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"],
        update: &[
            "ec2:DescribeSecurityGroupRules",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:CreateTags",
            "ec2:DeleteTags",
        ],
        delete: &["ec2:DeleteSecurityGroup"],
    },
    timing: "aws_security_group",
    check: |site| wiring::description(site).into_iter().collect(),
    ..Kind::of::<SecurityGroup<AnyRegion>>("ec2.security_group")
};
