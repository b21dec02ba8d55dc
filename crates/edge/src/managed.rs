//! Policies that AWS manages, the same in every account, by their documented ids.

use landfall_core::Ref;

use crate::{
    cache_policy::CachePolicy, origin_request_policy::OriginRequestPolicy,
    response_headers_policy::ResponseHeadersPolicy,
};

/// Cache policies that AWS manages; each converts into a reference to it.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedCachePolicy {
    /// For static content: no cookies, no query strings, one day unless the origin says otherwise.
    CachingOptimized,
    /// The same without compressed variants.
    CachingOptimizedForUncompressedObjects,
    /// For dynamic content: nothing is cached.
    CachingDisabled,
    /// Caches what the origin's `Cache-Control` allows, by host, cookies and some headers.
    UseOriginCacheControlHeaders,
    /// The same, by query strings too.
    UseOriginCacheControlHeadersQueryStrings,
}

impl ManagedCachePolicy {
    /// Id of the policy in every account.
    pub const fn id(self) -> &'static str {
        match self {
            Self::CachingOptimized => "658327ea-f89d-4fab-a63d-7e88639e58f6",
            Self::CachingOptimizedForUncompressedObjects => "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
            Self::CachingDisabled => "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            Self::UseOriginCacheControlHeaders => "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
            Self::UseOriginCacheControlHeadersQueryStrings => "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
        }
    }
}

impl From<ManagedCachePolicy> for Ref<CachePolicy> {
    fn from(policy: ManagedCachePolicy) -> Self {
        Self::existing(policy.id())
    }
}

/// Origin request policies that AWS manages; each converts into a reference to it.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedOriginRequestPolicy {
    /// Everything the viewer sent, the `Host` header too: the origin's certificate must cover the viewer's host.
    AllViewer,
    /// Everything the viewer sent but `Host`, which names the origin instead.
    AllViewerExceptHostHeader,
    /// What S3 needs to answer cross-origin requests.
    CorsS3Origin,
    /// What any other origin needs to answer cross-origin requests.
    CorsCustomOrigin,
    /// `User-Agent` and `Referer` alone.
    UserAgentRefererHeaders,
}

impl ManagedOriginRequestPolicy {
    /// Id of the policy in every account.
    pub const fn id(self) -> &'static str {
        match self {
            Self::AllViewer => "216adef6-5c7f-47e4-b989-5492eafa07d3",
            Self::AllViewerExceptHostHeader => "b689b0a8-53d0-40ab-baf2-68738e2966ac",
            Self::CorsS3Origin => "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
            Self::CorsCustomOrigin => "59781a5b-3903-41f3-afcb-af62929ccde1",
            Self::UserAgentRefererHeaders => "acba4595-bd28-49b8-b9fe-13317c0390fa",
        }
    }
}

impl From<ManagedOriginRequestPolicy> for Ref<OriginRequestPolicy> {
    fn from(policy: ManagedOriginRequestPolicy) -> Self {
        Self::existing(policy.id())
    }
}

/// Response headers policies that AWS manages; each converts into a reference to it.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedResponseHeadersPolicy {
    /// HSTS for a year, no sniffing, no framing by others, a strict referrer policy.
    SecurityHeaders,
    /// Cross-origin reads from anywhere.
    SimpleCors,
    /// Cross-origin requests from anywhere, preflight included.
    CorsWithPreflight,
    /// [`SimpleCors`](Self::SimpleCors) and [`SecurityHeaders`](Self::SecurityHeaders).
    CorsAndSecurityHeaders,
    /// [`CorsWithPreflight`](Self::CorsWithPreflight) and [`SecurityHeaders`](Self::SecurityHeaders).
    CorsWithPreflightAndSecurityHeaders,
}

impl ManagedResponseHeadersPolicy {
    /// Id of the policy in every account.
    pub const fn id(self) -> &'static str {
        match self {
            Self::SecurityHeaders => "67f7725c-6f97-4210-82d7-5512b31e9d03",
            Self::SimpleCors => "60669652-455b-4ae9-85a4-c4c02393f86c",
            Self::CorsWithPreflight => "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
            Self::CorsAndSecurityHeaders => "e61eb60c-9c35-4d20-a928-2b84e02af89c",
            Self::CorsWithPreflightAndSecurityHeaders => "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
        }
    }
}

impl From<ManagedResponseHeadersPolicy> for Ref<ResponseHeadersPolicy> {
    fn from(policy: ManagedResponseHeadersPolicy) -> Self {
        Self::existing(policy.id())
    }
}

/// Ids of the cache policies that are in every account.
pub(crate) const CACHE_POLICIES: &[&str] = &[
    ManagedCachePolicy::CachingOptimized.id(),
    ManagedCachePolicy::CachingOptimizedForUncompressedObjects.id(),
    ManagedCachePolicy::CachingDisabled.id(),
    ManagedCachePolicy::UseOriginCacheControlHeaders.id(),
    ManagedCachePolicy::UseOriginCacheControlHeadersQueryStrings.id(),
];

/// Ids of the origin request policies that are in every account.
pub(crate) const ORIGIN_REQUEST_POLICIES: &[&str] = &[
    ManagedOriginRequestPolicy::AllViewer.id(),
    ManagedOriginRequestPolicy::AllViewerExceptHostHeader.id(),
    ManagedOriginRequestPolicy::CorsS3Origin.id(),
    ManagedOriginRequestPolicy::CorsCustomOrigin.id(),
    ManagedOriginRequestPolicy::UserAgentRefererHeaders.id(),
];

/// Ids of the response headers policies that are in every account.
pub(crate) const RESPONSE_HEADERS_POLICIES: &[&str] = &[
    ManagedResponseHeadersPolicy::SecurityHeaders.id(),
    ManagedResponseHeadersPolicy::SimpleCors.id(),
    ManagedResponseHeadersPolicy::CorsWithPreflight.id(),
    ManagedResponseHeadersPolicy::CorsAndSecurityHeaders.id(),
    ManagedResponseHeadersPolicy::CorsWithPreflightAndSecurityHeaders.id(),
];
