//! Metrics of Amazon CloudWatch: what alarms watch and dashboards draw.

use std::{collections::BTreeMap, fmt, str::FromStr};

use landfall_core::Input;
use serde::{Deserialize, Serialize};

/// One metric with its dimensions, as CloudWatch names it.
///
/// The functions of [`metrics`](crate::metrics) make them for what this library declares, with the
/// dimensions that AWS really publishes: an alarm on any others never fires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Namespace: `AWS/ApplicationELB`.
    pub namespace: String,
    /// Name: `TargetResponseTime`.
    pub name: String,
    /// What the metric is about, by dimension: `LoadBalancer`.
    pub dimensions: BTreeMap<String, Input<String>>,
    /// How values within a period become one.
    pub statistic: Statistic,
    /// Length of a period in seconds: 10, 30 or a multiple of 60.
    pub period_seconds: u32,
}

impl Metric {
    /// A metric without dimensions, over periods of one minute.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, statistic: Statistic) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            dimensions: BTreeMap::new(),
            statistic,
            period_seconds: 60,
        }
    }

    /// Adds a dimension.
    #[must_use]
    pub fn dimension(mut self, name: impl Into<String>, value: impl Into<Input<String>>) -> Self {
        self.dimensions.insert(name.into(), value.into());
        self
    }

    /// Sets the length of a period in seconds.
    #[must_use]
    pub fn period_seconds(mut self, seconds: u32) -> Self {
        self.period_seconds = seconds;
        self
    }
}

/// How the values within a period become one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Statistic {
    /// Mean.
    Average,
    /// Sum.
    Sum,
    /// Smallest value.
    Minimum,
    /// Largest value.
    Maximum,
    /// Number of values.
    SampleCount,
    /// Percentile in tenths: `Percentile(999)` is p99.9.
    Percentile(u16),
}

/// A text that is no statistic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no statistic: use Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99")]
pub struct InvalidStatistic {
    /// The text as given.
    pub text: String,
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Average => f.write_str("Average"),
            Self::Sum => f.write_str("Sum"),
            Self::Minimum => f.write_str("Minimum"),
            Self::Maximum => f.write_str("Maximum"),
            Self::SampleCount => f.write_str("SampleCount"),
            Self::Percentile(tenths) if tenths % 10 == 0 => write!(f, "p{}", tenths / 10),
            Self::Percentile(tenths) => write!(f, "p{}.{}", tenths / 10, tenths % 10),
        }
    }
}

impl FromStr for Statistic {
    type Err = InvalidStatistic;

    fn from_str(text: &str) -> Result<Self, InvalidStatistic> {
        let invalid = || InvalidStatistic { text: text.to_owned() };
        Ok(match text {
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            "SampleCount" => Self::SampleCount,
            _ => {
                let digits = text.strip_prefix('p').ok_or_else(invalid)?;
                let (whole, tenths) = digits.split_once('.').unwrap_or((digits, "0"));
                let number = |text: &str| text.parse::<u16>().map_err(|_| invalid());
                let tenths = number(whole)?.saturating_mul(10).saturating_add(number(tenths)?);
                if !(1..=1000).contains(&tenths) {
                    return Err(invalid());
                }
                Self::Percentile(tenths)
            }
        })
    }
}

impl TryFrom<String> for Statistic {
    type Error = InvalidStatistic;

    fn try_from(text: String) -> Result<Self, InvalidStatistic> {
        text.parse()
    }
}

impl From<Statistic> for String {
    fn from(statistic: Statistic) -> Self {
        statistic.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_read_back_as_written() {
        for text in ["Average", "Sum", "Minimum", "Maximum", "SampleCount", "p50", "p99", "p99.9", "p100"] {
            assert_eq!(text.parse::<Statistic>().map(|statistic| statistic.to_string()), Ok(text.to_owned()));
        }
        for text in ["average", "p", "p0", "p101", "tm99", ""] {
            assert!(text.parse::<Statistic>().is_err(), "{text}");
        }
    }
}
