//! Amazon Route 53 record set: what DNS answers for a name.

mod answer;
mod check;
mod routing;

use landfall_core::{
    Fields, Global, Input, Kind, Ref, Resource,
    expr::Function,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use serde::{Deserialize, Serialize};

pub use answer::{AliasTarget, Answer, InvalidRecordTtl, RecordTtl};
pub use routing::{FailoverRole, Location, Routing};

use crate::{health_check::HealthCheck, hosted_zone::HostedZone};

/// Desired settings of a record set.
///
/// Records have no tags, so a create fails when the name has a record of the type already, and a destroy removes
/// what the state says is ours.
///
/// API: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct RecordSet {
    /// Zone that holds the record. A change replaces it.
    #[builder(into)]
    pub zone: Ref<HostedZone>,
    /// Full name, at or below the zone's: `www.example.com`, `*.example.com`. Kept in lower case and without the
    /// dot at the end. A change replaces the record.
    #[builder(with = |name: impl Into<Input<String>>| canonical(name.into()))]
    pub name: Input<String>,
    /// Type of the record. A change replaces it.
    pub record_type: RecordType,
    /// What is answered: values for some time, or what another name answers. A change updates the record.
    #[serde(flatten)]
    #[builder(into)]
    pub answer: Answer,
    /// By which records of the same name and type take turns; default there is one only. A change updates the record,
    /// another policy or identifier too: in one change of the zone, so that the name is answered all the time. Where
    /// several records have to change their policy together, all are deleted first.
    #[serde(flatten)]
    #[builder(default)]
    pub routing: Routing,
    /// What decides whether the record is answered; default always. A change updates the record.
    #[builder(into)]
    pub health_check: Option<Ref<HealthCheck>>,
}

/// Type of a record.
#[expect(missing_docs, reason = "each is the type of that name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    A,
    Aaaa,
    Caa,
    Cname,
    Ds,
    Https,
    Mx,
    Naptr,
    Ns,
    Ptr,
    Soa,
    Spf,
    Srv,
    Sshfp,
    Svcb,
    Tlsa,
    Txt,
}

/// A name in the form in which records are compared: lower case, no dot at the end.
fn canonical(name: Input<String>) -> Input<String> {
    match name.known() {
        Some(known) => Input::from(known.trim_end_matches('.').to_lowercase()),
        None => name.call(Function::TrimDot).call(Function::Lowercase),
    }
}

/// What AWS reports of a record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSetAttributes {
    /// Zone, name, type and set identifier, with `|` in between.
    pub id: String,
}

impl Resource for RecordSet {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("zone"),
        Field::replaces("name").reach(Reach::Anywhere),
        Field::replaces("record_type"),
        Field::updates("ttl_seconds"),
        Field::updates("values").set().reach(Reach::Anywhere),
        Field::updates("alias").reach(Reach::Anywhere),
        Field::updates("routing_policy"),
        Field::updates("set_identifier"),
        Field::updates("region"),
        Field::updates("role"),
        Field::updates("weight"),
        Field::updates("location"),
        Field::updates("health_check"),
    ],
    attributes: &[Reported::changing("id", "{field.zone}|{field.name}|{field.record_type}|{field.set_identifier}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["zone", "name", "record_type", "set_identifier"], within: Within::Place }],
    excludes: Some(excludes),
    excludes_among: &["zone", "name"],
    actions: Actions {
        create: &["route53:ChangeResourceRecordSets", "route53:GetChange", "route53:ListResourceRecordSets"],
        read: &["route53:ListResourceRecordSets"],
        update: &["route53:ListResourceRecordSets", "route53:ChangeResourceRecordSets", "route53:GetChange"],
        delete: &["route53:ListResourceRecordSets", "route53:ChangeResourceRecordSets", "route53:GetChange"],
    },
    timing: "aws_route53_record",
    check: check::check,
    ..Kind::of::<RecordSet>("route53.record_set")
};

/// Whether AWS refuses a record beside another: all of one name and type have one policy and differ in what it decides
/// by, and a CNAME stands alone.
fn excludes(new: &Fields, there: &Fields) -> bool {
    let same = |field: &str| new.contains_key(field) && new.get(field) == there.get(field);
    let is = |fields: &Fields, field: &str, text: &str| fields.get(field).is_some_and(|value| value == text);
    if !(same("zone") && same("name")) {
        return false;
    }
    if !same("record_type") {
        return is(new, "record_type", "CNAME") || is(there, "record_type", "CNAME");
    }
    !same("routing_policy") || ["set_identifier", "region", "role", "location"].into_iter().any(same)
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};
    use serde_json::json;

    use super::*;

    fn fields(record: RecordSet) -> serde_json::Value {
        let topology = Topology::new("twin", Environment::new("test"));
        topology.global().add("record", record);
        let lowered = topology.lower().expect("free of problems");
        let declaration = &lowered.declarations[0];
        let known = declaration.fields.iter().map(|(name, field)| (name.clone(), field.known().expect("known")));
        let fields: serde_json::Map<_, _> = known.collect();
        assert!(fields.keys().all(|name| KIND.field(name).is_some()), "{fields:?}");
        assert_eq!((KIND.parse)(&fields.clone().into()), Ok(()));
        fields.into()
    }

    #[test]
    fn fields_are_flat_and_names_have_one_form() {
        let zone = || Ref::<HostedZone>::existing("Z1");
        let simple = RecordSet::builder()
            .zone(zone())
            .name("WWW.Example.com.")
            .record_type(RecordType::A)
            .answer(Answer::values(RecordTtl::MINUTE, ["192.0.2.1"]))
            .build();
        assert_eq!(
            fields(simple),
            json!({
                "zone": "Z1", "name": "www.example.com", "record_type": "A", "ttl_seconds": 60,
                "values": ["192.0.2.1"], "routing_policy": "simple", "set_identifier": "", "health_check": null,
            })
        );
        let routed = RecordSet::builder()
            .zone(zone())
            .name("origin.example.com")
            .record_type(RecordType::Aaaa)
            .answer(AliasTarget::new("lb.example.net", "Z2").evaluate_target_health())
            .routing(Routing::latency::<ApSouth1>())
            .health_check(Ref::existing("hc"))
            .build();
        assert_eq!(
            fields(routed),
            json!({
                "zone": "Z1", "name": "origin.example.com", "record_type": "AAAA",
                "alias": { "dns_name": "lb.example.net", "hosted_zone_id": "Z2", "evaluate_target_health": true },
                "routing_policy": "latency", "set_identifier": "ap-south-1", "region": "ap-south-1",
                "health_check": "hc",
            })
        );
    }

    #[test]
    fn records_that_aws_does_not_take_together_exclude_each_other() {
        let of = |record_type: RecordType, routing: Routing| -> Fields {
            let answer = Answer::values(RecordTtl::MINUTE, ["192.0.2.1"]);
            let record = RecordSet::builder().zone(Ref::<HostedZone>::existing("Z1")).name("www.example.com");
            let record = record.record_type(record_type).answer(answer).routing(routing).build();
            match serde_json::to_value(record).unwrap() {
                serde_json::Value::Object(fields) => fields.into_iter().collect(),
                _ => unreachable!("a record is a map"),
            }
        };
        let check = |one: (RecordType, Routing), other: (RecordType, Routing), expected: bool| {
            let (one, other) = (of(one.0, one.1), of(other.0, other.1));
            assert_eq!((excludes(&one, &other), excludes(&other, &one)), (expected, expected), "{one:?} {other:?}");
        };
        let a = |routing| (RecordType::A, routing);
        check(a(Routing::default()), a(Routing::latency::<ApSouth1>()), true);
        check(a(Routing::default()), a(Routing::default()), true);
        check(a(Routing::weighted("a", 1)), a(Routing::latency::<ApSouth1>()), true);
        check(a(Routing::weighted("a", 1)), a(Routing::weighted("b", 1)), false);
        check(a(Routing::primary()), a(Routing::secondary()), false);
        let again = Routing::Failover { set_identifier: "again".to_owned(), role: FailoverRole::Primary };
        check(a(Routing::primary()), a(again), true);
        check(a(Routing::default()), (RecordType::Aaaa, Routing::latency::<ApSouth1>()), false);
        check(a(Routing::default()), (RecordType::Cname, Routing::default()), true);
    }
}
