//! Amazon CloudFront origin request policy: what of a request reaches the origin besides the cache key.

use std::collections::BTreeSet;

use landfall_core::{
    Attribute, Kind, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::selection::Selection;

/// Desired settings of an origin request policy. Its name is derived from the declaration.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateOriginRequestPolicy.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct OriginRequestPolicy {
    /// What it is for, at most 128 characters; default empty. A change updates the policy.
    #[builder(default, into)]
    pub comment: String,
    /// Headers sent to the origin; default none. A change updates the policy.
    #[builder(default)]
    pub headers: HeaderSelection,
    /// Cookies sent to the origin; default none. A change updates the policy.
    #[builder(default)]
    pub cookies: Selection,
    /// Query strings sent to the origin; default none. A change updates the policy.
    #[builder(default)]
    pub query_strings: Selection,
}

/// Which headers go to the origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderSelection {
    /// None besides those in the cache key.
    #[default]
    None,
    /// Those named, at most ten.
    Only(BTreeSet<String>),
    /// All that the viewer sent.
    AllViewer,
    /// All that the viewer sent, but those named: usually `Host`.
    AllViewerExcept(BTreeSet<String>),
    /// All that the viewer sent, and the named ones that CloudFront adds: `CloudFront-Viewer-Country`.
    AllViewerAndCloudFront(BTreeSet<String>),
}

/// What AWS reports of an origin request policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginRequestPolicyAttributes {
    /// A UUID.
    pub id: String,
    /// Name, derived from the declaration.
    pub name: String,
}

impl OriginRequestPolicy {
    /// Name, derived from the declaration.
    pub const NAME: Attribute<Self> = Attribute::new("name");
}

impl Resource for OriginRequestPolicy {
    type At = landfall_core::Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    owned_by_aws: crate::managed::ORIGIN_REQUEST_POLICIES,
    fields: &[
        Field::updates("comment"),
        Field::updates("headers"),
        Field::updates("cookies"),
        Field::updates("query_strings"),
    ],
    attributes: &[
        Reported::stable("id", "{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}"),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    actions: Actions {
        create: &["cloudfront:CreateOriginRequestPolicy", "cloudfront:ListOriginRequestPolicies"],
        read: &["cloudfront:GetOriginRequestPolicy"],
        update: &["cloudfront:GetOriginRequestPolicy", "cloudfront:UpdateOriginRequestPolicy"],
        delete: &["cloudfront:GetOriginRequestPolicy", "cloudfront:DeleteOriginRequestPolicy"],
    },
    ..Kind::of::<OriginRequestPolicy>("cloudfront.origin_request_policy")
};
