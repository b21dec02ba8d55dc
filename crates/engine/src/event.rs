//! Events: what happens during an operation, for those who watch.

use std::{fmt, time::Duration};

use landfall_core::{
    Address, Fault, Plan,
    plan::{Action, Goal},
    state::Operation,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::Instant};

use crate::outcome::Summary;

/// One event and when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Seconds since the operation began, in the time of the engine's runtime (which may be virtual).
    pub at: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happens during an operation. Names are stable; fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A plan is being made.
    Planning {
        /// Name of the topology.
        topology: String,
        /// Its environment.
        environment: String,
    },
    /// Objects are read before planning, or to see drift.
    Refreshing {
        /// How many are read.
        total: usize,
    },
    /// One object was read.
    Refreshed {
        /// The resource.
        address: Address,
        /// How many are read by now.
        done: usize,
        /// How many will be.
        total: usize,
    },
    /// A plan was made.
    Planned(PlanCounts),
    /// An interrupted run left calls whose outcome is unknown.
    Recovering {
        /// How many.
        open: usize,
    },
    /// The outcome of one of them is known now.
    Settled {
        /// The resource.
        address: Address,
        /// What the call was about to do.
        operation: Operation,
        /// Whether the object exists.
        exists: bool,
    },
    /// What a call of an interrupted run did could not be found out; everything that does not need it goes on.
    Unsettled {
        /// The resource.
        address: Address,
        /// Why AWS gave no answer.
        fault: Fault,
    },
    /// Recorded objects are not there; they are read again, as AWS can be late to show what was just made.
    LookingAgain {
        /// How many.
        absent: usize,
        /// Time until then.
        #[serde(with = "seconds")]
        delay: Duration,
    },
    /// A run begins.
    StepsTotal {
        /// Steps of the plan.
        steps: usize,
        /// Those of them that change something in AWS.
        calls: usize,
    },
    /// A step began.
    Started {
        /// The resource.
        address: Address,
        /// What is done to it.
        action: Action,
    },
    /// A step waits for something in AWS.
    Waiting {
        /// The resource.
        address: Address,
        /// What it waits for.
        what: String,
    },
    /// A call failed and will be made again.
    Retried {
        /// The resource.
        address: Address,
        /// Why it failed.
        fault: Fault,
        /// Time until the next attempt.
        #[serde(with = "seconds")]
        delay: Duration,
    },
    /// A step is done.
    Finished {
        /// The resource.
        address: Address,
        /// What was done to it.
        action: Action,
        /// How long it took.
        #[serde(with = "seconds")]
        duration: Duration,
        /// Whether the step turned out to have nothing to change.
        unchanged: bool,
    },
    /// A step failed.
    Failed {
        /// The resource.
        address: Address,
        /// What was tried.
        action: Action,
        /// Why.
        fault: Fault,
    },
    /// A step was not started.
    Skipped {
        /// The resource.
        address: Address,
        /// What was planned for it.
        action: Action,
        /// The resource whose failure is the cause; `None` when the run was stopped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<Address>,
    },
    /// The run was told to end.
    Stopping {
        /// Whether calls in flight are abandoned instead of awaited.
        at_once: bool,
    },
    /// The operation ended.
    Ended {
        /// What was done.
        summary: Summary,
        /// Things a person should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
        /// Why the state could not be written, when it could not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        store_error: Option<String>,
    },
}

/// How many steps of each sort a plan has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCounts {
    /// What the plan is for.
    pub goal: Goal,
    /// Objects to create where there was none.
    pub create: usize,
    /// Objects to change in place.
    pub update: usize,
    /// Objects to replace.
    pub replace: usize,
    /// Objects to delete, those replaced not counted.
    pub delete: usize,
    /// Objects to forget and leave in AWS.
    pub forget: usize,
    /// Steps that change only the state.
    pub record: usize,
    /// Objects that vanished behind our back.
    pub gone: usize,
    /// Resources that stay as they are.
    pub unchanged: usize,
}

impl From<&Plan> for PlanCounts {
    fn from(plan: &Plan) -> Self {
        let count = |wanted: &[Action]| plan.steps.iter().filter(|step| wanted.contains(&step.action)).count();
        Self {
            goal: plan.goal,
            create: count(&[Action::Create]),
            update: count(&[Action::Update]),
            replace: count(&[Action::CreateReplacement]),
            delete: count(&[Action::Delete]),
            forget: count(&[Action::Forget]),
            record: count(&[Action::Move, Action::Record]),
            gone: plan.gone.len(),
            unchanged: plan.unchanged,
        }
    }
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}

/// Where the events of an operation go. Everything also goes to `tracing`.
///
/// Nobody who listens can slow an operation down or touch its data; a receiver that is gone is no error.
#[derive(Clone)]
pub struct Events {
    sender: Option<mpsc::UnboundedSender<Moment>>,
    began: Option<Instant>,
}

impl Events {
    /// To `tracing` only.
    pub fn none() -> Self {
        Self { sender: None, began: None }
    }

    /// To a channel.
    pub fn to(sender: mpsc::UnboundedSender<Moment>) -> Self {
        Self { sender: Some(sender), began: None }
    }

    /// To a new channel, whose receiving end is returned too.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Moment>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self::to(sender), receiver)
    }

    /// The same listeners, for an operation that begins now.
    pub(crate) fn beginning(&self) -> Self {
        Self { sender: self.sender.clone(), began: Some(Instant::now()) }
    }

    pub(crate) fn emit(&self, event: Event) {
        mirror(&event);
        if let Some(sender) = &self.sender {
            let at = self.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
            let _ = sender.send(Moment { at, event });
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.sender.is_some() { "Events(channel)" } else { "Events(none)" })
    }
}

fn mirror(event: &Event) {
    match event {
        Event::Planning { topology, environment } => tracing::debug!(topology, environment, "planning"),
        Event::Refreshing { total } => tracing::info!(total, "refreshing"),
        Event::Refreshed { address, .. } => tracing::debug!(%address, "read"),
        Event::Planned(counts) => tracing::info!(?counts, "planned"),
        Event::Recovering { open } => tracing::warn!(open, "settling calls of an interrupted run"),
        Event::Settled { address, operation, exists } => tracing::info!(%address, %operation, exists, "settled"),
        Event::StepsTotal { steps, calls } => tracing::info!(steps, calls, "running"),
        Event::Started { address, action } => tracing::info!(%address, ?action, "started"),
        Event::Waiting { address, what } => tracing::debug!(%address, what, "waiting"),
        Event::Retried { address, fault, delay } => tracing::warn!(%address, %fault, ?delay, "retried"),
        Event::Finished { address, action, duration, .. } => tracing::info!(%address, ?action, ?duration, "finished"),
        Event::Failed { address, action, fault } => tracing::error!(%address, ?action, %fault, "failed"),
        Event::Skipped { address, action, because } => {
            tracing::warn!(%address, ?action, because = because.as_ref().map(tracing::field::display), "skipped");
        }
        Event::Stopping { at_once } => tracing::warn!(at_once, "stopping"),
        Event::Unsettled { address, fault } => tracing::warn!(%address, %fault, "unsettled"),
        Event::LookingAgain { absent, .. } => tracing::info!(absent, "looking again"),
        Event::Ended { summary, store_error, .. } => tracing::info!(?summary, store_error, "ended"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_one_flat_object_with_a_stable_name() {
        let address: Address = "ap-south-1/net/ec2.subnet:a".parse().unwrap();
        let event = Event::Finished {
            address,
            action: Action::Create,
            duration: Duration::from_millis(1500),
            unchanged: false,
        };
        let moment = Moment { at: 2.25, event };
        let line = serde_json::to_string(&moment).unwrap();
        assert_eq!(
            line,
            r#"{"at":2.25,"event":"finished","address":"ap-south-1/net/ec2.subnet:a","action":"create","duration":1.5,"unchanged":false}"#
        );
        assert_eq!(serde_json::from_str::<Moment>(&line).unwrap(), moment);
    }
}
