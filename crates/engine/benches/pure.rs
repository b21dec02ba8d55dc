//! The pure parts: declaring, lowering, planning, folding a log; for growing numbers of resources.

use std::{hint::black_box, sync::Arc};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use landfall_core::{
    Lowered, State,
    plan::{self, Choice, Observations},
    state::Entry,
    store::Store,
};
use landfall_engine::{Executor, MemoryStore, PlanOptions, Rate, Rates};

mod trees;

/// Topologies of growing size, each lowered and with the log of its apply.
fn applied() -> impl Iterator<Item = (usize, Lowered, Vec<Entry>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    [1000, 5000, 20_000].into_iter().map(move |resources| {
        let topology = trees::topology(resources);
        let unlimited = Rates::all(Rate { per_second: 1e9, burst: u32::MAX });
        let executor = Executor::builder().providers(trees::Cloud::default().providers()).rates(unlimited).build();
        let store = Arc::new(MemoryStore::new());
        let entries = runtime.block_on(async {
            let plan = executor.plan(&topology, store.clone(), PlanOptions::default()).await.expect("a plan");
            let outcome = executor.apply(&topology, store.clone(), plan).await.expect("a run");
            assert!(outcome.is_done());
            store.entries(None).await.expect("a log")
        });
        (resources, topology.lower().expect("no problems"), entries)
    })
}

fn pure(criterion: &mut Criterion) {
    for (resources, lowered, entries) in applied() {
        let state = State::fold(entries.iter().cloned()).expect("a log");
        let topology = trees::topology(resources);
        let plan = |state: &State| {
            plan::apply(&lowered, state, &Observations::default(), &Choice::default()).expect("no problems")
        };
        assert_eq!(plan(&State::default()).steps.len(), resources);
        assert!(plan(&state).is_empty());

        let mut group = criterion.benchmark_group("resources");
        group.throughput(Throughput::Elements(resources as u64)).sample_size(20);
        group.bench_function(BenchmarkId::new("declare", resources), |it| it.iter(|| trees::topology(resources)));
        group.bench_function(BenchmarkId::new("lower", resources), |it| {
            it.iter(|| black_box(&topology).lower().expect("no problems"));
        });
        group.bench_function(BenchmarkId::new("first plan", resources), |it| it.iter(|| plan(&State::default())));
        group.bench_function(BenchmarkId::new("second plan", resources), |it| it.iter(|| plan(&state)));
        group.bench_function(BenchmarkId::new("fold", resources), |it| {
            it.iter_batched(|| entries.clone(), |entries| State::fold(entries).expect("a log"), BatchSize::LargeInput);
        });
        group.finish();
    }
}

criterion_group!(benches, pure);
criterion_main!(benches);
