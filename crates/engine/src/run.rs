//! The run of a plan: one owner of graph, counters and state; workers that make calls; messages in between.

mod prepare;
mod ready;
mod worker;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    future::Future,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use landfall_core::{
    Address, Attributes, Fault, FaultKind, Fields, Lowered, Plan,
    plan::{Action, Step, StepIndex, merge},
    state::{Entry, Object, Operation, Token},
    store::StoreError,
};
use rand::Rng;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    task::{Id, JoinError, JoinSet},
    time::Instant,
};

pub(crate) use self::prepare::{migrated, without_digests};
use self::{
    prepare::{Prepared, Site},
    ready::Ready,
    worker::Ending,
};
use crate::{
    error::Error,
    event::Event,
    outcome::{StepReport, StepResult},
    session::Session,
    stop::Level,
    subject::stopped,
    tools::Tools,
};

/// Whether a plan holds together; plans come from files, too.
pub(crate) fn check(plan: &Plan) -> Result<(), Error> {
    for (position, step) in plan.steps.iter().enumerate() {
        let bad = |why: &str| Err(Error::BadPlan { why: format!("step {position}, {}, {why}", step.address) });
        if step.after.iter().any(|before| *before >= position) {
            return bad("waits for one that does not come before it");
        }
        let creates = matches!(step.action, Action::Create | Action::CreateReplacement);
        if step.token.is_none() && !creates {
            return bad("names no object");
        }
    }
    Ok(())
}

/// What became of the steps.
pub(crate) struct Ran {
    pub(crate) steps: Vec<StepReport>,
    pub(crate) makespan: Duration,
    /// An entry that did not follow from the state: a mistake of the engine.
    pub(crate) broken: Option<Arc<StoreError>>,
}

/// Runs a plan that was [checked](check).
pub(crate) async fn run(
    session: &mut Session,
    tools: &Tools,
    lowered: &Lowered,
    lookups: &BTreeMap<Address, Attributes>,
    plan: &Plan,
) -> Ran {
    tools.events.emit(Event::StepsTotal { steps: plan.steps.len(), calls: plan.calls().count() });
    let mut owner = Owner::new(session, tools, lowered, lookups, plan);
    owner.run().await;
    owner.report()
}

type Slot = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// The one owner of everything that changes during a run.
struct Owner<'a> {
    session: &'a mut Session,
    tools: &'a Tools,
    lowered: &'a Lowered,
    lookups: &'a BTreeMap<Address, Attributes>,
    plan: &'a Plan,
    /// How many steps each still waits for.
    waiting: Vec<usize>,
    dependents: Vec<Vec<StepIndex>>,
    /// Expected time from the start of each step to the end of the longest chain of steps that wait for it.
    height: Vec<Duration>,
    /// Steps that wait for nothing but limits.
    ready: Ready<'a>,
    /// Steps that wait for nothing and change only the state.
    at_once: BTreeSet<StepIndex>,
    workers: JoinSet<Ending>,
    flights: HashMap<Id, Flight>,
    times: Vec<Option<(Instant, Instant)>>,
    results: Vec<Option<StepResult>>,
    first: Option<Instant>,
    last: Option<Instant>,
    /// No step is started any more.
    halted: bool,
    broken: Option<Arc<StoreError>>,
}

/// A call under way.
struct Flight {
    step: StepIndex,
    operation: Operation,
    token: Token,
    /// Fields that its intent recorded.
    intended: Fields,
    /// Fields recorded before, in the form of the kind's present version.
    recorded: Fields,
    /// That version.
    version: u32,
}

impl<'a> Owner<'a> {
    fn new(
        session: &'a mut Session,
        tools: &'a Tools,
        lowered: &'a Lowered,
        lookups: &'a BTreeMap<Address, Attributes>,
        plan: &'a Plan,
    ) -> Self {
        let count = plan.steps.len();
        let mut dependents = vec![Vec::new(); count];
        let mut height = vec![Duration::ZERO; count];
        for (position, step) in plan.steps.iter().enumerate().rev() {
            height[position] += expected(tools, step);
            for &before in &step.after {
                dependents[before].push(position);
                height[before] = height[before].max(height[position]);
            }
        }
        let mut owner = Self {
            session,
            tools,
            lowered,
            lookups,
            plan,
            waiting: plan.steps.iter().map(|step| step.after.len()).collect(),
            dependents,
            height,
            ready: Ready::default(),
            at_once: BTreeSet::new(),
            workers: JoinSet::new(),
            flights: HashMap::new(),
            times: vec![None; count],
            results: vec![None; count],
            first: None,
            last: None,
            halted: false,
            broken: None,
        };
        for position in (0..count).filter(|&position| plan.steps[position].after.is_empty()) {
            owner.enqueue(position);
        }
        owner
    }

    async fn run(&mut self) {
        let mut level = Level::Run;
        let mut writer = self.session.broken();
        let mut slot: Option<Slot> = None;
        loop {
            self.observe_stop(&mut level);
            self.observe_writer(&writer);
            self.record_what_needs_no_call();
            let wants_slot = !self.halted && self.ready.may_start(Instant::now());
            let turn = self.ready.next_turn().filter(|_| !self.halted && !wants_slot);
            if self.workers.is_empty() && !wants_slot && turn.is_none() {
                break;
            }
            // A queued request that nobody polls would keep a slot from other runs.
            slot = if wants_slot { slot.or_else(|| Some(self.slot())) } else { None };
            let next = if level == Level::Run { Level::Finish } else { Level::Leave };
            tokio::select! {
                biased;
                Some(ended) = self.workers.join_next_with_id() => self.ended(ended),
                () = self.tools.stop.reached(next), if level < Level::Leave => {}
                () = failed(&mut writer), if !self.halted => {}
                () = tokio::time::sleep_until(turn.unwrap_or_else(Instant::now)), if turn.is_some() => {}
                granted = granted(&mut slot), if wants_slot => {
                    slot = None;
                    if let Some(granted) = granted
                        && let Some(position) = self.ready.pop(&self.tools.limits)
                    {
                        self.start(position, granted);
                    }
                }
            }
        }
    }

    fn slot(&self) -> Slot {
        let slots = self.tools.limits.slots().clone();
        Box::pin(async move { slots.acquire_owned().await.ok() })
    }

    fn observe_stop(&mut self, level: &mut Level) {
        let now = self.tools.stop.level();
        if now > *level {
            *level = now;
            self.halted = true;
            self.tools.events.emit(Event::Stopping { at_once: now == Level::Leave });
        }
    }

    fn observe_writer(&mut self, writer: &watch::Receiver<Option<Arc<StoreError>>>) {
        if writer.borrow().is_some() || writer.has_changed().is_err() {
            self.halted = true;
        }
    }

    /// A step waits for nothing any more.
    fn enqueue(&mut self, position: StepIndex) {
        if self.plan.steps[position].action.calls_aws() {
            self.ready.insert(&self.plan.steps[position], self.height[position], position);
        } else {
            self.at_once.insert(position);
        }
    }

    fn record_what_needs_no_call(&mut self) {
        while !self.halted
            && let Some(position) = self.at_once.pop_first()
        {
            self.begin(position);
            match self.prepare(position) {
                Ok(Prepared::Record(entries)) => self.finish_recorded(position, entries, StepResult::Done),
                Ok(Prepared::Call(_)) => unreachable!("only steps that change AWS make calls"),
                Err(fault) => self.finish(position, StepResult::Failed(fault)),
            }
        }
    }

    fn prepare(&mut self, position: StepIndex) -> Result<Prepared, Fault> {
        let token = Token::from_random(self.session.random.random());
        let seed = self.session.random.random();
        let site = Site { tools: self.tools, lowered: self.lowered, lookups: self.lookups, state: &self.session.state };
        site.prepare(&self.plan.steps[position], token, seed)
    }

    fn begin(&mut self, position: StepIndex) {
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.times[position] = Some((now, now));
        let step = &self.plan.steps[position];
        self.tools.events.emit(Event::Started { address: step.address.clone(), action: step.action });
    }

    /// Starts the call of a step: its intent goes to the log, a worker waits for that and calls.
    fn start(&mut self, position: StepIndex, slot: OwnedSemaphorePermit) {
        self.begin(position);
        let mut job = match self.prepare(position) {
            Ok(Prepared::Call(job)) => job,
            Ok(Prepared::Record(entries)) => {
                return self.finish_recorded(position, entries, StepResult::Unchanged);
            }
            Err(fault) => return self.finish(position, StepResult::Failed(fault)),
        };
        *job.subject.has_turn.get_mut() = true;
        let object = &job.object;
        let old = self.session.state.objects.get(&object.token);
        let flight = Flight {
            step: position,
            operation: job.operation,
            token: object.token.clone(),
            intended: object.fields.clone(),
            recorded: old.map(|old| migrated(job.subject.kind, old)).unwrap_or_default(),
            version: job.subject.kind.version,
        };
        let intent = Entry::Intent { operation: job.operation, object: Box::new(object.clone()) };
        match self.session.record(vec![intent]) {
            Ok(durable) => {
                let task = self.workers.spawn(worker::work(*job, durable, self.session.broken(), slot));
                self.flights.insert(task.id(), flight);
            }
            Err(error) => self.inconsistent(position, error),
        }
    }

    /// A worker is back.
    fn ended(&mut self, ended: Result<(Id, Ending), JoinError>) {
        let (id, ending) = match ended {
            Ok((id, ending)) => (id, Some(ending)),
            Err(error) if error.is_panic() => (error.id(), None),
            Err(error) => (error.id(), Some(Ending::torn_down())),
        };
        let Some(flight) = self.flights.remove(&id) else { return };
        let position = flight.step;
        let ending = ending.unwrap_or_else(|| Ending::panicked(&self.plan.steps[position].kind));
        let (entries, result) = concluded(&flight, ending);
        self.finish_recorded(position, entries, result);
    }

    fn finish_recorded(&mut self, position: StepIndex, entries: Vec<Entry>, result: StepResult) {
        if !entries.is_empty()
            && let Err(error) = self.session.record(entries)
        {
            return self.inconsistent(position, error);
        }
        self.finish(position, result);
    }

    /// An entry does not follow from the state: a mistake of the engine, after which it must not go on.
    fn inconsistent(&mut self, position: StepIndex, error: StoreError) {
        let fault = Fault::new(FaultKind::Fatal, "recording the step", error.to_string());
        self.halted = true;
        self.broken.get_or_insert(Arc::new(error));
        self.finish(position, StepResult::Failed(fault));
    }

    fn finish(&mut self, position: StepIndex, result: StepResult) {
        let now = Instant::now();
        self.last = Some(now);
        let mut duration = Duration::ZERO;
        if let Some((began, ended)) = &mut self.times[position] {
            *ended = now;
            duration = now.duration_since(*began);
        }
        let step = &self.plan.steps[position];
        let (address, action) = (step.address.clone(), step.action);
        match &result {
            StepResult::Done | StepResult::Unchanged => {
                let unchanged = result == StepResult::Unchanged;
                self.tools.events.emit(Event::Finished { address, action, duration, unchanged });
                for dependent in self.dependents[position].clone() {
                    self.waiting[dependent] -= 1;
                    if self.waiting[dependent] == 0 {
                        self.enqueue(dependent);
                    }
                }
            }
            StepResult::Failed(fault) | StepResult::Abandoned(fault) => {
                self.tools.events.emit(Event::Failed { address, action, fault: fault.clone() });
                if matches!(result, StepResult::Failed(_)) {
                    self.skip_dependents(position);
                }
            }
            StepResult::NotStarted | StepResult::Skipped { .. } => {}
        }
        self.results[position] = Some(result);
    }

    /// Whatever waits for a failed step, directly or not, is not started.
    fn skip_dependents(&mut self, failed: StepIndex) {
        let because = self.plan.steps[failed].address.clone();
        let mut open = self.dependents[failed].clone();
        while let Some(position) = open.pop() {
            if self.results[position].is_none() {
                let step = &self.plan.steps[position];
                self.tools.events.emit(Event::Skipped {
                    address: step.address.clone(),
                    action: step.action,
                    because: Some(because.clone()),
                });
                self.results[position] = Some(StepResult::Skipped { because: because.clone() });
                open.extend(&self.dependents[position]);
            }
        }
    }

    fn report(self) -> Ran {
        let first = self.first.unwrap_or_else(Instant::now);
        let mut steps = Vec::with_capacity(self.plan.steps.len());
        for ((step, result), times) in self.plan.steps.iter().zip(self.results).zip(self.times) {
            let result = result.unwrap_or(StepResult::NotStarted);
            if result == StepResult::NotStarted {
                let (address, action) = (step.address.clone(), step.action);
                self.tools.events.emit(Event::Skipped { address, action, because: None });
            }
            let (began, duration) = times.map_or_else(Default::default, |(began, ended)| {
                (began.duration_since(first), ended.duration_since(began))
            });
            steps.push(StepReport { address: step.address.clone(), action: step.action, result, began, duration });
        }
        let makespan = self.last.map_or(Duration::ZERO, |last| last.duration_since(first));
        Ran { steps, makespan, broken: self.broken }
    }
}

/// How long a step usually takes.
fn expected(tools: &Tools, step: &Step) -> Duration {
    let operation = match step.action {
        Action::Create | Action::CreateReplacement => Operation::Create,
        Action::Update => Operation::Update,
        Action::Delete | Action::DeleteReplaced => Operation::Delete,
        Action::Forget | Action::Move | Action::Record => return Duration::ZERO,
    };
    tools.providers.kind(&step.kind).map_or(Duration::ZERO, |kind| (tools.expected)(kind, operation))
}

/// What a call's ending means for the log and for the step.
fn concluded(flight: &Flight, ending: Ending) -> (Vec<Entry>, StepResult) {
    let token = flight.token.clone();
    let failed = |fault: &Fault| Entry::Failed { token: flight.token.clone(), fault: fault.clone() };
    match ending {
        Ending::Done(attributes) => (vec![Entry::Done { token, attributes, fields: None }], StepResult::Done),
        Ending::Deleted => (vec![Entry::Gone { token }], StepResult::Done),
        Ending::Failed(fault) => (vec![failed(&fault)], StepResult::Failed(fault)),
        Ending::Partial(fault, found) if flight.operation == Operation::Create => {
            let fields = Some(merge(&flight.intended, &found.fields));
            (vec![Entry::Done { token, attributes: found.attributes, fields }], StepResult::Failed(fault))
        }
        Ending::Partial(fault, found) => {
            let fields = merge(&flight.recorded, &found.fields);
            let (attributes, version) = (found.attributes, Some(flight.version));
            let observed = Entry::Observed { token, fields, attributes, version };
            (vec![failed(&fault), observed], StepResult::Failed(fault))
        }
        Ending::Vanished(fault) => (vec![Entry::Gone { token }], StepResult::Failed(fault)),
        Ending::Unknown(fault) if fault.kind == FaultKind::Stopped => (Vec::new(), StepResult::Abandoned(fault)),
        Ending::Unknown(fault) => (Vec::new(), StepResult::Failed(fault)),
        Ending::NotStarted => (vec![failed(&stopped())], StepResult::NotStarted),
        Ending::NotRecorded => (Vec::new(), StepResult::NotStarted),
    }
}

/// Returns once the writer failed, or is gone.
async fn failed(writer: &mut watch::Receiver<Option<Arc<StoreError>>>) {
    let _ = writer.wait_for(Option::is_some).await;
}

async fn granted(slot: &mut Option<Slot>) -> Option<OwnedSemaphorePermit> {
    match slot {
        Some(slot) => slot.await,
        None => None,
    }
}

/// The object that an intent was about, in a form that its provider reads.
pub(crate) fn readable(object: &Object) -> Fields {
    without_digests(object.fields.clone())
}
