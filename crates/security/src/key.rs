//! KMS key: a symmetric key that never leaves the service.

use std::marker::PhantomData;

use landfall_core::{
    AnyRegion, Attribute, Kind, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::policy::{PolicyDocument, PolicyUse};

/// Desired settings of a customer managed key for encryption.
///
/// API: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Key<R: Region> {
    /// What the key is for, up to 8,192 characters. A change updates the key.
    #[builder(default, into)]
    pub description: String,
    /// Whether AWS makes new key material every year; default true. A change updates the key.
    #[builder(default = true)]
    pub enable_key_rotation: bool,
    /// Days from one rotation to the next, 90 to 2,560; left as it is unless said, 365 for a new key. A change
    /// updates the key.
    pub rotation_period_in_days: Option<u16>,
    /// Days between the deletion and its effect, 7 to 30; default 30. A change updates the declaration alone: AWS
    /// learns it with the deletion.
    #[builder(default = 30)]
    #[serde(default = "longest_window")]
    pub deletion_window_in_days: u8,
    /// Who may use and manage the key; AWS's default leaves both to IAM policies of the account. A change updates
    /// the key.
    pub policy: Option<PolicyDocument>,
    /// Whether the key can have replicas in other regions; default false. A change replaces the key.
    #[builder(default)]
    pub multi_region: bool,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

/// What AWS reports of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttributes {
    /// Id of the key: a UUID, or `mrk-…` for a multi-region key.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> Key<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for Key<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) fn longest_window() -> u8 {
    30
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("description"),
        Field::updates("enable_key_rotation"),
        Field::updates("rotation_period_in_days"),
        Field::updates("deletion_window_in_days").write_only(),
        Field::updates("policy").set(),
        Field::replaces("multi_region"),
    ],
    attributes: &[
        Reported::stable("id", "{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}"),
        Reported::stable("arn", "arn:aws:kms:{region}:{account}:key/{attribute.id}"),
    ],
    identity: Identity::TagOnCreate,
    taggable: true,
    actions: Actions {
        create: &[
            "kms:CreateKey",
            "kms:TagResource",
            "kms:EnableKeyRotation",
            "kms:DescribeKey",
            "kms:ListKeys",
            "kms:ListResourceTags",
            // A multi-region key makes KMS use its service-linked role.
            "iam:CreateServiceLinkedRole",
        ],
        read: &["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"],
        update: &[
            "kms:UpdateKeyDescription",
            "kms:PutKeyPolicy",
            "kms:EnableKeyRotation",
            "kms:DisableKeyRotation",
            "kms:TagResource",
            "kms:UntagResource",
        ],
        delete: &["kms:ScheduleKeyDeletion"],
    },
    timing: "aws_kms_key",
    check,
    ..Kind::of::<Key<AnyRegion>>("kms.key")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = window_problems(site);
    if let Some(policy) = site.own.fields.get("policy") {
        problems.extend(PolicyDocument::problems("policy", policy, PolicyUse::Resource));
    }
    if let Some(days) = site.known("rotation_period_in_days").and_then(|days| days.as_u64()) {
        if !(90..=2560).contains(&days) {
            problems.push(format!("`rotation_period_in_days` {days} is out of range: AWS takes 90 to 2560"));
        }
        if site.known("enable_key_rotation") == Some(false.into()) {
            problems.push("`rotation_period_in_days` says how often, but `enable_key_rotation` is off".to_owned());
        }
    }
    problems
}

/// What is wrong with the waiting period of a deletion.
pub(crate) fn window_problems(site: &Site<'_>) -> Vec<String> {
    match site.known("deletion_window_in_days").and_then(|days| days.as_u64()) {
        Some(days) if !(7..=30).contains(&days) => {
            vec![format!("`deletion_window_in_days` {days} is out of range: AWS takes 7 to 30")]
        }
        _ => Vec::new(),
    }
}
