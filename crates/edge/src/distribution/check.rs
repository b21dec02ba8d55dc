//! Rules between the parts of a distribution, and between it and its certificate.

use std::collections::BTreeSet;

use landfall_core::{check::Site, expr::Expr};
use landfall_security::DomainName;

use super::{MinimumProtocolVersion, origin::FAILOVER_CODES};
use crate::{
    ORIGIN_SECRET_HEADER,
    walk::{entries, is_null, is_on, items, number, part, text},
};

pub(super) fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = origins(site);
    problems.extend(groups(site));
    problems.extend(behaviors(site));
    problems.extend(names(site));
    problems.extend(pages(site));
    problems.extend(logs(site));
    problems
}

fn logs(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let is_bucket = |name: &str| name.contains(".s3.") && name.ends_with(".amazonaws.com");
    if text(site.own.fields.get("logging"), &["bucket"]).is_some_and(|bucket| !is_bucket(&bucket)) {
        problems.push("`logging.bucket` is no bucket's domain name: write `NAME.s3.amazonaws.com`".to_owned());
    }
    for bucket in site.targets("logging").into_iter().filter(|target| target.kind.name == "s3.bucket") {
        if text(bucket.fields.get("object_ownership"), &[]).as_deref() == Some("bucket_owner_enforced") {
            problems.push(format!(
                "{} takes no access logs of CloudFront while its access control lists are off: set `object_ownership` there to `BucketOwnerPreferred`",
                bucket.address
            ));
        }
    }
    problems
}

fn origins(site: &Site<'_>) -> Vec<String> {
    let origins = site.own.fields.get("origins");
    let mut problems = Vec::new();
    let mut verified = Vec::new();
    for (id, origin) in entries(origins) {
        let mut range = |path: &[&str], from: u64, to: u64| {
            if let Some(value) = number(Some(origin), path).filter(|value| !(from..=to).contains(value)) {
                let field = path.last().unwrap_or(&"");
                problems.push(format!("`{field}` {value} of origin `{id}` is out of range: AWS takes {from} to {to}"));
            }
        };
        range(&["connection_attempts"], 1, 3);
        range(&["connection_timeout_seconds"], 1, 10);
        range(&["source", "custom", "read_timeout_seconds"], 1, 120);
        range(&["source", "custom", "keepalive_timeout_seconds"], 1, 120);
        if is_on(Some(origin), &["source", "custom", "verified"]) {
            verified.push(id);
        }
        let secret = |(name, _): (&String, _)| name.eq_ignore_ascii_case(ORIGIN_SECRET_HEADER);
        if entries(part(Some(origin), &["custom_headers"])).any(secret) {
            problems.push(format!(
                "origin `{id}` has the header {ORIGIN_SECRET_HEADER} in the clear: set `verified` and `origin_secret` instead"
            ));
        }
        if text(Some(origin), &["origin_path"]).is_some_and(|path| !is_path(&path)) {
            problems.push(format!("`origin_path` of origin `{id}` must start with `/` and not end with it"));
        }
    }
    if entries(origins).next().is_none() {
        problems.push("it has no origin: add one with `origin`".to_owned());
    }
    match (verified.first(), is_null(site.own.fields.get("origin_secret"))) {
        (Some(id), true) => problems.push(format!("origin `{id}` is verified, but `origin_secret` names no secret")),
        (None, false) => {
            problems.push("`origin_secret` reaches no origin: set `verified` on those it is for".to_owned());
        }
        _ => {}
    }
    problems
}

fn is_path(path: &str) -> bool {
    path.is_empty() || (path.starts_with('/') && !path.ends_with('/'))
}

fn groups(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    for (id, group) in entries(site.own.fields.get("origin_groups")) {
        let (primary, secondary) = (text(Some(group), &["primary"]), text(Some(group), &["secondary"]));
        for member in [&primary, &secondary].into_iter().flatten() {
            if part(site.own.fields.get("origins"), &[member]).is_none() {
                problems.push(format!("origin group `{id}` names the origin `{member}`, which is not declared"));
            }
        }
        if primary == secondary {
            problems.push(format!("origin group `{id}` fails over to the origin that failed: name two origins"));
        }
        if part(site.own.fields.get("origins"), &[id]).is_some() {
            problems.push(format!("`{id}` names an origin and an origin group: rename one"));
        }
        let codes = items(part(Some(group), &["status_codes"]));
        let codes: Vec<_> = codes.iter().filter_map(|code| code.known()?.as_u64()).collect();
        if let Some(code) = codes.iter().find(|code| !FAILOVER_CODES.iter().any(|known| u64::from(*known) == **code)) {
            problems.push(format!("origin group `{id}` fails over on {code}: AWS takes {FAILOVER_CODES:?}"));
        }
        if codes.is_empty() {
            problems.push(format!("origin group `{id}` fails over on no status code: name one"));
        }
    }
    problems
}

fn behaviors(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut patterns = BTreeSet::new();
    let default = site.own.fields.get("default_cache_behavior").map(|behavior| ("the default".to_owned(), behavior));
    let by_path = items(site.own.fields.get("cache_behaviors")).iter().map(|behavior| {
        let pattern = text(Some(behavior), &["path_pattern"]).unwrap_or_default();
        (format!("`{pattern}`"), behavior)
    });
    for (path, behavior) in default.into_iter().chain(by_path) {
        for (target, among) in [("origin", "origins"), ("origin_group", "origin_groups")] {
            let id = text(Some(behavior), &["target", target, "id"]);
            if let Some(id) = id.filter(|id| part(site.own.fields.get(among), &[id]).is_none()) {
                let kind = target.replace('_', " ");
                problems.push(format!("the behaviour of {path} names the {kind} `{id}`, which is not declared"));
            }
            let allowed = text(Some(behavior), &["target", target, "allowed_methods"]);
            let cached = text(Some(behavior), &["cached_methods"]);
            if allowed.as_deref() == Some("get_head") && cached.as_deref() == Some("get_head_options") {
                problems.push(format!("the behaviour of {path} caches OPTIONS without letting it through"));
            }
        }
        if !patterns.insert(path.clone()) {
            problems.push(format!("{path} has two behaviours, of which the second is never used: remove one"));
        }
    }
    problems
}

fn names(site: &Site<'_>) -> Vec<String> {
    let names = |field: Option<&Expr>| -> Vec<DomainName> {
        field.and_then(Expr::known).and_then(|names| serde_json::from_value(names).ok()).unwrap_or_default()
    };
    let aliases = names(site.own.fields.get("aliases"));
    let mut problems = Vec::new();
    if is_null(site.own.fields.get("certificate")) {
        if !aliases.is_empty() {
            problems.push("it has `aliases` and no `certificate` that covers them".to_owned());
        }
        let default = serde_json::json!(MinimumProtocolVersion::default());
        if site.known("minimum_protocol_version").is_some_and(|version| version != default) {
            problems.push(
                "`minimum_protocol_version` has no effect without a `certificate`: give one, or leave it out"
                    .to_owned(),
            );
        }
    }
    // An issued certificate refers to the certificate that has the names.
    let requested = site.target("certificate").and_then(|issued| match issued.fields.get("certificate")? {
        Expr::Attribute { of, .. } => site.declaration(of),
        _ => None,
    });
    if let Some(certificate) = requested.filter(|certificate| certificate.lookup.is_none()) {
        let first = text(certificate.fields.get("domain_name"), &[]).and_then(|name| name.parse::<DomainName>().ok());
        let covered: Vec<_> =
            first.into_iter().chain(names(certificate.fields.get("subject_alternative_names"))).collect();
        for alias in aliases.iter().filter(|alias| !covered.iter().any(|name| name.covers(alias))) {
            problems
                .push(format!("{} does not cover the alias {alias}: add it to the names there", certificate.address));
        }
    }
    for other in site.earlier_siblings() {
        for alias in names(other.fields.get("aliases")).iter().filter(|alias| aliases.contains(alias)) {
            problems.push(format!("its alias {alias} belongs to {} too: AWS allows each only once", other.address));
        }
    }
    problems
}

fn pages(site: &Site<'_>) -> Vec<String> {
    const CODES: [&str; 11] = ["400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504"];
    let mut problems = Vec::new();
    if text(site.own.fields.get("default_root_object"), &[]).is_some_and(|object| object.starts_with('/')) {
        problems
            .push("`default_root_object` starts with `/`, which AWS would look up literally: leave it out".to_owned());
    }
    for (code, response) in entries(site.own.fields.get("custom_error_responses")) {
        if !CODES.contains(&code.as_str()) {
            problems.push(format!("`custom_error_responses` has {code}: AWS takes {}", CODES.join(", ")));
        }
        if text(Some(response), &["page", "response_page_path"]).is_some_and(|path| !path.starts_with('/')) {
            problems.push(format!("the page for {code} must start with `/`"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Options, Ref, Topology, UsEast1};
    use landfall_datalayer::{Bucket, ObjectOwnership};
    use landfall_security::{Certificate, IssuedCertificate};

    use crate::{
        AllowedMethods, CacheBehavior, CustomErrorResponse, CustomOrigin, Distribution, DistributionBuilder, ErrorPage,
        Logging, ManagedCachePolicy, MinimumProtocolVersion, Origin, OriginAccessControl, OriginGroup, OriginSource,
        ReadMethods, Target, distribution::distribution_builder::IsComplete,
    };

    fn to(target: Target) -> CacheBehavior {
        CacheBehavior::builder(target).cache_policy(ManagedCachePolicy::CachingDisabled).build()
    }

    fn to_app() -> CacheBehavior {
        to(Target::origin("app", AllowedMethods::All))
    }

    fn app() -> Origin {
        Origin::https("origin.example.com").build()
    }

    fn problems_of<S: IsComplete>(builder: DistributionBuilder<S>) -> String {
        let topology = Topology::new("twin", Environment::new("test"));
        topology.global().add("cdn", builder.build());
        topology.lower().expect_err("there is a problem").to_string()
    }

    #[test]
    fn parts_that_do_not_fit_together_are_named() {
        let check = |problems: String, expected: &str| assert!(problems.contains(expected), "{expected}: {problems}");
        let base = || Distribution::builder().origin("app", app()).default_cache_behavior(to_app());
        check(problems_of(Distribution::builder().default_cache_behavior(to_app())), "it has no origin");
        check(
            problems_of(base().behavior("/a/*", to(Target::origin("b", AllowedMethods::GetHead)))),
            "the behaviour of `/a/*` names the origin `b`, which is not declared",
        );
        check(
            problems_of(base().behavior("/a/*", to(Target::origin_group("g", ReadMethods::GetHead)))),
            "names the origin group `g`, which is not declared",
        );
        check(problems_of(base().behavior("/a", to_app()).behavior("/a", to_app())), "`/a` has two behaviours");
        check(problems_of(base().origin_group("g", OriginGroup::new("app", "app"))), "to the origin that failed");
        check(
            problems_of(base().origin_group("g", OriginGroup::new("app", "other").also_on(401))),
            "fails over on 401: AWS takes [400,",
        );
        check(problems_of(base().default_root_object("/index.html")), "starts with `/`");
        check(
            problems_of(base().minimum_protocol_version(MinimumProtocolVersion::Tls1_3_2025)),
            "no effect without a `certificate`",
        );
        check(problems_of(base().aliases(["example.com".parse().unwrap()])), "no `certificate` that covers them");
        let page = ErrorPage { response_page_path: "404.html".to_owned(), response_code: 200 };
        let page = CustomErrorResponse { page: Some(page), error_caching_min_ttl_seconds: None };
        check(problems_of(base().custom_error_response(404, page)), "the page for 404 must start with `/`");
        check(problems_of(base().custom_error_response(418, CustomErrorResponse::default())), "has 418");
    }

    #[test]
    fn a_bucket_for_logs_has_its_lists_on() {
        let check = |ownership: ObjectOwnership, fits: bool| {
            let topology = Topology::new("twin", Environment::new("test"));
            let bucket = Bucket::builder().bucket("logs".parse().unwrap()).object_ownership(ownership).build();
            let bucket = topology.region::<UsEast1>().add("logs", bucket);
            let site = Distribution::builder().origin("app", app()).default_cache_behavior(to_app());
            topology.global().add("cdn", site.logging(Logging::to(bucket, "cdn/")).build());
            assert_eq!(topology.lower().is_ok(), fits, "{:?}", topology.lower().err());
        };
        check(ObjectOwnership::BucketOwnerPreferred, true);
        check(ObjectOwnership::BucketOwnerEnforced, false);
        let base = || Distribution::builder().origin("app", app()).default_cache_behavior(to_app());
        let named = problems_of(base().logging(Logging::builder().bucket("logs").build()));
        assert!(named.contains("`logging.bucket` is no bucket's domain name"), "{named}");
    }

    #[test]
    fn origins_keep_to_their_ranges_and_hold_no_secrets() {
        let check = |origin: Origin, expected: &str| {
            let problems = problems_of(Distribution::builder().origin("app", origin).default_cache_behavior(to_app()));
            assert!(problems.contains(expected), "{expected}: {problems}");
        };
        check(Origin::https("a.example.com").connection_attempts(4).build(), "`connection_attempts` 4 of origin `app`");
        let slow = CustomOrigin::builder().read_timeout_seconds(121).build();
        check(Origin::builder(slow, "a.example.com").build(), "AWS takes 1 to 120");
        let verified = CustomOrigin::builder().verified(true).build();
        check(Origin::builder(verified, "a.example.com").build(), "`origin_secret` names no secret");
        let open = [("X-Origin-Verify".to_owned(), "open".to_owned())].into();
        check(Origin::https("a.example.com").custom_headers(open).build(), "in the clear");
        let oac = Ref::<OriginAccessControl>::existing("E1");
        let bucket = OriginSource::S3 { origin_access_control: oac };
        check(
            Origin::builder(bucket, "b.s3.eu-west-2.amazonaws.com").origin_path("v2/").build(),
            "must start with `/`",
        );
    }

    #[test]
    fn the_certificate_covers_every_alias_and_no_two_distributions_share_one() {
        let topology = Topology::new("twin", Environment::new("test"));
        let virginia = topology.region::<UsEast1>();
        let certificate = Certificate::builder()
            .domain_name("example.com".parse().unwrap())
            .subject_alternative_names(["*.example.com".parse().unwrap()])
            .build();
        let certificate = virginia.add("site", certificate);
        let issued = virginia.add_with("site", Options::new(), IssuedCertificate::of(certificate));
        let site = |aliases: &[&str]| {
            Distribution::builder()
                .origin("app", app())
                .default_cache_behavior(to_app())
                .aliases(aliases.iter().map(|alias| alias.parse().unwrap()))
                .certificate(issued)
                .build()
        };
        topology.global().add("good", site(&["example.com", "www.example.com"]));
        topology.lower().expect("both names are covered");
        topology.global().add("bad", site(&["example.com", "a.b.example.com"]));
        let problems = topology.lower().expect_err("one is not").to_string();
        assert!(
            problems.contains("us-east-1/acm.certificate:site does not cover the alias a.b.example.com"),
            "{problems}"
        );
        assert!(
            problems.contains("its alias example.com belongs to global/cloudfront.distribution:good too"),
            "{problems}"
        );
    }
}
