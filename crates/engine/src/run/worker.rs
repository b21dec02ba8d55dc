//! Workers: the call of one step, with its retries, until its effect is known.

use std::{sync::Arc, time::Duration};

use landfall_core::{
    Attributes, Fault, FaultKind, Fields, Observed,
    plan::merge,
    provider::Desired,
    state::{Object, Operation},
    store::StoreError,
};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::Instant,
};

use crate::{
    retry::Backoff,
    stop::Level,
    subject::{Subject, stopped},
    writer::Receipt,
};

/// What one worker does.
pub(super) struct Job {
    pub(super) subject: Subject,
    pub(super) operation: Operation,
    /// The object as it will be, as its intent records it.
    pub(super) object: Object,
    /// The fields to bring about, secrets in plain.
    pub(super) desired: Desired,
    /// The object there is, for an update or a delete.
    pub(super) have: Observed,
    pub(super) timeout: Duration,
    /// Seed of the jitter.
    pub(super) seed: u64,
}

/// Sees when the log can't be written any more; then no call is repeated.
pub(super) type LogFailure = watch::Receiver<Option<Arc<StoreError>>>;

/// How a call ended, and with it what is known of the object.
#[derive(Debug)]
pub(super) enum Ending {
    /// The object is as wanted.
    Done(Attributes),
    /// The object is gone, as wanted.
    Deleted,
    /// The call had no effect that has to be recorded.
    Failed(Fault),
    /// The call failed and left the object like this.
    Partial(Fault, Observed),
    /// The object that was to be changed does not exist.
    Vanished(Fault),
    /// The effect could not be found out: the next run settles it.
    Unknown(Fault),
    /// The run was told to stop before the call was made.
    NotStarted,
    /// The intent could not be written, so that the call was not made.
    NotRecorded,
}

/// Makes the call of a step, once its intent is durable.
pub(super) async fn work(job: Job, intent: Receipt, log: LogFailure, _slot: OwnedSemaphorePermit) -> Ending {
    if intent.durable().await.is_err() {
        return Ending::NotRecorded;
    }
    if job.subject.tools.stop.is_requested() {
        return Ending::NotStarted;
    }
    let deadline = Instant::now() + job.timeout;
    let policy = job.subject.tools.retry;
    let policy = if job.operation == Operation::Delete { policy.patient() } else { policy };
    let backoff = policy.backoff(job.seed, deadline);
    let mut call = Call { job, deadline, backoff, log };
    match call.job.operation {
        Operation::Create => call.create().await,
        Operation::Update => call.update().await,
        Operation::Delete => call.delete().await,
    }
}

struct Call {
    job: Job,
    deadline: Instant,
    backoff: Backoff,
    log: LogFailure,
}

impl Call {
    /// Waits before the call is made again.
    ///
    /// # Errors
    /// The fault, when it should not be.
    async fn again(&mut self, fault: Fault) -> Result<(), Fault> {
        let last = fault.clone();
        tokio::select! {
            biased;
            _ = self.log.wait_for(Option::is_some) => Err(last),
            again = self.job.subject.again(&mut self.backoff, fault, Level::Finish) => again,
        }
    }

    /// The ending of a call that would be made again if the run had not been told to stop. Its effect is left for the
    /// next run to find out: looking for it now could outlast the time that a signal leaves.
    fn cut_short(&self, fault: &Fault) -> Option<Ending> {
        let stopped = self.job.subject.tools.stop.is_requested() && fault.kind.is_transient();
        let message = || format!("the run was told to stop; before that: {}", fault.message);
        stopped.then(|| Ending::Unknown(Fault { kind: FaultKind::Stopped, message: message(), ..fault.clone() }))
    }

    /// Creates the object. Before each repetition it looks for what an earlier attempt made and completes that
    /// instead, so that nothing is made twice.
    async fn create(&mut self) -> Ending {
        let mut made: Option<Observed> = None;
        loop {
            let have = made.as_ref().map(|made| over(&self.job.desired.fields, made));
            let result = self.job.subject.reconcile(&self.job.desired, have.as_ref(), self.deadline).await;
            let ended = Instant::now();
            let fault = match result {
                Ok(attributes) => return Ending::Done(attributes),
                Err(fault) => fault,
            };
            if fault.kind == FaultKind::Stopped {
                return Ending::Unknown(fault);
            }
            let again = self.again(fault.clone()).await;
            if let Some(ending) = self.cut_short(&fault) {
                return ending;
            }
            let (subject, want, seed) = (&self.job.subject, &self.job.desired, self.job.seed);
            // Without another attempt the token is forgotten when nothing is found: then late reads matter for every kind.
            let look = match again {
                Ok(()) => subject.find(want, ended, seed).await,
                Err(_) => subject.find_for_good(want, ended, seed).await,
            };
            match look {
                Err(look) => return self.unseen(fault, &look),
                Ok(found) if again.is_ok() => made = found,
                Ok(Some(found)) => return Ending::Partial(fault, found),
                Ok(None) => return Ending::Failed(fault),
            }
        }
    }

    /// A create failed, and whether it made something can't be seen.
    fn unseen(&self, fault: Fault, look: &Fault) -> Ending {
        let first = self.job.subject.kind.actions.create.first().copied();
        // The first call of all was refused: then there was no second.
        let denied = [fault.kind, look.kind] == [FaultKind::Denied; 2] && first == Some(fault.operation.as_str());
        // What an endpoint does not implement, it does not hold either.
        let unsupported = [fault.kind, look.kind] == [FaultKind::Unsupported; 2];
        if denied || unsupported { Ending::Failed(fault) } else { Ending::Unknown(fault) }
    }

    /// Changes the object. After a fault that leaves the effect unknown it reads the object first, so that the
    /// repetition starts from what is there.
    async fn update(&mut self) -> Ending {
        let mut have = self.job.have.clone();
        loop {
            let result = self.job.subject.reconcile(&self.job.desired, Some(&have), self.deadline).await;
            let fault = match result {
                Ok(attributes) => return Ending::Done(attributes),
                Err(fault) => fault,
            };
            if fault.kind == FaultKind::Stopped {
                return Ending::Unknown(fault);
            }
            let again = self.again(fault.clone()).await;
            if let Some(ending) = self.cut_short(&fault) {
                return ending;
            }
            match self.job.subject.reread(self.job.have.id(), Some(&self.job.desired), self.job.seed).await {
                Ok(None) => return Ending::Vanished(fault),
                Ok(Some(found)) if again.is_ok() => have = over(&self.job.have.fields, &found),
                Ok(Some(found)) => return Ending::Partial(fault, found),
                // Who may not read can't see drift either: the record stays as it was.
                Err(look) if matches!(look.kind, FaultKind::Denied | FaultKind::Unsupported) => {
                    return Ending::Failed(fault);
                }
                Err(_) => return Ending::Unknown(fault),
            }
        }
    }

    async fn delete(&mut self) -> Ending {
        loop {
            match self.job.subject.delete(&self.job.have, self.deadline).await {
                Ok(()) => return Ending::Deleted,
                Err(fault) if fault.kind == FaultKind::Stopped => return Ending::Unknown(fault),
                Err(fault) => {
                    // The object stays recorded, and a delete of something absent succeeds: nothing to look for.
                    if let Err(fault) = self.again(fault).await {
                        return self.cut_short(&fault).unwrap_or(Ending::Failed(fault));
                    }
                }
            }
        }
    }
}

/// What was observed, completed by what AWS does not tell.
fn over(known: &Fields, observed: &Observed) -> Observed {
    Observed { fields: merge(known, &observed.fields), attributes: observed.attributes.clone() }
}

impl Ending {
    /// The ending of a worker that panicked: a provider's mistake, with an effect that nobody knows.
    pub(super) fn panicked(what: &str) -> Self {
        Self::Unknown(Fault::new(
            FaultKind::Fatal,
            format!("the provider of {what}"),
            "it panicked; this is a defect of the provider, and the next run settles what the call did",
        ))
    }

    /// The ending of a worker whose runtime was shut down.
    pub(super) fn torn_down() -> Self {
        Self::Unknown(stopped())
    }
}
