//! Runs of plans, one behaviour each.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod cloud;

use std::{sync::Arc, time::Duration};

use cloud::{Cloud, Fail, Fused, Thing, assert_in_step, topology};
use landfall_core::{
    ApSouth1, FaultKind, Options, Topology,
    plan::Action,
    state::{Entry, digest},
    store::{Store, StoreError},
};
use landfall_engine::{
    Error, Event, Events, Executor, MemoryStore, Outcome, PlanOptions, Rate, Rates, Refresh, Report, StepResult, Stop,
};
use tokio::time::Instant;

async fn apply(executor: &Executor, topology: &Topology, store: &Arc<dyn Store>) -> Outcome {
    let plan = executor.plan(topology, store.clone(), PlanOptions::default()).await.unwrap();
    executor.apply(topology, store.clone(), plan).await.unwrap()
}

async fn up(executor: &Executor, topology: &Topology, store: &Arc<dyn Store>) -> Report {
    let outcome = apply(executor, topology, store).await;
    assert!(outcome.is_done(), "{outcome:?}");
    let again = executor.plan(topology, store.clone(), PlanOptions::default()).await.unwrap();
    assert!(again.is_empty(), "second plan: {again}");
    outcome.into_report()
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

fn chain() -> Topology {
    let topology = topology();
    let scope = topology.region::<ApSouth1>();
    let a = scope.add("a", Thing::new(1));
    let b = scope.add("b", Thing::new(1).uses(&[a]));
    scope.add("c", Thing::new(1).uses(&[a, b]));
    scope.add("side", Thing::new(1));
    topology
}

fn result<'r>(report: &'r Report, name: &str) -> &'r StepResult {
    &report.steps.iter().find(|step| step.address.name() == name).unwrap().result
}

#[tokio::test(start_paused = true)]
async fn a_platform_goes_up_and_down_and_leaves_nothing() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let report = up(&executor, &chain(), &store).await;
    assert_eq!((report.summary.created, report.steps.len()), (4, 4));
    assert_in_step(&cloud, &store.load().await.unwrap().state);
    let used = cloud.named("c").unwrap().thing.uses;
    assert_eq!(used.len(), 2, "references are resolved to ids");

    let outcome = executor.destroy(&topology(), store.clone(), PlanOptions::default()).await.unwrap();
    assert!(outcome.is_done());
    assert_eq!(outcome.report().summary.deleted, 4);
    assert!(cloud.world().objects.is_empty());
    assert!(store.load().await.unwrap().state.objects.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_second_apply_makes_no_call_and_writes_nothing() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    up(&executor, &chain(), &store).await;
    let calls = cloud.world().calls.len();
    let revision = store.load().await.unwrap().state.revision;
    up(&executor, &chain(), &store).await;
    assert_eq!(cloud.world().calls.len(), calls);
    assert_eq!(store.load().await.unwrap().state.revision, revision);
    let options = PlanOptions::builder().refresh(Refresh::All).build();
    let plan = executor.plan(&chain(), store.clone(), options).await.unwrap();
    assert!(plan.is_empty());
    assert_eq!(cloud.calls("read"), 4);
    assert_eq!(cloud.world().calls.len(), calls + 4, "only reads");
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_stops_what_depends_on_it_and_nothing_else() {
    let cloud = Cloud::new();
    cloud.fail("create", "b", Fail::Refuse(FaultKind::Invalid), 1);
    let (executor, store) = (cloud.executor(), memory());
    let outcome = apply(&executor, &chain(), &store).await;
    let Outcome::Failed(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!(*result(&report, "a"), StepResult::Done);
    assert_eq!(*result(&report, "side"), StepResult::Done);
    assert!(matches!(result(&report, "b"), StepResult::Failed(fault) if fault.kind == FaultKind::Invalid));
    assert!(matches!(result(&report, "c"), StepResult::Skipped { because } if because.name() == "b"));
    assert_eq!((report.summary.failed, report.summary.skipped), (1, 1));
    assert_in_step(&cloud, &store.load().await.unwrap().state);
    up(&executor, &chain(), &store).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_nothing_twice() {
    for late in [0, 3, 9] {
        let cloud = Cloud::new();
        cloud.world().late = Duration::from_secs(late);
        cloud.fail("create", "a", Fail::Lose, 1);
        let (executor, store) = (cloud.executor(), memory());
        up(&executor, &chain(), &store).await;
        assert_in_step(&cloud, &store.load().await.unwrap().state);
        assert_eq!((cloud.calls("create a"), cloud.calls("update a")), (1, 1), "found, then completed");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_create_is_recorded_and_completed_by_the_next_plan() {
    let cloud = Cloud::new();
    cloud.fail("create", "a", Fail::Half(FaultKind::Denied), 1);
    let (executor, store) = (cloud.executor(), memory());
    let outcome = apply(&executor, &chain(), &store).await;
    assert!(matches!(outcome, Outcome::Failed(_)));
    assert_in_step(&cloud, &store.load().await.unwrap().state);
    assert_eq!(cloud.named("a").unwrap().thing.size, 0);
    let plan = executor.plan(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    let step = plan.steps.iter().find(|step| step.address.name() == "a").unwrap();
    assert_eq!((step.action, step.deltas[0].field.as_str()), (Action::Update, "size"));
    up(&executor, &chain(), &store).await;
    assert_eq!(cloud.named("a").unwrap().thing.size, 1);
}

#[tokio::test(start_paused = true)]
async fn half_an_update_is_recorded_so_that_also_undoing_it_is_planned() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let of = |size, label: &str| {
        let topology = topology();
        let thing = Thing { label: Some(label.into()), ..Thing::new(size) };
        topology.region::<ApSouth1>().add("a", thing);
        topology
    };
    up(&executor, &of(1, "x"), &store).await;
    cloud.fail("update", "a", Fail::Half(FaultKind::Denied), 1);
    assert!(!apply(&executor, &of(2, "y"), &store).await.is_done());
    let undo = executor.plan(&of(1, "x"), store.clone(), PlanOptions::default()).await.unwrap();
    assert_eq!(undo.steps[0].deltas.iter().map(|delta| delta.field.as_str()).collect::<Vec<_>>(), ["size"]);
    up(&executor, &of(2, "y"), &store).await;
    let made = cloud.named("a").unwrap().thing;
    assert_eq!((made.size, made.label.unwrap().value().as_str()), (2, "y"));
}

#[tokio::test(start_paused = true)]
async fn transient_faults_are_retried_within_the_timeout_and_said() {
    let cloud = Cloud::new();
    cloud.fail("create", "a", Fail::Refuse(FaultKind::NotYet), 3);
    let (events, mut moments) = Events::channel();
    let (executor, store) = (cloud.executor().with_events(events), memory());
    up(&executor, &chain(), &store).await;
    let mut retried = 0;
    while let Ok(moment) = moments.try_recv() {
        retried += usize::from(matches!(moment.event, Event::Retried { .. }));
    }
    assert_eq!(retried, 3);

    let patient = topology();
    let options = Options::new().timeout(Duration::from_secs(30));
    patient.region::<ApSouth1>().add_with("late", options, Thing::new(1));
    cloud.fail("create", "late", Fail::Refuse(FaultKind::NotYet), usize::MAX);
    let (store, began) = (memory(), Instant::now());
    assert!(!apply(&executor, &patient, &store).await.is_done());
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn steps_run_in_parallel_up_to_the_limit_and_as_early_as_they_can() {
    let wide = || {
        let topology = topology();
        let scope = topology.region::<ApSouth1>();
        let root = scope.add("root", Thing::new(1));
        for number in 0..20 {
            scope.add(&format!("leaf{number}"), Thing::new(1).uses(&[root]));
        }
        topology
    };
    let fast = Rates::all(Rate { per_second: 1000.0, burst: 1000 });
    for (limit, seconds) in [(1, 210), (4, 60), (32, 20)] {
        let cloud = Cloud::new();
        cloud.world().takes = Duration::from_secs(10);
        let builder = Executor::builder().providers(cloud.providers()).seed(1);
        let executor = builder.parallelism(limit).rates(fast.clone()).build();
        let report = up(&executor, &wide(), &memory()).await;
        assert!(cloud.world().most_in_flight <= limit);
        assert_eq!(report.makespan.as_secs(), seconds, "limit {limit}");
        assert_eq!(report.critical_path.as_secs(), 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_chain_starts_before_short_ones() {
    let cloud = Cloud::new();
    cloud.world().takes = Duration::from_secs(10);
    let topology = topology();
    let scope = topology.region::<ApSouth1>();
    for number in 0..3 {
        scope.add(&format!("short{number}"), Thing::new(1));
    }
    let mut last = scope.add("chain0", Thing::new(1));
    for number in 1..4 {
        last = scope.add(&format!("chain{number}"), Thing::new(1).uses(&[last]));
    }
    let executor = Executor::builder().providers(cloud.providers()).seed(1).parallelism(2).build();
    let report = up(&executor, &topology, &memory()).await;
    assert_eq!(report.makespan, report.critical_path, "the longest chain is never kept waiting");
}

#[tokio::test(start_paused = true)]
async fn two_topologies_share_one_executors_limits() {
    let cloud = Cloud::new();
    cloud.world().takes = Duration::from_secs(5);
    let executor = Executor::builder().providers(cloud.providers()).seed(1).parallelism(3).build();
    let named = |name: &str| {
        let topology = Topology::new(name, landfall_core::Environment::new("test"));
        for number in 0..8 {
            topology.region::<ApSouth1>().add(&format!("n{number}"), Thing::new(1));
        }
        topology
    };
    let (one, two) = (named("one"), named("two"));
    let (first, second) = (memory(), memory());
    let (a, b) = tokio::join!(up(&executor, &one, &first), up(&executor, &two, &second));
    assert_eq!((a.summary.created, b.summary.created), (8, 8));
    assert_eq!(cloud.world().most_in_flight, 3);
    assert_eq!(cloud.world().objects.len(), 16);
}

#[tokio::test(start_paused = true)]
async fn no_call_is_made_before_its_intent_is_durable_and_waiting_entries_share_one_append() {
    let cloud = Cloud::new();
    let fused = Fused::new(&cloud);
    let topology = topology();
    for number in 0..30 {
        topology.region::<ApSouth1>().add(&format!("n{number}"), Thing::new(1));
    }
    up(&cloud.executor(), &topology, &fused.shared()).await;
    let entries = fused.store.entries(None).await.unwrap();
    let appends = fused.appends.lock().unwrap().clone();
    assert_eq!(appends.iter().sum::<usize>(), entries.len());
    assert!(appends.len() < 20, "{} entries took {} appends", entries.len(), appends.len());

    // The same once more, with a log that takes nothing after the run has begun: no intent, no call.
    let (cloud, topology) = (Cloud::new(), chain());
    let fused = Fused::new(&cloud);
    *fused.refuse_after.lock().unwrap() = Some(1);
    let outcome = apply(&cloud.executor(), &topology, &fused.shared()).await;
    let Outcome::Failed(report) = outcome else { panic!("{outcome:?}") };
    assert!(matches!(report.store_error.as_deref(), Some(StoreError::Io { .. })));
    assert_eq!(cloud.calls("create"), 0);
    assert!(report.steps.iter().all(|step| step.result == StepResult::NotStarted));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_fails_midway_stops_the_run_and_loses_nothing() {
    for writes in 1..8 {
        let cloud = Cloud::new();
        let fused = Fused::new(&cloud);
        *fused.refuse_after.lock().unwrap() = Some(writes);
        let outcome = apply(&cloud.executor(), &chain(), &fused.shared()).await;
        let failed = fused.appends.lock().unwrap().len() == writes && !outcome.is_done();
        assert!(failed || outcome.is_done(), "{writes} writes: {outcome:?}");
        *fused.refuse_after.lock().unwrap() = None;
        up(&cloud.executor(), &chain(), &fused.shared()).await;
        assert_in_step(&cloud, &fused.load().await.unwrap().state);
        assert_eq!(cloud.world().objects.len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_against_another_revision_is_refused() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let stale = executor.plan(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    up(&executor, &chain(), &store).await;
    let calls = cloud.world().calls.len();
    let refused = executor.apply(&chain(), store.clone(), stale).await.unwrap_err();
    assert!(matches!(refused, Error::StateMoved { planned: 0, .. }), "{refused}");
    assert_eq!(cloud.world().calls.len(), calls);
    up(&executor, &chain(), &store).await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_another_topology_or_a_broken_one_is_refused() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let plan = executor.plan(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    let other = Topology::new("other", landfall_core::Environment::new("test"));
    let refused = executor.apply(&other, store.clone(), plan.clone()).await.unwrap_err();
    assert!(matches!(refused, Error::OtherTopology { .. }), "{refused}");
    let mut broken = plan;
    let last = broken.steps.len() - 1;
    broken.steps[0].after.insert(last);
    let refused = executor.apply(&chain(), store.clone(), broken).await.unwrap_err();
    assert!(matches!(refused, Error::BadPlan { .. }), "{refused}");
    up(&executor, &chain(), &store).await;
    let refused = executor.plan(&other, store, PlanOptions::default()).await.unwrap_err();
    assert!(matches!(refused, Error::Store(error) if matches!(*error, StoreError::Foreign { .. })));
}

#[tokio::test(start_paused = true)]
async fn two_applies_at_once_on_one_store_are_refused() {
    let cloud = Cloud::new();
    cloud.world().takes = Duration::from_mins(1);
    let (executor, store) = (cloud.executor(), memory());
    let plan = executor.plan(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    let (one, two) = (chain(), chain());
    let (first, second) = tokio::join!(
        executor.apply(&one, store.clone(), plan.clone()),
        executor.apply(&two, store.clone(), plan.clone())
    );
    let (done, refused) = if first.is_ok() { (first, second) } else { (second, first) };
    assert!(done.unwrap().is_done());
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("locked by test@here"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn the_first_request_to_stop_lets_calls_finish_and_the_next_run_goes_on() {
    let cloud = Cloud::new();
    cloud.world().takes = Duration::from_mins(1);
    let stop = Stop::new();
    let (executor, store) = (cloud.executor(), memory());
    let stopping = executor.with_stop(stop.clone());
    let topology = chain();
    let (outcome, ()) = tokio::join!(apply(&stopping, &topology, &store), async {
        tokio::time::sleep(Duration::from_secs(70)).await;
        stop.request();
    });
    let Outcome::Stopped(report) = outcome else { panic!("{outcome:?}") };
    assert_eq!(*result(&report, "b"), StepResult::Done);
    assert_eq!(*result(&report, "c"), StepResult::NotStarted);
    assert!(store.load().await.unwrap().state.open.is_empty());
    up(&executor, &chain(), &store).await;
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}

#[tokio::test(start_paused = true)]
async fn the_second_request_leaves_at_once_and_the_next_run_settles() {
    let cloud = Cloud::new();
    cloud.world().takes = Duration::from_mins(10);
    let stop = Stop::new();
    let (executor, store) = (cloud.executor(), memory());
    let stopping = executor.with_stop(stop.clone());
    let (topology, began) = (chain(), Instant::now());
    let (outcome, ()) = tokio::join!(apply(&stopping, &topology, &store), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop.request();
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop.request();
    });
    assert!(began.elapsed() < Duration::from_secs(11));
    let Outcome::Stopped(report) = outcome else { panic!("{outcome:?}") };
    assert!(matches!(result(&report, "a"), StepResult::Abandoned(_)));
    assert_eq!(store.load().await.unwrap().state.open.len(), 2, "intents stay open");
    // The lease is free at once.
    up(&executor, &chain(), &store).await;
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}

#[tokio::test(start_paused = true)]
async fn what_happened_behind_our_back_is_seen_and_mended() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    up(&executor, &chain(), &store).await;
    let id = |name: &str| {
        let world = cloud.world();
        world.objects.iter().find(|(_, made)| made.address.ends_with(&format!(":{name}"))).unwrap().0.clone()
    };
    let (a, side) = (id("a"), id("side"));
    cloud.world().objects.get_mut(&a).unwrap().thing.size = 99;
    cloud.world().objects.remove(&side);

    let drift = executor.drift(&chain(), store.clone()).await.unwrap();
    assert_eq!((drift.changed.len(), drift.gone.len(), drift.read), (1, 1, 4));
    assert_eq!(drift.changed[0].deltas[0].field, "size");
    let blind = executor.plan(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    assert!(blind.is_empty(), "drift writes nothing");

    let options = PlanOptions::builder().refresh(Refresh::All).build();
    let plan = executor.plan(&chain(), store.clone(), options).await.unwrap();
    let actions: Vec<_> = plan.steps.iter().map(|step| (step.action, step.address.name())).collect();
    assert_eq!(actions, [(Action::Update, "a"), (Action::Create, "side")]);
    assert!(executor.apply(&chain(), store.clone(), plan).await.unwrap().is_done());
    assert_eq!(cloud.named("a").unwrap().thing.size, 1);
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_takes_drift_over_and_the_next_plan_compares_against_it() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    up(&executor, &chain(), &store).await;
    for made in cloud.world().objects.values_mut().filter(|made| made.address.ends_with(":a")) {
        made.thing.size = 99;
    }
    assert_eq!(executor.refresh(&chain(), store.clone()).await.unwrap().changed.len(), 1);
    assert!(executor.drift(&chain(), store.clone()).await.unwrap().is_empty());
    let plan = executor.plan(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    assert_eq!(plan.steps.len(), 1);
    let revision = store.load().await.unwrap().state.revision;
    assert!(executor.refresh(&chain(), store.clone()).await.unwrap().is_empty());
    assert_eq!(store.load().await.unwrap().state.revision, revision, "nothing new, nothing written");
}

#[tokio::test(start_paused = true)]
async fn touched_reads_what_the_plan_touches_and_what_that_shows() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    up(&executor, &chain(), &store).await;
    let changed = topology();
    let scope = changed.region::<ApSouth1>();
    let a = scope.add("a", Thing::new(2));
    let b = scope.add("b", Thing::new(1).uses(&[a]));
    scope.add("c", Thing::new(1).uses(&[a, b]));
    scope.add("side", Thing::new(1));
    let touched = PlanOptions::builder().refresh(Refresh::Touched).build();
    let plan = executor.plan(&changed, store.clone(), touched.clone()).await.unwrap();
    assert_eq!((plan.steps.len(), cloud.calls("read")), (1, 1), "only a is touched");

    // a turns out to be gone, also at a second look: b refers to it by id, c too, so these are touched, read and planned
    // as well.
    cloud.world().objects.retain(|_, made| !made.address.ends_with(":a"));
    let plan = executor.plan(&changed, store.clone(), touched).await.unwrap();
    assert_eq!(cloud.calls("read"), 1 + 1 + 3);
    let actions: Vec<_> = plan.steps.iter().map(|step| (step.action, step.address.name())).collect();
    assert_eq!(actions, [(Action::Create, "a"), (Action::Update, "b"), (Action::Update, "c")]);
    assert!(executor.apply(&changed, store.clone(), plan).await.unwrap().is_done());
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}

#[tokio::test(start_paused = true)]
async fn what_reads_do_not_show_yet_is_not_taken_for_gone() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    up(&executor, &chain(), &store).await;
    for made in cloud.world().objects.values_mut() {
        made.visible = Instant::now() + Duration::from_secs(9);
    }
    let options = PlanOptions::builder().refresh(Refresh::All).build();
    let plan = executor.plan(&chain(), store.clone(), options).await.unwrap();
    assert!(plan.is_empty(), "{plan}");
}

#[tokio::test(start_paused = true)]
async fn a_state_of_another_cloud_is_refused_before_anything_is_read() {
    let cloud = Cloud::new();
    let store = memory();
    let connected = |to: &str| Executor::builder().providers(cloud.providers()).cloud(to).build();
    up(&connected("account 1"), &chain(), &store).await;
    cloud.world().calls.clear();
    let error = connected("account 2").plan_destroy(&chain(), store.clone(), PlanOptions::default()).await.unwrap_err();
    assert!(
        error.to_string().contains("describes objects of account 1, and the connection is to account 2"),
        "{error}"
    );
    assert!(cloud.world().calls.is_empty());
    // Who does not say where they are connected is not asked, and an older state is bound by the next run.
    up(&cloud.executor(), &chain(), &store).await;
    up(&connected("account 1"), &chain(), &store).await;
}

#[tokio::test(start_paused = true)]
async fn secrets_reach_the_provider_and_nothing_else() {
    let secret = |password: &str| {
        let topology = topology();
        let thing = Thing { password: Some(password.to_owned()), ..Thing::new(1) };
        topology.region::<ApSouth1>().add("db", thing);
        topology
    };
    let cloud = Cloud::new();
    let (events, mut moments) = Events::channel();
    let (executor, store) = (cloud.executor().with_events(events), memory());
    let check = |text: &str| assert!(!text.contains("hunter"), "{text}");
    for password in ["hunter2", "hunter3"] {
        let topology = secret(password);
        let plan = executor.plan(&topology, store.clone(), PlanOptions::default()).await.unwrap();
        assert_eq!(plan.steps.len(), 1);
        check(&serde_json::to_string(&plan).unwrap());
        check(&plan.to_string());
        let outcome = executor.apply(&topology, store.clone(), plan).await.unwrap();
        check(&format!("{outcome:?}"));
        assert!(outcome.is_done());
        assert_eq!(cloud.named("db").unwrap().thing.password.as_deref(), Some(password));
        let again = executor.plan(&topology, store.clone(), PlanOptions::default()).await.unwrap();
        assert!(again.is_empty(), "{again}");
    }
    check(&serde_json::to_string(&store.entries(None).await.unwrap()).unwrap());
    while let Ok(moment) = moments.try_recv() {
        check(&serde_json::to_string(&moment).unwrap());
    }
    let state = store.load().await.unwrap().state;
    let object = state.objects.values().next().unwrap();
    assert_eq!(object.fields["password"], digest(&state.digest_key, &"hunter3".into()));
    let outcome = executor.destroy(&topology(), store, PlanOptions::default()).await.unwrap();
    assert!(outcome.is_done(), "a digest is no obstacle to a delete: {outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_provider_fails_its_step_and_the_next_run_settles_it() {
    let cloud = Cloud::new();
    cloud.fail("create", "a", Fail::Panic, 1);
    let (executor, store) = (cloud.executor(), memory());
    let outcome = apply(&executor, &chain(), &store).await;
    assert!(matches!(result(outcome.report(), "a"), StepResult::Failed(fault) if fault.message.contains("panicked")));
    assert_eq!(*result(outcome.report(), "side"), StepResult::Done);
    up(&executor, &chain(), &store).await;
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_settled_is_left_out_with_what_needs_it_and_everything_else_goes_on() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    // The region goes down in the middle of a create, and stays down for the next run.
    cloud.fail("create", "a", Fail::Lose, 1);
    cloud.fail("read", "a", Fail::Refuse(FaultKind::Unavailable), 1000);
    let outcome = apply(&executor, &chain(), &store).await;
    assert!(!outcome.is_done());
    assert_eq!(store.load().await.unwrap().state.open.len(), 1);

    let began = Instant::now();
    let plan = executor.plan(&wider(), store.clone(), PlanOptions::default()).await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(31), "{:?}", began.elapsed());
    let planned: Vec<_> = plan.steps.iter().map(|step| step.address.name()).collect();
    assert_eq!(planned, ["new"], "b and c wait for a");
    let unsettled: Vec<_> = plan.unsettled.iter().map(landfall_core::Address::name).collect();
    assert_eq!(unsettled, ["a"]);
    assert!(plan.to_string().contains("an interrupted create of it is not settled"), "{plan}");
    let outcome = executor.apply(&wider(), store.clone(), plan).await.unwrap();
    assert_eq!(outcome.report().summary.created, 1);
    assert!(!outcome.is_done(), "the platform is not as declared");
    let error = executor.recover(&chain(), store.clone()).await.unwrap_err();
    assert!(error.to_string().contains("test.thing:a: test:DescribeThings got no usable answer"), "{error}");
    let outcome = executor.destroy(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    assert!(!outcome.is_done(), "what may exist is not said to be gone");

    cloud.world().fails.clear();
    up(&executor, &wider(), &store).await;
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}

/// The chain, and something new beside it.
fn wider() -> Topology {
    let topology = chain();
    topology.region::<ApSouth1>().add("new", Thing::new(1));
    topology
}

#[tokio::test(start_paused = true)]
async fn one_object_has_one_heir() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    up(&executor, &topology_of_one(), &store).await;
    let former = store.load().await.unwrap().state.objects.values().next().unwrap().address.to_string();
    let split = topology();
    for name in ["first", "second"] {
        split.region::<ApSouth1>().add_with(name, Options::new().formerly(&former), Thing::new(1));
    }
    let error = executor.plan(&split, store.clone(), PlanOptions::default()).await.unwrap_err().to_string();
    assert!(error.contains("test.thing:second") && error.contains("so does ap-south-1/test.thing:first"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_protected_is_replaced_neither_with_the_protection_nor_with_its_removal() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let of = |shape, protect: bool| {
        let topology = topology();
        let options = if protect { Options::new().protect() } else { Options::new() };
        topology.region::<ApSouth1>().add_with("a", options, Thing { shape, ..Thing::new(1) });
        topology
    };
    up(&executor, &of(0, false), &store).await;
    let refused = async |topology: Topology| {
        let error = executor.plan(&topology, store.clone(), PlanOptions::default()).await.unwrap_err().to_string();
        assert!(error.contains("it is protected, and a change of `shape` would replace it"), "{error}");
    };
    refused(of(1, true)).await;
    up(&executor, &of(0, true), &store).await;
    refused(of(1, true)).await;
    refused(of(1, false)).await;
    up(&executor, &of(0, false), &store).await;
    up(&executor, &of(1, false), &store).await;
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outlives_the_code() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let slow = topology();
    let three = Duration::from_hours(3);
    slow.region::<ApSouth1>().add_with("slow", Options::new().timeout(three), Thing::new(1));
    up(&executor, &slow, &store).await;
    for goal in [
        executor.plan_destroy(&topology(), store.clone(), PlanOptions::default()).await,
        executor.plan(&topology(), store.clone(), PlanOptions::default()).await,
    ] {
        assert_eq!(goal.unwrap().steps[0].timeout, three);
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_very_first_call_was_denied_leaves_nothing_open() {
    let cloud = Cloud::new();
    cloud.fail("create", "a", Fail::Refuse(FaultKind::Denied), 1);
    cloud.fail("read", "a", Fail::Refuse(FaultKind::Denied), 1);
    let (executor, store) = (cloud.executor(), memory());
    let outcome = apply(&executor, &chain(), &store).await;
    let (step, fault) = outcome.report().failures().next().unwrap();
    assert_eq!((step.address.name(), fault.operation.as_str()), ("a", "test:CreateThing"));
    assert!(store.load().await.unwrap().state.open.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_who_did_what_when() {
    let cloud = Cloud::new();
    let builder = Executor::builder().providers(cloud.providers()).seed(1).owner("asha@build-7");
    let executor = builder.clock(Arc::new(|| 1_700_000_000)).build();
    let store = memory();
    up(&executor, &chain(), &store).await;
    let _ = executor.destroy(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    let runs: Vec<_> = store
        .entries(None)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Run { command, owner, at } => Some((command, owner, at)),
            _ => None,
        })
        .collect();
    let run = |command: &str| (command.to_owned(), "asha@build-7".to_owned(), 1_700_000_000);
    assert_eq!(runs, [run("apply"), run("destroy")]);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_log_and_runs_never_share_tokens() {
    let log = async |seed| {
        let cloud = Cloud::new();
        let executor =
            Executor::builder().providers(cloud.providers()).seed(seed).owner("x").clock(Arc::new(|| 1)).build();
        let store = memory();
        up(&executor, &chain(), &store).await;
        let _ = executor.destroy(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
        up(&executor, &chain(), &store).await;
        store.entries(None).await.unwrap()
    };
    let first = log(1).await;
    assert_eq!(first, log(1).await);
    assert_ne!(first, log(2).await);
    let mut created: Vec<_> = first
        .iter()
        .filter_map(|entry| match entry {
            Entry::Intent { operation: landfall_core::state::Operation::Create, object } => Some(&object.token),
            _ => None,
        })
        .collect();
    let count = created.len();
    created.sort();
    created.dedup();
    assert_eq!((count, created.len()), (8, 8));
}

#[tokio::test]
async fn an_executor_works_on_the_runtime_it_was_given() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let virtual_time = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        sender.send((runtime.handle().clone(), end)).unwrap();
        let _ = runtime.block_on(ended);
    });
    let (handle, end) = receiver.recv().unwrap();
    let cloud = Cloud::new();
    cloud.world().takes = Duration::from_hours(5);
    let executor = Executor::builder().providers(cloud.providers()).seed(1).runtime(handle).build();
    let plan = executor.plan(&topology_of_one(), memory(), PlanOptions::default()).await.unwrap();
    let store = memory();
    let outcome = executor.apply(&topology_of_one(), store, plan).await.unwrap();
    assert_eq!(outcome.report().makespan.as_secs(), 5 * 3600);
    drop(end);
    virtual_time.join().unwrap();
}

fn topology_of_one() -> Topology {
    let topology = topology();
    topology.region::<ApSouth1>().add_with("one", Options::new().timeout(Duration::from_hours(9)), Thing::new(1));
    topology
}

#[tokio::test(start_paused = true)]
async fn a_delete_waits_for_what_is_still_on_its_way_up() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    up(&executor, &topology_of_one(), &store).await;
    cloud.fail("delete", "one", Fail::Refuse(FaultKind::NotYet), 30);
    let outcome = executor.destroy(&topology(), store.clone(), PlanOptions::default()).await.unwrap();
    assert!(outcome.is_done(), "{outcome:?}");
    assert!(outcome.report().makespan > Duration::from_mins(3), "{:?}", outcome.report().makespan);
}

#[tokio::test(start_paused = true)]
async fn what_an_interrupted_create_left_is_remembered_until_an_update_is_done() {
    let cloud = Cloud::new();
    cloud.fail("create", "a", Fail::Half(FaultKind::Denied), 1);
    let (executor, store) = (cloud.executor(), memory());
    assert!(!apply(&executor, &chain(), &store).await.is_done());
    let state = store.load().await.unwrap().state;
    assert_eq!(state.incomplete.len(), 1);
    assert!(state.incomplete.iter().all(|token| state.objects[token].address.name() == "a"));
    up(&executor, &chain(), &store).await;
    assert!(store.load().await.unwrap().state.incomplete.is_empty());
}

#[tokio::test(start_paused = true)]
async fn stop_ends_planning_and_keeps_a_run_from_beginning() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    up(&executor, &chain(), &store).await;
    let stop = Stop::new();
    stop.request();
    let stopped = executor.with_stop(stop);
    let all = PlanOptions::builder().refresh(Refresh::All).build();
    let calls = cloud.world().calls.len();
    assert!(matches!(stopped.plan(&chain(), store.clone(), all).await, Err(Error::Stopped)));
    let plan = executor.plan_destroy(&chain(), store.clone(), PlanOptions::default()).await.unwrap();
    assert!(matches!(stopped.apply(&chain(), store.clone(), plan).await, Err(Error::Stopped)));
    assert_eq!(cloud.world().calls.len(), calls);
}

#[tokio::test(start_paused = true)]
async fn replacing_goes_through_and_deletes_the_predecessor() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let of = |shape, range| {
        let topology = topology();
        let scope = topology.region::<ApSouth1>();
        let a = scope.add("a", Thing { shape, ..Thing::new(1) });
        scope.add("b", Thing { shape, range, ..Thing::new(1) });
        scope.add("c", Thing { label: Some(a.get(Thing::ARN)), ..Thing::new(1).uses(&[a]) });
        topology
    };
    up(&executor, &of(0, Some(1)), &store).await;
    let before = cloud.tokens();
    let report = up(&executor, &of(1, Some(1)), &store).await;
    let order: Vec<_> = report.steps.iter().map(|step| (step.action, step.address.name())).collect();
    assert_eq!(report.summary.created, 2, "{order:?}");
    assert_eq!(before.intersection(&cloud.tokens()).count(), 1, "only c survives");
    assert_in_step(&cloud, &store.load().await.unwrap().state);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_would_do_something_else_than_planned_is_refused_and_one_with_nothing_to_do_is_left_out() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let of = |size| {
        let topology = topology();
        topology.region::<ApSouth1>().add("a", Thing::new(size));
        topology
    };
    up(&executor, &of(1), &store).await;
    let mut plan = executor.plan(&of(2), store.clone(), PlanOptions::default()).await.unwrap();
    plan.steps[0].fields.insert("shape".into(), serde_json::json!(7).into());
    let outcome = executor.apply(&of(2), store.clone(), plan).await.unwrap();
    let fault = outcome.report().failures().next().unwrap().1;
    assert!(fault.to_string().contains("`shape` turned out to need a new object"), "{fault}");
    assert_eq!(cloud.calls("update"), 0);

    let mut plan = executor.plan(&of(2), store.clone(), PlanOptions::default()).await.unwrap();
    plan.steps[0].fields.insert("size".into(), serde_json::json!(1).into());
    let outcome = executor.apply(&of(2), store.clone(), plan).await.unwrap();
    assert_eq!((outcome.is_done(), outcome.report().summary.unchanged), (true, 1));
    assert_eq!(cloud.calls("update"), 0);
}

#[tokio::test(start_paused = true)]
async fn only_some_and_protected_and_retained() {
    let cloud = Cloud::new();
    let (executor, store) = (cloud.executor(), memory());
    let topology = topology();
    let scope = topology.region::<ApSouth1>();
    let a = scope.add_with("kept", Options::new().protect(), Thing::new(1));
    scope.add_with("left", Options::new().retain(), Thing::new(1).uses(&[a]));
    scope.add("other", Thing::new(1));
    let left = topology.address(a).unwrap();
    let only = PlanOptions::builder().only(vec![left]).build();
    let plan = executor.plan(&topology, store.clone(), only).await.unwrap();
    assert_eq!(plan.steps.len(), 1);
    assert!(executor.apply(&topology, store.clone(), plan).await.unwrap().is_done());
    up(&executor, &topology, &store).await;

    let outcome = executor.destroy(&topology, store.clone(), PlanOptions::default()).await.unwrap();
    assert_eq!((outcome.report().summary.deleted, outcome.report().summary.forgotten), (1, 1));
    let state = store.load().await.unwrap().state;
    let names: Vec<_> = state.objects.values().map(|object| object.address.name()).collect();
    assert_eq!(names, ["kept"]);
    assert_eq!(cloud.world().objects.len(), 2, "what is retained stays in the cloud");
}

#[tokio::test(start_paused = true)]
async fn a_throttle_slows_the_service_down_for_all() {
    let slow = async |throttled: bool| {
        let cloud = Cloud::new();
        if throttled {
            cloud.fail("create", "n0", Fail::Refuse(FaultKind::Throttled), 1);
        }
        let topology = topology();
        for number in 0..30 {
            topology.region::<ApSouth1>().add(&format!("n{number}"), Thing::new(1));
        }
        let rates = Rates::all(Rate { per_second: 10.0, burst: 1 });
        let builder = Executor::builder().providers(cloud.providers()).seed(1);
        let executor = builder.parallelism(1).rates(rates).build();
        let report = up(&executor, &topology, &memory()).await;
        let mut began: Vec<_> = report.steps.iter().map(|step| step.began).collect();
        began.sort();
        began.windows(2).filter(|pair| pair[1].saturating_sub(pair[0]) > Duration::from_millis(150)).count()
    };
    assert_eq!(slow(false).await, 0);
    assert!(slow(true).await > 10);
}
