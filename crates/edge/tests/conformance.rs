//! Every kind of the layer passes the lifecycle; the table says where its wire is proved.

#![cfg(feature = "aws")]

use landfall_compute::LoadBalancer;
use landfall_conformance::{Case, Variant, Wire, complete, in_the_sandbox, on_the_wire};
use landfall_core::{ApSouth1, ArnRef, EuWest2, Handle, Options, Scope, Topology, UsEast1};
use landfall_datalayer::Bucket;
use landfall_edge::{
    Action, AllowedMethods, AwsManagedRules, CacheBehavior, CachePolicy, CloudFrontWebAcl, ContentSecurityPolicy, Cors,
    CustomErrorResponse, CustomHeader, CustomOrigin, DefaultAction, Distribution, ErrorPage, FrameOption, FrameOptions,
    GeoRestriction, HeaderSelection, HttpVersion, Logging, ManagedCachePolicy, ManagedOriginRequestPolicy,
    ManagedRuleGroup, MinimumProtocolVersion, Origin, OriginAccessControl, OriginGroup, OriginRequestPolicy,
    OriginShieldRegion, OriginType, PriceClass, ReadMethods, ReferrerPolicy, ReferrerPolicyValue,
    ResponseHeadersPolicy, Rule, Selection, SigningBehavior, Statement, StrictTransportSecurity, Target,
    ViewerProtocolPolicy, WebAcl, WebAclAssociation,
};
use landfall_security::{Certificate, IssuedCertificate, Secret, SecretValue};

/// Stock moto has no cache, origin request or response headers policies and refuses origin groups.
const CLOUDFRONT: Wire = Wire::Split { ministack: &["CloudFront"] };

const CASES: &[Case] = &[
    Case::new("cloudfront.distribution", CLOUDFRONT, distribution),
    Case::new("cloudfront.origin_access_control", CLOUDFRONT, origin_access_control),
    Case::new("cloudfront.cache_policy", CLOUDFRONT, cache_policy),
    Case::new("cloudfront.origin_request_policy", CLOUDFRONT, origin_request_policy),
    Case::new("cloudfront.response_headers_policy", CLOUDFRONT, response_headers_policy),
    Case::new("wafv2.web_acl", Wire::Moto, web_acl),
    Case::new("wafv2.cloudfront_web_acl", Wire::Moto, cloudfront_web_acl),
    Case::new("wafv2.web_acl_association", Wire::Moto, web_acl_association),
];

fn bucket<R: landfall_core::Region>(scope: &Scope<'_, R>, name: &str) -> Handle<Bucket<R>> {
    scope.add("assets", Bucket::builder().bucket(name.parse().expect("a name")).build())
}

fn certificate(scope: &Scope<'_, UsEast1>, name: &str) -> Handle<IssuedCertificate<UsEast1>> {
    let certificate = Certificate::builder()
        .domain_name("example.com".parse().expect("a domain"))
        .subject_alternative_names(["*.example.com".parse().expect("a domain")])
        .build();
    let certificate = scope.add(name, certificate);
    scope.add(name, IssuedCertificate::of(certificate))
}

/// Everything that a distribution can say.
fn distribution(topology: &Topology, variant: Variant) {
    let (global, edge) = (topology.global(), topology.region::<UsEast1>());
    let (india, london) = (topology.region::<ApSouth1>(), topology.region::<EuWest2>());
    let control = global.add("assets", OriginAccessControl::builder().build());
    let secret = |name: &str| india.add(name, Secret::builder().recovery_window_in_days(0).build());
    let secret = variant.pick(secret("first"), secret("second"));
    let certificate = variant.pick(certificate(&edge, "first"), certificate(&edge, "second"));
    let acl = |name: &str| edge.add(name, CloudFrontWebAcl::builder().rules(Rule::baseline()).build());
    let acl = variant.pick(acl("first"), acl("second"));
    let in_bucket = Origin::s3(bucket(&india, "landfall-edge-in"), control)
        .maybe_origin_shield(variant.pick(Some(OriginShieldRegion::of::<ApSouth1>()), None))
        .build();
    let uk_bucket = Origin::s3(bucket(&london, "landfall-edge-uk"), control)
        .origin_path(variant.pick("", "/v2"))
        .connection_attempts(variant.pick(3, 2))
        .connection_timeout_seconds(variant.pick(10, 5))
        .build();
    let app = CustomOrigin::builder()
        .verified(true)
        .read_timeout_seconds(variant.pick(30, 60))
        .keepalive_timeout_seconds(variant.pick(5, 10))
        .https_port(variant.pick(443, 8443))
        .build();
    let headers = [("x-tier".to_owned(), variant.pick("edge", "front").to_owned())].into();
    let app = Origin::builder(app, "origin.example.com").custom_headers(headers).build();
    let group = OriginGroup::new("in", "uk").also_on(variant.pick(404, 403));
    let page = ErrorPage { response_page_path: "/404.html".to_owned(), response_code: variant.pick(404, 200) };
    let page = CustomErrorResponse { error_caching_min_ttl_seconds: Some(variant.pick(60, 30)), page: Some(page) };
    let aliases = variant.pick(vec!["example.com", "www.example.com"], vec!["www.example.com"]);
    let site = Distribution::builder()
        .origin("app", app)
        .origin("in", in_bucket)
        .origin("uk", uk_bucket)
        .origin_group("assets", group)
        .behavior("/static/*", assets(variant))
        .behavior(variant.pick("/media/*", "/images/*"), own_policies(topology))
        .custom_error_response(404, page)
        .default_cache_behavior(dynamic(variant))
        .aliases(aliases.into_iter().map(|alias| alias.parse().expect("a domain")))
        .certificate(certificate)
        .minimum_protocol_version(
            variant.pick(MinimumProtocolVersion::Tls1_2_2021, MinimumProtocolVersion::Tls1_2_2019),
        )
        .web_acl(acl)
        .origin_secret(SecretValue::of(secret).any_region())
        .price_class(variant.pick(PriceClass::WithAsiaAndAfrica, PriceClass::All))
        .http_version(variant.pick(HttpVersion::Http2And3, HttpVersion::Http2))
        .is_ipv6_enabled(variant.pick(true, false))
        .default_root_object(variant.pick("", "index.html"))
        .comment(variant.pick("both regions", "India and London"))
        .geo_restriction(variant.pick(GeoRestriction::None, GeoRestriction::Blacklist(["KP".to_owned()].into())))
        .logging(
            Logging::builder().bucket("landfall-logs.s3.amazonaws.com").prefix(variant.pick("cdn/", "edge/")).build(),
        )
        .enabled(variant.pick(true, false))
        .build();
    global.add_with("site", Options::new().tag("team", variant.pick("web", "platform")), site);
}

fn own_policies(topology: &Topology) -> CacheBehavior {
    let global = topology.global();
    let cache = global.add("media", CachePolicy::builder().default_ttl_seconds(60).build());
    let request = global.add("media", OriginRequestPolicy::builder().query_strings(Selection::All).build());
    let answers = global.add("media", ResponseHeadersPolicy::builder().content_type_options(true).build());
    CacheBehavior::builder(Target::origin("in", AllowedMethods::GetHead))
        .cache_policy(cache)
        .origin_request_policy(request)
        .response_headers_policy(answers)
        .build()
}

fn assets(variant: Variant) -> CacheBehavior {
    CacheBehavior::builder(Target::origin_group("assets", ReadMethods::GetHeadOptions))
        .cache_policy(ManagedCachePolicy::CachingOptimized)
        .cached_methods(variant.pick(ReadMethods::GetHead, ReadMethods::GetHeadOptions))
        .viewer_protocol_policy(variant.pick(ViewerProtocolPolicy::RedirectToHttps, ViewerProtocolPolicy::HttpsOnly))
        .build()
}

fn dynamic(variant: Variant) -> CacheBehavior {
    CacheBehavior::builder(Target::origin("app", variant.pick(AllowedMethods::All, AllowedMethods::GetHeadOptions)))
        .cache_policy(ManagedCachePolicy::CachingDisabled)
        .origin_request_policy(
            variant.pick(ManagedOriginRequestPolicy::AllViewerExceptHostHeader, ManagedOriginRequestPolicy::AllViewer),
        )
        .compress(variant.pick(true, false))
        .build()
}

fn origin_access_control(topology: &Topology, variant: Variant) {
    let control = OriginAccessControl::builder()
        .description(variant.pick("static content", "uploads"))
        .signing_behavior(variant.pick(SigningBehavior::Always, SigningBehavior::NoOverride))
        .origin_type(variant.pick(OriginType::S3, OriginType::Lambda));
    topology.global().add("assets", control.build());
}

fn names(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn cache_policy(topology: &Topology, variant: Variant) {
    let policy = CachePolicy::builder()
        .comment(variant.pick("by language", "by origin"))
        .default_ttl_seconds(variant.pick(60, 120))
        .max_ttl_seconds(variant.pick(600, 1200))
        .min_ttl_seconds(variant.pick(0, 1))
        .enable_accept_encoding_gzip(variant.pick(true, false))
        .enable_accept_encoding_brotli(variant.pick(true, false))
        .headers(variant.pick(vec!["Accept-Language"], vec!["Origin", "Accept-Language"]))
        .cookies(variant.pick(Selection::None, Selection::only(["lang"])))
        .query_strings(variant.pick(Selection::All, Selection::all_except(["utm_source"])));
    topology.global().add("app", policy.build());
}

fn origin_request_policy(topology: &Topology, variant: Variant) {
    let policy = OriginRequestPolicy::builder()
        .comment(variant.pick("all but host", "country"))
        .headers(variant.pick(
            HeaderSelection::AllViewerExcept(names(&["Host"])),
            HeaderSelection::AllViewerAndCloudFront(names(&["CloudFront-Viewer-Country"])),
        ))
        .cookies(variant.pick(Selection::All, Selection::all_except(["session"])))
        .query_strings(variant.pick(Selection::only(["v"]), Selection::All));
    topology.global().add("app", policy.build());
}

fn response_headers_policy(topology: &Topology, variant: Variant) {
    let referrer = variant.pick(ReferrerPolicyValue::SameOrigin, ReferrerPolicyValue::NoReferrer);
    let header = CustomHeader::builder().header("X-Site").value(variant.pick("twin", "pair")).build();
    let policy = ResponseHeadersPolicy::builder()
        .comment(variant.pick("strict", "stricter"))
        .strict_transport_security(StrictTransportSecurity::builder().preload(variant.pick(false, true)).build())
        .content_security_policy(
            ContentSecurityPolicy::builder().policy(variant.pick("default-src 'self'", "default-src 'none'")).build(),
        )
        .frame_options(FrameOptions::builder().option(variant.pick(FrameOption::Deny, FrameOption::SameOrigin)).build())
        .referrer_policy(ReferrerPolicy::builder().policy(referrer).build())
        .content_type_options(variant.pick(true, false))
        .cors(Cors::builder().allow_origins([variant.pick("https://example.com", "https://www.example.com")]).build())
        .custom_headers(vec![header])
        .remove_headers(variant.pick(vec!["Server"], vec!["Server", "X-Powered-By"]));
    topology.global().add("app", policy.build());
}

fn rules(variant: Variant) -> Vec<Rule> {
    let common = ManagedRuleGroup::from(AwsManagedRules::Common).rule("SizeRestrictions_BODY", Action::Count);
    let sql = ManagedRuleGroup::from(AwsManagedRules::SqlInjection);
    vec![
        Rule::managed(common),
        Rule::managed(variant.pick(sql.clone().counting(), sql)),
        Rule::rate_limit("rate", variant.pick(2000, 1000)),
        Rule::block_countries("away", variant.pick(vec!["KP"], vec!["KP", "IR"])),
        Rule::on("login", Statement::path_starts_with("/login").negate(), Action::Count),
    ]
}

fn web_acl(topology: &Topology, variant: Variant) {
    let acl = WebAcl::builder()
        .default_action(variant.pick(DefaultAction::Allow, DefaultAction::Block))
        .rules(rules(variant))
        .description(variant.pick("load balancers", "load balancers of India"))
        .cloud_watch_metrics_enabled(variant.pick(true, false))
        .sampled_requests_enabled(variant.pick(false, true))
        .log_destination(variant.pick(
            "arn:aws:logs:ap-south-1:123456789012:log-group:aws-waf-logs-twin",
            "arn:aws:logs:ap-south-1:123456789012:log-group:aws-waf-logs-pair",
        ))
        .build();
    topology.region::<ApSouth1>().add_with("edge", Options::new().tag("team", variant.pick("web", "platform")), acl);
}

fn cloudfront_web_acl(topology: &Topology, variant: Variant) {
    let acl = CloudFrontWebAcl::builder()
        .default_action(variant.pick(DefaultAction::Block, DefaultAction::Allow))
        .rules(rules(variant))
        .description(variant.pick("both regions", "India and London"))
        .cloud_watch_metrics_enabled(variant.pick(true, false))
        .sampled_requests_enabled(variant.pick(true, false))
        .log_destination(variant.pick(
            "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-twin",
            "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-pair",
        ))
        .build();
    topology.region::<UsEast1>().add_with("edge", Options::new().tag("team", variant.pick("web", "platform")), acl);
}

fn web_acl_association(topology: &Topology, variant: Variant) {
    let scope = topology.region::<ApSouth1>();
    let first = scope.add("first", WebAcl::builder().build());
    let second = scope.add("second", WebAcl::builder().build());
    let arn = "arn:aws:elasticloadbalancing:ap-south-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188";
    let balancer = ArnRef::<LoadBalancer<ApSouth1>>::existing(arn);
    scope.add("web", WebAclAssociation::builder().resource(balancer).web_acl(variant.pick(first, second)).build());
}

#[test]
fn every_kind_has_a_case() {
    complete(&landfall_edge::kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_on_the_wire() {
    let register = [landfall_edge::aws::register, landfall_datalayer::aws::register, landfall_security::aws::register];
    on_the_wire(&register, CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_in_the_sandbox() {
    let mut kinds = landfall_edge::kinds();
    kinds.extend(landfall_datalayer::kinds());
    kinds.extend(landfall_security::kinds());
    in_the_sandbox(&kinds, CASES);
}
