//! Subjects: one object with its provider, and single calls on it under the limits.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use landfall_core::{
    Address, Attributes, Context, Fault, FaultKind, Fields, Kind, Locator, Observed, Pace, PlaceCode, Provider, TAGS,
    Tags, Value, provider::Desired, state::Token, store::StoreError,
};
use tokio::{sync::watch, time::Instant};

use crate::{
    event::{Event, Events},
    retry::Backoff,
    stop::{Level, Stop},
    tools::Tools,
};

/// Time beyond a step's own in which a provider may say by itself that it took too long.
const GRACE: Duration = Duration::from_mins(1);

/// Longest time that finding an object may take, faults and retries included.
const LOOK: Duration = Duration::from_mins(6);

/// One object with its provider.
pub(crate) struct Subject {
    pub(crate) tools: Tools,
    pub(crate) address: Address,
    pub(crate) kind: &'static Kind,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) place: PlaceCode,
    pub(crate) token: Token,
    pub(crate) tags: Tags,
    /// Whether the turn of the first operation was taken before.
    pub(crate) has_turn: AtomicBool,
}

impl Subject {
    /// Reads the object once.
    pub(crate) async fn observe(&self, locator: Locator<'_>, deadline: Instant) -> Result<Option<Observed>, Fault> {
        let cx = self.turn(deadline).await?;
        let observed = self.guarded(deadline, self.provider.observe(&cx, locator)).await?;
        Ok(observed.map(|mut observed| {
            // No record holds what a kind calls a secret, whatever a provider reads.
            observed.fields.retain(|name, _| self.kind.field(name).is_none_or(|field| !field.secret));
            observed
        }))
    }

    /// Creates or updates the object once.
    pub(crate) async fn reconcile(
        &self,
        want: &Desired,
        have: Option<&Observed>,
        deadline: Instant,
    ) -> Result<Attributes, Fault> {
        let cx = self.turn(deadline).await?;
        self.guarded(deadline, self.provider.reconcile(&cx, want, have)).await
    }

    /// Deletes the object once.
    pub(crate) async fn delete(&self, have: &Observed, deadline: Instant) -> Result<(), Fault> {
        let cx = self.turn(deadline).await?;
        self.guarded(deadline, self.provider.delete(&cx, have)).await
    }

    /// Reads the object, again while faults are transient.
    pub(crate) async fn read(&self, locator: Locator<'_>, seed: u64) -> Result<Option<Observed>, Fault> {
        let deadline = Instant::now() + LOOK;
        let mut backoff = self.tools.retry.backoff(seed, deadline);
        loop {
            match self.observe(locator, deadline).await {
                Err(fault) => self.again(&mut backoff, fault, Level::Leave).await?,
                found => return found,
            }
        }
    }

    /// Reads an object whose absence would make it forgotten: once more after the time within which AWS's reads show
    /// what there is. After a change that may give it another id, it is looked for as wanted too.
    pub(crate) async fn reread(
        &self,
        id: &str,
        changed: Option<&Desired>,
        seed: u64,
    ) -> Result<Option<Observed>, Fault> {
        let began = Instant::now();
        let renamed = changed.filter(|_| self.kind.attribute("id").is_some_and(|id| !id.stable));
        loop {
            let last = began.elapsed() >= self.tools.retry.read_after_write;
            let mut found = self.read(Locator::Id(id), seed).await?;
            if let (None, Some(want)) = (&found, renamed) {
                found = self.read(Locator::Token(want), seed).await?;
            }
            if found.is_some() || last {
                return Ok(found);
            }
            self.pause(self.tools.retry.read_after_write, Level::Leave).await?;
        }
    }

    /// Looks for what a create under the token may have made, before it is made again: `since` is when it may have
    /// been made. What has a name or key of its own is not looked for any longer, as the same name can't be made twice.
    pub(crate) async fn find(&self, want: &Desired, since: Instant, seed: u64) -> Result<Option<Observed>, Fault> {
        use landfall_core::kind::Identity::{DerivedName, NaturalKey};
        let window = match self.kind.identity {
            DerivedName | NaturalKey => Duration::ZERO,
            _ => self.tools.retry.read_after_write,
        };
        self.find_within(window, want, since, seed).await
    }

    /// Looks for what a create under the token may have made, until AWS's reads would show it: for a token that is
    /// forgotten when nothing is found.
    pub(crate) async fn find_for_good(
        &self,
        want: &Desired,
        since: Instant,
        seed: u64,
    ) -> Result<Option<Observed>, Fault> {
        self.find_within(self.tools.retry.read_after_write, want, since, seed).await
    }

    async fn find_within(
        &self,
        window: Duration,
        want: &Desired,
        since: Instant,
        seed: u64,
    ) -> Result<Option<Observed>, Fault> {
        let mut pause = Duration::from_millis(500);
        loop {
            let last = since.elapsed() >= window;
            let found = self.read(Locator::Token(want), seed).await?;
            if found.is_some() || last {
                return Ok(found);
            }
            let left = window.saturating_sub(since.elapsed()).max(Duration::from_millis(1));
            self.pause(pause.min(left), Level::Leave).await?;
            pause *= 2;
        }
    }

    /// Waits before a call is made again.
    ///
    /// # Errors
    /// The fault, when the call should not be made again: it is not transient, the time is up, or the run has
    /// to end (as `level` says).
    pub(crate) async fn again(&self, backoff: &mut Backoff, fault: Fault, level: Level) -> Result<(), Fault> {
        if self.tools.stop.level() >= level {
            return Err(fault);
        }
        let Some(delay) = backoff.next(fault.kind) else { return Err(fault) };
        let event = Event::Retried { address: self.address.clone(), fault: fault.clone(), delay };
        self.tools.events.emit(event);
        self.pause(delay, level).await.map_err(|_| fault)
    }

    async fn pause(&self, delay: Duration, level: Level) -> Result<(), Fault> {
        pause(&self.tools.stop, delay, level).await
    }

    /// Waits for the turn of an operation and makes its context.
    async fn turn(&self, deadline: Instant) -> Result<Context, Fault> {
        let turn = async {
            if !self.has_turn.swap(false, Ordering::Relaxed) {
                self.tools.limits.turn(self.kind.name, self.place).await;
            }
        };
        tokio::select! {
            biased;
            () = self.tools.stop.reached(Level::Leave) => return Err(stopped()),
            () = failed(self.tools.log.clone()) => return Err(stopped()),
            () = turn => {}
        }
        let pace = RunPace {
            stop: self.tools.stop.clone(),
            events: self.tools.events.clone(),
            address: self.address.clone(),
            said: Mutex::default(),
        };
        Ok(Context {
            topology: self.tools.name.topology.to_string(),
            environment: self.tools.name.environment.to_string(),
            address: self.address.clone(),
            place: self.place,
            token: self.token.clone(),
            tags: self.tags.clone(),
            timeout: deadline.saturating_duration_since(Instant::now()),
            pace: Arc::new(pace),
        })
    }

    /// Ends a call when its time is up or the run leaves, and learns from throttles.
    async fn guarded<T>(&self, deadline: Instant, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let result = tokio::select! {
            biased;
            result = call => result,
            () = self.tools.stop.reached(Level::Leave) => Err(stopped()),
            () = tokio::time::sleep_until(deadline + GRACE) => Err(Fault::new(
                FaultKind::TimedOut,
                format!("a call for {}", self.kind.name),
                "the provider did not return in time; raise `timeout` if AWS needs longer",
            )),
        };
        if result.as_ref().is_err_and(|fault| fault.kind == FaultKind::Throttled) {
            self.tools.limits.throttled(self.kind.name, self.place);
        }
        result
    }
}

/// Returns once the log can't be written any more.
async fn failed(mut log: watch::Receiver<Option<Arc<StoreError>>>) {
    if log.wait_for(Option::is_some).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The fault of what the second request to stop cut short.
pub(crate) fn stopped() -> Fault {
    Fault::new(FaultKind::Stopped, "the call", "the run was told to leave at once; the next run settles it")
}

async fn pause(stop: &Stop, delay: Duration, level: Level) -> Result<(), Fault> {
    tokio::select! {
        biased;
        () = stop.reached(level) => Err(stopped()),
        () = tokio::time::sleep(delay) => Ok(()),
    }
}

/// The tags that a resource's fields declare.
pub(crate) fn tags_of(fields: &Fields) -> Tags {
    let Some(Value::Object(tags)) = fields.get(TAGS) else { return Tags::new() };
    tags.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Time and progress of one call.
struct RunPace {
    stop: Stop,
    events: Events,
    address: Address,
    /// What was said last, so that a poll says it once.
    said: Mutex<String>,
}

#[async_trait]
impl Pace for RunPace {
    async fn pause(&self, duration: Duration) -> Result<(), Fault> {
        pause(&self.stop, duration, Level::Leave).await
    }

    fn waiting(&self, what: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if *said != what {
            what.clone_into(&mut said);
            self.events.emit(Event::Waiting { address: self.address.clone(), what: what.to_owned() });
        }
    }
}
