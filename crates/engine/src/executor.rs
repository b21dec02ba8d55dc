//! The executor: plans, runs, reads and recovers, under limits that all its operations share.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use landfall_core::{
    Address, Attributes, Kind, Lowered, Plan, Problems, Providers, State, Topology,
    plan::Goal,
    state::{Entry, Operation},
    store::{Owner, Store},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{runtime::Handle, sync::watch, time::Instant};

use crate::{
    drift::Drift,
    error::{Error, with_causes},
    event::{Event, Events, PlanCounts},
    limits::{Limits, Rates},
    outcome::{Outcome, Report, Summary, critical_path},
    planning::{self, PlanOptions},
    reader,
    recover::recover,
    retry::RetryPolicy,
    run,
    session::{Name, Seed, Session, load},
    stop::Stop,
    tools::Tools,
};

/// What can be planned: a [`Topology`], or one that is lowered already.
pub trait Declared: Sync {
    /// The topology, free of problems.
    ///
    /// # Errors
    /// Every problem at once.
    fn lowered(&self) -> Result<Lowered, Problems>;
}

impl Declared for Topology {
    fn lowered(&self) -> Result<Lowered, Problems> {
        self.lower()
    }
}

impl Declared for Lowered {
    fn lowered(&self) -> Result<Lowered, Problems> {
        Ok(self.clone())
    }
}

/// Plans, runs, reads and recovers.
///
/// Clones share the limits: several topologies may be run through one executor at once. Each operation works on
/// the executor's runtime and goes on there when its future is dropped; end it with [`Stop`].
#[derive(Clone)]
pub struct Executor {
    shared: Arc<Shared>,
    stop: Stop,
    events: Events,
}

struct Shared {
    providers: Arc<Providers>,
    limits: Arc<Limits>,
    retry: RetryPolicy,
    runtime: Option<Handle>,
    seed: [u8; 32],
    /// How many sessions were opened.
    sessions: AtomicU64,
    clock: WallClock,
    owner: String,
    cloud: Option<Arc<str>>,
    expected: Expected,
}

/// Seconds since 1970, for the history.
pub type WallClock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How long an operation on an object of a kind usually takes.
pub type Expected = Arc<dyn Fn(&Kind, Operation) -> Duration + Send + Sync>;

#[bon::bon]
impl Executor {
    /// Sets an executor up.
    #[builder]
    pub fn new(
        /// The cloud: every kind that the topologies and the states use, with its provider.
        providers: Providers,
        /// How many steps are under way at the same time, in all runs together; default 32, at least 1.
        #[builder(default = 32)]
        parallelism: usize,
        /// How fast each service is called.
        #[builder(default)]
        rates: Rates,
        /// How long calls that failed are repeated.
        #[builder(default)]
        retry: RetryPolicy,
        /// The runtime to work on; default the one that the operation is called from.
        runtime: Option<Handle>,
        /// Seed of tokens and jitter, for tests; default from the operating system. Two executors of one seed must
        /// not work on one cloud with states of the same name.
        seed: Option<u64>,
        /// The clock of the history; default the system's.
        clock: Option<WallClock>,
        /// Who runs it, for the history and for those whom the lock keeps out; default user and host.
        #[builder(into)]
        owner: Option<String>,
        /// The cloud that the providers work on, as [`Aws::cloud`] has it; a state that was written for another one is
        /// refused. Not checked unless said.
        ///
        /// [`Aws::cloud`]: https://docs.rs/landfall-aws/latest/landfall_aws/struct.Aws.html#method.cloud
        #[builder(into)]
        cloud: Option<String>,
        /// How long operations usually take: where limits make steps wait, those of the longest chains come first.
        /// Default: all the same.
        expected: Option<Expected>,
    ) -> Self {
        let mut random = seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
        let shared = Shared {
            providers: Arc::new(providers),
            limits: Arc::new(Limits::new(parallelism, rates)),
            retry,
            runtime,
            seed: random.random(),
            sessions: AtomicU64::new(0),
            clock: clock.unwrap_or_else(|| Arc::new(system_clock)),
            owner: owner.unwrap_or_else(user_and_host),
            cloud: cloud.map(Into::into),
            expected: expected.unwrap_or_else(|| Arc::new(|_, _| Duration::from_secs(1))),
        };
        Self { shared: Arc::new(shared), stop: Stop::new(), events: Events::none() }
    }
}

impl Executor {
    /// The same executor, whose operations end when the signal is given.
    #[must_use]
    pub fn with_stop(&self, stop: Stop) -> Self {
        Self { stop, ..self.clone() }
    }

    /// The same executor, whose operations report to these listeners.
    #[must_use]
    pub fn with_events(&self, events: Events) -> Self {
        Self { events, ..self.clone() }
    }

    /// Plans to make AWS as declared.
    ///
    /// Changes nothing in AWS. Takes the lease only when an interrupted run has to be settled first.
    pub async fn plan(
        &self,
        topology: &impl Declared,
        store: Arc<dyn Store>,
        options: PlanOptions,
    ) -> Result<Plan, Error> {
        let lowered = topology.lowered()?;
        self.on_runtime(|own| async move { own.make_plan(Goal::Apply, &lowered, &store, &options).await }).await
    }

    /// Plans to delete everything that the state holds, except what is protected.
    ///
    /// Only name and environment of the topology matter: what is declared need not exist any more.
    pub async fn plan_destroy(
        &self,
        topology: &impl Declared,
        store: Arc<dyn Store>,
        options: PlanOptions,
    ) -> Result<Plan, Error> {
        let lowered = topology.lowered()?;
        self.on_runtime(|own| async move { own.make_plan(Goal::Destroy, &lowered, &store, &options).await }).await
    }

    /// Runs a plan, under the lease, after settling what an interrupted run left.
    ///
    /// # Errors
    /// What keeps the run from beginning: above all [`Error::StateMoved`] when the plan was made against
    /// another revision. A run that began ends with an [`Outcome`].
    pub async fn apply(&self, topology: &impl Declared, store: Arc<dyn Store>, plan: Plan) -> Result<Outcome, Error> {
        let lowered = topology.lowered()?;
        self.on_runtime(|own| async move { own.run(&lowered, store, &plan).await }).await
    }

    /// Plans to delete everything that the state holds, and runs that plan.
    pub async fn destroy(
        &self,
        topology: &impl Declared,
        store: Arc<dyn Store>,
        options: PlanOptions,
    ) -> Result<Outcome, Error> {
        let lowered = topology.lowered()?;
        self.on_runtime(|own| async move {
            let plan = own.make_plan(Goal::Destroy, &lowered, &store, &options).await?;
            own.run(&lowered, store, &plan).await
        })
        .await
    }

    /// Reads every object and compares it with what the state records; changes neither.
    pub async fn drift(&self, topology: &impl Declared, store: Arc<dyn Store>) -> Result<Drift, Error> {
        let name = self.shared.name(&topology.lowered()?);
        self.on_runtime(|own| async move {
            let (state, _) = own.settled_state(&name, &store, "drift").await?;
            let tools = own.tools(&name);
            let seen = reader::objects(&tools, state.objects.values(), own.shared.jitter(&state)).await?;
            Ok(Drift::between(&state, &tools.providers, &seen).0)
        })
        .await
    }

    /// Reads every object and takes what differs over into the state; the next plan compares against that.
    pub async fn refresh(&self, topology: &impl Declared, store: Arc<dyn Store>) -> Result<Drift, Error> {
        let name = self.shared.name(&topology.lowered()?);
        self.on_runtime(|own| async move {
            let tools = own.tools(&name);
            let mut session = own.open(&name, store, "refresh").await?;
            let result = own.take_over(&mut session, &tools).await;
            close(session, result).await
        })
        .await
    }

    /// Settles what an interrupted run left open, as every other operation does first.
    ///
    /// # Errors
    /// [`Error::Unsettled`] with what could not be settled; everything else is.
    pub async fn recover(&self, topology: &impl Declared, store: Arc<dyn Store>) -> Result<(), Error> {
        let name = self.shared.name(&topology.lowered()?);
        self.on_runtime(|own| async move {
            let mut session = own.open(&name, store, "recover").await?;
            let result = recover(&mut session, &own.tools(&name)).await;
            match close(session, result).await? {
                faults if faults.is_empty() => Ok(()),
                faults => Err(Error::Unsettled { faults }),
            }
        })
        .await
    }

    /// Does the work on the executor's runtime, whose time it follows.
    async fn on_runtime<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let runtime = self.shared.runtime.clone().unwrap_or_else(Handle::current);
        let work = {
            // Events count from now, in the runtime's time.
            let _inside = runtime.enter();
            work(Self { events: self.events.beginning(), ..self.clone() })
        };
        match runtime.spawn(work).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::Shutdown),
            },
        }
    }

    fn tools(&self, name: &Name) -> Tools {
        Tools {
            providers: self.shared.providers.clone(),
            limits: self.shared.limits.clone(),
            retry: self.shared.retry,
            expected: self.shared.expected.clone(),
            stop: self.stop.clone(),
            events: self.events.clone(),
            name: name.clone(),
            log: watch::channel(None).1,
        }
    }

    async fn open(&self, name: &Name, store: Arc<dyn Store>, command: &str) -> Result<Session, Error> {
        let owner = Owner {
            name: self.shared.owner.clone(),
            process: std::process::id(),
            command: command.to_owned(),
            since: (self.shared.clock)(),
        };
        let session = self.shared.sessions.fetch_add(1, Ordering::Relaxed);
        let seed = Seed { executor: self.shared.seed, session };
        Session::open(store, name.clone(), owner, seed).await
    }

    /// The state without open intents that can be settled, and what a person should know of it.
    async fn settled_state(
        &self,
        name: &Name,
        store: &Arc<dyn Store>,
        command: &str,
    ) -> Result<(State, Vec<String>), Error> {
        let loaded = load(&**store, name).await?;
        if loaded.state.open.is_empty() {
            return Ok((loaded.state, loaded.warnings));
        }
        let mut session = self.open(name, store.clone(), command).await?;
        let result = recover(&mut session, &self.tools(name)).await;
        let settled = (session.state.clone(), session.warnings.clone());
        close(session, result).await?;
        Ok(settled)
    }

    async fn make_plan(
        &self,
        goal: Goal,
        lowered: &Lowered,
        store: &Arc<dyn Store>,
        options: &PlanOptions,
    ) -> Result<Plan, Error> {
        let name = self.shared.name(lowered);
        self.events
            .emit(Event::Planning { topology: lowered.topology.clone(), environment: lowered.environment.clone() });
        let (state, warnings) = self.settled_state(&name, store, "plan").await?;
        let jitter = self.shared.jitter(&state);
        let mut plan = planning::plan(&self.tools(&name), goal, lowered, &state, options, jitter).await?;
        plan.warnings.splice(0..0, warnings);
        self.events.emit(Event::Planned(PlanCounts::from(&plan)));
        Ok(plan)
    }

    async fn run(&self, lowered: &Lowered, store: Arc<dyn Store>, plan: &Plan) -> Result<Outcome, Error> {
        let began = Instant::now();
        let name = self.shared.name(lowered);
        fits(lowered, plan)?;
        run::check(plan)?;
        if self.stop.is_requested() {
            return Err(Error::Stopped);
        }
        if plan.is_empty() {
            let state = load(&*store, &name).await?.state;
            unmoved(&*store, plan, &state)?;
            return Ok(self.ended(Report {
                steps: Vec::new(),
                summary: Summary::of(&[], !plan.unsettled.is_empty()),
                warnings: plan.warnings.clone(),
                revision: state.revision,
                elapsed: began.elapsed(),
                makespan: Duration::ZERO,
                critical_path: Duration::ZERO,
                store_error: None,
            }));
        }
        let tools = self.tools(&name);
        let command = match plan.goal {
            Goal::Apply => "apply",
            Goal::Destroy => "destroy",
        };
        let mut session = self.open(&name, store.clone(), command).await?;
        let lookups = match self.begin(&mut session, &tools, &*store, lowered, plan, command).await {
            Ok(lookups) => lookups,
            Err(error) => return close(session, Err(error)).await,
        };
        let tools = Tools { log: session.broken(), ..tools };
        let ran = run::run(&mut session, &tools, lowered, &lookups, plan).await;
        let mut warnings = session.warnings.clone();
        warnings.extend(plan.warnings.iter().cloned());
        let (revision, broken) = session.close().await;
        let store_error = ran.broken.or(broken);
        let mut summary = Summary::of(&ran.steps, store_error.is_some() || !plan.unsettled.is_empty());
        let critical_path = critical_path(plan, &ran.steps);
        summary.makespan = ran.makespan.as_secs_f64();
        summary.critical_path = critical_path.as_secs_f64();
        Ok(self.ended(Report {
            steps: ran.steps,
            summary,
            warnings,
            revision,
            elapsed: began.elapsed(),
            makespan: ran.makespan,
            critical_path,
            store_error,
        }))
    }

    fn ended(&self, report: Report) -> Outcome {
        let store_error = report.store_error.as_ref().map(|error| with_causes(&**error));
        let (summary, warnings) = (report.summary.clone(), report.warnings.clone());
        self.events.emit(Event::Ended { summary, warnings, store_error });
        Outcome::of(report)
    }

    /// What a run does before its first step: settles, compares revisions, writes that it began.
    async fn begin(
        &self,
        session: &mut Session,
        tools: &Tools,
        store: &dyn Store,
        lowered: &Lowered,
        plan: &Plan,
        command: &str,
    ) -> Result<BTreeMap<Address, Attributes>, Error> {
        // What stays open is not in the plan.
        recover(session, tools).await?;
        unmoved(store, plan, &session.state)?;
        let wanted = reader::lookups_of_secrets(lowered, plan);
        let seed = self.shared.jitter(&session.state);
        let lookups = reader::lookups(tools, lowered, |address| wanted.contains(address), seed).await?;
        let mut entries = vec![self.began(command)];
        let gone = plan.gone.iter().filter(|token| session.state.objects.contains_key(token));
        entries.extend(gone.map(|token| Entry::Gone { token: token.clone() }));
        session.record_durably(entries).await?;
        Ok(lookups)
    }

    fn began(&self, command: &str) -> Entry {
        Entry::Run { command: command.to_owned(), owner: self.shared.owner.clone(), at: (self.shared.clock)() }
    }

    /// Reads everything and records what differs.
    async fn take_over(&self, session: &mut Session, tools: &Tools) -> Result<Drift, Error> {
        recover(session, tools).await?;
        let seed = self.shared.jitter(&session.state);
        let observed = reader::objects(tools, session.state.objects.values(), seed).await?;
        let (drift, news) = Drift::between(&session.state, &tools.providers, &observed);
        if !news.is_empty() {
            let mut entries = vec![self.began("refresh")];
            entries.extend(news);
            session.record_durably(entries).await?;
        }
        Ok(drift)
    }
}

impl Shared {
    fn name(&self, lowered: &Lowered) -> Name {
        let (topology, environment) = (lowered.topology.as_str().into(), lowered.environment.as_str().into());
        Name { topology, environment, cloud: self.cloud.clone() }
    }

    /// A seed for the delays of reads, which leave no trace in the log.
    fn jitter(&self, state: &State) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.seed[..8]);
        u64::from_le_bytes(bytes) ^ state.revision
    }
}

/// Releases the lease after an operation, whose own error comes first.
async fn close<T>(session: Session, result: Result<T, Error>) -> Result<T, Error> {
    let (_, broken) = session.close().await;
    match (result, broken) {
        (Ok(_), Some(error)) => Err(Error::Store(error)),
        (result, _) => result,
    }
}

/// Whether the plan is for this topology.
fn fits(lowered: &Lowered, plan: &Plan) -> Result<(), Error> {
    if (&plan.topology, &plan.environment) == (&lowered.topology, &lowered.environment) {
        return Ok(());
    }
    Err(Error::OtherTopology {
        planned: format!("{} ({})", plan.topology, plan.environment),
        topology: format!("{} ({})", lowered.topology, lowered.environment),
    })
}

/// Whether the state is still the one that the plan was made against.
fn unmoved(store: &dyn Store, plan: &Plan, state: &State) -> Result<(), Error> {
    if plan.base == state.revision {
        return Ok(());
    }
    Err(Error::StateMoved { location: store.location(), planned: plan.base, found: state.revision })
}

fn system_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn user_and_host() -> String {
    let variable = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let user = variable(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(|| "someone".to_owned());
    let from_file = || std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    let host = variable(&["HOSTNAME", "COMPUTERNAME"]).or_else(from_file).unwrap_or_else(|| "somewhere".to_owned());
    format!("{user}@{host}")
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("providers", &self.shared.providers)
            .field("stop", &self.stop)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
