//! One line of a layer's table: a kind, where its wire is proved, and a topology that needs it.

use landfall_core::{Kind, Topology};

/// How one kind is proved: a line of a layer's table.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub(crate) kind: &'static str,
    pub(crate) wire: Wire,
    pub(crate) declare: fn(&Topology, Variant),
    pub(crate) untested: &'static [(&'static str, &'static str)],
    pub(crate) answers: &'static [(&'static str, &'static str)],
}

impl Case {
    /// A case of a kind: `declare` declares the object under test, last of its kind, and before it all that it needs.
    pub const fn new(kind: &'static str, wire: Wire, declare: fn(&Topology, Variant)) -> Self {
        Self { kind, wire, declare, untested: &[], answers: &[] }
    }

    /// Fields that the case leaves out, each with the reason: `&[("kms_key", "moto drops it")]`.
    ///
    /// Every other field has a value in one of the variants, and every field that AWS changes in place has another
    /// one in each.
    #[must_use]
    pub const fn untested(mut self, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.untested = fields;
        self
    }

    /// Answers of AWS for [`Wire::Recorded`], in the order of the calls: operation and body, XML or JSON.
    ///
    /// An operation is named as [`Asked::operation`](landfall_aws::tap::Asked::operation) has it, of REST services by
    /// the start: `POST /2013-04-01/hostedzone`. The last answer of an operation repeats.
    #[must_use]
    pub const fn answers(mut self, answers: &'static [(&'static str, &'static str)]) -> Self {
        self.answers = answers;
        self
    }

    /// Name of the kind under test.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    pub(crate) fn tests(&self, field: &str) -> bool {
        self.untested.iter().all(|(name, _)| *name != field)
    }
}

/// Which version of the program declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// What is created.
    First,
    /// The same with every field changed that AWS changes in place.
    Updated,
}

impl Variant {
    /// One of two values: `variant.pick("before", "after")`.
    pub fn pick<T>(self, first: T, updated: T) -> T {
        match self {
            Self::First => first,
            Self::Updated => updated,
        }
    }
}

/// Where the wire of a kind is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wire {
    /// On moto, all services.
    Moto,
    /// On ministack, all services.
    Ministack,
    /// On moto, but these services on ministack, by the SDK's ids: `CloudFront`.
    Split {
        /// Services that ministack serves.
        ministack: &'static [&'static str],
    },
    /// On requests that a human has reviewed, because no emulator serves the kind; see
    /// [`recordings`](crate::recordings). What the kind refers to is named by
    /// [`Ref::existing`](landfall_core::Ref::existing).
    Recorded,
}

/// Fails unless every kind of a layer has a case and every case names a kind of the layer.
///
/// # Panics
/// With the kinds that lack a case, or the cases that name no kind.
pub fn complete(kinds: &[&'static Kind], cases: &[Case]) {
    let lacking: Vec<_> =
        kinds.iter().map(|kind| kind.name).filter(|name| cases.iter().all(|case| case.kind != *name)).collect();
    assert!(lacking.is_empty(), "kinds without a line in the conformance table: {}", lacking.join(", "));
    let unknown: Vec<_> =
        cases.iter().map(|case| case.kind).filter(|name| kinds.iter().all(|kind| kind.name != *name)).collect();
    assert!(unknown.is_empty(), "cases of kinds that the layer does not have: {}", unknown.join(", "));
}
