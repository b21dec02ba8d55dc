//! The commands.

use std::{
    error::Error,
    fs,
    future::Future,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use landfall_core::{
    Plan, State, Topology, graph,
    plan::Detail,
    state::{Entry, Revision},
    store::{Store, StoreError, Unlock, unlock},
};
use landfall_engine::{Events, Executor, Outcome, PlanOptions, Refresh, Stop};

use super::{
    cloud::{Cloud, store},
    options::{Command, Common, GraphFormat, RefreshChoice, StateCommand, Target},
    progress::Progress,
    report, style, tour,
};

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    Done = 0,
    Failed = 1,
    Changes = 2,
    Stopped = 130,
}

/// Runs one command to its end.
pub(super) fn run(topology: &Topology, common: &Common, command: Option<Command>) -> Result<Exit, BoxError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(async {
        let Some(command) = command else { return tour::run(topology, common).await };
        match command {
            Command::Plan { out, full } => plan(topology, common, out.as_deref(), full).await,
            Command::Apply { plan } => apply(topology, common, plan.as_deref()).await,
            Command::Destroy => destroy(topology, common).await,
            Command::Drift => drift(topology, common).await,
            Command::State { what } => state(topology, common, what).await,
            Command::Unlock { force } => end_lease(topology, common, force).await,
            Command::Graph { format } => draw(topology, format),
        }
    });
    // A second signal leaves calls under way behind; they must not keep the program alive.
    runtime.shutdown_background();
    exit
}

/// Runs an operation of the executor, showing its events until it ends.
pub(super) async fn watched<T, F: Future<Output = T>>(
    executor: &Executor,
    json: bool,
    operation: impl FnOnce(Executor) -> F,
) -> T {
    let (events, receiver) = Events::channel();
    let shown = tokio::spawn(Progress::choose(json).show(receiver));
    let result = operation(executor.with_events(events)).await;
    let _ = shown.await;
    result
}

impl Common {
    fn plan_options(&self) -> PlanOptions {
        let refresh = match self.refresh {
            RefreshChoice::None => Refresh::None,
            RefreshChoice::Touched => Refresh::Touched,
            RefreshChoice::All => Refresh::All,
        };
        PlanOptions { refresh, only: self.only.clone() }
    }

    fn changes(&self, any: bool) -> Exit {
        if any && self.detailed_exitcode { Exit::Changes } else { Exit::Done }
    }
}

async fn plan(topology: &Topology, common: &Common, out: Option<&Path>, full: bool) -> Result<Exit, BoxError> {
    let cloud = Cloud::open(common, topology).await?;
    let plan = make_plan(&cloud, topology, common).await?;
    if let Some(file) = out {
        let text = serde_json::to_string_pretty(&plan)?;
        fs::write(file, text + "\n").map_err(|source| Unusable { action: "write", file: file.to_owned(), source })?;
    }
    show(&plan, common, if full { Detail::Full } else { Detail::Changes })?;
    if let (Some(file), false) = (out, common.json) {
        say(&format!("Written to {}; run it with `apply {0}`.", file.display()))?;
    }
    Ok(common.changes(!plan.is_empty() || !plan.unsettled.is_empty()))
}

async fn make_plan(cloud: &Cloud, topology: &Topology, common: &Common) -> Result<Plan, BoxError> {
    let options = common.plan_options();
    let plan = watched(&cloud.executor, common.json, async |executor: Executor| {
        executor.plan(topology, Arc::clone(&cloud.store), options).await
    });
    Ok(plan.await?)
}

async fn apply(topology: &Topology, common: &Common, file: Option<&Path>) -> Result<Exit, BoxError> {
    let planned = file.map(read_plan).transpose()?;
    let cloud = Cloud::open(common, topology).await?;
    let plan = match planned {
        None => make_plan(&cloud, topology, common).await?,
        Some(plan) => plan,
    };
    execute(&cloud, topology, common, plan).await
}

fn read_plan(file: &Path) -> Result<Plan, BoxError> {
    let unusable = |source| Unusable { action: "read", file: file.to_owned(), source };
    let text = fs::read_to_string(file).map_err(unusable)?;
    Ok(serde_json::from_str(&text).map_err(|source| NoPlan { file: file.to_owned(), source })?)
}

async fn destroy(topology: &Topology, common: &Common) -> Result<Exit, BoxError> {
    let cloud = Cloud::open(common, topology).await?;
    let options = common.plan_options();
    let plan = watched(&cloud.executor, common.json, async |executor: Executor| {
        executor.plan_destroy(topology, Arc::clone(&cloud.store), options).await
    });
    let plan = plan.await?;
    execute(&cloud, topology, common, plan).await
}

/// Shows a plan, asks, and runs it.
async fn execute(cloud: &Cloud, topology: &Topology, common: &Common, plan: Plan) -> Result<Exit, BoxError> {
    show(&plan, common, Detail::Changes)?;
    if plan.is_empty() {
        return Ok(if plan.unsettled.is_empty() { Exit::Done } else { Exit::Failed });
    }
    if !common.yes && cloud.sandbox.is_none() && !confirmed(&plan)? {
        say("Nothing was changed.")?;
        return Ok(Exit::Failed);
    }
    let stop = Stop::on_signals()?;
    let outcome = watched(&cloud.executor, common.json, async |executor: Executor| {
        executor.with_stop(stop).apply(topology, Arc::clone(&cloud.store), plan).await
    });
    let outcome = outcome.await?;
    if !common.json {
        say(&report::outcome(&outcome))?;
        if cloud.sandbox.is_some() {
            say("This was the sandbox: nothing outside this program changed. Use --target aws for AWS.")?;
        }
    }
    Ok(match outcome {
        Outcome::Done(_) => Exit::Done,
        Outcome::Stopped(_) => Exit::Stopped,
        Outcome::Failed(_) => Exit::Failed,
    })
}

fn confirmed(plan: &Plan) -> Result<bool, BoxError> {
    if !std::io::stdin().is_terminal() {
        return Err("nobody is there to confirm the plan: pass --yes to run it".into());
    }
    let mut out = anstream::stderr();
    write!(
        out,
        "{} ",
        style::strong(&format!("Run this plan for {}-{}? Only `yes` does:", plan.topology, plan.environment))
    )?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

async fn drift(topology: &Topology, common: &Common) -> Result<Exit, BoxError> {
    let cloud = Cloud::open(common, topology).await?;
    let drift = watched(&cloud.executor, common.json, async |executor: Executor| {
        executor.drift(topology, Arc::clone(&cloud.store)).await
    });
    let drift = drift.await?;
    if common.json {
        say(&serde_json::to_string(&drift)?)?;
    } else {
        say(&report::drift(&drift))?;
    }
    Ok(common.changes(!drift.is_empty()))
}

async fn state(topology: &Topology, common: &Common, what: StateCommand) -> Result<Exit, BoxError> {
    let store = kept(topology, common).await?;
    match what {
        StateCommand::List { at } => {
            let state = loaded(&*store, at).await?;
            let objects: Vec<_> = state.objects.values().collect();
            if common.json { say(&serde_json::to_string(&objects)?)? } else { say(&report::objects(&state))? }
        }
        StateCommand::Show { address, at } => {
            let state = loaded(&*store, at).await?;
            let object = state.current(&address);
            let object = object
                .ok_or_else(|| format!("{address} is not in {}: list what is with `state list`", store.location()))?;
            say(&serde_json::to_string_pretty(object)?)?;
        }
        StateCommand::History => {
            let entries = store.entries(None).await?;
            if common.json {
                let runs: Vec<_> = entries.iter().filter(|entry| matches!(entry, Entry::Run { .. })).collect();
                say(&serde_json::to_string(&runs)?)?;
            } else {
                say(&report::history(&entries))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The store that outlives this program.
async fn kept(topology: &Topology, common: &Common) -> Result<Arc<dyn Store>, BoxError> {
    if common.target == Some(Target::Sandbox) {
        return Err("the sandbox keeps no state between runs: leave out --target to look into --state".into());
    }
    store(common, topology).await
}

/// Shows who holds the lease, and ends it.
async fn end_lease(topology: &Topology, common: &Common, force: bool) -> Result<Exit, BoxError> {
    let store = kept(topology, common).await?;
    let Some(holder) = store.holder().await? else {
        say(&format!("Nobody holds {}.", store.location()))?;
        return Ok(Exit::Done);
    };
    say(&report::holder(&holder))?;
    let which = if force { Unlock::Alive } else { Unlock::Expired };
    match unlock(&*store, which).await {
        Ok(Some(_)) => say("Its lease is ended. The next run settles the calls that it left open.")?,
        Ok(None) => say("It has given its lease back meanwhile.")?,
        Err(StoreError::Locked { .. }) => {
            return Err("it is alive: wait for it, or end its lease with `unlock --force`".into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Exit::Done)
}

/// The newest state, or that after an entry of the log.
async fn loaded(store: &dyn Store, at: Option<Revision>) -> Result<State, BoxError> {
    if let Some(at) = at {
        let state = State::fold(store.entries(Some(at)).await?)?;
        if state.revision < at {
            return Err(format!("{} ends at revision {}", store.location(), state.revision).into());
        }
        return Ok(state);
    }
    let loaded = store.load().await?;
    for warning in loaded.warnings {
        writeln!(anstream::stderr(), "{} {warning}", style::caution("warning:"))?;
    }
    Ok(loaded.state)
}

fn draw(topology: &Topology, format: GraphFormat) -> Result<Exit, BoxError> {
    let lowered = topology.lower()?;
    say(match format {
        GraphFormat::Mermaid => graph::mermaid(&lowered),
        GraphFormat::Dot => graph::dot(&lowered),
    }
    .trim_end())?;
    Ok(Exit::Done)
}

fn show(plan: &Plan, common: &Common, detail: Detail) -> Result<(), BoxError> {
    if common.json { say(&serde_json::to_string(plan)?) } else { say(style::plan(&plan.render(detail)).trim_end()) }
}

/// Prints a result. A reader that went away, such as `head`, is no error.
pub(super) fn say(text: &str) -> Result<(), BoxError> {
    match writeln!(anstream::stdout(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// A file that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} {}", .file.display())]
struct Unusable {
    action: &'static str,
    file: PathBuf,
    source: std::io::Error,
}

/// A file that holds no plan.
#[derive(Debug, thiserror::Error)]
#[error("{} holds no plan of this version of Landfall; write one with `plan --out`", .file.display())]
struct NoPlan {
    file: PathBuf,
    source: serde_json::Error,
}
