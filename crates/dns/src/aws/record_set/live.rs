//! A record set as AWS tells it.

use aws_sdk_route53::types::{GeoLocation, ResourceRecordSet, ResourceRecordSetFailover};
use landfall_core::{Fault, FaultKind, Input, Ref};

use crate::{
    HostedZone,
    aws::wire::{named, plain},
    record_set::{AliasTarget, Answer, FailoverRole, Location, RecordSet, RecordTtl, Routing},
};

const READ: &str = "route53:ListResourceRecordSets";

pub(super) fn resource(zone: Ref<HostedZone>, reply: ResourceRecordSet) -> Result<RecordSet, Fault> {
    Ok(in_order(RecordSet {
        zone,
        name: Input::from(plain(&reply.name)),
        record_type: named(READ, reply.r#type.as_str())?,
        routing: routing(&reply)?,
        health_check: reply.health_check_id.clone().filter(|id| !id.is_empty()).map(Ref::existing),
        answer: answer(reply)?,
    }))
}

/// The record with its values sorted, for comparisons.
pub(super) fn in_order(mut record: RecordSet) -> RecordSet {
    if let Answer::Values { values, .. } = &mut record.answer {
        values.sort_by(|a, b| a.value().cmp(b.value()));
    }
    record
}

fn answer(reply: ResourceRecordSet) -> Result<Answer, Fault> {
    if let Some(alias) = reply.alias_target {
        return Ok(Answer::Alias {
            alias: AliasTarget {
                dns_name: Input::from(plain(&alias.dns_name)),
                hosted_zone_id: Input::from(alias.hosted_zone_id),
                evaluate_target_health: alias.evaluate_target_health,
            },
        });
    }
    let seconds = reply.ttl.and_then(|seconds| u32::try_from(seconds).ok());
    let ttl = seconds.and_then(|seconds| RecordTtl::try_from(seconds).ok());
    let values = reply.resource_records.unwrap_or_default();
    Ok(Answer::Values {
        ttl_seconds: ttl.ok_or_else(|| Fault::incomplete(READ, "TTL"))?,
        values: values.into_iter().map(|record| Input::from(record.value)).collect(),
    })
}

fn routing(reply: &ResourceRecordSet) -> Result<Routing, Fault> {
    let Some(set_identifier) = reply.set_identifier.clone() else { return Ok(Routing::default()) };
    let unknown = |what: &str| Fault::new(FaultKind::Fatal, READ, format!("the record has {what}"));
    if let Some(region) = &reply.region {
        let region = region.as_str().parse().map_err(|_| unknown("a region that is not known"))?;
        return Ok(Routing::Latency { set_identifier, region });
    }
    match (&reply.failover, reply.weight, &reply.geo_location) {
        (Some(ResourceRecordSetFailover::Primary), ..) => {
            Ok(Routing::Failover { set_identifier, role: FailoverRole::Primary })
        }
        (Some(ResourceRecordSetFailover::Secondary), ..) => {
            Ok(Routing::Failover { set_identifier, role: FailoverRole::Secondary })
        }
        (None, Some(weight), _) => {
            let weight = u8::try_from(weight).map_err(|_| unknown("a weight above 255"))?;
            Ok(Routing::Weighted { set_identifier, weight })
        }
        (None, None, Some(area)) => Ok(Routing::Geolocation { set_identifier, location: location(area) }),
        (None, None, None) if reply.multi_value_answer == Some(true) => Ok(Routing::Multivalue { set_identifier }),
        _ => Err(unknown("a routing policy that this version does not know")),
    }
}

fn location(area: &GeoLocation) -> Location {
    match (area.continent_code(), area.country_code(), area.subdivision_code()) {
        (Some(continent), ..) => Location::Continent(continent.to_owned()),
        (None, Some("*") | None, _) => Location::Default,
        (None, Some(country), Some(subdivision)) => {
            Location::Subdivision { country: country.to_owned(), subdivision: subdivision.to_owned() }
        }
        (None, Some(country), None) => Location::Country(country.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, EuWest2};

    use super::*;
    use crate::{RecordType, aws::record_set::request};

    fn zone() -> Ref<HostedZone> {
        Ref::existing("Z1")
    }

    fn record(answer: impl Into<Answer>, routing: Routing) -> RecordSet {
        RecordSet::builder()
            .zone(zone())
            .name("*.example.com")
            .record_type(RecordType::A)
            .answer(answer.into())
            .routing(routing)
            .build()
    }

    /// The answer of AWS: the name escaped and with a dot at the end.
    fn told(want: &RecordSet) -> RecordSet {
        let mut reply = request::record(want).unwrap();
        reply.name = "\\052.example.com.".to_owned();
        if let Some(alias) = &mut reply.alias_target {
            alias.dns_name.push('.');
        }
        resource(zone(), reply).unwrap()
    }

    #[test]
    fn a_record_is_read_back_as_declared_whatever_its_routing() {
        let values = || Answer::values(RecordTtl::MINUTE, ["192.0.2.1", "192.0.2.2"]);
        let subdivision = Location::Subdivision { country: "US".to_owned(), subdivision: "CA".to_owned() };
        for routing in [
            Routing::default(),
            Routing::latency::<ApSouth1>(),
            Routing::latency::<EuWest2>(),
            Routing::primary(),
            Routing::secondary(),
            Routing::weighted("a", 0),
            Routing::weighted("b", 255),
            Routing::geolocation("asia", Location::Continent("AS".to_owned())),
            Routing::geolocation("india", Location::Country("IN".to_owned())),
            Routing::geolocation("california", subdivision),
            Routing::geolocation("rest", Location::Default),
            Routing::multivalue("m"),
        ] {
            let plain = record(values(), routing.clone());
            assert_eq!(told(&plain), plain);
            let alias = AliasTarget::new("lb.example.net.", "Z2").evaluate_target_health();
            let checked = RecordSet { health_check: Some(Ref::existing("hc")), ..record(alias, routing) };
            assert_eq!(told(&checked), checked);
        }
    }

    #[test]
    fn values_are_compared_without_their_order() {
        let of = |values: [&'static str; 2]| record(Answer::values(RecordTtl::HOUR, values), Routing::default());
        assert_eq!(in_order(of(["b", "a"])), in_order(of(["a", "b"])));
        assert_ne!(in_order(of(["b", "c"])), in_order(of(["a", "b"])));
    }
}
