//! IAM instance profile: the envelope in which an EC2 instance gets its role.

use landfall_core::{
    Attribute, Global, Kind, Ref, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::role::Role;

/// Desired settings of an instance profile; its name is derived.
///
/// It is made together with its membership of the role, so that whatever refers to it finds the role inside.
///
/// API: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
pub struct InstanceProfile {
    /// The role of the instances. A change updates the profile: running instances get the new role within minutes.
    #[builder(into)]
    pub role: Ref<Role>,
    /// Path in front of the name, with a slash at both ends; default `/`. A change replaces the profile.
    #[builder(default = "/".to_owned(), into)]
    pub path: String,
}

/// What AWS reports of an instance profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfileAttributes {
    /// Name of the profile.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// `AIPA…`: never used again.
    pub unique_id: String,
}

impl InstanceProfile {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl Resource for InstanceProfile {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::updates("role"), Field::replaces("path")],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:iam::{account}:instance-profile{field.path}{attribute.id}"),
        Reported::stable("unique_id", "AIPA{upper:17}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &[
            "iam:CreateInstanceProfile",
            "iam:TagInstanceProfile",
            "iam:AddRoleToInstanceProfile",
            "iam:PassRole",
            "iam:GetInstanceProfile",
        ],
        read: &["iam:GetInstanceProfile"],
        update: &[
            "iam:RemoveRoleFromInstanceProfile",
            "iam:AddRoleToInstanceProfile",
            "iam:PassRole",
            "iam:GetInstanceProfile",
            "iam:TagInstanceProfile",
            "iam:UntagInstanceProfile",
        ],
        delete: &["iam:GetInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"],
    },
    timing: "aws_iam_instance_profile",
    ..Kind::of::<InstanceProfile>("iam.instance_profile")
};
