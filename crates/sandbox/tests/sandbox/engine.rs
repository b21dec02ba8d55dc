//! The engine in the sandbox: random networks, applied, interrupted, changed and destroyed.

use std::sync::Arc;

use landfall_core::{AnyRegion, Environment, Options, PlaceCode, State, Topology, store::Store};
use landfall_engine::{Executor, MemoryStore, Outcome, PlanOptions, Refresh};
use landfall_netlayer::{ElasticIp, InternetGateway, NatGateway, RouteTable, RouteTableAssociation, Subnet, Vpc};
use landfall_sandbox::{FaultSchedule, Killed, Moment, Op, Quotas, Sandbox, Tail, Trouble};
use proptest::prelude::*;

/// A network of one region: how many subnets, and whether it reaches the internet.
#[derive(Debug, Clone)]
struct Plot {
    place: &'static str,
    subnets: u8,
    public: bool,
}

fn plots() -> impl Strategy<Value = Vec<Plot>> {
    let place = prop::sample::select(vec!["ap-south-1", "eu-west-2", "us-east-1"]);
    let plot = (place, 0..6_u8, any::<bool>()).prop_map(|(place, subnets, public)| Plot { place, subnets, public });
    prop::collection::vec(plot, 1..4)
}

fn platform(plots: &[Plot]) -> Topology {
    let topology = Topology::new("twin", Environment::new("test"));
    for (number, plot) in plots.iter().enumerate() {
        let place: PlaceCode = plot.place.parse().expect("a region");
        let scope = topology.any_region(place).child(&format!("net{number}"));
        let range = format!("10.{number}.0.0/16").parse().expect("a range");
        let vpc = scope.add("main", Vpc::<AnyRegion>::builder().cidr_block(range).build());
        let table = scope.add("table", RouteTable::builder().vpc(vpc).build());
        let gateway = plot.public.then(|| scope.add("gateway", InternetGateway::builder().vpc(vpc).build()));
        for n in 0..plot.subnets {
            let range = format!("10.{number}.{n}.0/24").parse().expect("a range");
            let zone = format!("{place}a");
            let subnet = Subnet::builder().vpc(vpc).cidr_block(range).availability_zone(zone).build();
            let subnet = scope.add(&format!("s{n}"), subnet);
            if let Some(gateway) = gateway.filter(|_| n == 0) {
                let address = scope.add("nat", ElasticIp::new());
                let nat = NatGateway::public().subnet(subnet).elastic_ip(address).build();
                scope.add_with("nat", Options::new().after(gateway), nat);
            }
            let link = RouteTableAssociation::builder().route_table(table).subnet(subnet).build();
            scope.add_with(&format!("s{n}"), Options::new(), link);
        }
    }
    topology
}

fn world(seed: u64, faults: FaultSchedule) -> Sandbox {
    let kinds = landfall_netlayer::kinds();
    Sandbox::builder().kinds(kinds).seed(seed).tail(Tail::Drawn).quotas(Quotas::none()).faults(faults).build()
}

/// One process: settles, plans, applies; the outcome, or `Killed`.
fn process(sandbox: &Sandbox, store: &MemoryStore, topology: Topology, seed: u64) -> Result<Outcome, Killed> {
    let executor = Executor::builder().providers(sandbox.providers()).seed(seed).clock(Arc::new(|| 0)).owner("test");
    let (executor, store) = (executor.build(), Arc::new(store.clone()));
    sandbox.block_on(async move {
        let plan = executor.plan(&topology, store.clone(), PlanOptions::default()).await.expect("a plan");
        executor.apply(&topology, store, plan).await.expect("a run")
    })
}

fn destroy(sandbox: &Sandbox, store: &MemoryStore) {
    let executor = Executor::builder().providers(sandbox.providers()).seed(3).build();
    let store = Arc::new(store.clone());
    let topology = Topology::new("twin", Environment::new("test"));
    let outcome = sandbox
        .block_on(async move { executor.destroy(&topology, store, PlanOptions::default()).await.expect("a run") });
    let outcome = outcome.expect("no kill points");
    assert!(outcome.is_done(), "{outcome:?}");
}

fn state(store: &MemoryStore) -> State {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(store.load()).expect("a log").state
}

/// The next plan, with everything read: what has still to be done.
fn left_to_do(sandbox: &Sandbox, store: &MemoryStore, topology: Topology) -> String {
    let executor = Executor::builder().providers(sandbox.providers()).seed(9).build();
    let store = Arc::new(store.clone());
    let options = PlanOptions::builder().refresh(Refresh::All).build();
    let plan = sandbox.block_on(async move { executor.plan(&topology, store, options).await.expect("a plan") });
    let plan = plan.expect("no kill points");
    if plan.is_empty() { String::new() } else { plan.to_string() }
}

#[test]
fn a_second_apply_only_reads() {
    let sandbox = world(1, FaultSchedule::none());
    let (store, plots) = (MemoryStore::new(), [Plot { place: "ap-south-1", subnets: 3, public: true }]);
    assert!(process(&sandbox, &store, platform(&plots), 1).expect("no kill points").is_done());
    let calls = sandbox.calls().len() as u64;
    assert_eq!(left_to_do(&sandbox, &store, platform(&plots)), "");
    assert!(process(&sandbox, &store, platform(&plots), 2).expect("no kill points").is_done());
    assert_eq!(sandbox.calls().since(calls).writes().count(), 0);
    sandbox.assert_agrees_with(&state(&store));
}

#[test]
fn what_somebody_deleted_is_made_again() {
    let sandbox = world(1, FaultSchedule::none());
    let (store, plots) = (MemoryStore::new(), [Plot { place: "eu-west-2", subnets: 2, public: false }]);
    assert!(process(&sandbox, &store, platform(&plots), 1).expect("no kill points").is_done());
    sandbox.meddle().delete_with_dependents("eu-west-2/net0/ec2.subnet:s1").expect("deleted");
    let todo = left_to_do(&sandbox, &store, platform(&plots));
    assert!(todo.contains("ec2.subnet:s1"), "{todo}");
    assert_eq!(sandbox.orphans(&state(&store)).missing.len(), 2, "the subnet and its association");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn networks_come_change_and_go(first in plots(), second in plots(), seed in any::<u64>()) {
        let faults = FaultSchedule::none().share(Trouble::Throttle, 0.05).share(Trouble::Unavailable, 0.05);
        let (sandbox, store) = (world(seed, faults.share(Trouble::LoseResponse, 0.05)), MemoryStore::new());
        for (plots, run) in [(&first, 1), (&second, 2)] {
            let outcome = process(&sandbox, &store, platform(plots), run).expect("no kill points");
            prop_assert!(outcome.is_done(), "{outcome:?}\n{}", sandbox.calls());
            sandbox.assert_agrees_with(&state(&store));
            prop_assert_eq!(left_to_do(&sandbox, &store, platform(plots)), "");
        }
        destroy(&sandbox, &store);
        sandbox.assert_empty();
    }

    #[test]
    fn whatever_call_kills_the_run_the_next_one_converges(
        plots in plots(),
        call in 1..60_u64,
        moment in prop::sample::select(vec![Moment::Before, Moment::During, Moment::After]),
        seed in any::<u64>(),
    ) {
        let faults = FaultSchedule::none().at_call(call, Trouble::Kill(moment));
        let (sandbox, mut store) = (world(seed, faults), MemoryStore::new());
        if let Err(Killed) = process(&sandbox, &store, platform(&plots), 1) {
            store = store.after_crash();
            let outcome = process(&sandbox, &store, platform(&plots), 2).expect("killed once");
            prop_assert!(outcome.is_done(), "{outcome:?}\n{}", sandbox.calls());
        }
        sandbox.set_faults(FaultSchedule::none());
        sandbox.assert_agrees_with(&state(&store));
        prop_assert_eq!(left_to_do(&sandbox, &store, platform(&plots)), "");
        destroy(&sandbox, &store);
        sandbox.assert_empty();
    }

    #[test]
    fn the_same_seeds_give_the_same_run(plots in plots(), seed in any::<u64>()) {
        let run = || {
            let faults = FaultSchedule::none().share(Trouble::Throttle, 0.1).share(Trouble::LoseResponse, 0.05);
            let (sandbox, store) = (world(seed, faults), MemoryStore::new());
            let outcome = process(&sandbox, &store, platform(&plots), seed).expect("no kill points");
            assert!(outcome.is_done(), "{outcome:?}");
            (sandbox.calls().to_string(), serde_json::to_string(&sandbox.objects()).expect("JSON"), state(&store))
        };
        let (first, second) = (run(), run());
        prop_assert_eq!(first.0, second.0);
        prop_assert_eq!(first.1, second.1);
        prop_assert_eq!(first.2, second.2);
    }
}

#[test]
#[ignore = "prints numbers: `cargo test -p landfall-sandbox -- --ignored --nocapture engine_speed`"]
fn engine_speed() {
    let plots = |n: u32| vec![Plot { place: "ap-south-1", subnets: u8::try_from(n % 6).expect("small"), public: true }];
    let began = std::time::Instant::now();
    let (worlds, mut creates) = (1000, 0);
    for n in 0..worlds {
        let (sandbox, store) = (world(u64::from(n), FaultSchedule::none()), MemoryStore::new());
        assert!(process(&sandbox, &store, platform(&plots(n)), 1).expect("no kill points").is_done());
        destroy(&sandbox, &store);
        sandbox.assert_empty();
        creates += sandbox.calls().count(Op::Create);
    }
    let took = began.elapsed();
    println!("{worlds} networks of {creates} objects up and down: {took:.2?}, {:.1?} each", took / worlds);
}
