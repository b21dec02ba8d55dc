//! Amazon CloudFront cache policy: what makes two requests the same to the cache, and for how long.

use std::collections::BTreeSet;

use landfall_core::{
    Attribute, Kind, Resource, Value,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::selection::Selection;

/// Desired settings of a cache policy. Its name is derived from the declaration.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateCachePolicy.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct CachePolicy {
    /// What it is for, at most 128 characters; default empty. A change updates the policy.
    #[builder(default, into)]
    pub comment: String,
    /// Time that an object stays cached when the origin doesn't say; default one day. A change updates the policy.
    #[builder(default = 86_400)]
    pub default_ttl_seconds: u64,
    /// Longest time, whatever the origin says; default one year. A change updates the policy.
    #[builder(default = 31_536_000)]
    pub max_ttl_seconds: u64,
    /// Shortest time, whatever the origin says; default 0, so that `no-store` is obeyed. A change updates the policy.
    #[builder(default)]
    pub min_ttl_seconds: u64,
    /// Whether gzip variants are cached; default true. A change updates the policy.
    #[builder(default = true)]
    pub enable_accept_encoding_gzip: bool,
    /// Whether Brotli variants are cached; default true. A change updates the policy.
    #[builder(default = true)]
    pub enable_accept_encoding_brotli: bool,
    /// Headers in the cache key, also sent to the origin; default none. A change updates the policy.
    #[builder(default, with = |names: impl IntoIterator<Item = impl Into<String>>| names.into_iter().map(Into::into).collect())]
    pub headers: BTreeSet<String>,
    /// Cookies in the cache key, also sent to the origin; default none. A change updates the policy.
    #[builder(default)]
    pub cookies: Selection,
    /// Query strings in the cache key, also sent to the origin; default none. A change updates the policy.
    #[builder(default)]
    pub query_strings: Selection,
}

/// What AWS reports of a cache policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachePolicyAttributes {
    /// A UUID.
    pub id: String,
    /// Name, derived from the declaration.
    pub name: String,
}

impl CachePolicy {
    /// Name, derived from the declaration.
    pub const NAME: Attribute<Self> = Attribute::new("name");
}

impl Resource for CachePolicy {
    type At = landfall_core::Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    owned_by_aws: crate::managed::CACHE_POLICIES,
    fields: &[
        Field::updates("comment"),
        Field::updates("default_ttl_seconds"),
        Field::updates("max_ttl_seconds"),
        Field::updates("min_ttl_seconds"),
        Field::updates("enable_accept_encoding_gzip"),
        Field::updates("enable_accept_encoding_brotli"),
        Field::updates("headers").set(),
        Field::updates("cookies"),
        Field::updates("query_strings"),
    ],
    attributes: &[
        Reported::stable("id", "{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}"),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    actions: Actions {
        create: &["cloudfront:CreateCachePolicy", "cloudfront:ListCachePolicies"],
        read: &["cloudfront:GetCachePolicy"],
        update: &["cloudfront:GetCachePolicy", "cloudfront:UpdateCachePolicy"],
        delete: &["cloudfront:GetCachePolicy", "cloudfront:DeleteCachePolicy"],
    },
    check,
    ..Kind::of::<CachePolicy>("cloudfront.cache_policy")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let seconds = |field| site.known(field).and_then(|value| value.as_u64());
    let (min, default, max) = (seconds("min_ttl_seconds"), seconds("default_ttl_seconds"), seconds("max_ttl_seconds"));
    let mut problems = Vec::new();
    if let (Some(min), Some(default), Some(max)) = (min, default, max)
        && !(min <= default && default <= max)
    {
        problems.push(format!(
            "its times are out of order: AWS takes `min_ttl_seconds` ({min}) <= `default_ttl_seconds` ({default}) <= `max_ttl_seconds` ({max})"
        ));
    }
    let compressed = ["enable_accept_encoding_gzip", "enable_accept_encoding_brotli"]
        .iter()
        .any(|field| site.known(field).is_some_and(|value| value == true));
    let by_encoding = site.known("headers").and_then(|headers| {
        let mut names = headers.as_array()?.iter().filter_map(|name| name.as_str());
        Some(names.any(|name| name.eq_ignore_ascii_case("accept-encoding")))
    });
    if compressed && by_encoding == Some(true) {
        problems.push(
            "`headers` holds Accept-Encoding, which AWS refuses beside compressed variants: leave it out".to_owned(),
        );
    }
    problems.extend((max == Some(0)).then(|| uncached(site)).flatten());
    problems
}

/// What AWS refuses in a policy that caches nothing: anything that would tell variants apart.
fn uncached(site: &Site<'_>) -> Option<String> {
    let selected = |value: &Value| match value {
        Value::Bool(on) => *on,
        Value::Array(names) => !names.is_empty(),
        other => other != "none",
    };
    let fields =
        ["enable_accept_encoding_gzip", "enable_accept_encoding_brotli", "headers", "cookies", "query_strings"];
    let odd: Vec<_> = fields.into_iter().filter(|field| site.known(field).as_ref().is_some_and(selected)).collect();
    (!odd.is_empty()).then(|| {
        format!(
            "it caches nothing, and then AWS refuses `{}`: leave it out, or take `ManagedCachePolicy::CachingDisabled`",
            odd.join("`, `")
        )
    })
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Topology};

    use super::*;

    #[test]
    fn a_policy_that_caches_nothing_tells_no_variants_apart() {
        let check = |policy: CachePolicy, expected: &str| {
            let topology = Topology::new("twin", Environment::new("test"));
            topology.global().add("app", policy);
            let problems = topology.lower().err().map(|problems| problems.to_string()).unwrap_or_default();
            assert_eq!(problems.is_empty(), expected.is_empty(), "{problems}");
            assert!(problems.contains(expected), "{problems}");
        };
        let off = || {
            let policy = CachePolicy::builder().default_ttl_seconds(0).max_ttl_seconds(0);
            policy.enable_accept_encoding_gzip(false).enable_accept_encoding_brotli(false)
        };
        check(off().build(), "");
        check(off().cookies(Selection::All).headers(["Origin"]).build(), "AWS refuses `headers`, `cookies`");
        let compressed = CachePolicy::builder().default_ttl_seconds(0).max_ttl_seconds(0).build();
        check(compressed, "`enable_accept_encoding_gzip`, `enable_accept_encoding_brotli`");
    }
}
