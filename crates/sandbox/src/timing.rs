//! How long AWS takes: medians seen by Terraform, with a tail.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use landfall_core::{Kind, state::Operation};
use serde::Deserialize;

use crate::draw::Draw;

/// Row for operations that are one synchronous call.
const CONTROL_PLANE: &str = "control_plane_only";

/// Which time of its row an operation takes.
///
/// Each number is the time that Terraform printed in public logs of applies, from the provider's first call to
/// the end of its wait: AWS's own time and up to one polling step, see `data/SOURCES.md`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tail {
    /// The median: what happens usually. The default.
    #[default]
    Median,
    /// The time within which nine of ten end; the median where there are too few samples.
    P90,
    /// Drawn by the seed from a log-normal distribution with that median and that 90th percentile.
    Drawn,
}

/// The median time of an operation on an object of a kind: what an executor expects, to start the longest chains first.
pub fn usual_time(kind: &Kind, operation: Operation) -> Duration {
    let times = Times::of(kind.timing).unwrap_or_else(Times::one_call);
    times.take(operation, Tail::Median, Draw::new(0))
}

/// Times of the operations of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Times {
    create: Time,
    update: Time,
    delete: Time,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Time {
    median: f64,
    p90: f64,
}

#[derive(Deserialize)]
struct Row {
    timing: String,
    operation: String,
    median_s: f64,
    p90_s: Option<f64>,
}

impl Times {
    /// The times of a row; `None` when the table has no such row. An operation that the row lacks, and the empty
    /// name, take the time of one synchronous call.
    pub(crate) fn of(row: &str) -> Option<Self> {
        let row = if row.is_empty() { CONTROL_PLANE } else { row };
        table().get(row).copied()
    }

    /// The times of one synchronous call.
    pub(crate) fn one_call() -> Self {
        table()[CONTROL_PLANE]
    }

    /// How long one operation takes.
    pub(crate) fn take(&self, operation: Operation, tail: Tail, draw: Draw) -> Duration {
        let time = match operation {
            Operation::Create => self.create,
            Operation::Update => self.update,
            Operation::Delete => self.delete,
        };
        let seconds = match tail {
            Tail::Median => time.median,
            Tail::P90 => time.p90,
            Tail::Drawn => time.drawn(draw),
        };
        // Whole milliseconds, which is what timers count in.
        Duration::from_secs_f64((seconds * 1000.0).round() / 1000.0)
    }
}

impl Time {
    /// Log-normal: the logarithm of the 90th percentile is 1.2816 standard deviations above that of the median.
    fn drawn(self, draw: Draw) -> f64 {
        if self.median <= 0.0 || self.p90 <= self.median {
            return self.median;
        }
        let deviation = (self.p90 / self.median).ln() / 1.2816;
        // Nothing takes longer than what one of a hundred takes: a simulation has no use for days.
        (self.median.ln() + deviation * draw.normal().clamp(-2.33, 2.33)).exp()
    }
}

fn table() -> &'static BTreeMap<String, Times> {
    static TABLE: LazyLock<BTreeMap<String, Times>> = LazyLock::new(|| {
        let mut reader = csv::Reader::from_reader(include_str!("../data/creation_times.csv").as_bytes());
        let mut rows: BTreeMap<String, BTreeMap<String, Time>> = BTreeMap::new();
        for row in reader.deserialize::<Row>() {
            let row = row.expect("the table of times is well-formed");
            let time = Time { median: row.median_s, p90: row.p90_s.unwrap_or(row.median_s) };
            rows.entry(row.timing).or_default().insert(row.operation, time);
        }
        let one_call = |operation: &str| rows[CONTROL_PLANE][operation];
        let time = |times: &BTreeMap<String, Time>, operation: &str| {
            times.get(operation).copied().unwrap_or_else(|| one_call(operation))
        };
        rows.iter()
            .map(|(name, times)| {
                let [create, update, delete] = ["create", "update", "delete"].map(|operation| time(times, operation));
                (name.clone(), Times { create, update, delete })
            })
            .collect()
    });
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(row: &str, operation: Operation, tail: Tail) -> f64 {
        let draw = Draw::new(1).with("row").with(row);
        Times::of(row).expect("a row").take(operation, tail, draw).as_secs_f64()
    }

    #[test]
    fn medians_and_tails_come_from_the_table() {
        let check = |row, operation, median: f64, p90: f64| {
            assert!((seconds(row, operation, Tail::Median) - median).abs() < 1e-9, "{row}");
            assert!((seconds(row, operation, Tail::P90) - p90).abs() < 1e-9, "{row}");
        };
        check("aws_nat_gateway", Operation::Create, 105.0, 119.0);
        check("aws_cloudfront_distribution", Operation::Create, 194.5, 551.6);
        check("", Operation::Create, 1.0, 2.0);
        // Neither an update of a load balancer nor the tail of one in a global cluster was seen.
        check("aws_lb", Operation::Update, 1.0, 2.6);
        check("aws_rds_global_cluster", Operation::Delete, 10.0, 10.0);
    }

    #[test]
    fn draws_scatter_around_the_median() {
        let times = Times::of("aws_db_instance").expect("a row");
        let draws: Vec<f64> = (0..2000_u64)
            .map(|n| times.take(Operation::Create, Tail::Drawn, Draw::new(n).with("draw")).as_secs_f64())
            .collect();
        let below = draws.iter().filter(|seconds| **seconds < 248.5).count();
        let above_p90 = draws.iter().filter(|seconds| **seconds > 818.2).count();
        assert!((900..1100).contains(&below), "{below} of 2000 are below the median");
        assert!((150..250).contains(&above_p90), "{above_p90} of 2000 are above the 90th percentile");
    }

    #[test]
    fn a_row_that_does_not_exist_is_none() {
        assert_eq!(Times::of("aws_moon"), None);
    }
}
