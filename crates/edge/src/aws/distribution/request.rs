//! A distribution as AWS wants it.

use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods as Methods, CacheBehavior as ByPath, CacheBehaviors, CachedMethods, CustomErrorResponse,
    CustomErrorResponses, CustomHeaders, CustomOriginConfig, DefaultCacheBehavior, DistributionConfig, EventType,
    FunctionAssociation, FunctionAssociations, GeoRestriction, GeoRestrictionType, HttpVersion,
    LambdaFunctionAssociations, LoggingConfig, Method, MinimumProtocolVersion, Origin, OriginCustomHeader, OriginGroup,
    OriginGroupFailoverCriteria, OriginGroupMember, OriginGroupMembers, OriginGroups, OriginProtocolPolicy,
    OriginShield, OriginSslProtocols, Origins, PriceClass, Restrictions, S3OriginConfig, SslProtocol, SslSupportMethod,
    StatusCodes, TrustedKeyGroups, TrustedSigners, ViewerCertificate, ViewerProtocolPolicy,
};
use landfall_core::Fault;

use crate::{
    ORIGIN_SECRET_HEADER,
    aws::wire::{built, name, quantity},
    distribution::{
        AllowedMethods, CacheBehavior, CustomOrigin, Distribution, GeoRestriction as Geo, Logging, Origin as Wanted,
        OriginGroup as WantedGroup, OriginSource, PathBehavior, Target,
    },
};

/// The settings as AWS wants them. What is left out is written as empty: an update that omits a part is refused.
pub(super) fn config(
    want: &Distribution,
    caller_reference: &str,
    secret: Option<&str>,
) -> Result<DistributionConfig, Fault> {
    let aliases: Vec<_> = want.aliases.iter().map(ToString::to_string).collect();
    let origins = want.origins.iter().map(|(id, wanted)| origin(id, wanted, secret)).collect::<Result<Vec<_>, _>>()?;
    let groups = want.origin_groups.iter().map(|(id, wanted)| origin_group(id, wanted));
    let groups = groups.collect::<Result<Vec<_>, _>>()?;
    let behaviors = want.cache_behaviors.iter().map(path_behavior).collect::<Result<Vec<_>, _>>()?;
    built(
        DistributionConfig::builder()
            .caller_reference(caller_reference)
            .comment(&want.comment)
            .enabled(want.enabled)
            .aliases(built(Aliases::builder().quantity(quantity(&aliases)).set_items(Some(aliases)).build())?)
            .default_root_object(&want.default_root_object)
            .origins(built(Origins::builder().quantity(quantity(&origins)).set_items(Some(origins)).build())?)
            .origin_groups(built(OriginGroups::builder().quantity(quantity(&groups)).set_items(Some(groups)).build())?)
            .default_cache_behavior(default_behavior(&want.default_cache_behavior)?)
            .cache_behaviors(built(
                CacheBehaviors::builder().quantity(quantity(&behaviors)).set_items(Some(behaviors)).build(),
            )?)
            .custom_error_responses(error_responses(want)?)
            .logging(logging(want.logging.as_ref()))
            .price_class(PriceClass::from(name(&want.price_class).as_str()))
            .viewer_certificate(viewer_certificate(want))
            .restrictions(Restrictions::builder().geo_restriction(geo_restriction(&want.geo_restriction)?).build())
            .web_acl_id(want.web_acl.as_ref().map_or("", |acl| acl.id()))
            .http_version(HttpVersion::from(name(&want.http_version).as_str()))
            .is_ipv6_enabled(want.is_ipv6_enabled)
            .build(),
    )
}

/// The wanted settings with those parts of the current ones that the resource does not speak of.
pub(super) fn keep_unmanaged(mut wanted: DistributionConfig, current: DistributionConfig) -> DistributionConfig {
    wanted.continuous_deployment_policy_id = current.continuous_deployment_policy_id;
    wanted.staging = current.staging;
    wanted.anycast_ip_list_id = current.anycast_ip_list_id;
    wanted.tenant_config = current.tenant_config;
    wanted.connection_mode = current.connection_mode;
    wanted.viewer_mtls_config = current.viewer_mtls_config;
    wanted.connection_function_association = current.connection_function_association;
    wanted.cache_tag_config = current.cache_tag_config;
    if let (Some(wanted), Some(current)) = (&mut wanted.default_cache_behavior, current.default_cache_behavior) {
        keep_of_default(wanted, current);
    }
    let behaviors = |behaviors: Option<CacheBehaviors>| behaviors.and_then(|all| all.items).unwrap_or_default();
    let mut by_path = behaviors(current.cache_behaviors);
    for wanted in wanted.cache_behaviors.iter_mut().filter_map(|all| all.items.as_mut()).flatten() {
        let same = by_path.iter().position(|current| current.path_pattern == wanted.path_pattern);
        if let Some(position) = same {
            keep_of_path(wanted, by_path.swap_remove(position));
        }
    }
    wanted
}

/// Who may see what is private, functions of AWS Lambda, logs in real time: without them a site would be open.
fn keep_of_default(wanted: &mut DefaultCacheBehavior, current: DefaultCacheBehavior) {
    wanted.trusted_signers = current.trusted_signers;
    wanted.trusted_key_groups = current.trusted_key_groups;
    wanted.smooth_streaming = current.smooth_streaming;
    wanted.lambda_function_associations = current.lambda_function_associations;
    wanted.field_level_encryption_id = current.field_level_encryption_id;
    wanted.realtime_log_config_arn = current.realtime_log_config_arn;
    wanted.grpc_config = current.grpc_config;
}

/// The same of the behaviour of a path.
fn keep_of_path(wanted: &mut ByPath, current: ByPath) {
    wanted.trusted_signers = current.trusted_signers;
    wanted.trusted_key_groups = current.trusted_key_groups;
    wanted.smooth_streaming = current.smooth_streaming;
    wanted.lambda_function_associations = current.lambda_function_associations;
    wanted.field_level_encryption_id = current.field_level_encryption_id;
    wanted.realtime_log_config_arn = current.realtime_log_config_arn;
    wanted.grpc_config = current.grpc_config;
}

/// Whether every origin that is sent a secret is sent this one.
pub(super) fn has_secret(current: &DistributionConfig, secret: Option<&str>) -> bool {
    let origins = current.origins().map(Origins::items).unwrap_or_default();
    let headers = origins.iter().filter_map(Origin::custom_headers).flat_map(CustomHeaders::items);
    let mut secrets = headers.filter(|header| header.header_name.eq_ignore_ascii_case(ORIGIN_SECRET_HEADER));
    secrets.all(|header| Some(header.header_value.as_str()) == secret)
}

fn origin(id: &str, want: &Wanted, secret: Option<&str>) -> Result<Origin, Fault> {
    let header = |(name, value): (&str, &str)| {
        built(OriginCustomHeader::builder().header_name(name).header_value(value).build())
    };
    let declared = want.custom_headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let verified = matches!(&want.source, OriginSource::Custom(custom) if custom.verified);
    let secret = secret.filter(|_| verified).map(|secret| (ORIGIN_SECRET_HEADER, secret));
    let headers = declared.chain(secret).map(header).collect::<Result<Vec<_>, _>>()?;
    let shield = OriginShield::builder()
        .enabled(want.origin_shield.is_some())
        .set_origin_shield_region(want.origin_shield.map(|region| region.as_str().to_owned()));
    let origin = Origin::builder()
        .id(id)
        .domain_name(want.domain_name.value())
        .origin_path(&want.origin_path)
        .custom_headers(built(CustomHeaders::builder().quantity(quantity(&headers)).set_items(Some(headers)).build())?)
        .connection_attempts(i32::from(want.connection_attempts))
        .connection_timeout(i32::from(want.connection_timeout_seconds))
        .origin_shield(built(shield.build())?);
    built(match &want.source {
        // The empty identity says that the access control signs, and not an identity of the older kind.
        OriginSource::S3 { origin_access_control } => origin
            .s3_origin_config(S3OriginConfig::builder().origin_access_identity("").build())
            .origin_access_control_id(origin_access_control.id())
            .build(),
        OriginSource::Custom(custom) => {
            origin.custom_origin_config(custom_origin(custom)?).origin_access_control_id("").build()
        }
    })
}

fn custom_origin(want: &CustomOrigin) -> Result<CustomOriginConfig, Fault> {
    let protocols: Vec<_> =
        want.origin_ssl_protocols.iter().map(|protocol| SslProtocol::from(name(protocol).as_str())).collect();
    let protocols = OriginSslProtocols::builder().quantity(quantity(&protocols)).set_items(Some(protocols));
    built(
        CustomOriginConfig::builder()
            .http_port(i32::from(want.http_port))
            .https_port(i32::from(want.https_port))
            .origin_protocol_policy(OriginProtocolPolicy::from(name(&want.origin_protocol_policy).as_str()))
            .origin_ssl_protocols(built(protocols.build())?)
            .origin_read_timeout(i32::from(want.read_timeout_seconds))
            .origin_keepalive_timeout(i32::from(want.keepalive_timeout_seconds))
            .build(),
    )
}

fn origin_group(id: &str, want: &WantedGroup) -> Result<OriginGroup, Fault> {
    let codes: Vec<_> = want.status_codes.iter().map(|code| i32::from(*code)).collect();
    let codes = built(StatusCodes::builder().quantity(quantity(&codes)).set_items(Some(codes)).build())?;
    let member = |id: &str| built(OriginGroupMember::builder().origin_id(id).build());
    let members = vec![member(&want.primary)?, member(&want.secondary)?];
    let members = OriginGroupMembers::builder().quantity(quantity(&members)).set_items(Some(members));
    built(
        OriginGroup::builder()
            .id(id)
            .failover_criteria(OriginGroupFailoverCriteria::builder().status_codes(codes).build())
            .members(built(members.build())?)
            .build(),
    )
}

/// The parts of a behaviour that the default and those of a path have alike.
struct Parts {
    signers: TrustedSigners,
    key_groups: TrustedKeyGroups,
    protocol: ViewerProtocolPolicy,
    methods: Methods,
    lambdas: LambdaFunctionAssociations,
    functions: FunctionAssociations,
    cache_policy: String,
    origin_request_policy: Option<String>,
    response_headers_policy: Option<String>,
}

fn parts(want: &CacheBehavior) -> Result<Parts, Fault> {
    let function = |association: &crate::distribution::FunctionAssociation| {
        let event = EventType::from(name(&association.event_type).as_str());
        built(FunctionAssociation::builder().event_type(event).function_arn(association.function_arn.value()).build())
    };
    let functions = want.function_associations.iter().map(function).collect::<Result<Vec<_>, _>>()?;
    let functions = FunctionAssociations::builder().quantity(quantity(&functions)).set_items(Some(functions));
    Ok(Parts {
        signers: built(TrustedSigners::builder().enabled(false).quantity(0).build())?,
        key_groups: built(TrustedKeyGroups::builder().enabled(false).quantity(0).build())?,
        protocol: ViewerProtocolPolicy::from(name(&want.viewer_protocol_policy).as_str()),
        methods: methods(want)?,
        lambdas: built(LambdaFunctionAssociations::builder().quantity(0).build())?,
        functions: built(functions.build())?,
        cache_policy: want.cache_policy.id().to_owned(),
        origin_request_policy: want.origin_request_policy.as_ref().map(|policy| policy.id().to_owned()),
        response_headers_policy: want.response_headers_policy.as_ref().map(|policy| policy.id().to_owned()),
    })
}

fn methods(want: &CacheBehavior) -> Result<Methods, Fault> {
    let list = |methods: AllowedMethods| -> Vec<_> { methods.names().iter().map(|name| Method::from(*name)).collect() };
    let allowed = match &want.target {
        Target::Origin { allowed_methods, .. } => list(*allowed_methods),
        Target::OriginGroup { allowed_methods, .. } => list((*allowed_methods).into()),
    };
    let cached = list(want.cached_methods.into());
    let cached = built(CachedMethods::builder().quantity(quantity(&cached)).set_items(Some(cached)).build())?;
    built(Methods::builder().quantity(quantity(&allowed)).set_items(Some(allowed)).cached_methods(cached).build())
}

fn default_behavior(want: &CacheBehavior) -> Result<DefaultCacheBehavior, Fault> {
    let parts = parts(want)?;
    built(
        DefaultCacheBehavior::builder()
            .target_origin_id(want.target.id())
            .trusted_signers(parts.signers)
            .trusted_key_groups(parts.key_groups)
            .viewer_protocol_policy(parts.protocol)
            .allowed_methods(parts.methods)
            .smooth_streaming(false)
            .compress(want.compress)
            .lambda_function_associations(parts.lambdas)
            .function_associations(parts.functions)
            .field_level_encryption_id("")
            .cache_policy_id(parts.cache_policy)
            .set_origin_request_policy_id(parts.origin_request_policy)
            .set_response_headers_policy_id(parts.response_headers_policy)
            .build(),
    )
}

fn path_behavior(want: &PathBehavior) -> Result<ByPath, Fault> {
    let parts = parts(&want.behavior)?;
    built(
        ByPath::builder()
            .path_pattern(&want.path_pattern)
            .target_origin_id(want.behavior.target.id())
            .trusted_signers(parts.signers)
            .trusted_key_groups(parts.key_groups)
            .viewer_protocol_policy(parts.protocol)
            .allowed_methods(parts.methods)
            .smooth_streaming(false)
            .compress(want.behavior.compress)
            .lambda_function_associations(parts.lambdas)
            .function_associations(parts.functions)
            .field_level_encryption_id("")
            .cache_policy_id(parts.cache_policy)
            .set_origin_request_policy_id(parts.origin_request_policy)
            .set_response_headers_policy_id(parts.response_headers_policy)
            .build(),
    )
}

fn error_responses(want: &Distribution) -> Result<CustomErrorResponses, Fault> {
    let response = |(code, wanted): (&u16, &crate::distribution::CustomErrorResponse)| {
        let ttl = wanted.error_caching_min_ttl_seconds.and_then(|seconds| i64::try_from(seconds).ok());
        // Without a page AWS wants both parts of it empty.
        let path = wanted.page.as_ref().map_or("", |page| page.response_page_path.as_str());
        let answer = wanted.page.as_ref().map_or_else(String::new, |page| page.response_code.to_string());
        let response = CustomErrorResponse::builder().error_code(i32::from(*code)).set_error_caching_min_ttl(ttl);
        built(response.response_page_path(path).response_code(answer).build())
    };
    let items = want.custom_error_responses.iter().map(response).collect::<Result<Vec<_>, _>>()?;
    built(CustomErrorResponses::builder().quantity(quantity(&items)).set_items(Some(items)).build())
}

fn logging(want: Option<&Logging>) -> LoggingConfig {
    LoggingConfig::builder()
        .enabled(want.is_some())
        .include_cookies(want.is_some_and(|logging| logging.include_cookies))
        .bucket(want.map_or("", |logging| logging.bucket.value()))
        .prefix(want.map_or("", |logging| &logging.prefix))
        .build()
}

fn viewer_certificate(want: &Distribution) -> ViewerCertificate {
    match &want.certificate {
        Some(certificate) => ViewerCertificate::builder()
            .acm_certificate_arn(certificate.id())
            .ssl_support_method(SslSupportMethod::SniOnly)
            .minimum_protocol_version(MinimumProtocolVersion::from(name(&want.minimum_protocol_version).as_str()))
            .build(),
        None => ViewerCertificate::builder().cloud_front_default_certificate(true).build(),
    }
}

fn geo_restriction(want: &Geo) -> Result<GeoRestriction, Fault> {
    let (kind, countries) = match want {
        Geo::None => (GeoRestrictionType::None, None),
        Geo::Whitelist(countries) => (GeoRestrictionType::Whitelist, Some(countries)),
        Geo::Blacklist(countries) => (GeoRestrictionType::Blacklist, Some(countries)),
    };
    let items: Vec<_> = countries.into_iter().flatten().cloned().collect();
    let restriction = GeoRestriction::builder().restriction_type(kind).quantity(quantity(&items));
    built(restriction.set_items(Some(items)).build())
}
