#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;

mod cache_policy;
mod cdn;
mod distribution;
mod managed;
mod origin_access_control;
mod origin_request_policy;
mod response_headers_policy;
mod selection;
mod walk;
mod web_acl;
mod web_acl_association;

pub use cache_policy::{CachePolicy, CachePolicyAttributes};
pub use cdn::{Cdn, CdnHandles};
pub use distribution::{
    AllowedMethods, CacheBehavior, CacheBehaviorBuilder, CustomErrorResponse, CustomOrigin, Distribution,
    DistributionAttributes, DistributionBuilder, ErrorPage, EventType, FunctionAssociation, GeoRestriction,
    HttpVersion, Logging, MinimumProtocolVersion, NoOriginShield, Origin, OriginBuilder, OriginGroup,
    OriginProtocolPolicy, OriginShieldRegion, OriginSource, PathBehavior, PriceClass, ReadMethods, SslProtocol, Target,
    ViewerProtocolPolicy,
};
pub use managed::{ManagedCachePolicy, ManagedOriginRequestPolicy, ManagedResponseHeadersPolicy};
pub use origin_access_control::{OriginAccessControl, OriginAccessControlAttributes, OriginType, SigningBehavior};
pub use origin_request_policy::{HeaderSelection, OriginRequestPolicy, OriginRequestPolicyAttributes};
pub use response_headers_policy::{
    ContentSecurityPolicy, Cors, CustomHeader, FrameOption, FrameOptions, ReferrerPolicy, ReferrerPolicyValue,
    ResponseHeadersPolicy, ResponseHeadersPolicyAttributes, StrictTransportSecurity,
};
pub use selection::Selection;
pub use web_acl::{
    AclScope, Action, AggregateKey, AwsManagedRules, ByteMatch, CloudFront, CloudFrontWebAcl, DefaultAction,
    FallbackBehavior, FieldToMatch, ManagedRuleGroup, OverrideAction, PositionalConstraint, Regional, Rule, RuleBody,
    ScopedWebAcl, Statement, TextTransformation, WebAcl, WebAclAttributes,
};
pub use web_acl_association::{WebAclAssociation, WebAclAssociationAttributes};

/// What the listener rule of a load balancer looks for and a distribution sends: one constant for both sides, defined
/// where the rule is.
#[doc(inline)]
pub use landfall_compute::ORIGIN_SECRET_HEADER;

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &distribution::KIND,
        &origin_access_control::KIND,
        &cache_policy::KIND,
        &origin_request_policy::KIND,
        &response_headers_policy::KIND,
        &web_acl::REGIONAL,
        &web_acl::CLOUDFRONT,
        &web_acl_association::KIND,
    ]
}
