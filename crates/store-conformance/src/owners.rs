//! Random owners that take over from each other.

use std::sync::Arc;

use landfall_core::{
    state::Entry,
    store::{Lease, Store, StoreError},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use crate::{Bench, owner, ran};

const PROCESSES: usize = 3;

/// What happens next.
#[derive(Debug, Clone)]
enum Act {
    Acquire(usize),
    Append(usize, usize),
    Renew(usize),
    Release(usize),
    /// The process ends, and a new one comes in its place.
    Crash(usize),
    /// Somebody ends the lease that is held.
    Revoke(usize),
    Expire,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let process = 0..PROCESSES;
    let act = prop_oneof![
        6 => process.clone().prop_map(Act::Acquire),
        8 => (process.clone(), 1..4_usize).prop_map(|(process, count)| Act::Append(process, count)),
        2 => process.clone().prop_map(Act::Renew),
        2 => process.clone().prop_map(Act::Release),
        1 => process.clone().prop_map(Act::Crash),
        1 => process.prop_map(Act::Revoke),
        3 => Just(Act::Expire),
    ];
    prop::collection::vec(act, 1..40)
}

/// Several processes take over from each other in any order. Whoever has the newest lease can append, nobody else can,
/// and what is read is what was accepted: no entry is lost, doubled or out of order, and no two owners interleave.
pub fn random_owners<B: Bench>(runtime: &Runtime, cases: u32, make: impl Fn() -> B) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&acts(), |acts| {
        runtime.block_on(async {
            let mut game = Game::new(make());
            for act in acts {
                game.play(&act).await;
            }
            game.end().await;
        });
        Ok(())
    });
    checked.unwrap();
}

/// The lease as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nobody,
    Alive(usize),
    Expired(usize),
    /// It had expired, and its holder appended: a store may take that for a renewal.
    Unclear(usize),
}

impl Held {
    fn by(self) -> Option<usize> {
        match self {
            Self::Nobody => None,
            Self::Alive(process) | Self::Expired(process) | Self::Unclear(process) => Some(process),
        }
    }
}

struct Game<B> {
    bench: B,
    processes: Vec<(Arc<dyn Store>, Option<Lease>)>,
    held: Held,
    fence: u64,
    log: Vec<Entry>,
    /// Counts every entry that anybody tried to append, so that all differ.
    tried: u64,
}

impl<B: Bench> Game<B> {
    fn new(mut bench: B) -> Self {
        let first = bench.open();
        let others = (1..PROCESSES).map(|_| bench.beside()).collect::<Vec<_>>();
        let processes = std::iter::once(first).chain(others).map(|store| (store, None)).collect();
        Self { bench, processes, held: Held::Nobody, fence: 0, log: Vec::new(), tried: 0 }
    }

    async fn play(&mut self, act: &Act) {
        match *act {
            Act::Acquire(process) => self.acquire(process).await,
            Act::Append(process, count) => {
                let (store, Some(lease)) = self.processes[process].clone() else { return };
                let entries: Vec<_> = (0..count as u64).map(|more| ran(self.tried + more)).collect();
                self.tried += count as u64;
                if self.judge(process, store.append(&lease, &entries).await) {
                    self.log.extend(entries);
                    if self.held == Held::Expired(process) {
                        self.held = Held::Unclear(process);
                    }
                }
            }
            Act::Renew(process) => {
                let (store, Some(lease)) = self.processes[process].clone() else { return };
                if self.judge(process, store.renew(&lease).await) {
                    self.held = Held::Alive(process);
                }
            }
            Act::Release(process) => {
                let (store, Some(lease)) = self.processes[process].clone() else { return };
                if self.judge(process, store.release(lease).await) {
                    self.held = Held::Nobody;
                }
            }
            Act::Crash(process) => {
                self.processes[process] = (self.bench.beside(), None);
                if self.held.by() == Some(process) {
                    self.held = Held::Expired(process);
                }
                self.expire();
            }
            Act::Revoke(process) => {
                let store = &self.processes[process].0;
                let holder = store.holder().await.unwrap();
                assert_eq!(holder.is_some(), self.held != Held::Nobody, "{:?}", self.held);
                if let Some(holder) = holder {
                    assert_eq!(holder.fence, self.fence);
                    store.revoke(holder.fence).await.unwrap();
                    self.held = Held::Nobody;
                }
            }
            Act::Expire => self.expire(),
        }
    }

    fn expire(&mut self) {
        if let (true, Some(process)) = (self.bench.expire(), self.held.by()) {
            self.held = Held::Expired(process);
        }
    }

    async fn acquire(&mut self, process: usize) {
        let (store, lease) = &mut self.processes[process];
        match (store.acquire(&owner("a")).await, self.held) {
            (Ok(new), Held::Nobody | Held::Expired(_) | Held::Unclear(_)) => {
                assert!(new.fence > self.fence, "{} after {}", new.fence, self.fence);
                self.fence = new.fence;
                self.held = Held::Alive(process);
                *lease = Some(new);
            }
            (Err(StoreError::Locked { .. }), Held::Alive(_) | Held::Unclear(_)) => {}
            (result, held) => panic!("{held:?}: {result:?}"),
        }
    }

    /// Whether a process could do what only the owner can; it has to be so exactly when it is the owner.
    fn judge(&self, process: usize, result: Result<(), StoreError>) -> bool {
        let lease = self.processes[process].1.as_ref().map(|lease| lease.fence);
        let owns = self.held.by() == Some(process) && lease == Some(self.fence);
        match (result, owns) {
            (Ok(()), true) => true,
            (Err(StoreError::LeaseLost { .. }), false) => false,
            (result, _) => panic!("{:?}, {lease:?} of {}: {result:?}", self.held, self.fence),
        }
    }

    async fn end(mut self) {
        self.processes.clear();
        let store = self.bench.open();
        assert_eq!(store.entries(None).await.unwrap(), self.log);
        let loaded = store.load().await.unwrap();
        assert_eq!((loaded.state.revision, loaded.warnings), (self.log.len() as u64, Vec::new()));
    }
}
