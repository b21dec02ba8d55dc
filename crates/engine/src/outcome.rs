//! Outcomes: everything that a run did.

use std::{sync::Arc, time::Duration};

use landfall_core::{
    Address, Fault, FaultKind,
    plan::{Action, Plan},
    state::Revision,
    store::StoreError,
};
use serde::{Deserialize, Serialize};

/// How a run ended. Each variant carries everything that was done.
#[derive(Debug, Clone)]
#[must_use = "a run that failed returns no error: look at its outcome"]
pub enum Outcome {
    /// Every step is done.
    Done(Report),
    /// The run was told to stop; what it did is recorded, the rest is planned again next time.
    Stopped(Report),
    /// Steps failed, or the state could not be written; everything that does not depend on them is done.
    Failed(Report),
}

/// Everything that a run did.
#[derive(Debug, Clone)]
pub struct Report {
    /// What became of each step, in the plan's order.
    pub steps: Vec<StepReport>,
    /// What was done, in numbers.
    pub summary: Summary,
    /// Things a person should know.
    pub warnings: Vec<String>,
    /// Revision of the state that is durable now.
    pub revision: Revision,
    /// Time of the whole operation, in the time of the engine's runtime (which may be virtual).
    pub elapsed: Duration,
    /// Time from the start of the first step to the end of the last.
    pub makespan: Duration,
    /// Longest chain of measured times of steps that wait for each other: no executor could be faster.
    pub critical_path: Duration,
    /// Why the state could not be written, when it could not.
    pub store_error: Option<Arc<StoreError>>,
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// The resource.
    pub address: Address,
    /// What was planned.
    pub action: Action,
    /// What became of it.
    pub result: StepResult,
    /// When it began, counted from the start of the run; zero when it never did.
    pub began: Duration,
    /// How long it took.
    pub duration: Duration,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StepResult {
    /// It is done.
    Done,
    /// Once everything was known there was nothing to change.
    Unchanged,
    /// It failed.
    Failed(Fault),
    /// The run left while its call was under way: the next run settles it.
    Abandoned(Fault),
    /// It was not started because the step of another resource failed.
    Skipped {
        /// The resource whose step failed.
        because: Address,
    },
    /// It was not started because the run ended before.
    NotStarted,
}

/// What a run did, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How it ended: `done`, `stopped` or `failed`.
    pub ended: Ended,
    /// Objects created, replacements among them.
    pub created: usize,
    /// Objects changed in place.
    pub updated: usize,
    /// Objects deleted, replaced ones among them.
    pub deleted: usize,
    /// Objects forgotten and left in AWS.
    pub forgotten: usize,
    /// Steps that changed only the state.
    pub recorded: usize,
    /// Steps that turned out to have nothing to change.
    pub unchanged: usize,
    /// Steps that failed.
    pub failed: usize,
    /// Steps not started because another failed.
    pub skipped: usize,
    /// Steps not started, or abandoned, because the run ended before.
    pub not_started: usize,
    /// Seconds from the start of the first step to the end of the last.
    pub makespan: f64,
    /// Seconds that the longest chain of steps took.
    pub critical_path: f64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Every step is done.
    #[default]
    Done,
    /// It was told to stop.
    Stopped,
    /// Something failed.
    Failed,
}

impl Outcome {
    /// Everything that was done.
    pub fn report(&self) -> &Report {
        match self {
            Self::Done(report) | Self::Stopped(report) | Self::Failed(report) => report,
        }
    }

    /// Everything that was done.
    pub fn into_report(self) -> Report {
        match self {
            Self::Done(report) | Self::Stopped(report) | Self::Failed(report) => report,
        }
    }

    /// Whether every step is done.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    pub(crate) fn of(report: Report) -> Self {
        match report.summary.ended {
            Ended::Done => Self::Done(report),
            Ended::Stopped => Self::Stopped(report),
            Ended::Failed => Self::Failed(report),
        }
    }
}

impl Report {
    /// The steps that failed, with their faults.
    pub fn failures(&self) -> impl Iterator<Item = (&StepReport, &Fault)> {
        self.steps.iter().filter_map(|step| match &step.result {
            StepResult::Failed(fault) => Some((step, fault)),
            _ => None,
        })
    }

    /// The steps that were not started because another failed, with the resource whose step that was.
    pub fn skipped(&self) -> impl Iterator<Item = (&StepReport, &Address)> {
        self.steps.iter().filter_map(|step| match &step.result {
            StepResult::Skipped { because } => Some((step, because)),
            _ => None,
        })
    }
}

impl Summary {
    /// Counts what became of the steps; `incomplete` says that the run failed whatever they did.
    pub(crate) fn of(steps: &[StepReport], incomplete: bool) -> Self {
        let mut summary = Self::default();
        let mut stopped = false;
        for step in steps {
            match &step.result {
                StepResult::Done => *summary.counter(step.action) += 1,
                StepResult::Unchanged => summary.unchanged += 1,
                StepResult::Failed(fault) => {
                    summary.failed += 1;
                    stopped |= fault.kind == FaultKind::Stopped;
                }
                StepResult::Skipped { .. } => summary.skipped += 1,
                StepResult::Abandoned(_) | StepResult::NotStarted => {
                    summary.not_started += 1;
                    stopped = true;
                }
            }
        }
        let real_failure = steps
            .iter()
            .any(|step| matches!(&step.result, StepResult::Failed(fault) if fault.kind != FaultKind::Stopped));
        summary.ended = match (incomplete || real_failure, stopped) {
            (true, _) => Ended::Failed,
            (false, true) => Ended::Stopped,
            (false, false) => Ended::Done,
        };
        summary
    }

    fn counter(&mut self, action: Action) -> &mut usize {
        match action {
            Action::Create | Action::CreateReplacement => &mut self.created,
            Action::Update => &mut self.updated,
            Action::Delete | Action::DeleteReplaced => &mut self.deleted,
            Action::Forget => &mut self.forgotten,
            Action::Move | Action::Record => &mut self.recorded,
        }
    }
}

/// The longest chain of times of steps that wait for each other.
///
/// # Assumptions
/// Each step of the plan comes after those it waits for.
pub(crate) fn critical_path(plan: &Plan, steps: &[StepReport]) -> Duration {
    let mut ends: Vec<Duration> = Vec::with_capacity(steps.len());
    for (step, report) in plan.steps.iter().zip(steps) {
        let begins = step.after.iter().filter_map(|before| ends.get(*before)).max().copied().unwrap_or_default();
        ends.push(begins + report.duration);
    }
    ends.into_iter().max().unwrap_or_default()
}
