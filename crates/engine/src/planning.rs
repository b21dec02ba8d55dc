//! Planning: what has to be read is read, then the pure planner decides.

use std::collections::BTreeSet;

use landfall_core::{
    Address, Lowered, Plan, State,
    plan::{self, Choice, Goal, Observations},
    state::{Object, Token},
};

use crate::{error::Error, reader, tools::Tools};

/// What a plan takes into account.
#[derive(Debug, Clone, Default, PartialEq, Eq, bon::Builder)]
pub struct PlanOptions {
    /// Which objects are read before planning; none unless said.
    #[builder(default)]
    pub refresh: Refresh,
    /// Only these resources, with what they need; everything when empty.
    #[builder(default)]
    pub only: Vec<Address>,
}

/// Which objects are read before planning, so that changes made behind our back are seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Refresh {
    /// None: the plan trusts the state. Lookups are read all the same.
    #[default]
    None,
    /// Those that the plan is about to touch.
    Touched,
    /// All.
    All,
}

/// Plans against a state without open intents; `jitter` is the seed of the delays of reads.
pub(crate) async fn plan(
    tools: &Tools,
    goal: Goal,
    lowered: &Lowered,
    state: &State,
    options: &PlanOptions,
    jitter: u64,
) -> Result<Plan, Error> {
    let mut seen = Observations::default();
    if goal == Goal::Apply {
        seen.lookups = reader::lookups(tools, lowered, |_| true, jitter).await?;
    }
    if options.refresh == Refresh::All {
        seen.objects = reader::objects(tools, state.objects.values(), jitter).await?;
    }
    let choice = Choice { only: options.only.clone() };
    let decide = |seen: &Observations| match goal {
        Goal::Apply => plan::apply(lowered, state, seen, &choice),
        Goal::Destroy => plan::destroy(state, seen, &choice),
    };
    let mut plan = decide(&seen)?;
    if options.refresh == Refresh::Touched {
        // What turns out to be gone or changed may make the plan touch more.
        loop {
            let unread = unread(&plan, state, &seen);
            if unread.is_empty() {
                break;
            }
            seen.objects.extend(reader::objects(tools, unread, jitter).await?);
            plan = decide(&seen)?;
        }
    }
    // The state of a topology that was never applied has no name.
    plan.topology.clone_from(&lowered.topology);
    plan.environment.clone_from(&lowered.environment);
    Ok(plan)
}

/// The objects that a plan touches and nobody has read yet.
fn unread<'s>(plan: &Plan, state: &'s State, seen: &Observations) -> Vec<&'s Object> {
    let touched: BTreeSet<&Token> = plan
        .steps
        .iter()
        .filter_map(|step| step.token.as_ref().or_else(|| state.current(&step.address).map(|object| &object.token)))
        .collect();
    let unread = |object: &&Object| touched.contains(&object.token) && !seen.objects.contains_key(&object.token);
    state.objects.values().filter(unread).collect()
}
