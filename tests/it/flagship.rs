//! The platform of `examples/india_london.rs` in the sandbox.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use clap::Parser;
use landfall::{
    Lab, Topology,
    engine::{Executor, MemoryStore, PlanOptions},
    sandbox::{FaultSchedule, Killed, Moment, Outage, Sandbox, Trouble},
    store::Store,
};

use super::india_london;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    own: india_london::Own,
}

/// The platform with the example's options.
pub(crate) fn platform(options: &[&str]) -> Topology {
    let program = Program::parse_from(["india_london"].iter().chain(options));
    india_london::topology(&program.own).expect("the example declares")
}

#[tokio::test]
async fn it_applies_plans_nothing_more_and_leaves_nothing_behind() {
    let lab = Lab::new();
    let topology = platform(&[]);
    let outcome = lab.apply(&topology).await;
    assert!(outcome.is_done(), "{:#?}", outcome.report().failures().collect::<Vec<_>>());
    let again = lab.plan(&topology).await;
    assert!(again.is_empty(), "{again}");
    lab.sandbox.assert_agrees_with(&lab.state().await);
    assert!(lab.destroy(&topology).await.is_done());
    lab.sandbox.assert_empty();
}

#[test]
fn every_kind_can_be_simulated() {
    let complaints = landfall::sandbox::audit(landfall::kinds());
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test]
async fn what_is_protected_outlives_a_destroy() {
    let lab = Lab::new();
    let topology = platform(&["--keep-data"]);
    assert!(lab.apply(&topology).await.is_done());
    assert!(lab.destroy(&topology).await.is_done());
    for kind in ["rds.global_cluster", "rds.cluster", "rds.cluster_instance", "kms.key"] {
        assert!(lab.sandbox.count_of(kind) > 0, "{kind} is gone");
    }
    assert_eq!(lab.sandbox.count_of("cloudfront.distribution"), 0);
}

#[tokio::test]
async fn both_regions_have_the_same_resources() {
    let lowered = platform(&[]).lower().expect("no problems");
    let kinds = |place: &str| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for own in lowered.declarations.iter().filter(|own| own.place.as_str() == place) {
            *counts.entry(own.kind.name).or_default() += 1;
        }
        counts
    };
    let (mut india, mut london) = (kinds("ap-south-1"), kinds("eu-west-2"));
    // Mumbai has the audit trail with its bucket, both secrets of the platform, and the second database instance.
    for (kind, more) in [
        ("cloudtrail.trail", 1),
        ("rds.cluster_instance", 1),
        ("s3.bucket", 1),
        ("s3.bucket_policy", 1),
        ("secretsmanager.secret", 2),
    ] {
        *london.entry(kind).or_default() += more;
    }
    india.retain(|_, count| *count > 0);
    assert_eq!(india, london);
}

/// Kills the process inside of 25 calls, one in each run, and goes on after each until all is there.
#[test]
fn killed_at_25_calls_it_converges_without_orphans_or_doubles() {
    let calls = calls_of_an_apply();
    for round in 0..25_u64 {
        let at = 1 + calls * round / 25;
        let moment = [Moment::Before, Moment::During, Moment::After][usize::try_from(round % 3).expect("small")];
        let faults = FaultSchedule::none().at_call(at, Trouble::Kill(moment));
        let sandbox = Sandbox::builder().kinds(landfall::kinds()).seed(round).faults(faults).build();
        let store = MemoryStore::new();
        let first = sandbox.block_on(apply(sandbox.clone(), Arc::new(store.clone()), round));
        assert!(matches!(first, Err(Killed)), "call {at} is never reached");
        sandbox.set_faults(FaultSchedule::none());
        let store: Arc<dyn Store> = Arc::new(store.after_crash());
        let done = sandbox.block_on(apply(sandbox.clone(), Arc::clone(&store), round + 100)).expect("not killed again");
        assert!(done, "killed {moment:?} call {at}, the next run did not finish");
        let state = state(&sandbox, store);
        sandbox.assert_agrees_with(&state);
        assert!(sandbox.duplicates().is_empty(), "killed {moment:?} call {at}: {:?}", sandbox.duplicates());
    }
}

/// Throttles, lost answers and an outage of Mumbai in one apply: it takes longer, and nothing else.
#[test]
fn faults_and_an_outage_delay_it_and_nothing_else() {
    let outage = Outage::region("ap-south-1").from(Duration::from_secs(30)).to(Duration::from_mins(1));
    let faults = FaultSchedule::none().share(Trouble::Throttle, 0.1).share(Trouble::LoseResponse, 0.03).outage(outage);
    let sandbox = Sandbox::builder().kinds(landfall::kinds()).seed(7).faults(faults).build();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut done = false;
    for run in 0..3 {
        done = sandbox.block_on(apply(sandbox.clone(), Arc::clone(&store), run)).expect("nothing kills it");
        if done {
            break;
        }
        sandbox.set_faults(FaultSchedule::none());
    }
    assert!(done);
    sandbox.assert_agrees_with(&state(&sandbox, store));
}

async fn apply(sandbox: Sandbox, store: Arc<dyn Store>, seed: u64) -> bool {
    let executor = Executor::builder().providers(sandbox.providers()).seed(seed).build();
    let topology = platform(&[]);
    let plan = executor.plan(&topology, Arc::clone(&store), PlanOptions::default()).await.expect("plans");
    executor.apply(&topology, store, plan).await.expect("runs").is_done()
}

fn calls_of_an_apply() -> u64 {
    let sandbox = Sandbox::new(landfall::kinds());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    assert!(sandbox.block_on(apply(sandbox.clone(), store, 0)).expect("nothing kills it"));
    sandbox.calls().len() as u64
}

fn state(sandbox: &Sandbox, store: Arc<dyn Store>) -> landfall::State {
    sandbox.block_on(async move { store.load().await.expect("loads").state }).expect("nothing kills it")
}
