//! Laws on random topologies: whatever happens to a run, the next one converges.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod cloud;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use cloud::{Cloud, Fail, Fused, Sketch, Thing, assert_in_step, hand_over, sketched, topology};
use landfall_core::{ApSouth1, FaultKind, Topology, store::Store};
use landfall_engine::{Error, Outcome, PlanOptions, Refresh};
use proptest::prelude::*;

/// Does something in a process of its own, which ends when it is done or when the fuse blows.
fn process<T>(cloud: &Cloud, work: impl AsyncFnOnce() -> T) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        cloud.reboot();
        tokio::select! {
            biased;
            () = cloud.fuse.blown() => None,
            done = work() => Some(done),
        }
    })
}

async fn apply(cloud: &Cloud, topology: &Topology, store: &Fused, refresh: Refresh) -> Result<Outcome, Error> {
    let executor = cloud.executor();
    let options = PlanOptions::builder().refresh(refresh).build();
    let plan = executor.plan(topology, store.shared(), options).await?;
    executor.apply(topology, store.shared(), plan).await
}

/// Applies until it is done, checks that nothing is left to do.
fn converge(cloud: &Cloud, topology: &Topology, store: &Fused) -> Result<(), Error> {
    cloud.fuse.arm(None);
    cloud.world().chaos = None;
    process(cloud, async || {
        let outcome = apply(cloud, topology, store, Refresh::None).await?;
        assert!(outcome.is_done(), "{outcome:?}");
        hand_over(cloud, store).await;
        assert_in_step(cloud, &store.load().await.unwrap().state);
        let options = PlanOptions::builder().refresh(Refresh::All).build();
        let again = cloud.executor().plan(topology, store.shared(), options).await?;
        assert!(again.is_empty(), "second plan: {again}");
        Ok(())
    })
    .expect("no fuse is armed")
}

/// Whether there is a plan for a topology that AWS takes.
fn is_possible(cloud: &Cloud, topology: &Topology, store: &Fused) -> bool {
    let plan = async || cloud.executor().plan(topology, store.shared(), PlanOptions::default()).await;
    match process(cloud, plan).expect("no fuse is armed") {
        Ok(_) => true,
        Err(Error::Problems(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

fn destroy(cloud: &Cloud, store: &Fused) {
    let outcome = process(cloud, async || {
        let outcome = cloud.executor().destroy(&topology(), store.shared(), PlanOptions::default()).await;
        hand_over(cloud, store).await;
        outcome
    });
    assert!(outcome.unwrap().unwrap().is_done());
    assert!(cloud.world().objects.is_empty(), "destroy left {:?}", cloud.world().objects);
    assert_eq!(cloud.world().duplicates, 0);
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let scarce = || prop::option::weighted(0.4, 0..4_u32);
    let others = || prop::collection::vec(0..10_usize, 0..3);
    let options = (prop::option::weighted(0.3, 0..2_u32), any::<bool>(), prop::option::weighted(0.2, 0..10_usize));
    (0..10_usize, 0..2_u32, 0..2_u32, scarce(), scarce(), others(), others(), options).prop_map(
        |(name, size, shape, range, port, uses, after, (password, waits, formerly))| {
            let after = if waits { after } else { Vec::new() };
            Sketch { name, size, shape, range, port, password, uses, after, retain: false, formerly }
        },
    )
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    prop::collection::vec(sketch(), 0..10)
}

/// Sketches of which some are retained.
fn retaining() -> impl Strategy<Value = Vec<Sketch>> {
    let retained = (sketch(), prop::bool::weighted(0.2)).prop_map(|(sketch, retain)| Sketch { retain, ..sketch });
    prop::collection::vec(retained, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_run_killed_anywhere_is_completed_by_the_next(
        first in retaining(),
        second in retaining(),
        kill in 0..60_usize,
        late in 0..10_u64,
    ) {
        let cloud = Cloud::new();
        cloud.world().late = Duration::from_secs(late);
        let store = Fused::new(&cloud);
        converge(&cloud, &sketched(&first), &store).unwrap();
        let target = sketched(&second);
        let possible = is_possible(&cloud, &target, &store);
        cloud.fuse.arm(Some(kill));
        let _ = process(&cloud, async || apply(&cloud, &target, &store, Refresh::None).await.map(drop));
        let store = store.after_crash();
        // Some changes can't be brought about in any order; all others can, also from halfway.
        match converge(&cloud, &target, &store) {
            Ok(()) => prop_assert!(possible),
            Err(Error::Problems(problems)) => prop_assert!(!possible, "{problems}"),
            Err(error) => panic!("{error}"),
        }
        destroy(&cloud, &store);
    }

    #[test]
    fn a_destroy_killed_anywhere_is_completed_by_the_next(first in retaining(), kill in 0..40_usize) {
        let cloud = Cloud::new();
        let store = Fused::new(&cloud);
        converge(&cloud, &sketched(&first), &store).unwrap();
        cloud.fuse.arm(Some(kill));
        let _ = process(&cloud, async || {
            cloud.executor().destroy(&topology(), store.shared(), PlanOptions::default()).await.map(drop)
        });
        cloud.fuse.arm(None);
        destroy(&cloud, &store.after_crash());
    }

    #[test]
    fn faults_and_lost_answers_leave_no_orphan_and_no_duplicate(
        first in sketches(),
        second in sketches(),
        seed in any::<u64>(),
        late in 0..10_u64,
    ) {
        let cloud = Cloud::new();
        cloud.world().late = Duration::from_secs(late);
        let store = Fused::new(&cloud);
        for sketches in [&first, &second] {
            let target = sketched(sketches);
            let possible = is_possible(&cloud, &target, &store);
            cloud.world().chaos = Some(seed);
            let stormy = process(&cloud, async || apply(&cloud, &target, &store, Refresh::Touched).await);
            if let Some(Ok(outcome)) = &stormy {
                prop_assert!(outcome.is_done() || outcome.report().failures().count() > 0);
            }
            match converge(&cloud, &target, &store) {
                Ok(()) => prop_assert!(possible),
                Err(Error::Problems(problems)) => prop_assert!(!possible, "{problems}"),
                Err(error) => panic!("{error}"),
            }
        }
        cloud.world().chaos = Some(seed);
        let _ = process(&cloud, async || {
            cloud.executor().destroy(&topology(), store.shared(), PlanOptions::default()).await.map(drop)
        });
        cloud.world().chaos = None;
        destroy(&cloud, &store);
    }

    #[test]
    fn killed_again_and_again_it_still_converges(
        sketches in sketches(),
        kills in prop::collection::vec(0..25_usize, 1..6),
        seed in any::<u64>(),
    ) {
        let cloud = Cloud::new();
        let mut store = Fused::new(&cloud);
        let target = sketched(&sketches);
        for kill in kills {
            cloud.fuse.arm(Some(kill));
            cloud.world().chaos = Some(seed);
            let _ = process(&cloud, async || apply(&cloud, &target, &store, Refresh::None).await.map(drop));
            store = store.after_crash();
        }
        converge(&cloud, &target, &store).unwrap();
        destroy(&cloud, &store);
    }

    #[test]
    fn steps_begin_after_those_they_wait_for_have_ended(sketches in sketches(), parallelism in 1..6_usize) {
        let cloud = Cloud::new();
        cloud.world().takes = Duration::from_secs(7);
        let store = Fused::new(&cloud);
        let executor = landfall_engine::Executor::builder()
            .providers(cloud.providers()).parallelism(parallelism).seed(3).build();
        process(&cloud, async || {
            for target in [sketched(&sketches), topology()] {
                let plan = executor.plan(&target, store.shared(), PlanOptions::default()).await.unwrap();
                let outcome = executor.apply(&target, store.shared(), plan.clone()).await.unwrap();
                let report = outcome.report();
                assert!(outcome.is_done());
                for (step, ran) in plan.steps.iter().zip(&report.steps) {
                    for before in &step.after {
                        let before = &report.steps[*before];
                        assert!(before.began + before.duration <= ran.began, "{} before {}", ran.address, before.address);
                    }
                }
                assert!(report.critical_path <= report.makespan);
                assert!(cloud.world().most_in_flight <= parallelism);
            }
        });
        prop_assert!(cloud.world().objects.is_empty());
    }
}

/// Every kill point of three stages, one by one: up, a change that replaces half of it, down.
#[test]
fn every_single_kill_point_of_three_stages_recovers() {
    let of = |shape: u32, size: u32| {
        let topology = topology();
        let scope = topology.region::<ApSouth1>();
        let a = scope.add("a", Thing { shape, ..Thing::new(1) });
        scope.add("b", Thing { range: Some(1), shape, ..Thing::new(1).uses(&[a]) });
        scope.add("c", Thing { label: Some(a.get(Thing::ARN)), ..Thing::new(size).uses(&[a]) });
        topology
    };
    let stages: [&dyn Fn() -> Topology; 3] = [&|| of(0, 1), &|| of(1, 2), &topology];
    let mut points = 0;
    for stage in 0..stages.len() {
        for kill in 0.. {
            let cloud = Cloud::new();
            cloud.world().late = Duration::from_secs(9);
            let store = Fused::new(&cloud);
            for before in &stages[..stage] {
                converge(&cloud, &before(), &store).unwrap();
            }
            cloud.fuse.arm(Some(kill));
            let target = stages[stage]();
            let killed = process(&cloud, async || apply(&cloud, &target, &store, Refresh::None).await.map(drop));
            converge(&cloud, &target, &store.after_crash()).unwrap();
            if killed.is_some() {
                break;
            }
            points += 1;
        }
    }
    assert!(points > 40, "{points}");
}

#[test]
fn every_way_to_fail_one_call_is_survived() {
    let fails = [
        Fail::Refuse(FaultKind::Throttled),
        Fail::Refuse(FaultKind::Unavailable),
        Fail::Refuse(FaultKind::Invalid),
        Fail::Refuse(FaultKind::Taken),
        Fail::Refuse(FaultKind::TimedOut),
        Fail::Lose,
        Fail::Half(FaultKind::Throttled),
        Fail::Half(FaultKind::Invalid),
        Fail::Half(FaultKind::TimedOut),
    ];
    let of = |size| {
        let topology = topology();
        let scope = topology.region::<ApSouth1>();
        let a = scope.add("a", Thing::new(size));
        scope.add("b", Thing::new(size).uses(&[a]));
        topology
    };
    let stages = [("create", of(1)), ("update", of(2)), ("delete", topology())];
    let mut seen = BTreeSet::new();
    for fail in fails {
        for (broken, (operation, _)) in stages.iter().enumerate() {
            let cloud = Cloud::new();
            cloud.world().late = Duration::from_secs(9);
            let store = Fused::new(&cloud);
            for (_, before) in &stages[..broken] {
                converge(&cloud, before, &store).unwrap();
            }
            cloud.fail(operation, "a", fail, 1);
            let target = &stages[broken].1;
            let outcome = process(&cloud, async || apply(&cloud, target, &store, Refresh::None).await).unwrap();
            seen.insert(outcome.unwrap().is_done());
            converge(&cloud, target, &store).unwrap();
        }
    }
    assert_eq!(seen.len(), 2, "some failures are retried, some end the step");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_taken_over_stops_the_run_before_its_next_call() {
    let cloud = Cloud::new();
    cloud.world().takes = Duration::from_secs(30);
    let store = Fused::new(&cloud);
    let target = topology();
    let scope = target.region::<ApSouth1>();
    let a = scope.add("a", Thing::new(1));
    scope.add("b", Thing::new(1).uses(&[a]));
    let (outcome, ()) = tokio::join!(apply(&cloud, &target, &store, Refresh::None), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        // Another process that believes this one dead, on the same log.
        store.store.break_lease();
        let owner = landfall_core::store::Owner { name: "other".into(), process: 2, command: "apply".into(), since: 0 };
        let _lease = store.acquire(&owner).await.unwrap();
    });
    let outcome = outcome.unwrap();
    assert!(outcome.report().store_error.is_some(), "{outcome:?}");
    assert_eq!(cloud.calls("create b"), 0);
    let store = store.after_crash();
    let executor = cloud.executor();
    let plan = executor.plan(&target, store.shared(), PlanOptions::default()).await.unwrap();
    assert!(executor.apply(&target, Arc::new(store.clone()), plan).await.unwrap().is_done());
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}
