//! What a command says at its end.

use std::{error::Error, fmt::Write};

use jiff::Timestamp;
use landfall_core::{FaultKind, State, plan::After, state::Entry, store::Holder};
use landfall_engine::{Drift, Outcome, Report};

use super::{progress::time, style};

/// What a run did, and what to do about what failed.
pub(super) fn outcome(outcome: &Outcome) -> String {
    let report = outcome.report();
    let mut text = String::new();
    for (step, fault) in report.failures() {
        let _ = writeln!(text, "{} {}: {fault}", style::bad("failed:"), step.address);
        if let Some(mend) = mend(fault.kind) {
            let _ = writeln!(text, "  {mend}");
        }
    }
    let skipped = report.skipped().count();
    if skipped > 0 {
        let _ = writeln!(text, "{skipped} steps were left out because something they need failed.");
    }
    if let Some(error) = &report.store_error {
        let why = with_causes(&**error);
        let _ = writeln!(text, "{} the state could not be written: {why}", style::bad("failed:"));
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "{} {warning}", style::caution("warning:"));
    }
    let head = match outcome {
        Outcome::Done(_) => "Done",
        Outcome::Stopped(_) => "Stopped; the next run goes on from here",
        Outcome::Failed(_) => "Not everything is done; run the same command again after mending what failed",
    };
    let _ = write!(text, "{}: {}.", style::strong(head), counts(report));
    text
}

/// An error with what caused it, one cause a line.
pub(super) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, "\n  because {inner}");
        cause = inner.source();
    }
    text
}

/// `12 created, 1 deleted, in 8 min 20 s`.
pub(super) fn counts(report: &Report) -> String {
    let summary = &report.summary;
    let parts = [
        (summary.created, "created"),
        (summary.updated, "updated"),
        (summary.deleted, "deleted"),
        (summary.forgotten, "forgotten"),
        (summary.recorded, "recorded"),
        (summary.unchanged, "found unchanged"),
        (summary.failed, "failed"),
        (summary.not_started, "not started"),
    ];
    let mut said: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if said.is_empty() {
        said.push("nothing changed".to_owned());
    }
    format!("{}, in {}", said.join(", "), time(report.elapsed.as_secs_f64()))
}

/// What a person can do about a fault; nothing where the message says it already.
fn mend(kind: FaultKind) -> Option<&'static str> {
    match kind {
        FaultKind::Denied => Some("add the action to the IAM policy of the caller, and run again"),
        FaultKind::Throttled => Some("lower --parallelism, or ask AWS for a higher rate"),
        FaultKind::NotYet => Some("run again: what it needs was not visible in time"),
        FaultKind::Blocked => Some("remove what still uses it, and run again"),
        FaultKind::Unavailable => Some("check the endpoint and the network, and run again"),
        FaultKind::Taken => Some("choose another name, or remove what has this one"),
        FaultKind::TimedOut => Some("run again, or raise the resource's `timeout`"),
        FaultKind::Unsupported => Some("use an endpoint that implements the operation"),
        FaultKind::Invalid | FaultKind::Stopped | FaultKind::Fatal => None,
    }
}

/// What differs between the state and AWS.
pub(super) fn drift(drift: &Drift) -> String {
    let mut text = String::new();
    for address in &drift.gone {
        let _ = writeln!(text, "- {address}  (was deleted in AWS)");
    }
    for object in &drift.changed {
        let _ = writeln!(text, "~ {}", object.address);
        for delta in &object.deltas {
            let there = delta.before.as_ref().map_or_else(|| "null".to_owned(), ToString::to_string);
            let recorded = match &delta.after {
                After::Secret => "(secret)".to_owned(),
                After::Field(expr) => expr.known().unwrap_or_default().to_string(),
            };
            let _ = writeln!(text, "      {}: {recorded} recorded, {there} in AWS", delta.field);
        }
    }
    if drift.is_empty() {
        let _ = write!(text, "No drift: {} objects are as recorded.", drift.read);
    } else {
        let (changed, gone) = (drift.changed.len(), drift.gone.len());
        let _ = write!(text, "{changed} changed and {gone} deleted, of {} objects. An apply repairs them.", drift.read);
    }
    text
}

/// The objects of a state with their ids.
pub(super) fn objects(state: &State) -> String {
    let mut rows: Vec<_> = state.objects.values().collect();
    rows.sort_by(|a, b| (&a.address, a.deposed).cmp(&(&b.address, b.deposed)));
    let width = rows.iter().map(|object| object.address.as_str().len()).max().unwrap_or_default();
    let mut text = String::new();
    for object in &rows {
        let note = match (object.deposed, object.keep.protect, object.keep.retain) {
            (true, _, _) => "  waits to be deleted",
            (_, true, _) => "  protected",
            (_, _, true) => "  retained",
            _ => "",
        };
        let _ = writeln!(text, "{:width$}  {}{note}", object.address, object.id().unwrap_or_default());
    }
    let open = state.open.len();
    if open > 0 {
        let _ = writeln!(text, "{open} calls of an interrupted run are open; the next run settles them.");
    }
    let _ = write!(text, "{} objects at revision {}.", rows.len(), state.revision);
    text
}

/// The runs in a log, newest last.
pub(super) fn history(entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut runs = 0;
    for (revision, entry) in (1..).zip(entries) {
        if let Entry::Run { command, owner, at } = entry {
            let when = when(*at);
            let _ = writeln!(text, "{revision:>7}  {when}  {command:8} {owner}");
            runs += 1;
        }
    }
    let _ = write!(text, "{runs} runs, {} entries.", entries.len());
    text
}

/// Who holds a lease, and since when.
pub(super) fn holder(holder: &Holder) -> String {
    let Holder { owner, alive, .. } = holder;
    let does = if *alive { "is at work" } else { "is gone" };
    format!("{} (process {}) {does}: `{}`, since {}.", owner.name, owner.process, owner.command, when(owner.since))
}

/// A time in seconds since 1970, for people.
fn when(at: u64) -> String {
    let time = i64::try_from(at).ok().and_then(|at| Timestamp::from_second(at).ok());
    time.map_or_else(|| at.to_string(), |time| time.to_string())
}
