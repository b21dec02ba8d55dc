#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;

mod health_check;
mod hosted_zone;
mod latency_routing;
mod record_set;
mod site_aliases;
mod tags;
mod validation;

pub use health_check::{
    AlarmProbe, CalculatedProbe, CheckerRegion, EndpointProbe, HealthCheck, HealthCheckAttributes,
    InsufficientDataHealthStatus, Probe, TextProbe,
};
pub use hosted_zone::{HostedZone, HostedZoneAttributes};
pub use latency_routing::{LatencyRouting, LatencyRoutingHandles, RegionalEndpoint};
pub use record_set::{
    AliasTarget, Answer, FailoverRole, InvalidRecordTtl, Location, RecordSet, RecordSetAttributes, RecordTtl,
    RecordType, Routing,
};
pub use site_aliases::site_aliases;
pub use validation::{ValidatedCertificates, validation_records};

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![&hosted_zone::KIND, &record_set::KIND, &health_check::KIND]
}
