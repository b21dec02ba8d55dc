//! Steps that wait for nothing but limits: which of them starts next.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use landfall_core::{
    PlaceCode,
    plan::{Step, StepIndex},
};
use tokio::time::Instant;

use crate::limits::{Limits, service};

/// Steps that wait for nothing but limits, in one lane per service and place, as these are limited.
///
/// The step with the longest time to go comes first, of those whose lanes are open: no step that waits for the turn
/// of its service keeps another from working.
#[derive(Default)]
pub(super) struct Ready<'p> {
    lanes: BTreeMap<(&'p str, PlaceCode), Lane<'p>>,
}

struct Lane<'p> {
    steps: BTreeSet<(Reverse<Duration>, StepIndex)>,
    /// Any kind of the service, for the turn.
    kind: &'p str,
    /// When the next turn is expected.
    opens: Instant,
}

impl<'p> Ready<'p> {
    /// Adds a step; `height` is the expected time from its start to the end of everything that waits for it.
    pub(super) fn insert(&mut self, step: &'p Step, height: Duration, position: StepIndex) {
        let lane = self.lanes.entry((service(&step.kind), step.place)).or_insert_with(|| Lane {
            steps: BTreeSet::new(),
            kind: &step.kind,
            opens: Instant::now(),
        });
        lane.steps.insert((Reverse(height), position));
    }

    /// Whether some step waits for no turn, as far as is known.
    pub(super) fn may_start(&self, now: Instant) -> bool {
        self.waiting().any(|lane| lane.opens <= now)
    }

    /// When the first lane with a step opens.
    pub(super) fn next_turn(&self) -> Option<Instant> {
        self.waiting().map(|lane| lane.opens).min()
    }

    fn waiting(&self) -> impl Iterator<Item = &Lane<'p>> {
        self.lanes.values().filter(|lane| !lane.steps.is_empty())
    }

    /// Takes the first step whose service lets it begin, and its turn.
    pub(super) fn pop(&mut self, limits: &Limits) -> Option<StepIndex> {
        let now = Instant::now();
        loop {
            let open = self.lanes.iter_mut().filter(|(_, lane)| lane.opens <= now);
            let first =
                open.filter_map(|(key, lane)| Some((*lane.steps.first()?, key.1, lane))).min_by_key(|it| it.0)?;
            let (_, place, lane) = first;
            match limits.try_turn(lane.kind, place) {
                Ok(()) => return lane.steps.pop_first().map(|(_, position)| position),
                Err(wait) => lane.opens = now + wait,
            }
        }
    }
}
