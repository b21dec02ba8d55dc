//! Every kind of the layer passes the lifecycle; the table says where its wire is proved.

#![cfg(feature = "aws")]

use landfall_conformance::{Case, Variant, Wire, complete, in_the_sandbox, on_the_wire};
use landfall_core::{ApSouth1, Handle, Options, Topology};
use landfall_dns::{
    AlarmProbe, AliasTarget, Answer, CalculatedProbe, CheckerRegion, EndpointProbe, FailoverRole, HealthCheck,
    HostedZone, InsufficientDataHealthStatus, Location, RecordSet, RecordTtl, RecordType, Routing,
};

const CASES: &[Case] = &[
    Case::new("route53.hosted_zone", Wire::Moto, hosted_zone),
    Case::new("route53.record_set", Wire::Moto, simple_record).untested(&[
        ("routing_policy", "the rerouted case changes it"),
        ("set_identifier", "the rerouted case changes it"),
        ("alias", "the latency case has it"),
        ("region", "the latency case has it"),
        ("role", "the failover case has it"),
        ("weight", "the weighted case has it"),
        ("location", "the geolocation case has it"),
        ("health_check", "the latency case has it"),
    ]),
    Case::new("route53.record_set", Wire::Moto, latency_records).untested(&[
        ("routing_policy", "the rerouted case changes it"),
        ("set_identifier", "the rerouted case changes it"),
        ("ttl_seconds", "an alias has the one of its target"),
        ("values", "the simple case has them"),
        ("role", "the failover case has it"),
        ("weight", "the weighted case has it"),
        ("location", "the geolocation case has it"),
    ]),
    Case::new("route53.record_set", Wire::Moto, failover_record).untested(&[
        ("routing_policy", "the rerouted case changes it"),
        ("set_identifier", "the rerouted case changes it"),
        ("alias", "the latency case has it"),
        ("region", "the latency case has it"),
        ("weight", "the weighted case has it"),
        ("location", "the geolocation case has it"),
        ("health_check", "the latency case has it"),
    ]),
    Case::new("route53.record_set", Wire::Moto, weighted_records).untested(&[
        ("routing_policy", "the rerouted case changes it"),
        ("set_identifier", "the rerouted case changes it"),
        ("alias", "the latency case has it"),
        ("region", "the latency case has it"),
        ("role", "the failover case has it"),
        ("location", "the geolocation case has it"),
        ("health_check", "the latency case has it"),
    ]),
    Case::new("route53.record_set", Wire::Moto, geolocation_records).untested(&[
        ("routing_policy", "the rerouted case changes it"),
        ("set_identifier", "the rerouted case changes it"),
        ("alias", "the latency case has it"),
        ("region", "the latency case has it"),
        ("role", "the failover case has it"),
        ("weight", "the weighted case has it"),
        ("health_check", "the latency case has it"),
    ]),
    Case::new("route53.record_set", Wire::Moto, multivalue_records).untested(&[
        ("routing_policy", "the rerouted case changes it"),
        ("set_identifier", "the rerouted case changes it"),
        ("alias", "the latency case has it"),
        ("region", "the latency case has it"),
        ("role", "the failover case has it"),
        ("weight", "the weighted case has it"),
        ("location", "the geolocation case has it"),
        ("health_check", "the latency case has it"),
    ]),
    Case::new("route53.record_set", Wire::Moto, rerouted_record).untested(&[
        ("alias", "the latency case has it"),
        ("region", "the latency case has it"),
        ("role", "the failover case has it"),
        ("weight", "the weighted case changes it"),
        ("location", "the geolocation case has it"),
        ("health_check", "the latency case has it"),
    ]),
    Case::new("route53.health_check", Wire::Moto, endpoint_check).untested(&[
        ("search_string", "the text case has it"),
        ("child_health_checks", "the calculated case has them"),
        ("health_threshold", "the calculated case has it"),
        ("alarm_name", "the alarm case has it"),
        ("alarm_region", "the alarm case has it"),
        ("insufficient_data_health_status", "the alarm case has it"),
    ]),
    Case::new("route53.health_check", Wire::Moto, text_check).untested(&[
        ("regions", "the endpoint case has them"),
        ("child_health_checks", "the calculated case has them"),
        ("health_threshold", "the calculated case has it"),
        ("alarm_name", "the alarm case has it"),
        ("alarm_region", "the alarm case has it"),
        ("insufficient_data_health_status", "the alarm case has it"),
    ]),
    Case::new("route53.health_check", Wire::Moto, calculated_check).untested(NO_ENDPOINT_NO_ALARM),
    Case::new("route53.health_check", Wire::Moto, alarm_check).untested(NO_ENDPOINT_NO_CHILDREN),
];

const NO_ENDPOINT_NO_ALARM: &[(&str, &str)] = &[
    ("fully_qualified_domain_name", "the endpoint case has it"),
    ("port", "the endpoint case has it"),
    ("resource_path", "the endpoint case has it"),
    ("search_string", "the text case has it"),
    ("enable_sni", "the endpoint case has it"),
    ("request_interval_seconds", "the endpoint case has it"),
    ("failure_threshold", "the endpoint case has it"),
    ("measure_latency", "the endpoint case has it"),
    ("regions", "the endpoint case has them"),
    ("alarm_name", "the alarm case has it"),
    ("alarm_region", "the alarm case has it"),
    ("insufficient_data_health_status", "the alarm case has it"),
];

const NO_ENDPOINT_NO_CHILDREN: &[(&str, &str)] = &[
    ("fully_qualified_domain_name", "the endpoint case has it"),
    ("port", "the endpoint case has it"),
    ("resource_path", "the endpoint case has it"),
    ("search_string", "the text case has it"),
    ("enable_sni", "the endpoint case has it"),
    ("request_interval_seconds", "the endpoint case has it"),
    ("failure_threshold", "the endpoint case has it"),
    ("measure_latency", "the endpoint case has it"),
    ("regions", "the endpoint case has them"),
    ("child_health_checks", "the calculated case has them"),
    ("health_threshold", "the calculated case has it"),
];

fn zone(topology: &Topology) -> Handle<HostedZone> {
    topology.global().add("site", HostedZone::builder().name("example.com".parse().expect("a domain")).build())
}

fn hosted_zone(topology: &Topology, variant: Variant) {
    topology.global().add_with(
        "site",
        Options::new().tag("team", variant.pick("web", "platform")).tag("cost", "shared"),
        HostedZone::builder()
            .name("example.com".parse().expect("a domain"))
            .comment(variant.pick("first", "second"))
            .build(),
    );
}

fn simple_record(topology: &Topology, variant: Variant) {
    let (global, zone) = (topology.global(), zone(topology));
    let text = Answer::values(RecordTtl::HOUR, ["\"v=spf1 -all\""]);
    global.add(
        "spf",
        RecordSet::builder().zone(zone).name("example.com").record_type(RecordType::Txt).answer(text).build(),
    );
    let ttl = variant.pick(RecordTtl::MINUTE, RecordTtl::FIVE_MINUTES);
    let values = variant.pick(["192.0.2.2", "192.0.2.1"], ["192.0.2.3", "192.0.2.1"]);
    global.add(
        "any",
        RecordSet::builder()
            .zone(zone)
            .name("*.Example.com.")
            .record_type(RecordType::A)
            .answer(Answer::values(ttl, values))
            .build(),
    );
}

fn latency_records(topology: &Topology, variant: Variant) {
    let (global, zone) = (topology.global(), zone(topology));
    let check = |name: &str| {
        let probe = EndpointProbe::builder(format!("{name}.origin.example.com")).build();
        global.add(name, HealthCheck::builder(probe).build())
    };
    let (india, london, paris) = (check("india"), check("london"), check("paris"));
    let record = |name: &str, alias: AliasTarget, routing, check| {
        let record = RecordSet::builder().zone(zone).name("origin.example.com").record_type(RecordType::A);
        global.add(name, record.answer(alias).routing(routing).health_check(check).build());
    };
    let balancer = |name: &str| AliasTarget::new(name, "ZP97RAFLXTNZK");
    record("india", balancer("in-1.ap-south-1.elb.amazonaws.com"), Routing::latency::<ApSouth1>(), india);
    let region = variant.pick("eu-west-2", "eu-west-3").parse().expect("a region");
    let europe = Routing::Latency { set_identifier: "europe".to_owned(), region };
    let alias = balancer("uk-1.eu-west-2.elb.amazonaws.com");
    let alias = variant.pick(alias.clone(), alias.evaluate_target_health());
    record("europe", alias, europe, variant.pick(london, paris));
}

/// A record with a policy, with other values in the second variant.
fn routed(topology: &Topology, zone: Handle<HostedZone>, name: &str, variant: Variant, routing: Routing) {
    let ttl = variant.pick(RecordTtl::MINUTE, RecordTtl::FIVE_MINUTES);
    let answer = Answer::values(ttl, [variant.pick("192.0.2.1", "192.0.2.2")]);
    let record = RecordSet::builder().zone(zone).name("www.example.com").record_type(RecordType::A);
    topology.global().add(name, record.answer(answer).routing(routing).build());
}

fn failover_record(topology: &Topology, variant: Variant) {
    let role = variant.pick(FailoverRole::Primary, FailoverRole::Secondary);
    let routing = Routing::Failover { set_identifier: "here".to_owned(), role };
    routed(topology, zone(topology), "here", variant, routing);
}

fn weighted_records(topology: &Topology, variant: Variant) {
    let zone = zone(topology);
    routed(topology, zone, "a", Variant::First, Routing::weighted("a", 90));
    routed(topology, zone, "b", variant, Routing::weighted("b", variant.pick(10, 0)));
}

/// From the only record of a name to one of several.
fn rerouted_record(topology: &Topology, variant: Variant) {
    let routing = variant.pick(Routing::default(), Routing::weighted("a", 90));
    routed(topology, zone(topology), "a", variant, routing);
}

fn geolocation_records(topology: &Topology, variant: Variant) {
    let zone = zone(topology);
    routed(topology, zone, "rest", Variant::First, Routing::geolocation("rest", Location::Default));
    let near = variant.pick(Location::Country("IN".to_owned()), Location::Continent("AS".to_owned()));
    routed(topology, zone, "near", variant, Routing::geolocation("near", near));
}

fn multivalue_records(topology: &Topology, variant: Variant) {
    let zone = zone(topology);
    routed(topology, zone, "a", Variant::First, Routing::multivalue("a"));
    routed(topology, zone, "b", variant, Routing::multivalue("b"));
}

fn endpoint_check(topology: &Topology, variant: Variant) {
    let third = variant.pick(CheckerRegion::UsEast1, CheckerRegion::UsWest2);
    let regions = [CheckerRegion::EuWest1, CheckerRegion::ApSoutheast1, third];
    let probe = EndpointProbe::builder(variant.pick("in.origin.example.com", "uk.origin.example.com"))
        .port(variant.pick(443, 8443))
        .resource_path(variant.pick("/healthz", "/live"))
        .enable_sni(variant.pick(true, false))
        .request_interval_seconds(10)
        .failure_threshold(variant.pick(3, 2))
        .measure_latency(true)
        .regions(regions)
        .build();
    add(topology, variant, HealthCheck::builder(probe).build());
}

fn text_check(topology: &Topology, variant: Variant) {
    let probe = EndpointProbe::builder(variant.pick("in.origin.example.com", "uk.origin.example.com"))
        .port(variant.pick(443, 8443))
        .resource_path(variant.pick("/healthz", "/live"))
        .enable_sni(variant.pick(true, false))
        .failure_threshold(variant.pick(3, 2))
        .build()
        .with_text(variant.pick("ok", "well"));
    add(topology, variant, HealthCheck::builder(probe).build());
}

fn calculated_check(topology: &Topology, variant: Variant) {
    let global = topology.global();
    let child = |name: &str| {
        let probe = EndpointProbe::builder(format!("{name}.origin.example.com")).build();
        global.add(name, HealthCheck::builder(probe).build())
    };
    let (india, london, paris) = (child("in"), child("uk"), child("fr"));
    let probe = CalculatedProbe::at_least(variant.pick(1, 2), variant.pick([india, london], [india, paris]));
    add(topology, variant, HealthCheck::builder(probe).build());
}

fn alarm_check(topology: &Topology, variant: Variant) {
    let insufficient =
        variant.pick(InsufficientDataHealthStatus::Unhealthy, InsufficientDataHealthStatus::LastKnownStatus);
    let place = variant.pick("eu-west-2", "ap-south-1").parse().expect("a region");
    let probe = AlarmProbe {
        insufficient_data_health_status: insufficient,
        ..AlarmProbe::new(variant.pick("cpu", "latency"), place)
    };
    add(topology, variant, HealthCheck::builder(probe).build());
}

/// The check under test, with its switches and a tag changed in the second variant.
fn add(topology: &Topology, variant: Variant, check: HealthCheck) {
    let switched = HealthCheck { inverted: variant.pick(false, true), disabled: variant.pick(false, true), ..check };
    topology.global().add_with("check", Options::new().tag("team", variant.pick("web", "platform")), switched);
}

#[test]
fn every_kind_has_a_case() {
    complete(&landfall_dns::kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_on_the_wire() {
    on_the_wire(&[landfall_dns::aws::register], CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_in_the_sandbox() {
    in_the_sandbox(&landfall_dns::kinds(), CASES);
}
