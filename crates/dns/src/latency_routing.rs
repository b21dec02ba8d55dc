//! One name for an endpoint in every region, answered by latency and health.

use std::collections::BTreeSet;

use landfall_compute::LoadBalancer;
use landfall_core::{Global, Handle, PlaceCode, Problem, Ref, Region, Scope};
use landfall_security::DomainName;

use crate::{
    health_check::{CheckerRegion, EndpointProbe, HealthCheck},
    hosted_zone::HostedZone,
    record_set::{AliasTarget, Answer, RecordSet, RecordType, Routing},
};

/// One name for load balancers in several regions.
///
/// Who asks gets the region with the lowest latency to them. A region leaves the answers while its health check
/// fails or its load balancer has no healthy target, and comes back by itself; while all are unhealthy, all answer.
/// Each region also has a name of its own, `REGION.NAME`, by which its health check probes it and nothing else:
/// the checkers have to get through to the load balancer.
#[derive(Debug, Clone, bon::Builder)]
pub struct LatencyRouting {
    #[builder(field)]
    endpoints: Vec<Endpoint>,
    /// Zone of the names.
    #[builder(into)]
    zone: Ref<HostedZone>,
    /// The name that is routed: `origin.example.com`.
    name: DomainName,
    /// Path that a healthy region answers with 2xx or 3xx; default `/health`, as of a web tier.
    #[builder(default = "/health".to_owned(), into)]
    health_check_path: String,
    /// Seconds between two looks of one checker, 30 or, at a higher price, 10; default 30.
    #[builder(default = 30)]
    request_interval_seconds: u8,
    /// How many looks in a row change a checker's mind, 1 to 10; default 3.
    #[builder(default = 3)]
    failure_threshold: u8,
    /// Whether CloudWatch gets latencies as the checkers see them; default true.
    #[builder(default = true)]
    measure_latency: bool,
    /// Regions of the checkers, three or more; default all that AWS has.
    #[builder(with = |regions: impl IntoIterator<Item = CheckerRegion>| regions.into_iter().collect())]
    checker_regions: Option<BTreeSet<CheckerRegion>>,
    /// Whether the names answer over IPv6 too; default true. It takes dual-stack load balancers to have answers.
    #[builder(default = true)]
    ipv6: bool,
}

#[derive(Debug, Clone)]
struct Endpoint {
    place: PlaceCode,
    target: AliasTarget,
}

impl<S: latency_routing_builder::State> LatencyRoutingBuilder<S> {
    /// Adds the load balancer of a region.
    ///
    /// # Panics
    /// For [`AnyRegion`](landfall_core::AnyRegion), whose code only [`endpoint`](Self::endpoint) takes.
    pub fn load_balancer<R: Region>(self, load_balancer: Handle<LoadBalancer<R>>) -> Self {
        let code = R::CODE.expect("`AnyRegion` has no code of its own: use `endpoint(scope.place(), …)`");
        let place = code.parse().expect("region types carry known codes");
        self.endpoint(place, AliasTarget::load_balancer(load_balancer))
    }

    /// Adds an endpoint in a region chosen at run time.
    pub fn endpoint(mut self, place: PlaceCode, target: AliasTarget) -> Self {
        self.endpoints.push(Endpoint { place, target });
        self
    }
}

/// What a [`LatencyRouting`] declared.
#[derive(Debug, Clone)]
pub struct LatencyRoutingHandles {
    /// The name that is routed.
    pub name: DomainName,
    /// Its regions, in the order in which they were added.
    pub regions: Vec<RegionalEndpoint>,
}

/// One region of a routed name.
#[derive(Debug, Clone)]
pub struct RegionalEndpoint {
    /// The region.
    pub place: PlaceCode,
    /// The name that only this region has.
    pub name: DomainName,
    /// What decides whether the region is answered.
    pub health_check: Handle<HealthCheck>,
    /// The records of the region's own name.
    pub own_records: Vec<Handle<RecordSet>>,
    /// The records that make the routed name answer with the region.
    pub routed_records: Vec<Handle<RecordSet>>,
}

impl LatencyRoutingHandles {
    /// Health checks of all regions, in order: children of a calculated one, dimensions of alarms.
    pub fn health_checks(&self) -> impl Iterator<Item = Handle<HealthCheck>> {
        self.regions.iter().map(|region| region.health_check)
    }
}

impl LatencyRouting {
    /// The name that a region has of its own: `ap-south-1.origin.example.com`.
    ///
    /// Certificates cover it where something other than a health check calls it.
    pub fn regional_name(name: &DomainName, place: PlaceCode) -> Option<DomainName> {
        name.child(place.as_str()).ok()
    }

    /// Declares names and health checks of all regions.
    ///
    /// A region that is added twice, or whose own name would be too long, is reported with the topology's other
    /// problems.
    pub fn add_to(&self, scope: &Scope<'_, Global>) -> LatencyRoutingHandles {
        let mut seen = BTreeSet::new();
        let mut regions = Vec::new();
        for endpoint in &self.endpoints {
            let place = endpoint.place;
            let name = Self::regional_name(&self.name, place).filter(|_| !self.name.is_wildcard());
            match name {
                Some(name) if seen.insert(place) => regions.push(self.region(scope, endpoint, name)),
                Some(_) => scope.topology().report(Problem::general(
                    format!("{place} answers for {} twice", self.name),
                    "latency routing takes one record per region: add each region once",
                )),
                None => scope.topology().report(Problem::general(
                    format!("{place} can't have a name of its own below {}", self.name),
                    "route a shorter name, without a wildcard",
                )),
            }
        }
        LatencyRoutingHandles { name: self.name.clone(), regions }
    }

    fn region(&self, scope: &Scope<'_, Global>, endpoint: &Endpoint, name: DomainName) -> RegionalEndpoint {
        let place = endpoint.place;
        let own = |record_type| {
            // The region's own name answers whatever its health: it is there to find out.
            let alias = AliasTarget { evaluate_target_health: false, ..endpoint.target.clone() };
            self.record(&name, record_type, alias)
        };
        let probe = EndpointProbe::builder(name.as_str())
            .resource_path(&self.health_check_path)
            .request_interval_seconds(self.request_interval_seconds)
            .failure_threshold(self.failure_threshold)
            .measure_latency(self.measure_latency)
            .maybe_regions(self.checker_regions.clone())
            .build();
        let health_check = scope.add(place.as_str(), HealthCheck::builder(probe).build());
        let routed = |record_type| RecordSet {
            routing: Routing::latency_in(place),
            health_check: Some(health_check.into()),
            ..self.record(&self.name, record_type, endpoint.target.clone())
        };
        let declare = |kind: &str, record: &dyn Fn(RecordType) -> RecordSet| {
            self.record_types()
                .map(|(suffix, record_type)| scope.add(&format!("{kind}-{place}-{suffix}"), record(record_type)))
                .collect()
        };
        RegionalEndpoint {
            place,
            own_records: declare("own", &own),
            routed_records: declare("routed", &routed),
            name,
            health_check,
        }
    }

    fn record_types(&self) -> impl Iterator<Item = (&'static str, RecordType)> {
        let types = [("a", RecordType::A), ("aaaa", RecordType::Aaaa)];
        types.into_iter().take(if self.ipv6 { 2 } else { 1 })
    }

    fn record(&self, name: &DomainName, record_type: RecordType, alias: AliasTarget) -> RecordSet {
        RecordSet::builder()
            .zone(self.zone.clone())
            .name(name.as_str())
            .record_type(record_type)
            .answer(Answer::from(alias))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, EuWest2, Lowered, Topology};
    use serde_json::json;

    use super::*;

    fn routing() -> LatencyRoutingBuilder {
        LatencyRouting::builder()
    }

    fn field(lowered: &Lowered, address: &str, field: &str) -> Option<serde_json::Value> {
        lowered.get(&address.parse().unwrap())?.fields.get(field)?.known()
    }

    #[test]
    fn every_region_is_probed_by_its_own_name_and_answers_for_the_routed_one() {
        let topology = Topology::new("twin", Environment::new("test"));
        let global = topology.global();
        let zone = global.add("site", HostedZone::builder().name("example.com".parse().unwrap()).build());
        let india = topology.region::<ApSouth1>().lookup::<LoadBalancer<ApSouth1>>("web", "in");
        let london = topology.region::<EuWest2>().lookup::<LoadBalancer<EuWest2>>("web", "uk");
        let handles = routing()
            .load_balancer(india)
            .load_balancer(london)
            .zone(zone)
            .name("origin.example.com".parse().unwrap())
            .health_check_path("/healthz")
            .build()
            .add_to(&global.child("origin"));
        let lowered = topology.lower().expect("free of problems");
        let read = |address: &str, name: &str| field(&lowered, address, name);
        let own = "global/origin/route53.record_set:own-ap-south-1-a";
        let routed = "global/origin/route53.record_set:routed-eu-west-2-aaaa";
        assert_eq!(read(own, "name"), Some(json!("ap-south-1.origin.example.com")));
        assert_eq!(read(own, "routing_policy"), Some(json!("simple")));
        assert_eq!(read(routed, "name"), Some(json!("origin.example.com")));
        assert_eq!(read(routed, "region"), Some(json!("eu-west-2")));
        assert_eq!(read(routed, "record_type"), Some(json!("AAAA")));
        let check = "global/origin/route53.health_check:eu-west-2";
        assert_eq!(read(check, "fully_qualified_domain_name"), Some(json!("eu-west-2.origin.example.com")));
        assert_eq!(read(check, "type"), Some(json!("HTTPS")));
        assert_eq!(read(check, "failure_threshold"), Some(json!(3)));
        assert_eq!(handles.health_checks().count(), 2);
        assert_eq!(handles.regions.iter().map(|region| region.routed_records.len()).sum::<usize>(), 4);
        let waits = lowered.get(&routed.parse().unwrap()).unwrap().dependencies().len();
        assert_eq!(waits, 3, "zone, load balancer and health check");
    }

    #[test]
    fn what_can_not_be_routed_is_reported() {
        let check = |name: &str, expected: &str| {
            let topology = Topology::new("twin", Environment::new("test"));
            let place = "eu-west-2".parse().unwrap();
            routing()
                .endpoint(place, AliasTarget::new("a.example.net", "Z2"))
                .endpoint(place, AliasTarget::new("b.example.net", "Z2"))
                .zone(Ref::existing("Z1"))
                .name(name.parse().unwrap())
                .ipv6(false)
                .build()
                .add_to(&topology.global());
            let problems = topology.lower().expect_err(expected).to_string();
            assert!(problems.contains(expected), "{expected}: {problems}");
        };
        check("origin.example.com", "eu-west-2 answers for origin.example.com twice");
        check("*.example.com", "can't have a name of its own below *.example.com");
    }
}
