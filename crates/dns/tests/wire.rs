//! What the lifecycle does not show: records that are there already and not ours.

#![cfg(feature = "aws")]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use landfall_conformance::{Cloud, Wire, block_on};
use landfall_core::{
    Context, Environment, Fault, FaultKind, Locator, Pace, Provider, Topology, Value, provider::Desired, state::Token,
};
use landfall_dns::{Answer, HostedZone, RecordSet, RecordTtl, RecordType};

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
