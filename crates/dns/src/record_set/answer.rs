//! Answers: values for some time, or what another name answers.

use std::fmt;

use landfall_compute::LoadBalancer;
use landfall_core::{Handle, Input, Region, expr::Function};
use landfall_edge::Distribution;
use serde::{Deserialize, Serialize};

/// What DNS answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Values, for some time.
    Values {
        /// How long resolvers may keep the answer.
        ttl_seconds: RecordTtl,
        /// The values as DNS writes them; texts of `TXT` records in quotation marks. Order does not matter.
        values: Vec<Input<String>>,
    },
    /// What an AWS resource answers, without a price per question, also at the apex of a zone.
    Alias {
        /// The resource.
        alias: AliasTarget,
    },
}

impl Answer {
    /// Values, for some time.
    pub fn values(ttl_seconds: RecordTtl, values: impl IntoIterator<Item = impl Into<Input<String>>>) -> Self {
        Self::Values { ttl_seconds, values: values.into_iter().map(Into::into).collect() }
    }

    /// What a load balancer answers; the record counts as unhealthy while none of its targets is healthy.
    pub fn load_balancer<R: Region>(load_balancer: Handle<LoadBalancer<R>>) -> Self {
        AliasTarget::load_balancer(load_balancer).into()
    }

    /// What a distribution answers.
    pub fn distribution(distribution: Handle<Distribution>) -> Self {
        AliasTarget::distribution(distribution).into()
    }
}

impl From<AliasTarget> for Answer {
    fn from(alias: AliasTarget) -> Self {
        Self::Alias { alias }
    }
}

/// An AWS resource whose answers a record gives.
///
/// API: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AliasTarget {
    /// Host name of the resource, in lower case.
    pub dns_name: Input<String>,
    /// Zone in which AWS keeps that name: not the record's own, unless the target is a record of it.
    pub hosted_zone_id: Input<String>,
    /// Whether the record counts as unhealthy while the resource is.
    pub evaluate_target_health: bool,
}

impl AliasTarget {
    /// A host name in a zone of AWS, whatever its health.
    pub fn new(dns_name: impl Into<Input<String>>, hosted_zone_id: impl Into<Input<String>>) -> Self {
        let dns_name = super::canonical(dns_name.into());
        Self { dns_name, hosted_zone_id: hosted_zone_id.into(), evaluate_target_health: false }
    }

    /// Lets the record count as unhealthy while the resource is.
    #[must_use]
    pub fn evaluate_target_health(mut self) -> Self {
        self.evaluate_target_health = true;
        self
    }

    /// A load balancer, with its health.
    pub fn load_balancer<R: Region>(load_balancer: Handle<LoadBalancer<R>>) -> Self {
        Self {
            dns_name: load_balancer.get(LoadBalancer::DNS_NAME).call(Function::Lowercase),
            hosted_zone_id: load_balancer.get(LoadBalancer::CANONICAL_HOSTED_ZONE_ID),
            evaluate_target_health: true,
        }
    }

    /// A distribution. AWS knows no health of distributions.
    pub fn distribution(distribution: Handle<Distribution>) -> Self {
        Self {
            dns_name: distribution.get(Distribution::DOMAIN_NAME),
            hosted_zone_id: distribution.get(Distribution::HOSTED_ZONE_ID),
            evaluate_target_health: false,
        }
    }
}

/// How long resolvers may keep an answer, in seconds, 0 to 2,147,483,647.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct RecordTtl(u32);

/// A number of seconds that no answer can be kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time to live of {seconds} s is too long: DNS knows at most 2147483647 s")]
pub struct InvalidRecordTtl {
    /// The number as given.
    pub seconds: u32,
}

impl RecordTtl {
    /// One minute: what failover between records needs.
    pub const MINUTE: Self = Self(60);
    /// Five minutes.
    pub const FIVE_MINUTES: Self = Self(300);
    /// One hour.
    pub const HOUR: Self = Self(3600);
    /// One day.
    pub const DAY: Self = Self(86_400);

    /// The number of seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for RecordTtl {
    type Error = InvalidRecordTtl;

    fn try_from(seconds: u32) -> Result<Self, InvalidRecordTtl> {
        if i32::try_from(seconds).is_ok() { Ok(Self(seconds)) } else { Err(InvalidRecordTtl { seconds }) }
    }
}

impl From<RecordTtl> for u32 {
    fn from(ttl: RecordTtl) -> Self {
        ttl.0
    }
}

impl fmt::Display for RecordTtl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_live_have_a_range() {
        assert_eq!(RecordTtl::try_from(60), Ok(RecordTtl::MINUTE));
        assert_eq!(RecordTtl::try_from(2_147_483_648), Err(InvalidRecordTtl { seconds: 2_147_483_648 }));
        assert!(serde_json::from_str::<RecordTtl>("4294967295").is_err());
        assert_eq!(serde_json::to_string(&RecordTtl::HOUR).unwrap(), "3600");
    }
}
