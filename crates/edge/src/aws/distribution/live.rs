//! A distribution as AWS tells it.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::types::{
    AllowedMethods as Methods, CacheBehavior as ByPath, CachedMethods, CustomErrorResponse as ErrorReply,
    CustomOriginConfig, DefaultCacheBehavior, Distribution as Reply, DistributionConfig, FunctionAssociations,
    GeoRestriction as GeoReply, GeoRestrictionType, Method, Origin as OriginReply, OriginGroup as GroupReply,
    ViewerCertificate, ViewerProtocolPolicy,
};
use landfall_core::{Fault, FaultKind, Input, Live, PlaceCode, Ref, Tags};
use landfall_security::DomainName;

use crate::{
    ORIGIN_SECRET_HEADER,
    aws::wire::named,
    distribution::{
        AllowedMethods, CacheBehavior, CustomErrorResponse, CustomOrigin, Distribution, DistributionAttributes,
        ErrorPage, FunctionAssociation, GeoRestriction, Logging, MinimumProtocolVersion, Origin, OriginGroup,
        OriginShieldRegion, OriginSource, PathBehavior, ReadMethods, Target,
    },
};

const READ: &str = "cloudfront:GetDistribution";

pub(super) fn attributes(reply: &Reply, etag: String) -> DistributionAttributes {
    DistributionAttributes {
        id: reply.id.clone(),
        arn: reply.arn.clone(),
        domain_name: reply.domain_name.clone(),
        hosted_zone_id: Distribution::CLOUDFRONT_HOSTED_ZONE_ID.to_owned(),
        etag,
    }
}

pub(super) fn live(
    reply: Reply,
    etag: String,
    tags: Tags,
) -> Result<Live<Distribution, DistributionAttributes>, Fault> {
    let attributes = attributes(&reply, etag);
    let config = reply.distribution_config.ok_or_else(|| Fault::incomplete(READ, "DistributionConfig"))?;
    Ok(Live { resource: resource(config)?, attributes, tags })
}

pub(super) fn resource(config: DistributionConfig) -> Result<Distribution, Fault> {
    let missing = |what| Fault::incomplete(READ, what);
    let groups: BTreeMap<_, _> = config
        .origin_groups
        .and_then(|groups| groups.items)
        .unwrap_or_default()
        .into_iter()
        .map(origin_group)
        .collect::<Result<_, _>>()?;
    let behaviors = config.cache_behaviors.and_then(|behaviors| behaviors.items).unwrap_or_default();
    let default = config.default_cache_behavior.ok_or_else(|| missing("DefaultCacheBehavior"))?;
    let aliases = config.aliases.and_then(|aliases| aliases.items).unwrap_or_default();
    let errors = config.custom_error_responses.and_then(|responses| responses.items).unwrap_or_default();
    let (certificate, minimum_protocol_version) = viewer_certificate(config.viewer_certificate)?;
    let logging = config.logging.filter(|logging| logging.enabled);
    let geo = config.restrictions.and_then(|restrictions| restrictions.geo_restriction);
    Ok(Distribution {
        default_cache_behavior: behavior(default.into(), &groups)?,
        cache_behaviors: behaviors
            .into_iter()
            .map(|reply| {
                let path_pattern = reply.path_pattern.clone();
                Ok(PathBehavior { path_pattern, behavior: behavior(reply.into(), &groups)? })
            })
            .collect::<Result<_, Fault>>()?,
        origins: config
            .origins
            .ok_or_else(|| missing("Origins"))?
            .items
            .into_iter()
            .map(origin)
            .collect::<Result<_, _>>()?,
        origin_groups: groups,
        custom_error_responses: errors.into_iter().map(error_response).collect::<Result<_, _>>()?,
        aliases: aliases.iter().map(|alias| domain(alias)).collect::<Result<_, _>>()?,
        certificate: certificate.map(Ref::existing),
        minimum_protocol_version,
        web_acl: config.web_acl_id.filter(|acl| !acl.is_empty()).map(Ref::existing),
        origin_secret: None,
        price_class: named(READ, config.price_class.ok_or_else(|| missing("PriceClass"))?.as_str())?,
        http_version: named(READ, &config.http_version.ok_or_else(|| missing("HttpVersion"))?.as_str().to_lowercase())?,
        is_ipv6_enabled: config.is_ipv6_enabled.unwrap_or_default(),
        default_root_object: config.default_root_object.unwrap_or_default(),
        comment: config.comment,
        geo_restriction: geo.map_or(Ok(GeoRestriction::None), geo_restriction)?,
        logging: logging.map(|logging| Logging {
            bucket: Input::from(logging.bucket),
            prefix: logging.prefix,
            include_cookies: logging.include_cookies,
        }),
        enabled: config.enabled,
    })
}

fn domain(text: &str) -> Result<DomainName, Fault> {
    text.parse().map_err(|error| Fault::new(FaultKind::Fatal, READ, format!("an alias: {error}")))
}

fn origin(reply: OriginReply) -> Result<(String, Origin), Fault> {
    let headers = reply.custom_headers.and_then(|headers| headers.items).unwrap_or_default();
    let is_secret = |name: &str| name.eq_ignore_ascii_case(ORIGIN_SECRET_HEADER);
    let verified = headers.iter().any(|header| is_secret(&header.header_name));
    let source = match reply.custom_origin_config {
        Some(custom) => OriginSource::Custom(custom_origin(custom, verified)?),
        None => OriginSource::S3 {
            origin_access_control: Ref::existing(reply.origin_access_control_id.unwrap_or_default()),
        },
    };
    let shield = reply.origin_shield.filter(|shield| shield.enabled).and_then(|shield| shield.origin_shield_region);
    let small = |number: Option<i32>, default| number.and_then(|number| u8::try_from(number).ok()).unwrap_or(default);
    let origin = Origin {
        source,
        domain_name: Input::from(reply.domain_name),
        origin_path: reply.origin_path.unwrap_or_default(),
        custom_headers: headers
            .into_iter()
            .filter(|header| !is_secret(&header.header_name))
            .map(|header| (header.header_name, header.header_value))
            .collect(),
        origin_shield: shield.map(|region| shield_region(&region)).transpose()?,
        connection_attempts: small(reply.connection_attempts, 3),
        connection_timeout_seconds: small(reply.connection_timeout, 10),
    };
    Ok((reply.id, origin))
}

fn shield_region(code: &str) -> Result<OriginShieldRegion, Fault> {
    code.parse::<PlaceCode>().ok().and_then(|place| OriginShieldRegion::try_from(place).ok()).ok_or_else(|| {
        Fault::new(FaultKind::Fatal, READ, format!("Origin Shield in {code}, which is not known to offer it"))
    })
}

fn custom_origin(reply: CustomOriginConfig, verified: bool) -> Result<CustomOrigin, Fault> {
    let number = |number: i32| u16::try_from(number).unwrap_or_default();
    let protocols = reply.origin_ssl_protocols.map(|protocols| protocols.items).unwrap_or_default();
    Ok(CustomOrigin {
        origin_protocol_policy: named(READ, reply.origin_protocol_policy.as_str())?,
        origin_ssl_protocols: protocols
            .iter()
            .map(|protocol| named(READ, protocol.as_str()))
            .collect::<Result<_, _>>()?,
        http_port: number(reply.http_port),
        https_port: number(reply.https_port),
        read_timeout_seconds: reply.origin_read_timeout.map_or(30, number),
        keepalive_timeout_seconds: reply.origin_keepalive_timeout.map_or(5, number),
        verified,
    })
}

fn origin_group(reply: GroupReply) -> Result<(String, OriginGroup), Fault> {
    let mut members = reply.members.map(|members| members.items).unwrap_or_default().into_iter();
    let mut member = || members.next().map(|member| member.origin_id);
    let codes = reply.failover_criteria.and_then(|criteria| criteria.status_codes).map(|codes| codes.items);
    let group = OriginGroup {
        primary: member().ok_or_else(|| Fault::incomplete(READ, "primary member of an origin group"))?,
        secondary: member().ok_or_else(|| Fault::incomplete(READ, "secondary member of an origin group"))?,
        status_codes: codes.unwrap_or_default().into_iter().filter_map(|code| u16::try_from(code).ok()).collect(),
    };
    Ok((reply.id, group))
}

/// The parts of a behaviour that the default and those of a path have alike.
struct Parts {
    target: String,
    protocol: ViewerProtocolPolicy,
    methods: Option<Methods>,
    compress: Option<bool>,
    functions: Option<FunctionAssociations>,
    cache_policy: Option<String>,
    origin_request_policy: Option<String>,
    response_headers_policy: Option<String>,
}

impl From<DefaultCacheBehavior> for Parts {
    fn from(reply: DefaultCacheBehavior) -> Self {
        Self {
            target: reply.target_origin_id,
            protocol: reply.viewer_protocol_policy,
            methods: reply.allowed_methods,
            compress: reply.compress,
            functions: reply.function_associations,
            cache_policy: reply.cache_policy_id,
            origin_request_policy: reply.origin_request_policy_id,
            response_headers_policy: reply.response_headers_policy_id,
        }
    }
}

impl From<ByPath> for Parts {
    fn from(reply: ByPath) -> Self {
        Self {
            target: reply.target_origin_id,
            protocol: reply.viewer_protocol_policy,
            methods: reply.allowed_methods,
            compress: reply.compress,
            functions: reply.function_associations,
            cache_policy: reply.cache_policy_id,
            origin_request_policy: reply.origin_request_policy_id,
            response_headers_policy: reply.response_headers_policy_id,
        }
    }
}

fn behavior(parts: Parts, groups: &BTreeMap<String, OriginGroup>) -> Result<CacheBehavior, Fault> {
    let (allowed, cached) = methods(parts.methods.as_ref());
    let target = if groups.contains_key(&parts.target) {
        let allowed_methods = match allowed {
            AllowedMethods::GetHead => ReadMethods::GetHead,
            AllowedMethods::GetHeadOptions | AllowedMethods::All => ReadMethods::GetHeadOptions,
        };
        Target::OriginGroup { id: parts.target, allowed_methods }
    } else {
        Target::Origin { id: parts.target, allowed_methods: allowed }
    };
    let functions = parts.functions.and_then(|functions| functions.items).unwrap_or_default();
    Ok(CacheBehavior {
        target,
        cache_policy: Ref::existing(parts.cache_policy.unwrap_or_default()),
        origin_request_policy: present(parts.origin_request_policy).map(Ref::existing),
        response_headers_policy: present(parts.response_headers_policy).map(Ref::existing),
        viewer_protocol_policy: named(READ, parts.protocol.as_str())?,
        cached_methods: cached,
        compress: parts.compress.unwrap_or_default(),
        function_associations: functions
            .into_iter()
            .map(|function| {
                Ok(FunctionAssociation {
                    event_type: named(READ, function.event_type.as_str())?,
                    function_arn: Input::from(function.function_arn),
                })
            })
            .collect::<Result<_, Fault>>()?,
    })
}

fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn methods(reply: Option<&Methods>) -> (AllowedMethods, ReadMethods) {
    let allowed = match reply {
        Some(methods) if methods.items.contains(&Method::Post) => AllowedMethods::All,
        Some(methods) if methods.items.contains(&Method::Options) => AllowedMethods::GetHeadOptions,
        _ => AllowedMethods::GetHead,
    };
    let options = |cached: &CachedMethods| cached.items.contains(&Method::Options);
    let cached = reply.and_then(|methods| methods.cached_methods.as_ref());
    (allowed, if cached.is_some_and(options) { ReadMethods::GetHeadOptions } else { ReadMethods::GetHead })
}

fn error_response(reply: ErrorReply) -> Result<(u16, CustomErrorResponse), Fault> {
    let missing = || Fault::incomplete(READ, "status code of a custom error response");
    let code = u16::try_from(reply.error_code).map_err(|_| missing())?;
    let answer = present(reply.response_code).map(|code| code.parse()).transpose().map_err(|_| missing())?;
    let page = present(reply.response_page_path)
        .map(|response_page_path| ErrorPage { response_page_path, response_code: answer.unwrap_or(code) });
    let ttl = reply.error_caching_min_ttl.and_then(|seconds| u64::try_from(seconds).ok());
    Ok((code, CustomErrorResponse { error_caching_min_ttl_seconds: ttl, page }))
}

/// The certificate, and the oldest TLS version. With CloudFront's own certificate AWS ignores the latter and tells
/// `TLSv1`, so it reads as the default.
fn viewer_certificate(reply: Option<ViewerCertificate>) -> Result<(Option<String>, MinimumProtocolVersion), Fault> {
    let Some(reply) = reply else { return Ok((None, MinimumProtocolVersion::default())) };
    let certificate = present(reply.acm_certificate_arn);
    let version = match (&certificate, reply.minimum_protocol_version) {
        (Some(_), Some(version)) => named(READ, version.as_str())?,
        _ => MinimumProtocolVersion::default(),
    };
    Ok((certificate, version))
}

fn geo_restriction(reply: GeoReply) -> Result<GeoRestriction, Fault> {
    let countries = reply.items.unwrap_or_default().into_iter().collect();
    match reply.restriction_type {
        GeoRestrictionType::None => Ok(GeoRestriction::None),
        GeoRestrictionType::Whitelist => Ok(GeoRestriction::Whitelist(countries)),
        GeoRestrictionType::Blacklist => Ok(GeoRestriction::Blacklist(countries)),
        other => Err(Fault::incomplete(READ, &format!("known restriction but `{}`", other.as_str()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ManagedCachePolicy, ManagedOriginRequestPolicy, ManagedResponseHeadersPolicy,
        aws::{distribution::request, wire::name},
    };

    fn bucket() -> OriginSource {
        OriginSource::S3 { origin_access_control: Ref::existing("E2QWRUHAPOMQZL") }
    }

    fn full() -> Distribution {
        let app = CustomOrigin::builder().verified(true).read_timeout_seconds(60).build();
        let app = Origin::builder(app, "origin.example.com").custom_headers([("x-tier".into(), "edge".into())].into());
        let page = ErrorPage { response_page_path: "/404.html".to_owned(), response_code: 404 };
        Distribution::builder()
            .origin("app", app.build())
            .origin(
                "in",
                Origin::builder(bucket(), "in.s3.ap-south-1.amazonaws.com")
                    .origin_shield(OriginShieldRegion::of::<landfall_core::ApSouth1>())
                    .build(),
            )
            .origin(
                "uk",
                Origin::builder(bucket(), "uk.s3.eu-west-2.amazonaws.com")
                    .origin_path("/v2")
                    .connection_attempts(2)
                    .build(),
            )
            .origin_group("assets", OriginGroup::new("in", "uk").also_on(404))
            .behavior(
                "/static/*",
                CacheBehavior::builder(Target::origin_group("assets", ReadMethods::GetHeadOptions))
                    .cache_policy(ManagedCachePolicy::CachingOptimized)
                    .response_headers_policy(ManagedResponseHeadersPolicy::SecurityHeaders)
                    .cached_methods(ReadMethods::GetHeadOptions)
                    .function_associations(vec![FunctionAssociation {
                        event_type: crate::EventType::ViewerRequest,
                        function_arn: Input::from("arn:aws:cloudfront::123456789012:function/www"),
                    }])
                    .build(),
            )
            .custom_error_response(
                404,
                CustomErrorResponse { error_caching_min_ttl_seconds: Some(60), page: Some(page) },
            )
            .custom_error_response(500, CustomErrorResponse { error_caching_min_ttl_seconds: Some(5), page: None })
            .default_cache_behavior(
                CacheBehavior::builder(Target::origin("app", AllowedMethods::All))
                    .cache_policy(ManagedCachePolicy::CachingDisabled)
                    .origin_request_policy(ManagedOriginRequestPolicy::AllViewerExceptHostHeader)
                    .compress(false)
                    .build(),
            )
            .aliases(["example.com".parse().unwrap(), "www.example.com".parse().unwrap()])
            .certificate(Ref::existing("arn:aws:acm:us-east-1:123456789012:certificate/1"))
            .minimum_protocol_version(MinimumProtocolVersion::Tls1_2_2025)
            .web_acl(Ref::existing("arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1"))
            .price_class(crate::PriceClass::WithAsiaAndAfrica)
            .http_version(crate::HttpVersion::Http2)
            .is_ipv6_enabled(false)
            .default_root_object("index.html")
            .comment("both regions")
            .geo_restriction(GeoRestriction::Blacklist(["KP".to_owned()].into()))
            .logging(Logging::builder().bucket("logs.s3.amazonaws.com").prefix("cdn/").build())
            .enabled(false)
            .build()
    }

    fn plain() -> Distribution {
        Distribution::builder()
            .origin("app", Origin::https("origin.example.com").build())
            .default_cache_behavior(
                CacheBehavior::builder(Target::origin("app", AllowedMethods::GetHead))
                    .cache_policy(ManagedCachePolicy::CachingDisabled)
                    .build(),
            )
            .build()
    }

    #[test]
    fn a_distribution_is_read_back_as_declared() {
        for want in [full(), plain()] {
            assert_eq!(resource(request::config(&want, "token", Some("s3cret")).unwrap()).unwrap(), want);
        }
    }

    #[test]
    fn the_secret_goes_to_verified_origins_alone_and_is_never_read() {
        let config = request::config(&full(), "token", Some("s3cret")).unwrap();
        let holders: Vec<_> = config
            .origins()
            .unwrap()
            .items()
            .iter()
            .filter(|origin| {
                origin.custom_headers().unwrap().items().iter().any(|header| header.header_value == "s3cret")
            })
            .map(|origin| origin.id.as_str())
            .collect();
        assert_eq!(holders, ["app"]);
        let read = serde_json::to_string(&resource(config).unwrap()).unwrap();
        assert!(!read.contains("s3cret") && read.contains("\"verified\":true"), "{read}");
    }

    #[test]
    fn what_others_set_and_we_do_not_manage_survives_an_update() {
        let mut current = request::config(&plain(), "token", None).unwrap();
        current.continuous_deployment_policy_id = Some("policy".to_owned());
        let wanted = request::config(&plain(), "token", None).unwrap();
        let kept = request::keep_unmanaged(wanted, current);
        assert_eq!(kept.continuous_deployment_policy_id.as_deref(), Some("policy"));
    }

    #[test]
    fn what_is_private_stays_private_through_an_update() {
        let keys = || {
            let keys = aws_sdk_cloudfront::types::TrustedKeyGroups::builder().enabled(true).quantity(1).items("group");
            Some(keys.build().unwrap())
        };
        let mut current = request::config(&full(), "token", None).unwrap();
        current.default_cache_behavior.as_mut().unwrap().trusted_key_groups = keys();
        let by_path = current.cache_behaviors.as_mut().unwrap().items.as_mut().unwrap();
        by_path[0].trusted_key_groups = keys();
        let pattern = by_path[0].path_pattern.clone();
        let wanted = request::config(&full(), "token", None).unwrap();
        let kept = request::keep_unmanaged(wanted, current);
        assert_eq!(kept.default_cache_behavior.unwrap().trusted_key_groups, keys());
        let by_path = kept.cache_behaviors.unwrap().items.unwrap();
        let path = by_path.iter().find(|behavior| behavior.path_pattern == pattern).unwrap();
        assert_eq!(path.trusted_key_groups, keys());
    }

    #[test]
    fn names_of_enums_are_aws_names() {
        assert_eq!(name(&MinimumProtocolVersion::default()), "TLSv1.2_2021");
        assert_eq!(name(&crate::PriceClass::All), "PriceClass_All");
        assert_eq!(name(&crate::HttpVersion::default()), "http2and3");
        assert_eq!(name(&crate::ViewerProtocolPolicy::default()), "redirect-to-https");
    }
}
