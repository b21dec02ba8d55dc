//! A record set as AWS wants it.

use aws_sdk_route53::types::{
    AliasTarget, GeoLocation, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover, ResourceRecordSetRegion,
    RrType, builders::ResourceRecordSetBuilder,
};
use landfall_core::Fault;

use crate::{
    aws::wire::{built, name},
    record_set::{Answer, FailoverRole, Location, RecordSet, Routing},
};

pub(super) fn record(want: &RecordSet) -> Result<ResourceRecordSet, Fault> {
    let record = ResourceRecordSet::builder()
        .name(want.name.value())
        .r#type(RrType::from(name(&want.record_type).as_str()))
        .set_health_check_id(want.health_check.as_ref().map(|check| check.id().to_owned()));
    let record = match &want.answer {
        Answer::Values { ttl_seconds, values } => {
            let value =
                |value: &landfall_core::Input<String>| built(ResourceRecord::builder().value(value.value()).build());
            let values = values.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            record.ttl(i64::from(ttl_seconds.seconds())).set_resource_records(Some(values))
        }
        Answer::Alias { alias } => {
            let target = AliasTarget::builder()
                .dns_name(alias.dns_name.value())
                .hosted_zone_id(alias.hosted_zone_id.value())
                .evaluate_target_health(alias.evaluate_target_health);
            record.alias_target(built(target.build())?)
        }
    };
    built(routed(record, &want.routing).build())
}

fn routed(record: ResourceRecordSetBuilder, routing: &Routing) -> ResourceRecordSetBuilder {
    match routing {
        Routing::Simple { .. } => record,
        Routing::Latency { set_identifier, region } => {
            record.set_identifier(set_identifier).region(ResourceRecordSetRegion::from(region.as_str()))
        }
        Routing::Failover { set_identifier, role } => record.set_identifier(set_identifier).failover(match role {
            FailoverRole::Primary => ResourceRecordSetFailover::Primary,
            FailoverRole::Secondary => ResourceRecordSetFailover::Secondary,
        }),
        Routing::Weighted { set_identifier, weight } => {
            record.set_identifier(set_identifier).weight(i64::from(*weight))
        }
        Routing::Geolocation { set_identifier, location } => {
            record.set_identifier(set_identifier).geo_location(geo_location(location))
        }
        Routing::Multivalue { set_identifier } => record.set_identifier(set_identifier).multi_value_answer(true),
    }
}

fn geo_location(location: &Location) -> GeoLocation {
    let area = GeoLocation::builder();
    match location {
        Location::Default => area.country_code("*"),
        Location::Continent(code) => area.continent_code(code),
        Location::Country(code) => area.country_code(code),
        Location::Subdivision { country, subdivision } => area.country_code(country).subdivision_code(subdivision),
    }
    .build()
}
