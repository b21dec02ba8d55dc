//! Late reads: how long AWS's eventually consistent services don't tell of something new.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use serde::Deserialize;

/// How long after its creation began an object stays unseen, by service.
///
/// The default holds what AWS's documents say of EC2 and IAM, see `data/SOURCES.md`; everything else is seen at
/// once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateReads {
    services: BTreeMap<String, Lag>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lag {
    reads: Duration,
    others: Duration,
}

#[derive(Deserialize)]
struct Row {
    service: String,
    seen_by: String,
    seconds: f64,
}

impl Default for LateReads {
    fn default() -> Self {
        static DEFAULT: LazyLock<LateReads> = LazyLock::new(read);
        DEFAULT.clone()
    }
}

fn read() -> LateReads {
    let mut reader = csv::Reader::from_reader(include_str!("../data/late_reads.csv").as_bytes());
    let rows = reader.deserialize::<Row>().map(|row| row.expect("the table of late reads is well-formed"));
    rows.fold(LateReads::none(), |late, row| {
        let lag = Duration::from_secs_f64(row.seconds);
        match row.seen_by.as_str() {
            "reads" => late.reads(row.service, lag),
            _ => late.other_services(row.service, lag),
        }
    })
}

impl LateReads {
    /// Everything is seen at once.
    pub fn none() -> Self {
        Self { services: BTreeMap::new() }
    }

    /// How long the reads of a service, `ec2`, don't show something new; its own other calls don't either.
    #[must_use]
    pub fn reads(mut self, service: impl Into<String>, lag: Duration) -> Self {
        self.services.entry(service.into()).or_default().reads = lag;
        self
    }

    /// How long other services refuse something new of a service: EC2 a role of `iam`.
    #[must_use]
    pub fn other_services(mut self, service: impl Into<String>, lag: Duration) -> Self {
        self.services.entry(service.into()).or_default().others = lag;
        self
    }

    /// How long a new object of `service` stays unseen by `reader`.
    pub(crate) fn lag(&self, service: &str, reader: &str) -> Duration {
        let lag = self.services.get(service).copied().unwrap_or_default();
        if service == reader { lag.reads } else { lag.reads.max(lag.others) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_reaches_others_later_than_itself() {
        let late = LateReads::default();
        let check = |service, reader, seconds| {
            assert_eq!(late.lag(service, reader), Duration::from_secs(seconds), "{service} seen by {reader}");
        };
        check("iam", "iam", 1);
        check("iam", "ec2", 10);
        check("ec2", "ec2", 1);
        check("s3", "cloudfront", 0);
        assert_eq!(LateReads::none().lag("iam", "ec2"), Duration::ZERO);
    }
}
