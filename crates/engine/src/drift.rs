//! Drift: how objects differ from what the state records of them.

use std::collections::BTreeMap;

use landfall_core::{
    Address, Observed, Providers, State,
    plan::{Baseline, Delta, merge, resolved_deltas},
    state::{Entry, Object, Token},
};
use serde::Serialize;

use crate::run::migrated;

/// How objects differ from what the state records of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Drift {
    /// Objects with fields that were changed behind our back, by address.
    pub changed: Vec<Drifted>,
    /// Objects that were deleted behind our back.
    pub gone: Vec<Address>,
    /// How many objects were read.
    pub read: usize,
}

/// An object whose fields were changed behind our back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drifted {
    /// The resource.
    pub address: Address,
    /// Name of its kind.
    pub kind: String,
    /// What differs: `before` is what was observed, `after` what the state records.
    pub deltas: Vec<Delta>,
}

impl Drift {
    /// Whether everything is as recorded.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }

    /// Compares what was observed with what is recorded; also returns what a refresh writes to the log.
    pub(crate) fn between(
        state: &State,
        providers: &Providers,
        seen: &BTreeMap<Token, Option<Observed>>,
    ) -> (Self, Vec<Entry>) {
        let mut drift = Self { read: seen.len(), ..Self::default() };
        let mut entries = Vec::new();
        for (token, observed) in seen {
            let Some(object) = state.objects.get(token) else { continue };
            match observed {
                None => {
                    drift.gone.push(object.address.clone());
                    entries.push(Entry::Gone { token: token.clone() });
                }
                Some(observed) => {
                    drift.changed.extend(drifted(object, providers, observed));
                    entries.extend(refreshed(object, providers, observed));
                }
            }
        }
        drift.changed.sort_by(|a, b| a.address.cmp(&b.address));
        drift.gone.sort();
        (drift, entries)
    }
}

fn drifted(object: &Object, providers: &Providers, observed: &Observed) -> Option<Drifted> {
    let kind = providers.kind(&object.kind)?;
    let recorded = migrated(kind, object);
    let have = Baseline { recorded: &recorded, observed: Some(&observed.fields) };
    let deltas = resolved_deltas(kind, &recorded, have);
    let drifted = || Drifted { address: object.address.clone(), kind: object.kind.clone(), deltas: deltas.clone() };
    (!deltas.is_empty()).then(drifted)
}

/// The entry that takes an observation over, unless it says nothing new. Fields of an older version stay as
/// they are until an update stores them anew.
fn refreshed(object: &Object, providers: &Providers, observed: &Observed) -> Option<Entry> {
    let kind = providers.kind(&object.kind)?;
    let current = object.version == kind.version;
    let fields = if current { merge(&object.fields, &observed.fields) } else { object.fields.clone() };
    let news = fields != object.fields || observed.attributes != object.attributes;
    news.then(|| {
        let (token, attributes) = (object.token.clone(), observed.attributes.clone());
        Entry::Observed { token, fields, attributes, version: None }
    })
}
