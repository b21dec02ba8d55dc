//! Whole topologies over HTTP, on implementations of AWS by others: moto, and ministack for what it has and moto
//! lacks.

use std::{sync::Arc, time::Duration};

use landfall::{
    Plan, Topology,
    engine::{Executor, MemoryStore, PlanOptions, Refresh},
    store::{Owner, Store},
};
use landfall_conformance::{Cloud, Wire};

use super::flagship::platform;

/// moto for most services; ministack where moto can't serve this SDK or lacks what the platform needs.
const SPLIT: Wire = Wire::Split { ministack: &["CloudFront", "CloudWatch"] };

struct Run {
    cloud: Cloud,
    executor: Executor,
    store: Arc<dyn Store>,
}

impl Run {
    async fn on(wire: Wire) -> Self {
        let cloud = Cloud::on(wire).await;
        let executor = Executor::builder().providers(landfall::on_aws(&cloud.aws)).build();
        Self { cloud, executor, store: Arc::new(MemoryStore::new()) }
    }

    async fn plan(&self, topology: &Topology) -> Plan {
        let options = PlanOptions { refresh: Refresh::All, ..PlanOptions::default() };
        self.executor.plan(topology, Arc::clone(&self.store), options).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn apply(&self, topology: &Topology) {
        let plan = self.plan(topology).await;
        let outcome = self.executor.apply(topology, Arc::clone(&self.store), plan).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
        let failures: Vec<_> =
            outcome.report().failures().map(|(step, fault)| format!("{}: {fault}", step.address)).collect();
        assert!(outcome.is_done(), "{}", failures.join("\n"));
    }

    async fn destroy(&self, topology: &Topology) {
        let outcome = self.executor.destroy(topology, Arc::clone(&self.store), PlanOptions::default()).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
        let failures: Vec<_> =
            outcome.report().failures().map(|(step, fault)| format!("{}: {fault}", step.address)).collect();
        assert!(outcome.is_done(), "{}", failures.join("\n"));
    }

    /// A copy of the state, to ask later what became of its objects.
    async fn remember(&self) -> Arc<dyn Store> {
        let copy = Arc::new(MemoryStore::new());
        let owner = Owner { name: "test".to_owned(), process: 0, command: "copy".to_owned(), since: 0 };
        let lease = copy.acquire(&owner).await.expect("nobody else has it");
        let entries = self.store.entries(None).await.expect("reads");
        copy.append(&lease, &entries).await.expect("writes");
        copy.release(lease).await.expect("releases");
        copy
    }
}

/// Applies, plans nothing more and changes nothing more, sees no drift, and destroys everything.
async fn lives_and_dies(wire: Wire, topology: Topology) {
    let run = Run::on(wire).await;
    run.apply(&topology).await;
    run.cloud.tap.clear_calls();
    let again = run.plan(&topology).await;
    assert!(again.is_empty(), "{again}");
    run.apply(&topology).await;
    let changes = run.cloud.tap.changes();
    assert!(changes.is_empty(), "a second apply changes {changes:?}");
    let before = run.remember().await;
    let count = before.load().await.expect("reads").state.objects.len();
    run.destroy(&topology).await;
    let after = run.executor.drift(&topology, before).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(after.gone.len(), count, "still there: {:?}", after.changed);
}

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(Duration::from_mins(20), future).await }).expect("it ends");
}

#[test]
fn the_flagship_lives_and_dies_on_emulators() {
    block_on(lives_and_dies(SPLIT, platform(&[])));
}
