//! Default security group: the one that AWS makes with every VPC, closed.

use landfall_core::{
    AnyRegion, Kind, Ref, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::vpc::Vpc;

/// The default security group of a VPC, without rules: what is put into no group of its own reaches nothing.
///
/// AWS makes the group with the VPC and deletes it with the VPC. Landfall takes it over: it revokes every rule,
/// sees rules that are added behind its back, and marks the group with its tags. Deleting the resource
/// removes the tags and restores no rule.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html>
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct DefaultSecurityGroup<R: Region> {
    /// VPC whose group it is. A change replaces the resource.
    pub vpc: Ref<Vpc<R>>,
    /// Whether the group has no rules; declared always true. A change updates the group.
    pub(crate) closed: bool,
}

/// What AWS reports of a default security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultSecurityGroupAttributes {
    /// `sg-…`.
    pub id: String,
}

impl<R: Region> DefaultSecurityGroup<R> {
    /// The default group of a VPC, closed.
    pub fn closed(vpc: impl Into<Ref<Vpc<R>>>) -> Self {
        Self { vpc: vpc.into(), closed: true }
    }
}

impl<R: Region> Resource for DefaultSecurityGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("vpc"), Field::updates("closed")],
    attributes: &[Reported::stable("id", "sg-{hex:17}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["vpc"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &[
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSecurityGroupRules",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:CreateTags",
        ],
        read: &["ec2:DescribeSecurityGroups"],
        update: &[
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSecurityGroupRules",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:CreateTags",
            "ec2:DeleteTags",
        ],
        delete: &["ec2:DescribeSecurityGroups", "ec2:DeleteTags"],
    },
    ..Kind::of::<DefaultSecurityGroup<AnyRegion>>("ec2.default_security_group")
};
