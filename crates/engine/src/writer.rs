//! The writer: one task that appends to the log, as many entries at a time as are waiting.

use std::{sync::Arc, time::Duration};

use landfall_core::{
    state::{Entry, Revision},
    store::{Lease, Store, StoreError},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::MissedTickBehavior,
};

/// What the first failure to write was; `None` while all is well.
type Broken = Option<Arc<StoreError>>;

/// Entries on their way to the log.
struct Append {
    entries: Vec<Entry>,
    durable: oneshot::Sender<Result<(), Arc<StoreError>>>,
}

/// Says when entries are durable, or why they never will be.
pub(crate) struct Receipt(oneshot::Receiver<Result<(), Arc<StoreError>>>);

impl Receipt {
    /// Waits until the entries are durable.
    ///
    /// # Errors
    /// Why they are not; `None` when the writer was torn down with its runtime.
    pub(crate) async fn durable(self) -> Result<(), Option<Arc<StoreError>>> {
        self.0.await.map_err(|_| None)?.map_err(Some)
    }
}

/// The way to the writer, which holds the lease until this is dropped.
///
/// # Guarantees
/// * Entries become durable in the order in which they were sent.
/// * After one failure nothing more is written.
pub(crate) struct Writer {
    sender: mpsc::UnboundedSender<Append>,
    broken: watch::Receiver<Broken>,
    durable: watch::Receiver<Revision>,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Writer {
    /// Starts the writer, on the current runtime.
    pub(crate) fn start(store: Arc<dyn Store>, lease: Lease, revision: Revision) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (failed, broken) = watch::channel(None);
        let (wrote, durable) = watch::channel(revision);
        let task = tokio::spawn(write(store, lease, receiver, failed, wrote));
        Self { sender, broken, durable, task }
    }

    pub(crate) fn append(&self, entries: Vec<Entry>) -> Receipt {
        let (durable, receipt) = oneshot::channel();
        let _ = self.sender.send(Append { entries, durable });
        Receipt(receipt)
    }

    /// Sees the first failure to write.
    pub(crate) fn broken(&self) -> watch::Receiver<Broken> {
        self.broken.clone()
    }

    /// Waits until everything sent is durable, and releases the lease.
    ///
    /// Returns the revision that is durable, and what went wrong if anything did.
    pub(crate) async fn close(self) -> (Revision, Broken) {
        let Self { sender, broken, durable, task } = self;
        drop(sender);
        let released = task.await;
        let first = broken.borrow().clone();
        let error = first.or_else(|| released.ok().and_then(Result::err).map(Arc::new));
        (*durable.borrow(), error)
    }
}

async fn write(
    store: Arc<dyn Store>,
    lease: Lease,
    mut receiver: mpsc::UnboundedReceiver<Append>,
    failed: watch::Sender<Broken>,
    wrote: watch::Sender<Revision>,
) -> Result<(), StoreError> {
    let mut heartbeat = tokio::time::interval((lease.ttl / 3).max(Duration::from_secs(1)));
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let mut group = Vec::new();
    loop {
        tokio::select! {
            biased;
            count = receiver.recv_many(&mut group, usize::MAX) => {
                if count == 0 {
                    break;
                }
                let broken = failed.borrow().clone();
                let result = match broken {
                    Some(error) => Err(error),
                    None => append(&store, &lease, &mut group, &wrote).await.map_err(Arc::new),
                };
                if let Err(error) = &result {
                    failed.send_if_modified(|broken| broken.is_none() && { *broken = Some(error.clone()); true });
                }
                for append in group.drain(..) {
                    let _ = append.durable.send(result.clone());
                }
            }
            _ = heartbeat.tick() => {
                if let Err(error) = store.renew(&lease).await {
                    tracing::error!(%error, "the lease could not be renewed");
                    // A store that can't be reached for a moment is no reason to stop: an append will tell.
                    if matches!(error, StoreError::LeaseLost { .. }) {
                        let error = Arc::new(error);
                        failed.send_if_modified(|broken| broken.is_none() && { *broken = Some(error); true });
                    }
                }
            }
        }
    }
    match store.release(lease).await {
        Err(StoreError::LeaseLost { .. }) if failed.borrow().is_some() => Ok(()),
        result => result,
    }
}

/// Appends a group of entries, durably, with one call of the store.
async fn append(
    store: &Arc<dyn Store>,
    lease: &Lease,
    group: &mut [Append],
    wrote: &watch::Sender<Revision>,
) -> Result<(), StoreError> {
    let entries: Vec<Entry> = group.iter_mut().flat_map(|append| std::mem::take(&mut append.entries)).collect();
    if entries.is_empty() {
        return Ok(());
    }
    store.append(lease, &entries).await?;
    wrote.send_modify(|revision| *revision += entries.len() as Revision);
    Ok(())
}
