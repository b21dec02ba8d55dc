//! Probes: what a health check looks at, and how.

use std::collections::BTreeSet;

use landfall_core::{Input, PlaceCode, Ref};
use serde::{Deserialize, Serialize};

use super::HealthCheck;

/// What a health check looks at, and how. Another kind of probe replaces the check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Probe {
    /// Whether an endpoint answers over HTTPS with 2xx or 3xx. Its certificate is not verified.
    #[serde(rename = "HTTPS")]
    Https(EndpointProbe),
    /// The same, and whether the first 5,120 bytes of the answer hold a text.
    #[serde(rename = "HTTPS_STR_MATCH")]
    HttpsStrMatch(TextProbe),
    /// Whether enough of other health checks are healthy.
    #[serde(rename = "CALCULATED")]
    Calculated(CalculatedProbe),
    /// What a CloudWatch alarm sees, for what checkers outside can't reach.
    #[serde(rename = "CLOUDWATCH_METRIC")]
    CloudWatchMetric(AlarmProbe),
}

/// Whether an endpoint answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct EndpointProbe {
    /// Name of the endpoint, which must be its own: a name that routing moves between endpoints says nothing about
    /// any of them. It is resolved over IPv4. A change updates the check.
    #[builder(start_fn, into)]
    pub fully_qualified_domain_name: Input<String>,
    /// Port, 1 to 65535; default 443. A change updates the check.
    #[builder(default = 443)]
    pub port: u16,
    /// Path with query, at most 255 characters; default `/`. A change updates the check.
    #[builder(default = "/".to_owned(), into)]
    pub resource_path: String,
    /// Whether the name is sent in the TLS handshake; default true. A change updates the check.
    #[builder(default = true)]
    pub enable_sni: bool,
    /// Seconds between two looks of one checker, 30 or, at a higher price, 10; default 30. A change replaces the
    /// check.
    #[builder(default = 30)]
    pub request_interval_seconds: u8,
    /// How many looks in a row change its mind, 1 to 10; default 3. A change updates the check.
    #[builder(default = 3)]
    pub failure_threshold: u8,
    /// Whether CloudWatch gets latencies; default false. A change replaces the check.
    #[builder(default)]
    pub measure_latency: bool,
    /// Regions of the checkers, three or more; default all that AWS has. A change updates the check.
    #[builder(with = |regions: impl IntoIterator<Item = CheckerRegion>| regions.into_iter().collect())]
    pub regions: Option<BTreeSet<CheckerRegion>>,
}

/// Whether an endpoint answers with a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextProbe {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: EndpointProbe,
    /// The text, at most 255 characters. A change updates the check.
    pub search_string: String,
}

/// A region that has checkers. None is in India or in the United Kingdom: firewalls and security groups have to let
/// them in from there.
#[expect(missing_docs, reason = "each is a region's code")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CheckerRegion {
    #[serde(rename = "us-east-1")]
    UsEast1,
    #[serde(rename = "us-west-1")]
    UsWest1,
    #[serde(rename = "us-west-2")]
    UsWest2,
    #[serde(rename = "eu-west-1")]
    EuWest1,
    #[serde(rename = "ap-southeast-1")]
    ApSoutheast1,
    #[serde(rename = "ap-southeast-2")]
    ApSoutheast2,
    #[serde(rename = "ap-northeast-1")]
    ApNortheast1,
    #[serde(rename = "sa-east-1")]
    SaEast1,
}

/// Whether enough of other health checks are healthy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalculatedProbe {
    /// The others, at most 255. A change updates the check.
    pub child_health_checks: Vec<Ref<HealthCheck>>,
    /// How many of them must be healthy; 0 counts as always healthy. A change updates the check.
    pub health_threshold: u16,
}

/// What a CloudWatch alarm sees. The check follows the alarm's data, not its state, and works only with alarms of
/// standard resolution and simple statistics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmProbe {
    /// Name of the alarm. A change updates the check.
    pub alarm_name: Input<String>,
    /// Region of the alarm. A change updates the check.
    pub alarm_region: PlaceCode,
    /// What counts when the alarm has too little data. A change updates the check.
    pub insufficient_data_health_status: InsufficientDataHealthStatus,
}

/// What counts when an alarm has too little data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InsufficientDataHealthStatus {
    /// Healthy.
    Healthy,
    /// Unhealthy.
    Unhealthy,
    /// What it was when there was data; healthy for a new check.
    #[default]
    LastKnownStatus,
}

impl EndpointProbe {
    /// Whether the answer also holds a text.
    pub fn with_text(self, search_string: impl Into<String>) -> TextProbe {
        TextProbe { endpoint: self, search_string: search_string.into() }
    }
}

impl CalculatedProbe {
    /// Healthy while `health_threshold` of the others are.
    pub fn at_least(
        health_threshold: u16,
        child_health_checks: impl IntoIterator<Item = impl Into<Ref<HealthCheck>>>,
    ) -> Self {
        Self { child_health_checks: child_health_checks.into_iter().map(Into::into).collect(), health_threshold }
    }
}

impl AlarmProbe {
    /// Follows the alarm of that name in a region; what it last knew counts when there is too little data.
    pub fn new(alarm_name: impl Into<Input<String>>, alarm_region: PlaceCode) -> Self {
        Self {
            alarm_name: alarm_name.into(),
            alarm_region,
            insufficient_data_health_status: InsufficientDataHealthStatus::default(),
        }
    }
}

impl From<EndpointProbe> for Probe {
    fn from(probe: EndpointProbe) -> Self {
        Self::Https(probe)
    }
}
impl From<TextProbe> for Probe {
    fn from(probe: TextProbe) -> Self {
        Self::HttpsStrMatch(probe)
    }
}
impl From<CalculatedProbe> for Probe {
    fn from(probe: CalculatedProbe) -> Self {
        Self::Calculated(probe)
    }
}
impl From<AlarmProbe> for Probe {
    fn from(probe: AlarmProbe) -> Self {
        Self::CloudWatchMetric(probe)
    }
}
