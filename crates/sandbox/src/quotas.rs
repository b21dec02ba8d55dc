//! Quotas: how many objects of a kind an account may have in one place.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

/// How many objects of a kind an account may have in one place.
///
/// The default holds the quotas of a new AWS account that a platform may meet, see `data/SOURCES.md`; kinds that
/// it does not name are not limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotas {
    limits: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Row {
    kind: String,
    limit: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        static DEFAULT: LazyLock<Quotas> = LazyLock::new(read);
        DEFAULT.clone()
    }
}

fn read() -> Quotas {
    let mut reader = csv::Reader::from_reader(include_str!("../data/quotas.csv").as_bytes());
    let rows = reader.deserialize::<Row>().map(|row| row.expect("the table of quotas is well-formed"));
    rows.fold(Quotas::none(), |quotas, row| quotas.limit(row.kind, row.limit))
}

impl Quotas {
    /// Nothing is limited.
    pub fn none() -> Self {
        Self { limits: BTreeMap::new() }
    }

    /// Sets the limit of a kind, as a granted increase does: `.limit("ec2.vpc", 20)`.
    #[must_use]
    pub fn limit(mut self, kind: impl Into<String>, limit: usize) -> Self {
        self.limits.insert(kind.into(), limit);
        self
    }

    pub(crate) fn of(&self, kind: &str) -> Option<usize> {
        self.limits.get(kind).copied()
    }
}
