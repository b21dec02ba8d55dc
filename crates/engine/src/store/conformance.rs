//! What every store has to do, checked on each.

use std::{collections::BTreeMap, sync::Arc};

use landfall_core::{
    Fields, Keep, PlaceCode, State,
    state::{Entry, Object, Operation, Token},
    store::{Owner, Store, StoreError},
};
use proptest::prelude::*;

/// A place that keeps one log.
pub(super) trait Bench {
    /// The store as a new process finds it, after every process before has ended.
    fn open(&mut self) -> Arc<dyn Store>;
    /// The store as another process finds it now.
    fn beside(&self) -> Arc<dyn Store>;
}

pub(super) fn owner(name: &str) -> Owner {
    Owner { name: name.to_owned(), process: 7, command: "apply".to_owned(), since: 1 }
}

pub(super) fn opened() -> Entry {
    Entry::Opened { topology: "twin".into(), environment: "prod".into(), digest_key: "00".into() }
}

pub(super) fn ran(at: u64) -> Entry {
    Entry::Run { command: "apply".into(), owner: "asha@build-7 \u{1F680}".into(), at }
}

/// Entries that create the object of a number.
pub(super) fn created(number: u8) -> [Entry; 2] {
    let token = Token::from_random([number; 16]);
    let object = Object {
        address: format!("ap-south-1/net/ec2.subnet:n{number}").parse().unwrap(),
        kind: "ec2.subnet".into(),
        version: 1,
        place: "ap-south-1".parse::<PlaceCode>().unwrap(),
        token: token.clone(),
        fields: Fields::from([("cidr_block".into(), format!("10.0.{number}.0/24\n").into())]),
        attributes: BTreeMap::new(),
        dependencies: [].into(),
        keep: Keep::default(),
        deposed: false,
    };
    let attributes = BTreeMap::from([("id".to_owned(), format!("subnet-{number}").into())]);
    [
        Entry::Intent { operation: Operation::Create, object: Box::new(object) },
        Entry::Done { token, attributes, fields: None },
    ]
}

/// A log of that many entries, at least one.
pub(super) fn entries(count: usize) -> Vec<Entry> {
    let made = (0..=u8::MAX).flat_map(created);
    std::iter::once(opened()).chain(made).take(count).collect()
}

async fn write(store: &Arc<dyn Store>, entries: &[Entry]) {
    let lease = store.acquire(&owner("writer")).await.unwrap();
    store.append(&lease, entries).await.unwrap();
    store.release(lease).await.unwrap();
}

/// All of it; `make` gives a fresh place for each check.
pub(super) async fn all<B: Bench>(make: impl Fn() -> B) {
    an_empty_log_loads_empty(make()).await;
    entries_keep_their_order_and_survive(make()).await;
    one_owner_at_a_time(make()).await;
    a_stale_lease_is_refused(make()).await;
    what_does_not_follow_is_not_written(make()).await;
}

async fn an_empty_log_loads_empty(mut bench: impl Bench) {
    let store = bench.open();
    let loaded = store.load().await.unwrap();
    assert_eq!((loaded.state, loaded.warnings), (State::default(), Vec::new()));
    assert_eq!(store.entries(None).await.unwrap(), []);
    let lease = store.acquire(&owner("a")).await.unwrap();
    store.release(lease).await.unwrap();
    assert_eq!(store.load().await.unwrap().state, State::default());
}

async fn entries_keep_their_order_and_survive(mut bench: impl Bench) {
    let all = entries(40);
    let store = bench.open();
    let lease = store.acquire(&owner("a")).await.unwrap();
    for group in all[..30].chunks(7) {
        store.append(&lease, group).await.unwrap();
    }
    // The process dies with its lease.
    drop(store);
    let store = bench.open();
    assert_eq!(store.entries(None).await.unwrap(), all[..30]);
    write(&store, &all[30..]).await;
    let store = bench.open();
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.state, State::fold(all.clone()).unwrap());
    assert_eq!(loaded.warnings, Vec::<String>::new());
    for revision in [0, 1, 13, 30, 31, 40, 99] {
        let expected = &all[..all.len().min(revision)];
        assert_eq!(store.entries(Some(revision as u64)).await.unwrap(), expected, "up to {revision}");
    }
}

async fn one_owner_at_a_time(mut bench: impl Bench) {
    let store = bench.open();
    let first = store.acquire(&owner("first")).await.unwrap();
    for other in [bench.beside(), store.clone()] {
        match other.acquire(&owner("second")).await {
            Err(StoreError::Locked { owner, .. }) => assert_eq!(owner, self::owner("first")),
            result => panic!("{result:?}"),
        }
    }
    let beside = bench.beside();
    assert_eq!(beside.load().await.unwrap().state, State::default(), "readers need no lease");
    store.append(&first, &entries(3)).await.unwrap();
    store.renew(&first).await.unwrap();
    assert_eq!(beside.load().await.unwrap().state.revision, 3);
    store.release(first.clone()).await.unwrap();
    let second = beside.acquire(&owner("second")).await.unwrap();
    assert!(second.fence > first.fence);
    beside.release(second).await.unwrap();
}

async fn a_stale_lease_is_refused(mut bench: impl Bench) {
    let store = bench.open();
    let stale = store.acquire(&owner("first")).await.unwrap();
    store.append(&stale, &entries(1)).await.unwrap();
    store.release(stale.clone()).await.unwrap();
    let fresh = store.acquire(&owner("second")).await.unwrap();
    let lost =
        |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::LeaseLost { .. })), "{result:?}");
    lost(store.append(&stale, &[ran(1)]).await);
    lost(store.renew(&stale).await);
    lost(store.release(stale).await);
    store.append(&fresh, &[ran(2)]).await.unwrap();
    assert_eq!(store.entries(None).await.unwrap(), [opened(), ran(2)]);
    store.release(fresh).await.unwrap();
}

async fn what_does_not_follow_is_not_written(mut bench: impl Bench) {
    let store = bench.open();
    write(&store, &entries(3)).await;
    let lease = store.acquire(&owner("a")).await.unwrap();
    let unknown = Entry::Gone { token: Token::from_random([9; 16]) };
    let refused = store.append(&lease, &[ran(1), unknown]).await;
    assert!(matches!(refused, Err(StoreError::Broken { .. })), "{refused:?}");
    drop(store);
    let store = bench.open();
    assert_eq!(store.entries(None).await.unwrap(), entries(3));
    assert_eq!(store.load().await.unwrap().state.revision, 3);
}

/// What a random history does next.
#[derive(Debug, Clone)]
enum Act {
    Append(usize),
    Reopen,
    Crash,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![4 => (1..6_usize).prop_map(Act::Append), 1 => Just(Act::Reopen), 1 => Just(Act::Crash)];
    prop::collection::vec(act, 1..20)
}

/// Whatever is appended in whatever groups, through releases and crashes, is what is read.
pub(super) fn random_histories<B: Bench>(cases: u32, make: impl Fn() -> B) {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(cases));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let check = |acts: Vec<Act>| {
        runtime.block_on(async {
            let mut bench = make();
            let all = entries(200);
            let mut written = 0;
            let mut store = bench.open();
            let mut lease = store.acquire(&owner("a")).await.unwrap();
            for act in acts {
                match act {
                    Act::Append(count) => {
                        store.append(&lease, &all[written..written + count]).await.unwrap();
                        written += count;
                    }
                    Act::Reopen | Act::Crash => {
                        if matches!(act, Act::Reopen) {
                            store.release(lease).await.unwrap();
                        }
                        drop(store);
                        store = bench.open();
                        lease = store.acquire(&owner("a")).await.unwrap();
                    }
                }
                let state = store.load().await.unwrap().state;
                assert_eq!(state, State::fold(all[..written].to_vec()).unwrap());
            }
            assert_eq!(store.entries(None).await.unwrap(), all[..written]);
        });
        Ok(())
    };
    runner.run(&acts(), check).unwrap();
}
