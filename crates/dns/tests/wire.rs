//! What the lifecycle does not show: records that are there already and not ours.

#![cfg(feature = "aws")]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use landfall_aws::tap::{Effect, Rule};
use landfall_conformance::{Cloud, Wire, block_on};
use landfall_core::{
    Context, Environment, Fault, FaultKind, Locator, Pace, Provider, Topology, Value, provider::Desired, state::Token,
};
use landfall_dns::{Answer, EndpointProbe, HealthCheck, HostedZone, RecordSet, RecordTtl, RecordType, Routing};

struct AtOnce;

#[async_trait]
impl Pace for AtOnce {
    async fn pause(&self, _duration: Duration) -> Result<(), Fault> {
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}

fn context(address: &str, token: u8) -> Context {
    let address: landfall_core::Address = address.parse().expect("an address");
    Context {
        topology: "wire".to_owned(),
        environment: "test".to_owned(),
        place: address.place(),
        address,
        token: Token::from_random([token; 16]),
        tags: landfall_core::Tags::new(),
        timeout: Duration::from_hours(1),
        pace: Arc::new(AtOnce),
    }
}

/// The fields of the only declaration of a topology.
fn fields(declare: impl FnOnce(&Topology)) -> Desired {
    let topology = Topology::new("wire", Environment::new("test"));
    declare(&topology);
    let lowered = topology.lower().expect("free of problems");
    let known =
        lowered.declarations[0].fields.iter().map(|(name, field)| (name.clone(), field.known().expect("known")));
    Desired { fields: known.collect(), references: Vec::new() }
}

fn record(zone: &str, value: &str) -> Desired {
    fields(|topology| {
        let record = RecordSet::builder().zone(landfall_core::Ref::existing(zone)).name("www.example.com");
        let answer = Answer::values(RecordTtl::MINUTE, [value]);
        topology.global().add("www", record.record_type(RecordType::A).answer(answer).build());
    })
}

async fn values(provider: &dyn Provider, cx: &Context, id: &str) -> Value {
    let found = provider.observe(cx, Locator::Id(id)).await.expect("read").expect("there");
    found.fields["values"].clone()
}

#[test]
fn a_record_that_is_there_and_not_ours_is_left_alone() {
    block_on(async {
        let providers = Cloud::on(Wire::Moto).await.providers(&[landfall_dns::aws::register]);
        let provider = |kind: &str| Arc::clone(providers.provider(kind).expect("registered"));
        let (zones, records) = (provider("route53.hosted_zone"), provider("route53.record_set"));
        let zone_cx = context("global/route53.hosted_zone:site", 1);
        let zone = fields(|topology| {
            let zone = HostedZone::builder().name("example.com".parse().expect("a domain")).build();
            topology.global().add("site", zone);
        });
        let zone = zones.reconcile(&zone_cx, &zone, None).await.expect("created");
        let zone = zone["id"].as_str().expect("an id");

        let (theirs, ours) = (record(zone, "192.0.2.1"), record(zone, "192.0.2.2"));
        let their_cx = context("global/route53.record_set:theirs", 2);
        let made = records.reconcile(&their_cx, &theirs, None).await.expect("created");
        let id = made["id"].as_str().expect("an id");

        let our_cx = context("global/route53.record_set:www", 3);
        let found = records.observe(&our_cx, Locator::Token(&ours)).await.expect("read");
        assert!(found.is_none(), "a record with other values is not what our create made");
        let fault = records.reconcile(&our_cx, &ours, None).await.expect_err("it is taken");
        assert_eq!(fault.kind, FaultKind::Taken, "{fault}");
        assert_eq!(values(&*records, &our_cx, id).await, serde_json::json!(["192.0.2.1"]));

        // The zone stays while it has records that nobody of us made.
        let zone_read = zones.observe(&zone_cx, Locator::Id(zone)).await.expect("read").expect("there");
        let fault = zones.delete(&zone_cx, &zone_read).await.expect_err("it is not empty");
        assert_eq!(fault.kind, FaultKind::Blocked, "{fault}");
        let record = records.observe(&their_cx, Locator::Id(id)).await.expect("read").expect("there");
        records.delete(&their_cx, &record).await.expect("deleted");
        zones.delete(&zone_cx, &zone_read).await.expect("deleted");
    });
}

#[test]
fn a_record_takes_the_place_of_one_with_another_policy_in_one_change() {
    block_on(async {
        let cloud = Cloud::on(Wire::Moto).await;
        let providers = cloud.providers(&[landfall_dns::aws::register]);
        let provider = |kind: &str| Arc::clone(providers.provider(kind).expect("registered"));
        let (zones, records) = (provider("route53.hosted_zone"), provider("route53.record_set"));
        let zone_cx = context("global/route53.hosted_zone:site", 1);
        let zone = fields(|topology| {
            let zone = HostedZone::builder().name("example.com".parse().expect("a domain")).build();
            topology.global().add("site", zone);
        });
        let zone = zones.reconcile(&zone_cx, &zone, None).await.expect("created");
        let zone = zone["id"].as_str().expect("an id");

        let cx = context("global/route53.record_set:www", 2);
        let simple = record(zone, "192.0.2.1");
        let made = records.reconcile(&cx, &simple, None).await.expect("created");
        let id = made["id"].as_str().expect("an id").to_owned();
        let have = records.observe(&cx, Locator::Id(&id)).await.expect("read").expect("there");
        let routed = |routing: Routing| {
            fields(|topology| {
                let record = RecordSet::builder().zone(landfall_core::Ref::existing(zone)).name("www.example.com");
                let answer = Answer::values(RecordTtl::MINUTE, ["192.0.2.1"]);
                let record = record.record_type(RecordType::A).answer(answer).routing(routing).build();
                topology.global().add("www", record);
            })
        };

        cloud.tap.clear_calls();
        let weighted = routed(Routing::weighted("a", 1));
        let made = records.reconcile(&cx, &weighted, Some(&have)).await.expect("updated");
        let changes = cloud.tap.changes();
        let [change] = &changes[..] else { panic!("{changes:?}") };
        let (old, new) = (change.body.find("<Action>DELETE"), change.body.find("<Action>CREATE"));
        assert!(old.is_some() && old < new, "{}", change.body);
        assert_eq!(made["id"], format!("{zone}|www.example.com|A|a"));
        assert!(records.observe(&cx, Locator::Id(&id)).await.expect("read").is_none(), "the simple one is gone");

        // A change whose answer was lost is found as wanted, under the id that it gave the record.
        let found = records.observe(&cx, Locator::Token(&weighted)).await.expect("read").expect("there");
        assert_eq!(found.id(), made["id"]);

        // Another policy under the same identifier is a record of its own, too; moto looks at CREATE before it has deleted.
        let info = "<ChangeInfo><Id>C1</Id><Status>INSYNC</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo>";
        let body = format!("<ChangeResourceRecordSetsResponse>{info}</ChangeResourceRecordSetsResponse>");
        let done = Effect::Answer { status: 200, content_type: "text/xml".to_owned(), body };
        cloud.tap.add(Rule::new(done).operation("ChangeResourceRecordSets").times(1));
        let region = "eu-west-2".parse().expect("a region");
        let latency = routed(Routing::Latency { set_identifier: "a".to_owned(), region });
        cloud.tap.clear_calls();
        records.reconcile(&cx, &latency, Some(&found)).await.expect("updated");
        let body = &cloud.tap.changes()[0].body;
        let (old, new) = (body.find("<Weight>1</Weight>"), body.find("<Region>eu-west-2</Region>"));
        assert!(body.contains("<Action>DELETE") && old.is_some() && old < new, "{body}");
        records.delete(&cx, &found).await.expect("deleted");
    });
}

#[test]
fn an_interrupted_create_gets_its_tags_when_it_is_found() {
    block_on(async {
        let cloud = Cloud::on(Wire::Moto).await;
        let providers = cloud.providers(&[landfall_dns::aws::register]);
        let check = |kind: &'static str, address: &'static str, token: u8, want: Desired| {
            let (provider, tap) = (Arc::clone(providers.provider(kind).expect("registered")), cloud.tap.clone());
            async move {
                let cx = context(address, token);
                tap.add(Rule::new(Effect::Reset).operation("ChangeTagsForResource").times(1));
                provider.reconcile(&cx, &want, None).await.expect_err("interrupted");
                tap.clear_rules();
                tap.clear_calls();
                let found = provider.observe(&cx, Locator::Token(&want)).await.expect("read").expect("there");
                assert!(tap.changes()[0].body.contains("landfall:token"), "{:?}", tap.changes());
                provider.delete(&cx, &found).await.expect("deleted");
            }
        };
        let zone = fields(|topology| {
            let zone = HostedZone::builder().name("example.com".parse().expect("a domain")).build();
            topology.global().add("site", zone);
        });
        check("route53.hosted_zone", "global/route53.hosted_zone:site", 4, zone).await;
        let probe = fields(|topology| {
            let probe = EndpointProbe::builder("in.origin.example.com").build();
            topology.global().add("in", HealthCheck::builder(probe).build());
        });
        check("route53.health_check", "global/route53.health_check:in", 5, probe).await;
    });
}
