//! How close the executor comes to the best possible.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
    time::Duration,
};

use landfall_core::{AnyRegion, Environment, Handle, Kind, Options, Plan, Resource, Topology, kind::Field};
use landfall_engine::{Executor, MemoryStore, PlanOptions, Rate, Rates, Report};
use landfall_sandbox::{LateReads, Quotas, Sandbox, usual_time};
use proptest::{prelude::*, strategy::ValueTree};
use serde::{Deserialize, Serialize};

/// A resource that takes as long as the `K`th kind says and waits for whatever it is told to.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Block<const K: usize> {
    name: String,
}

impl<const K: usize> Resource for Block<K> {
    type At = AnyRegion;

    fn kind() -> &'static Kind {
        &KINDS[K]
    }
}

const fn kind<const K: usize>(name: &'static str, timing: &'static str) -> Kind {
    Kind { fields: const { &[Field::updates("name")] }, timing, ..Kind::of::<Block<K>>(name) }
}

/// From one call to many minutes.
static KINDS: [Kind; 5] = [
    kind::<0>("route53.block", "aws_route53_record"),
    kind::<1>("ec2.block", ""),
    kind::<2>("ec2.gateway", "aws_nat_gateway"),
    kind::<3>("elasticloadbalancing.block", "aws_lb"),
    kind::<4>("rds.block", "aws_db_instance:single_az"),
];

/// One resource of a random graph: its kind, and how far back those are that it waits for.
#[derive(Debug, Clone)]
struct Sketch {
    kind: usize,
    back: Vec<usize>,
}

fn graph(size: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Sketch>> {
    let kind = prop_oneof![4 => Just(0_usize), 6 => Just(1), 1 => Just(2), 1 => Just(3), 1 => Just(4)];
    let sketch = (kind, prop::collection::vec(1..80_usize, 0..3)).prop_map(|(kind, back)| Sketch { kind, back });
    prop::collection::vec(sketch, size)
}

type Waits = Box<dyn Fn(Options) -> Options>;

fn waits<const K: usize>(handle: Handle<Block<K>>) -> Waits {
    Box::new(move |options| options.after(handle))
}

fn topology(sketches: &[Sketch]) -> Topology {
    let topology = Topology::new("makespan", Environment::new("test"));
    let scope = topology.any_region("ap-south-1".parse().expect("a region"));
    let mut made: Vec<Waits> = Vec::new();
    for (number, sketch) in sketches.iter().enumerate() {
        let before = sketch.back.iter().filter_map(|back| number.checked_sub(*back));
        let options = before.fold(Options::new(), |options, before| made[before](options));
        let name = format!("n{number}");
        let own = name.clone();
        made.push(match sketch.kind {
            0 => waits(scope.add_with(&own, options, Block::<0> { name })),
            1 => waits(scope.add_with(&own, options, Block::<1> { name })),
            2 => waits(scope.add_with(&own, options, Block::<2> { name })),
            3 => waits(scope.add_with(&own, options, Block::<3> { name })),
            _ => waits(scope.add_with(&own, options, Block::<4> { name })),
        });
    }
    topology
}

/// Applies a topology in a new world, with room for everything at once but for these rates.
fn run(sketches: &[Sketch], rates: Rates) -> (Plan, Report) {
    let quiet = LateReads::none();
    let sandbox = Sandbox::builder().kinds(KINDS.iter()).quotas(Quotas::none()).late_reads(quiet).build();
    let executor = Executor::builder().providers(sandbox.providers()).seed(1).parallelism(10_000).rates(rates);
    let executor = executor.expected(Arc::new(usual_time)).build();
    let topology = topology(sketches);
    let applied = sandbox.block_on(async move {
        let store = Arc::new(MemoryStore::new());
        let plan = executor.plan(&topology, store.clone(), PlanOptions::default()).await.expect("a plan");
        let outcome = executor.apply(&topology, store, plan.clone()).await.expect("a run");
        assert!(outcome.is_done(), "{outcome:?}");
        (plan, outcome.into_report())
    });
    applied.expect("no kill points")
}

fn unlimited() -> Rates {
    Rates::all(Rate { per_second: 1e9, burst: u32::MAX })
}

/// No executor is faster: the longest chain of steps, and for each service what its rate does to the steps of it,
/// each of which can't begin before what it waits for is done nor end later than what waits for it needs.
fn bound(plan: &Plan, times: &[Duration], rate: Rate) -> Duration {
    let mut heads = vec![Duration::ZERO; times.len()];
    let mut tails = times.to_vec();
    for (position, step) in plan.steps.iter().enumerate() {
        let ready = step.after.iter().map(|&before| heads[before] + times[before]).max();
        heads[position] = ready.unwrap_or_default();
    }
    for (position, step) in plan.steps.iter().enumerate().rev() {
        for &before in &step.after {
            tails[before] = tails[before].max(times[before] + tails[position]);
        }
    }
    let mut services: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, step) in plan.steps.iter().enumerate() {
        services.entry(step.kind.split('.').next().expect("a service")).or_default().push(position);
    }
    let longest = heads.iter().zip(&tails).map(|(head, tail)| *head + *tail).max().unwrap_or_default();
    services.into_values().map(|steps| one_service(steps, &heads, &tails, rate)).max().unwrap_or_default().max(longest)
}

/// The end of the best order of the calls of one service, if nothing else were limited: at each turn the one with the
/// longest time to go.
fn one_service(mut steps: Vec<usize>, heads: &[Duration], tails: &[Duration], rate: Rate) -> Duration {
    steps.sort_by_key(|&step| Reverse(heads[step]));
    let period = Duration::from_secs_f64(1.0 / rate.per_second);
    let mut waiting: BinaryHeap<Duration> = BinaryHeap::new();
    // When the bucket would be full, if every call took one period to give its turn back.
    let (mut full_at, mut end) = (Duration::ZERO, Duration::ZERO);
    let mut now = Duration::ZERO;
    loop {
        if waiting.is_empty() {
            let Some(&next) = steps.last() else { return end };
            now = now.max(heads[next]);
        }
        now = now.max((full_at + period).saturating_sub(period * rate.burst));
        while let Some(next) = steps.pop_if(|next| heads[*next] <= now) {
            waiting.push(tails[next]);
        }
        let Some(tail) = waiting.pop() else { continue };
        full_at = full_at.max(now) + period;
        end = end.max(now + tail);
    }
}

fn ratio(makespan: Duration, best: Duration) -> f64 {
    makespan.as_secs_f64() / best.as_secs_f64()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn without_limits_a_run_takes_as_long_as_its_longest_chain(sketches in graph(1..150)) {
        let (_, report) = run(&sketches, unlimited());
        prop_assert!(ratio(report.makespan, report.critical_path) <= 1.02, "{report:#?}");
    }

    #[test]
    fn with_limits_a_run_is_near_the_lower_bound(sketches in graph(100..300), per_second in 0.2..5.0_f64, burst in 1..20_u32) {
        let rate = Rate { per_second, burst };
        let (plan, free) = run(&sketches, unlimited());
        let times: Vec<_> = free.steps.iter().map(|step| step.duration).collect();
        let (_, limited) = run(&sketches, Rates::all(rate));
        let best = bound(&plan, &times, rate);
        let ratio = ratio(limited.makespan, best);
        prop_assert!(ratio <= 1.05, "{:?} instead of {best:?}: {ratio}", limited.makespan);
    }
}

#[test]
#[ignore = "prints numbers: `cargo test -p landfall-sandbox -- --ignored --nocapture makespans`"]
fn makespans() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for size in [100, 300, 1000, 3000] {
        let sketches = graph(size..size + 1).new_tree(&mut runner).expect("a graph").current();
        let (plan, free) = run(&sketches, unlimited());
        let times: Vec<_> = free.steps.iter().map(|step| step.duration).collect();
        let (chain, made) = (free.critical_path, free.makespan);
        println!("{size} steps: makespan {made:.1?}, longest chain {chain:.1?}, {:.3}", ratio(made, chain));
        for per_second in [5.0, 1.0, 0.2] {
            let rate = Rate { per_second, burst: 5 };
            let (_, limited) = run(&sketches, Rates::all(rate));
            let (made, best) = (limited.makespan, bound(&plan, &times, rate));
            println!("  {per_second}/s: makespan {made:.1?}, lower bound {best:.1?}, {:.3}", ratio(made, best));
        }
    }
}
