//! Random histories of one owner after the other.

use landfall_core::State;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use crate::{Bench, entries, owner};

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
pub fn random_histories<B: Bench>(runtime: &Runtime, cases: u32, make: impl Fn() -> B) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&acts(), |acts| {
        runtime.block_on(history(make(), acts));
        Ok(())
    });
    checked.unwrap();
}

async fn history(mut bench: impl Bench, acts: Vec<Act>) {
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
}
