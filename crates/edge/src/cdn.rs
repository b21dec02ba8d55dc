//! A whole edge: distribution, access control, firewall.

use landfall_core::{AnyRegion, ArnRef, Global, Handle, Input, Problem, Ref, Region, Scope, UsEast1};
use landfall_datalayer::Bucket;
use landfall_security::{DomainName, IssuedCertificate, SecretValue};

use crate::{
    distribution::{
        AllowedMethods, CacheBehavior, CustomOrigin, Distribution, Logging, Origin, OriginGroup, OriginShieldRegion,
        PriceClass, ReadMethods, Target,
    },
    managed::{ManagedCachePolicy, ManagedOriginRequestPolicy, ManagedResponseHeadersPolicy},
    origin_access_control::OriginAccessControl,
    web_acl::{CloudFrontWebAcl, Rule},
};

/// The edge of a platform in several regions.
///
/// | requests | go to | cached |
/// |---|---|---|
/// | static paths, `GET`, `HEAD`, `OPTIONS` | the first bucket; the second where the first fails or lacks the object | by AWS's `CachingOptimized` |
/// | all others, any method | the dynamic origin: one name that DNS routes to a region, because an origin group fails over only what reads | never |
///
/// Plain HTTP is redirected, answers carry AWS's security headers, and a web ACL stands in front. Buckets need a
/// policy that lets the distribution read.
#[derive(Debug, Clone, bon::Builder)]
pub struct Cdn {
    #[builder(field)]
    static_origins: Vec<StaticOrigin>,
    /// Names under which the site is reached.
    #[builder(with = |names: impl IntoIterator<Item = DomainName>| names.into_iter().collect())]
    aliases: Vec<DomainName>,
    /// Certificate for the aliases.
    #[builder(into)]
    certificate: ArnRef<IssuedCertificate<UsEast1>>,
    /// Host name of the servers, routed by DNS; their certificates cover it.
    #[builder(into)]
    dynamic_origin: Input<String>,
    /// Paths that the buckets hold; default `/static/*`.
    #[builder(default = vec!["/static/*".to_owned()], with = |paths: impl IntoIterator<Item = impl Into<String>>| paths.into_iter().map(Into::into).collect())]
    static_paths: Vec<String>,
    /// Secret by which the servers know requests of the distribution; default none. See
    /// [`ORIGIN_SECRET_HEADER`](crate::ORIGIN_SECRET_HEADER).
    origin_secret: Option<SecretValue<AnyRegion>>,
    /// Rules of the firewall; default [`Rule::baseline`] and 2,000 requests of one address in five minutes.
    #[builder(default = default_rules(), with = |rules: impl IntoIterator<Item = Rule>| rules.into_iter().collect())]
    rules: Vec<Rule>,
    /// Edge locations that serve the site; default all.
    #[builder(default)]
    price_class: PriceClass,
    /// Where access logs go; default nowhere.
    logging: Option<Logging>,
    /// What it is for; default empty.
    #[builder(default, into)]
    comment: String,
}

#[derive(Debug, Clone)]
struct StaticOrigin {
    domain_name: Input<String>,
    /// Code of the bucket's region, where the compiler knows it.
    region: Option<&'static str>,
}

impl<S: cdn_builder::State> CdnBuilder<S> {
    /// Adds a bucket of static content: the first is asked first, a second one stands in for it.
    pub fn static_origin<R: Region>(mut self, bucket: Handle<Bucket<R>>) -> Self {
        let domain_name = bucket.get(Bucket::BUCKET_REGIONAL_DOMAIN_NAME);
        self.static_origins.push(StaticOrigin { domain_name, region: R::CODE });
        self
    }
}

/// What a [`Cdn`] declared.
#[derive(Debug, Clone, Copy)]
pub struct CdnHandles {
    /// The distribution.
    pub distribution: Handle<Distribution>,
    /// How it signs its requests to the buckets; `None` without buckets.
    pub origin_access_control: Option<Handle<OriginAccessControl>>,
    /// The firewall in front of it.
    pub web_acl: Handle<CloudFrontWebAcl>,
}

const DYNAMIC: &str = "dynamic";
const STATIC: &str = "static";

impl Cdn {
    /// Declares the edge; what AWS keeps in `us-east-1` goes into the second scope.
    pub fn add_to(&self, global: &Scope<'_, Global>, us_east_1: &Scope<'_, UsEast1>) -> CdnHandles {
        let web_acl = us_east_1.add("edge", CloudFrontWebAcl::builder().rules(self.rules.clone()).build());
        let origin_access_control = (!self.static_origins.is_empty())
            .then(|| global.add("assets", OriginAccessControl::builder().description("static content").build()));
        if self.static_origins.len() > 2 {
            global.topology().report(Problem::general(
                format!("the edge in `{}` has {} buckets", global.place(), self.static_origins.len()),
                "an origin group of CloudFront has two: keep the two that matter",
            ));
        }
        let dynamic = CustomOrigin::builder().verified(self.origin_secret.is_some()).build();
        let mut distribution =
            Distribution::builder().origin(DYNAMIC, Origin::builder(dynamic, self.dynamic_origin.clone()).build());
        if let Some(control) = origin_access_control {
            for (id, origin) in self.bucket_origins(control.into()) {
                distribution = distribution.origin(id, origin);
            }
            let (group, behavior) = self.static_behavior();
            if let Some(group) = group {
                distribution = distribution.origin_group(STATIC, group);
            }
            for path in &self.static_paths {
                distribution = distribution.behavior(path, behavior.clone());
            }
        }
        let distribution = distribution
            .default_cache_behavior(
                CacheBehavior::builder(Target::origin(DYNAMIC, AllowedMethods::All))
                    .cache_policy(ManagedCachePolicy::CachingDisabled)
                    .origin_request_policy(ManagedOriginRequestPolicy::AllViewerExceptHostHeader)
                    .response_headers_policy(ManagedResponseHeadersPolicy::SecurityHeaders)
                    .build(),
            )
            .aliases(self.aliases.clone())
            .certificate(self.certificate.clone())
            .web_acl(web_acl)
            .maybe_origin_secret(self.origin_secret.clone())
            .price_class(self.price_class)
            .maybe_logging(self.logging.clone())
            .comment(&self.comment)
            .build();
        CdnHandles { distribution: global.add("site", distribution), origin_access_control, web_acl }
    }

    fn bucket_origins(&self, control: Ref<OriginAccessControl>) -> impl Iterator<Item = (String, Origin)> {
        self.static_origins.iter().zip(1..).map(move |(bucket, number)| {
            let source = crate::OriginSource::S3 { origin_access_control: control.clone() };
            let shield = bucket.region.and_then(|code| code.parse().ok()).map(OriginShieldRegion::nearest);
            let origin = Origin::builder(source, bucket.domain_name.clone()).maybe_origin_shield(shield).build();
            (static_id(number), origin)
        })
    }

    /// The pair of buckets, where there are two, and what is done with static paths.
    fn static_behavior(&self) -> (Option<OriginGroup>, CacheBehavior) {
        let behavior = |target| {
            CacheBehavior::builder(target)
                .cache_policy(ManagedCachePolicy::CachingOptimized)
                .response_headers_policy(ManagedResponseHeadersPolicy::SecurityHeaders)
                .build()
        };
        if self.static_origins.len() < 2 {
            return (None, behavior(Target::origin(static_id(1), AllowedMethods::GetHeadOptions)));
        }
        // A replica may have an object that the first bucket lacks; who may not list a bucket gets 403 for that.
        let group = OriginGroup::new(static_id(1), static_id(2)).also_on(403).also_on(404);
        (Some(group), behavior(Target::origin_group(STATIC, ReadMethods::GetHeadOptions)))
    }
}

fn static_id(number: usize) -> String {
    format!("{STATIC}-{number}")
}

fn default_rules() -> Vec<Rule> {
    let mut rules = Rule::baseline();
    rules.push(Rule::rate_limit("rate-limit", 2000));
    rules
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, EuWest2, Topology, Value, expr::Expr};
    use landfall_security::{Certificate, Secret};

    use super::*;

    fn certificate(topology: &Topology) -> Handle<IssuedCertificate<UsEast1>> {
        let scope = topology.region::<UsEast1>();
        let certificate = Certificate::builder().domain_name("example.com".parse().unwrap()).build();
        let certificate = scope.add("site", certificate);
        scope.add("site", IssuedCertificate::of(certificate))
    }

    fn bucket<R: Region>(scope: &Scope<'_, R>, name: &str) -> Handle<Bucket<R>> {
        scope.add("assets", Bucket::builder().bucket(name.parse().unwrap()).build())
    }

    fn known(topology: &Topology, handle: Handle<Distribution>, path: &[&str]) -> Option<Value> {
        let lowered = topology.lower().expect("free of problems");
        let address = topology.address(handle).unwrap();
        let declaration = lowered.get(&address).unwrap();
        crate::walk::part(declaration.fields.get(path[0]), &path[1..]).and_then(Expr::known)
    }

    #[test]
    fn two_regions_share_one_edge() {
        let topology = Topology::new("twin", Environment::new("test"));
        let (india, london) = (topology.region::<ApSouth1>(), topology.region::<EuWest2>());
        let secret = india.add("origin", Secret::builder().build());
        let cdn = Cdn::builder()
            .aliases(["example.com".parse().unwrap()])
            .certificate(certificate(&topology))
            .dynamic_origin("origin.example.com")
            .static_origin(bucket(&india, "assets-in"))
            .static_origin(bucket(&london, "assets-uk"))
            .static_paths(["/static/*", "/media/*"])
            .origin_secret(SecretValue::of(secret).any_region())
            .build();
        let edge = cdn.add_to(&topology.global(), &topology.region());
        let at = |path: &[&str]| known(&topology, edge.distribution, path);
        assert_eq!(at(&["origin_groups", "static", "primary"]), Some("static-1".into()));
        assert_eq!(at(&["origin_groups", "static", "status_codes"]), Some(vec![403, 404, 500, 502, 503, 504].into()));
        assert_eq!(at(&["origins", "static-1", "origin_shield"]), Some("ap-south-1".into()));
        assert_eq!(at(&["origins", "static-2", "origin_shield"]), Some("eu-west-2".into()));
        assert_eq!(at(&["origins", "dynamic", "source", "custom", "verified"]), Some(true.into()));
        assert_eq!(at(&["default_cache_behavior", "target", "origin", "allowed_methods"]), Some("all".into()));
        assert!(edge.origin_access_control.is_some());
    }

    #[test]
    fn a_site_without_buckets_has_one_origin() {
        let topology = Topology::new("twin", Environment::new("test"));
        let cdn = Cdn::builder()
            .aliases(["example.com".parse().unwrap()])
            .certificate(certificate(&topology))
            .dynamic_origin("origin.example.com")
            .build();
        let edge = cdn.add_to(&topology.global(), &topology.region());
        assert!(edge.origin_access_control.is_none());
        assert_eq!(known(&topology, edge.distribution, &["cache_behaviors"]), Some(Vec::<Value>::new().into()));
    }

    #[test]
    fn a_third_bucket_is_one_too_many() {
        let topology = Topology::new("twin", Environment::new("test"));
        let india = topology.region::<ApSouth1>();
        let mut cdn = Cdn::builder();
        for name in ["assets-1", "assets-2", "assets-3"] {
            cdn = cdn.static_origin(
                india.child(name).add("assets", Bucket::builder().bucket(name.parse().unwrap()).build()),
            );
        }
        let cdn = cdn.aliases([]).certificate(certificate(&topology)).dynamic_origin("origin.example.com").build();
        cdn.add_to(&topology.global(), &topology.region());
        let problems = topology.lower().expect_err("one too many").to_string();
        assert!(problems.contains("has 3 buckets; an origin group of CloudFront has two"), "{problems}");
    }
}
