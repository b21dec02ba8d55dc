//! A lab: the sandbox with an executor and a state, for unit tests of topologies.

use std::sync::Arc;

use landfall_core::{Plan, State, Topology, store::Store};
use landfall_engine::{Executor, MemoryStore, Outcome, PlanOptions, Refresh};
use landfall_sandbox::{Sandbox, usual_time};

/// A simulated AWS with an executor and a state of its own, for unit tests of topologies.
///
/// It needs no runtime of a certain kind: the simulated cloud runs on its own, in virtual time.
#[derive(Clone)]
pub struct Lab {
    /// The simulated cloud: to look into it, to break things in it.
    pub sandbox: Sandbox,
    /// The executor that runs on it.
    pub executor: Executor,
    /// The state of the topology under test.
    pub store: Arc<dyn Store>,
}

impl Lab {
    /// An empty cloud with every kind of every enabled layer.
    pub fn new() -> Self {
        Self::of(Sandbox::new(crate::kinds()))
    }

    /// A lab around a sandbox that was set up: with faults, quotas, other kinds.
    pub fn of(sandbox: Sandbox) -> Self {
        let executor = Executor::builder().providers(sandbox.providers()).runtime(sandbox.runtime()).seed(0);
        let executor = executor.expected(Arc::new(usual_time)).build();
        Self { sandbox, executor, store: Arc::new(MemoryStore::new()) }
    }

    /// Plans and applies.
    ///
    /// # Panics
    /// With every problem, when the topology can't be planned or the state can't be used.
    pub async fn apply(&self, topology: &Topology) -> Outcome {
        let plan = self.plan(topology).await;
        let outcome = self.executor.apply(topology, Arc::clone(&self.store), plan).await;
        outcome.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Reads every object and plans.
    ///
    /// # Panics
    /// With every problem, when the topology can't be planned or the state can't be used.
    pub async fn plan(&self, topology: &Topology) -> Plan {
        let options = PlanOptions { refresh: Refresh::All, ..PlanOptions::default() };
        let plan = self.executor.plan(topology, Arc::clone(&self.store), options).await;
        plan.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Destroys.
    ///
    /// # Panics
    /// When the topology or the state can't be used.
    pub async fn destroy(&self, topology: &Topology) -> Outcome {
        let outcome = self.executor.destroy(topology, Arc::clone(&self.store), PlanOptions::default()).await;
        outcome.unwrap_or_else(|error| panic!("{error}"))
    }

    /// What the topology owns.
    ///
    /// # Panics
    /// When the state can't be read.
    pub async fn state(&self) -> State {
        self.store.load().await.unwrap_or_else(|error| panic!("{error}")).state
    }
}

impl Default for Lab {
    fn default() -> Self {
        Self::new()
    }
}
