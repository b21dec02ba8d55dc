//! IAM managed policy: permissions that several roles share.

use landfall_core::{
    Attribute, Global, Kind, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::policy::{PolicyDocument, PolicyUse};

/// Desired settings of a managed policy of the own account; its name is derived.
///
/// API: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
pub struct ManagedPolicy {
    /// What it permits. A change updates the policy: a new version becomes the default, the oldest gives way.
    pub policy_document: PolicyDocument,
    /// What the policy is for, up to 1,000 characters. A change replaces the policy.
    #[builder(into)]
    pub description: Option<String>,
    /// Path in front of the name, with a slash at both ends; default `/`. A change replaces the policy.
    #[builder(default = "/".to_owned(), into)]
    pub path: String,
}

/// What AWS reports of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedPolicyAttributes {
    /// The ARN, by which the API names policies.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl ManagedPolicy {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl Resource for ManagedPolicy {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::updates("policy_document").set(), Field::replaces("description"), Field::replaces("path")],
    attributes: &[
        Reported::stable("id", "arn:aws:iam::{account}:policy{field.path}{name}"),
        Reported::stable("arn", "{attribute.id}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["iam:CreatePolicy", "iam:TagPolicy", "iam:ListPolicies", "iam:GetPolicy"],
        read: &["iam:GetPolicy", "iam:GetPolicyVersion"],
        update: &[
            "iam:ListPolicyVersions",
            "iam:DeletePolicyVersion",
            "iam:CreatePolicyVersion",
            "iam:TagPolicy",
            "iam:UntagPolicy",
        ],
        delete: &["iam:ListPolicyVersions", "iam:DeletePolicyVersion", "iam:DeletePolicy"],
    },
    timing: "aws_iam_policy",
    check: |site| {
        let document = site.own.fields.get("policy_document");
        document.map_or_else(Vec::new, |document| {
            PolicyDocument::problems("policy_document", document, PolicyUse::Identity)
        })
    },
    ..Kind::of::<ManagedPolicy>("iam.policy")
};
