//! The tour: what happens without a command.

use std::{collections::BTreeMap, future::Future, io::IsTerminal, sync::Arc, time::Instant};

use landfall_core::{Plan, Topology};
use landfall_engine::{Executor, Outcome, PlanOptions, Refresh};

use super::{
    cloud::Cloud,
    command::{BoxError, Exit, say, watched},
    options::Common,
    progress::time,
    report, style,
};

/// Plans, applies in the sandbox, plans again and destroys.
pub(super) async fn run(topology: &Topology, common: &Common) -> Result<Exit, BoxError> {
    let cloud = Cloud::sandbox(common.parallelism);
    let title = format!("{}-{}: a tour in the sandbox", topology.name(), topology.environment());
    say(&format!(
        "{}\nSimulated AWS inside this program: no network, no credentials, virtual time.\n",
        style::strong(&title)
    ))?;

    let clock = Instant::now();
    let plan = cloud.executor.plan(topology, Arc::clone(&cloud.store), PlanOptions::default()).await?;
    line("plan", &format!("{}: {}", plan.summary(), places(&plan)), clock)?;

    let clock = Instant::now();
    let outcome = shown(&cloud.executor, common.json, async |executor: Executor| {
        executor.apply(topology, Arc::clone(&cloud.store), plan).await
    });
    if !told("apply", &outcome.await?, clock)? {
        return Ok(Exit::Failed);
    }

    let clock = Instant::now();
    let options = PlanOptions { refresh: Refresh::All, ..PlanOptions::default() };
    let again = cloud.executor.plan(topology, Arc::clone(&cloud.store), options).await?;
    line("plan", &format!("after reading every object: {}", again.summary()), clock)?;
    if !again.is_empty() {
        say(&style::plan(&again.to_string()))?;
        return Ok(Exit::Failed);
    }

    let clock = Instant::now();
    let outcome = shown(&cloud.executor, common.json, async |executor: Executor| {
        executor.destroy(topology, Arc::clone(&cloud.store), PlanOptions::default()).await
    });
    if !told("destroy", &outcome.await?, clock)? {
        return Ok(Exit::Failed);
    }
    say("\nNext: `plan` shows every step, `graph` draws the topology, `--help` lists the rest.")?;
    Ok(Exit::Done)
}

/// Shows progress where it moves; in a log the tour's own lines are enough.
async fn shown<T, F: Future<Output = T>>(executor: &Executor, json: bool, operation: impl FnOnce(Executor) -> F) -> T {
    if json || std::io::stderr().is_terminal() {
        watched(executor, json, operation).await
    } else {
        operation(executor.clone()).await
    }
}

/// How many steps each place has.
fn places(plan: &Plan) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for step in &plan.steps {
        *counts.entry(step.place.as_str()).or_default() += 1;
    }
    counts.iter().map(|(place, count)| format!("{count} in {place}")).collect::<Vec<_>>().join(", ")
}

/// Tells how a run ended; whether it is done.
fn told(what: &str, outcome: &Outcome, clock: Instant) -> Result<bool, BoxError> {
    let Outcome::Done(report) = outcome else {
        say(&report::outcome(outcome))?;
        return Ok(false);
    };
    let chain = report.critical_path.as_secs_f64();
    line(
        what,
        &format!("{} of AWS's time; the longest chain of steps takes {}", report::counts(report), time(chain)),
        clock,
    )?;
    Ok(true)
}

fn line(what: &str, text: &str, clock: Instant) -> Result<(), BoxError> {
    let took = time(clock.elapsed().as_secs_f64());
    say(&format!("{} {text}  [{took}]", style::strong(&format!("{what:8}"))))
}
