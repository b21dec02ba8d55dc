//! The log of calls: every operation that a provider was asked for.

use std::{collections::BTreeMap, time::Duration};

use landfall_core::{Address, Fault, Kind, PlaceCode};
use serde::Serialize;

/// What a provider was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Read an object by its id.
    Read,
    /// Find by its token what an interrupted create made.
    Find,
    /// Create an object.
    Create,
    /// Change an object in place.
    Update,
    /// Delete an object.
    Delete,
}

impl Op {
    /// Whether the operation only reads.
    pub fn only_reads(self) -> bool {
        matches!(self, Self::Read | Self::Find)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Find => "find",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// IAM actions that it needs.
    pub(crate) fn actions(self, kind: &Kind) -> &'static [&'static str] {
        match self {
            Self::Read | Self::Find => kind.actions.read,
            Self::Create => kind.actions.create,
            Self::Update => kind.actions.update,
            Self::Delete => kind.actions.delete,
        }
    }

    /// The API operation that faults name: the main one of those that it calls.
    pub(crate) fn operation(self, kind: &Kind) -> String {
        let main = self.actions(kind).first();
        main.map_or_else(|| format!("{}:{}", kind.name, self.as_str()), |action| (*action).to_owned())
    }
}

impl std::fmt::Display for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One operation that a provider was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// Number of the call, from 1.
    pub number: u64,
    /// When it began, in virtual time.
    pub at: Duration,
    /// How long it took; `None` while it runs, and for ever when its caller gave up waiting.
    pub took: Option<Duration>,
    /// Kind of the object.
    pub kind: &'static str,
    /// The resource in its topology.
    pub address: Address,
    /// Where the object lives.
    pub place: PlaceCode,
    /// What was asked.
    pub op: Op,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing yet: it runs, or its caller gave up waiting.
    Open,
    /// It was done, or found what it looked for.
    Done,
    /// There was no such object.
    Absent,
    /// It failed.
    Failed(Fault),
}

/// Every operation that providers of a sandbox were asked for, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Calls(pub(crate) Vec<Call>);

impl Calls {
    /// The calls, in the order in which they began.
    pub fn iter(&self) -> std::slice::Iter<'_, Call> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many asked for an operation.
    pub fn count(&self, op: Op) -> usize {
        self.0.iter().filter(|call| call.op == op).count()
    }

    /// Calls that could change something: everything but reads.
    pub fn writes(&self) -> impl Iterator<Item = &Call> {
        self.0.iter().filter(|call| !call.op.only_reads())
    }

    /// How many of each operation each kind has seen.
    pub fn by_kind(&self) -> BTreeMap<&'static str, BTreeMap<Op, usize>> {
        let mut counts: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for call in &self.0 {
            *counts.entry(call.kind).or_default().entry(call.op).or_default() += 1;
        }
        counts
    }

    /// The calls from one on: what a second run did.
    #[must_use]
    pub fn since(&self, number: u64) -> Self {
        Self(self.0.iter().filter(|call| call.number > number).cloned().collect())
    }
}

impl<'a> IntoIterator for &'a Calls {
    type Item = &'a Call;
    type IntoIter = std::slice::Iter<'a, Call>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>5} {:>9.1}s {:<6} {}", self.number, self.at.as_secs_f64(), self.op, self.address)?;
        match &self.outcome {
            Outcome::Open => f.write_str(" …"),
            Outcome::Done => Ok(()),
            Outcome::Absent => f.write_str(" absent"),
            Outcome::Failed(fault) => write!(f, " {fault}"),
        }
    }
}

impl std::fmt::Display for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|call| writeln!(f, "{call}"))
    }
}
