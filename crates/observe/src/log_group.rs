//! Amazon CloudWatch Logs log group: where log streams go, and for how long they are kept.

use std::{fmt, marker::PhantomData, str::FromStr};

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use landfall_security::Key;
use serde::{Deserialize, Serialize};

/// Desired settings of a log group.
///
/// API: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct LogGroup<R: Region> {
    /// Name, unique in the region: `/twin/flow-logs`. A change replaces the log group.
    pub name: LogGroupName,
    /// How long events are kept; for ever when absent. A change updates the log group.
    pub retention: Option<Retention>,
    /// Key that encrypts the events at rest; CloudWatch Logs' own when absent. Its policy must let
    /// `logs.<region>.amazonaws.com` use it. A change updates the log group.
    #[builder(into)]
    pub kms_key: Option<ArnRef<Key<R>>>,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

/// What AWS reports of a log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroupAttributes {
    /// The name.
    pub id: String,
    /// Amazon Resource Name, without the `:*` that stands for its streams.
    pub arn: String,
}

impl<R: Region> LogGroup<R> {
    /// Amazon Resource Name, without the `:*` that stands for its streams.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for LogGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("name"), Field::updates("retention"), Field::updates("kms_key")],
    attributes: &[
        Reported::stable("id", "{field.name}"),
        Reported::stable("arn", "arn:aws:logs:{region}:{account}:log-group:{field.name}"),
    ],
    identity: Identity::DerivedName,
    exclusive: &[Exclusive { fields: &["name"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &["logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy"],
        read: &["logs:DescribeLogGroups", "logs:ListTagsForResource"],
        update: &[
            "logs:PutRetentionPolicy",
            "logs:DeleteRetentionPolicy",
            "logs:AssociateKmsKey",
            "logs:DisassociateKmsKey",
            "logs:TagResource",
            "logs:UntagResource",
        ],
        delete: &["logs:DeleteLogGroup"],
    },
    timing: "aws_cloudwatch_log_group",
    ..Kind::of::<LogGroup<AnyRegion>>("logs.log_group")
};

/// Name of a log group: 1 to 512 letters, digits and `_ - / . #`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogGroupName(String);

impl LogGroupName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that can't name a log group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` can't name a log group: use 1 to 512 letters, digits and `_ - / . #`")]
pub struct InvalidLogGroupName {
    /// The text as given.
    pub name: String,
}

impl FromStr for LogGroupName {
    type Err = InvalidLogGroupName;

    fn from_str(name: &str) -> Result<Self, InvalidLogGroupName> {
        Self::try_from(name.to_owned())
    }
}

impl TryFrom<String> for LogGroupName {
    type Error = InvalidLogGroupName;

    fn try_from(name: String) -> Result<Self, InvalidLogGroupName> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-/.#".contains(&b);
        if (1..=512).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(InvalidLogGroupName { name })
        }
    }
}

impl From<LogGroupName> for String {
    fn from(name: LogGroupName) -> Self {
        name.0
    }
}

impl fmt::Display for LogGroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How long CloudWatch Logs keeps events: one of the periods that AWS offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Retention(u16);

impl Retention {
    /// The periods that AWS offers, in days.
    pub const OFFERED: [u16; 22] =
        [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

    /// A period in days; does not compile in a constant, and panics otherwise, when AWS does not offer it.
    ///
    /// # Panics
    /// When `days` is none of [`OFFERED`](Self::OFFERED); use `Retention::try_from(days)` for input.
    pub const fn days(days: u16) -> Self {
        let mut i = 0;
        while i < Self::OFFERED.len() {
            if Self::OFFERED[i] == days {
                return Self(days);
            }
            i += 1;
        }
        panic!("CloudWatch Logs keeps events for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365… days")
    }

    /// The period in days.
    pub const fn in_days(self) -> u16 {
        self.0
    }
}

/// A period that CloudWatch Logs does not offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CloudWatch Logs does not keep events for {days} days; the next period it offers is {}", next(*.days))]
pub struct InvalidRetention {
    /// The period as given.
    pub days: u16,
}

fn next(days: u16) -> u16 {
    Retention::OFFERED.into_iter().filter(|offered| *offered > days).min().unwrap_or(3653)
}

impl TryFrom<u16> for Retention {
    type Error = InvalidRetention;

    fn try_from(days: u16) -> Result<Self, InvalidRetention> {
        if Self::OFFERED.contains(&days) { Ok(Self(days)) } else { Err(InvalidRetention { days }) }
    }
}

impl From<Retention> for u16 {
    fn from(retention: Retention) -> Self {
        retention.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_the_service() {
        for (name, valid) in [("/twin/flow-logs", true), ("", false), ("a b", false), ("ü", false)] {
            assert_eq!(name.parse::<LogGroupName>().is_ok(), valid, "{name}");
        }
        assert!("x".repeat(513).parse::<LogGroupName>().is_err());
    }

    #[test]
    fn only_periods_on_offer_are_taken() {
        assert_eq!(Retention::days(30).in_days(), 30);
        let error = Retention::try_from(31).expect_err("not on offer");
        assert_eq!(
            error.to_string(),
            "CloudWatch Logs does not keep events for 31 days; the next period it offers is 60"
        );
        assert!(Retention::try_from(0).is_err());
    }
}
