//! Amazon CloudFront response headers policy: headers that answers to viewers carry.

use std::collections::BTreeSet;

use landfall_core::{
    Attribute, Kind, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

/// Desired settings of a response headers policy. Its name is derived from the declaration.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateResponseHeadersPolicy.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct ResponseHeadersPolicy {
    /// What it is for, at most 128 characters; default empty. A change updates the policy.
    #[builder(default, into)]
    pub comment: String,
    /// `Strict-Transport-Security`; default absent. A change updates the policy.
    pub strict_transport_security: Option<StrictTransportSecurity>,
    /// `Content-Security-Policy`; default absent. A change updates the policy.
    pub content_security_policy: Option<ContentSecurityPolicy>,
    /// `X-Frame-Options`; default absent. A change updates the policy.
    pub frame_options: Option<FrameOptions>,
    /// `Referrer-Policy`; default absent. A change updates the policy.
    pub referrer_policy: Option<ReferrerPolicy>,
    /// Whether answers carry `X-Content-Type-Options: nosniff`, whatever the origin says; default false. A change
    /// updates the policy.
    #[builder(default)]
    pub content_type_options: bool,
    /// Headers for cross-origin requests; default absent. A change updates the policy.
    pub cors: Option<Cors>,
    /// Headers of one's own; default none. A change updates the policy.
    #[builder(default)]
    pub custom_headers: Vec<CustomHeader>,
    /// Headers of the origin that viewers don't get: `Server`; default none. A change updates the policy.
    #[builder(default, with = |names: impl IntoIterator<Item = impl Into<String>>| names.into_iter().map(Into::into).collect())]
    pub remove_headers: BTreeSet<String>,
}

/// `Strict-Transport-Security`: browsers use HTTPS only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct StrictTransportSecurity {
    /// For how long browsers remember; default two years.
    #[builder(default = 63_072_000)]
    pub max_age_seconds: u32,
    /// Whether it holds for every name below too; default true.
    #[builder(default = true)]
    pub include_subdomains: bool,
    /// Whether browsers may ship it in their preload lists; default false.
    #[builder(default)]
    pub preload: bool,
    /// Whether it replaces what the origin says; default true.
    #[builder(default = true)]
    pub override_origin: bool,
}

/// `Content-Security-Policy`: where a page may load things from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct ContentSecurityPolicy {
    /// The header's value: `default-src 'self'`.
    #[builder(into)]
    pub policy: String,
    /// Whether it replaces what the origin says; default true.
    #[builder(default = true)]
    pub override_origin: bool,
}

/// `X-Frame-Options`: who may show a page in a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct FrameOptions {
    /// Who may.
    pub option: FrameOption,
    /// Whether it replaces what the origin says; default true.
    #[builder(default = true)]
    pub override_origin: bool,
}

/// Who may show a page in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FrameOption {
    /// Nobody.
    Deny,
    /// Pages of the same site.
    SameOrigin,
}

/// `Referrer-Policy`: what other sites learn of where a visitor came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct ReferrerPolicy {
    /// The header's value.
    pub policy: ReferrerPolicyValue,
    /// Whether it replaces what the origin says; default true.
    #[builder(default = true)]
    pub override_origin: bool,
}

/// Values of `Referrer-Policy`; see <https://developer.mozilla.org/docs/Web/HTTP/Headers/Referrer-Policy>.
#[expect(missing_docs, reason = "each is the header's value of that name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferrerPolicyValue {
    NoReferrer,
    NoReferrerWhenDowngrade,
    Origin,
    OriginWhenCrossOrigin,
    SameOrigin,
    StrictOrigin,
    StrictOriginWhenCrossOrigin,
    UnsafeUrl,
}

/// Headers for cross-origin requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct Cors {
    /// `Access-Control-Allow-Origin`: `https://example.com`, or `*`.
    #[builder(with = |names: impl IntoIterator<Item = impl Into<String>>| names.into_iter().map(Into::into).collect())]
    pub allow_origins: BTreeSet<String>,
    /// `Access-Control-Allow-Methods`; default `GET`, `HEAD`, `OPTIONS`.
    #[builder(default = ["GET", "HEAD", "OPTIONS"].map(str::to_owned).into(), with = |names: impl IntoIterator<Item = impl Into<String>>| names.into_iter().map(Into::into).collect())]
    pub allow_methods: BTreeSet<String>,
    /// `Access-Control-Allow-Headers`; default `*`.
    #[builder(default = ["*".to_owned()].into(), with = |names: impl IntoIterator<Item = impl Into<String>>| names.into_iter().map(Into::into).collect())]
    pub allow_headers: BTreeSet<String>,
    /// `Access-Control-Expose-Headers`; default none.
    #[builder(default, with = |names: impl IntoIterator<Item = impl Into<String>>| names.into_iter().map(Into::into).collect())]
    pub expose_headers: BTreeSet<String>,
    /// `Access-Control-Allow-Credentials`; default false.
    #[builder(default)]
    pub allow_credentials: bool,
    /// `Access-Control-Max-Age`; default ten minutes.
    #[builder(default = 600)]
    pub max_age_seconds: u32,
    /// Whether they replace what the origin says; default true.
    #[builder(default = true)]
    pub override_origin: bool,
}

/// A header of one's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, bon::Builder)]
pub struct CustomHeader {
    /// Name.
    #[builder(into)]
    pub header: String,
    /// Value.
    #[builder(into)]
    pub value: String,
    /// Whether it replaces what the origin says; default true.
    #[builder(default = true)]
    pub override_origin: bool,
}

/// What AWS reports of a response headers policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHeadersPolicyAttributes {
    /// A UUID.
    pub id: String,
    /// Name, derived from the declaration.
    pub name: String,
}

impl ResponseHeadersPolicy {
    /// Name, derived from the declaration.
    pub const NAME: Attribute<Self> = Attribute::new("name");
}

impl Resource for ResponseHeadersPolicy {
    type At = landfall_core::Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    owned_by_aws: crate::managed::RESPONSE_HEADERS_POLICIES,
    fields: &[
        Field::updates("comment"),
        Field::updates("strict_transport_security"),
        Field::updates("content_security_policy"),
        Field::updates("frame_options"),
        Field::updates("referrer_policy"),
        Field::updates("content_type_options"),
        Field::updates("cors"),
        Field::updates("custom_headers").set(),
        Field::updates("remove_headers").set(),
    ],
    attributes: &[
        Reported::stable("id", "{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}"),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    actions: Actions {
        create: &["cloudfront:CreateResponseHeadersPolicy", "cloudfront:ListResponseHeadersPolicies"],
        read: &["cloudfront:GetResponseHeadersPolicy"],
        update: &["cloudfront:GetResponseHeadersPolicy", "cloudfront:UpdateResponseHeadersPolicy"],
        delete: &["cloudfront:GetResponseHeadersPolicy", "cloudfront:DeleteResponseHeadersPolicy"],
    },
    check,
    ..Kind::of::<ResponseHeadersPolicy>("cloudfront.response_headers_policy")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let Some(cors) = site.known("cors") else { return Vec::new() };
    let star = |field: &str| cors[field].as_array().is_some_and(|names| names.iter().any(|name| name == "*"));
    if cors["allow_credentials"] == true && (star("allow_origins") || star("allow_headers") || star("allow_methods")) {
        return vec![
            "`cors` allows credentials and `*`, which browsers and AWS refuse together: name origins, methods and headers"
                .to_owned(),
        ];
    }
    Vec::new()
}
