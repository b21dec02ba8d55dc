//! IAM role: what a service or a person may do while it takes the role on.

use std::collections::BTreeMap;

use landfall_core::{
    Attribute, Global, Input, Kind, Resource,
    check::Site,
    expr::Expr,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::policy::{PolicyDocument, PolicyUse};

/// Desired settings of an IAM role; its name is derived.
///
/// API: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
pub struct Role {
    /// Policies that belong to the role alone, by name; set with `inline_policy`. Others are removed. A change
    /// updates the role.
    #[builder(field)]
    #[serde(default)]
    pub inline_policies: BTreeMap<String, PolicyDocument>,
    /// Trust policy: who may take the role on. A change updates the role.
    pub assume_role_policy_document: PolicyDocument,
    /// ARNs of managed policies, 10 unless the quota was raised; others are detached. A change updates the role.
    #[builder(default, with = |arns: impl IntoIterator<Item = impl Into<Input<String>>>| arns.into_iter().map(Into::into).collect())]
    pub managed_policy_arns: Vec<Input<String>>,
    /// What the role is for, up to 1,000 characters. A change updates the role.
    #[builder(into)]
    pub description: Option<String>,
    /// Longest session, 3,600 to 43,200 seconds; default 3,600. A change updates the role.
    #[builder(default = 3600)]
    pub max_session_duration_seconds: u32,
    /// Path in front of the name, with a slash at both ends; default `/`. A change replaces the role.
    #[builder(default = "/".to_owned(), into)]
    pub path: String,
    /// ARN of the policy that bounds what the role's own policies can allow. A change updates the role.
    #[builder(into)]
    pub permissions_boundary: Option<Input<String>>,
}

impl<S: role_builder::State> RoleBuilder<S> {
    /// Adds a policy that belongs to the role alone.
    pub fn inline_policy(mut self, name: impl Into<String>, policy: PolicyDocument) -> Self {
        self.inline_policies.insert(name.into(), policy);
        self
    }
}

/// What AWS reports of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAttributes {
    /// Name of the role.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// `AROA…`: never used again, also when a role of the same name follows.
    pub unique_id: String,
}

impl Role {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// `AROA…`: never used again, also when a role of the same name follows.
    pub const UNIQUE_ID: Attribute<Self> = Attribute::new("unique_id");
}

impl Resource for Role {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("inline_policies").set(),
        Field::updates("assume_role_policy_document").set(),
        Field::updates("managed_policy_arns").set(),
        Field::updates("description"),
        Field::updates("max_session_duration_seconds"),
        Field::replaces("path"),
        Field::updates("permissions_boundary"),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:iam::{account}:role{field.path}{attribute.id}"),
        Reported::stable("unique_id", "AROA{upper:17}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:GetRole"],
        read: &["iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"],
        update: &[
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
            "iam:PutRolePolicy",
            "iam:DeleteRolePolicy",
            "iam:AttachRolePolicy",
            "iam:DetachRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
            "iam:TagRole",
            "iam:UntagRole",
        ],
        delete: &[
            "iam:ListRolePolicies",
            "iam:DeleteRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:DetachRolePolicy",
            "iam:DeleteRole",
        ],
    },
    timing: "aws_iam_role",
    check,
    ..Kind::of::<Role>("iam.role")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(trust) = site.own.fields.get("assume_role_policy_document") {
        problems.extend(PolicyDocument::problems("assume_role_policy_document", trust, PolicyUse::Trust));
    }
    if let Some(Expr::Map(policies)) = site.own.fields.get("inline_policies") {
        for (name, policy) in policies {
            problems.extend(PolicyDocument::problems(&format!("inline_policies.{name}"), policy, PolicyUse::Identity));
        }
    }
    if let Some(seconds) = site.known("max_session_duration_seconds").and_then(|seconds| seconds.as_u64())
        && !(3_600..=43_200).contains(&seconds)
    {
        problems.push(format!("`max_session_duration_seconds` {seconds} is out of range: AWS takes 3600 to 43200"));
    }
    if let Some(path) = site.known("path").and_then(|path| path.as_str().map(str::to_owned))
        && !(path.starts_with('/') && path.ends_with('/'))
    {
        problems.push(format!("`path` `{path}` needs a slash at both ends"));
    }
    problems
}
