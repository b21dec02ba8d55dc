//! The sandbox: a world with its clock.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use landfall_core::{Kind, Providers};
use tokio::{runtime::Handle, sync::watch};

use crate::{
    calls::Calls,
    fault_schedule::FaultSchedule,
    late_reads::LateReads,
    mint,
    provider::Simulated,
    quotas::Quotas,
    runtime::Runtime,
    timing::{Tail, Times},
    world::{Rules, Served, World},
};

/// A simulated cloud: one AWS account with all its regions, in this process, in virtual time.
///
/// Each instance is a world of its own; clones share it.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
    _owner: Arc<Owner>,
}

/// The program met a kill point and was dropped there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the program was killed at a call, as the schedule of faults says")]
pub struct Killed;

/// What the clones of a sandbox and its providers share.
pub(crate) struct Inner {
    pub(crate) runtime: Runtime,
    pub(crate) served: BTreeMap<&'static str, Arc<Served>>,
    world: Mutex<World>,
    killed: watch::Sender<bool>,
}

/// Dropped with the last clone of a sandbox: what hangs after a kill point ends then.
struct Owner(Arc<Inner>);

impl Drop for Owner {
    fn drop(&mut self) {
        if self.0.world().0.killed {
            self.0.runtime.end();
        }
    }
}

#[bon::bon]
impl Sandbox {
    /// A world of these kinds, empty, where nothing goes wrong and everything takes AWS's median time.
    pub fn new(kinds: impl IntoIterator<Item = &'static Kind>) -> Self {
        Self::builder().kinds(kinds).build()
    }

    /// A world of these kinds, otherwise as said.
    #[builder(builder_type(doc {
        /// Makes a [`Sandbox`]; only the kinds have to be said.
    }))]
    pub fn builder(
        /// What the world knows: the kinds of every layer in use.
        #[builder(with = |kinds: impl IntoIterator<Item = &'static Kind>| kinds.into_iter().collect())]
        kinds: Vec<&'static Kind>,
        /// What ids, drawn times and faults come from: the same seed gives the same world.
        #[builder(default)]
        seed: u64,
        /// Id of the account, twelve digits; `123456789012` unless said.
        #[builder(into, default = "123456789012")]
        account: String,
        /// Which time of its row an operation takes; the median unless said.
        #[builder(default)]
        tail: Tail,
        /// Factor on every time of AWS; 1 unless said, 0 for a world without delays.
        #[builder(default = 1.0)]
        time_scale: f64,
        /// How long new objects stay unseen; as AWS's EC2 and IAM do unless said.
        #[builder(default)]
        late_reads: LateReads,
        /// How many objects of a kind a place may have; as in a new AWS account unless said.
        #[builder(default)]
        quotas: Quotas,
        /// What goes wrong; nothing unless said.
        #[builder(default)]
        faults: FaultSchedule,
    ) -> Self {
        let served = kinds.into_iter().map(|kind| {
            let times = Times::of(kind.timing).unwrap_or_else(Times::one_call);
            (kind.name, Arc::new(Served { kind, forms: mint::forms(kind), times }))
        });
        let served: BTreeMap<_, _> = served.collect();
        let rules = Rules { seed, account, tail, time_scale, late_reads, quotas };
        let world = World::new(rules, faults, served.values().map(|served| served.kind));
        let inner = Arc::new(Inner {
            runtime: Runtime::default(),
            served,
            world: Mutex::new(world),
            killed: watch::Sender::new(false),
        });
        Self { _owner: Arc::new(Owner(Arc::clone(&inner))), inner }
    }

    /// The world as a cloud: every kind with the provider that serves it.
    pub fn providers(&self) -> Providers {
        let mut providers = Providers::new();
        for served in self.inner.served.values() {
            let provider = Simulated { served: Arc::clone(served), inner: Arc::clone(&self.inner) };
            providers.add(served.kind, Arc::new(provider));
        }
        providers
    }

    /// Where an executor has to run its tasks so that AWS's minutes pass at once.
    ///
    /// It is one thread of the sandbox's own, whose clock jumps to the next timer whenever nothing else is to do.
    /// A provider that is called from elsewhere runs its operation there by itself; but pauses of its caller are
    /// then real ones.
    pub fn runtime(&self) -> Handle {
        self.inner.runtime.handle()
    }

    /// Virtual time since the world began.
    pub fn now(&self) -> Duration {
        self.inner.runtime.now()
    }

    /// Every operation that providers were asked for so far.
    pub fn calls(&self) -> Calls {
        Calls(self.inner.world().0.calls.clone())
    }

    /// Changes what goes wrong from here on.
    pub fn set_faults(&self, faults: FaultSchedule) {
        self.inner.world().0.faults = faults;
    }

    /// Runs a future in virtual time, from whichever runtime: the program whose calls the world answers.
    ///
    /// # Errors
    /// [`Killed`] when it meets a [kill point](crate::Trouble::Kill): it was dropped at that call with everything it
    /// started, as by the end of its process. The world goes on, and so can the next run.
    pub async fn run<T: Send + 'static>(&self, program: impl Future<Output = T> + Send + 'static) -> Result<T, Killed> {
        tokio::select! {
            biased;
            () = self.killed() => {}
            done = self.inner.runtime.carry(program) => {
                if let Some(value) = done {
                    return Ok(value);
                }
            }
        }
        self.revive();
        Err(Killed)
    }

    /// As [`run`](Self::run), for tests and programs without a runtime of their own.
    ///
    /// # Errors
    /// [`Killed`], likewise.
    ///
    /// # Panics
    /// Inside of a runtime, where it would block.
    pub fn block_on<T: Send + 'static>(&self, program: impl Future<Output = T> + Send + 'static) -> Result<T, Killed> {
        let waits = tokio::runtime::Builder::new_current_thread().build();
        waits.expect("a runtime that only waits needs nothing of the system").block_on(self.run(program))
    }

    /// Waits until a [kill point](crate::Trouble::Kill) is met: the moment to drop the run, as the end of its
    /// process would.
    pub async fn killed(&self) {
        let mut killed = self.inner.killed.subscribe();
        // The sender lives as long as `self`.
        let _met = killed.wait_for(|killed| *killed).await;
    }

    /// Ends everything that runs in virtual time, as the end of a process does, and lets calls be answered again.
    ///
    /// The world stays as it is, and so do AWS's own works in progress. Called from inside of the runtime it can't
    /// wait for the end. [`runtime`](Self::runtime) gives another handle afterwards.
    pub fn revive(&self) {
        self.inner.runtime.end();
        self.inner.world().0.killed = false;
        self.inner.killed.send_replace(false);
    }
}

impl Inner {
    /// The world as it is now, and the time.
    pub(crate) fn world(&self) -> (MutexGuard<'_, World>, Duration) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.runtime.now();
        world.advance(now);
        (world, now)
    }

    /// The process ends here: nothing answers any more.
    pub(crate) async fn kill<T>(&self) -> T {
        self.world().0.killed = true;
        self.runtime.stop();
        self.killed.send_replace(true);
        std::future::pending().await
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (world, now) = self.inner.world();
        f.debug_struct("Sandbox").field("objects", &world.things().count()).field("now", &now).finish_non_exhaustive()
    }
}
