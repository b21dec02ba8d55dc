//! The checks, one by one.

use std::sync::Arc;

use landfall_core::{
    State,
    state::{Entry, Token},
    store::{Store, StoreError, Unlock, unlock},
};

use crate::{Bench, entries, opened, owner, ran};

async fn write(store: &Arc<dyn Store>, entries: &[Entry]) {
    let lease = store.acquire(&owner("writer")).await.unwrap();
    store.append(&lease, entries).await.unwrap();
    store.release(lease).await.unwrap();
}

#[expect(clippy::needless_pass_by_value, reason = "a result is only looked at here, and reads better without `&`")]
fn lost(result: Result<(), StoreError>) {
    assert!(matches!(result, Err(StoreError::LeaseLost { .. })), "{result:?}");
}

fn locked<T: std::fmt::Debug>(result: Result<T, StoreError>, by: &str) {
    match result {
        Err(StoreError::Locked { owner, .. }) => assert_eq!(owner, crate::owner(by)),
        result => panic!("{result:?}"),
    }
}

/// All checks; `make` gives a fresh place for each.
pub async fn all<B: Bench>(make: impl Fn() -> B) {
    an_empty_log_loads_empty(make()).await;
    entries_keep_their_order_and_survive(make()).await;
    any_past_state_can_be_read(make()).await;
    one_owner_at_a_time(make()).await;
    a_stale_lease_is_refused(make()).await;
    an_expired_lease_falls_to_the_next(make()).await;
    a_live_owner_is_unlocked_by_force_alone(make()).await;
    a_revoked_owner_is_stopped_before_anybody_comes(make()).await;
    what_does_not_follow_is_not_written(make()).await;
}

async fn an_empty_log_loads_empty(mut bench: impl Bench) {
    let store = bench.open();
    assert_eq!(store.holder().await.unwrap(), None);
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
}

async fn any_past_state_can_be_read(mut bench: impl Bench) {
    let all = entries(60);
    let store = bench.open();
    for (group, at) in all.chunks(5).zip(1..) {
        write(&store, &[group, &[ran(at)]].concat()).await;
    }
    let expected = store.entries(None).await.unwrap();
    assert_eq!(expected.len(), 72);
    let runs: Vec<_> = expected.iter().filter(|entry| matches!(entry, Entry::Run { .. })).cloned().collect();
    assert_eq!(runs, (1..=12).map(ran).collect::<Vec<_>>(), "the history is complete");
    for revision in [0, 1, 5, 6, 7, 13, 36, 71, 72, 99] {
        let past = store.entries(Some(revision)).await.unwrap();
        let count = usize::try_from(revision).unwrap().min(expected.len());
        assert_eq!(past, expected[..count], "up to {revision}");
        assert_eq!(State::fold(past).unwrap().revision, count as u64);
    }
}

async fn one_owner_at_a_time(mut bench: impl Bench) {
    let store = bench.open();
    let first = store.acquire(&owner("first")).await.unwrap();
    for other in [bench.beside(), store.clone()] {
        locked(other.acquire(&owner("second")).await, "first");
    }
    let beside = bench.beside();
    assert_eq!(beside.load().await.unwrap().state, State::default(), "readers need no lease");
    store.append(&first, &entries(3)).await.unwrap();
    store.renew(&first).await.unwrap();
    assert_eq!(beside.load().await.unwrap().state.revision, 3);
    store.release(first.clone()).await.unwrap();
    assert_eq!(beside.holder().await.unwrap(), None);
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
    lost(store.append(&stale, &[ran(1)]).await);
    lost(store.renew(&stale).await);
    lost(store.release(stale).await);
    store.append(&fresh, &[ran(2)]).await.unwrap();
    assert_eq!(store.entries(None).await.unwrap(), [opened(), ran(2)]);
    store.release(fresh).await.unwrap();
}

/// A process that stood still for longer than its lease finds another one in its place, and can't write.
async fn an_expired_lease_falls_to_the_next(mut bench: impl Bench) {
    let asleep = bench.open();
    let stale = asleep.acquire(&owner("asleep")).await.unwrap();
    asleep.append(&stale, &entries(1)).await.unwrap();
    if !bench.expire() {
        return;
    }
    let next = bench.beside();
    let holder = next.holder().await.unwrap().unwrap();
    assert_eq!((holder.owner, holder.alive), (owner("asleep"), false));
    // Nobody came: the owner goes on.
    asleep.append(&stale, &[ran(1)]).await.unwrap();
    asleep.renew(&stale).await.unwrap();
    assert!(next.holder().await.unwrap().unwrap().alive);
    locked(next.acquire(&owner("next")).await, "asleep");
    // A renewal counts from now on, however long the owner knew nothing of the time.
    bench.expire();
    asleep.renew(&stale).await.unwrap();
    assert!(next.holder().await.unwrap().unwrap().alive);
    bench.expire();
    let fresh = next.acquire(&owner("next")).await.unwrap();
    assert!(fresh.fence > stale.fence);
    lost(asleep.append(&stale, &[ran(2)]).await);
    lost(asleep.renew(&stale).await);
    next.append(&fresh, &[ran(3)]).await.unwrap();
    lost(asleep.release(stale).await);
    assert_eq!(asleep.entries(None).await.unwrap(), [opened(), ran(1), ran(3)]);
    next.append(&fresh, &[ran(4)]).await.unwrap();
    next.release(fresh).await.unwrap();
}

async fn a_live_owner_is_unlocked_by_force_alone(mut bench: impl Bench) {
    let store = bench.open();
    let lease = store.acquire(&owner("busy")).await.unwrap();
    store.append(&lease, &entries(1)).await.unwrap();
    let desk = bench.beside();
    locked(unlock(&*desk, Unlock::Expired).await, "busy");
    store.append(&lease, &[ran(1)]).await.unwrap();
    let ended = unlock(&*desk, Unlock::Alive).await.unwrap().unwrap();
    assert_eq!((ended.owner, ended.fence, ended.alive), (owner("busy"), lease.fence, true));
    let next = desk.acquire(&owner("next")).await.unwrap();
    assert!(next.fence > lease.fence);
    lost(store.append(&lease, &[ran(2)]).await);
    desk.append(&next, &[ran(3)]).await.unwrap();
    // Ending a lease that has ended does nothing to the next one.
    desk.revoke(lease.fence).await.unwrap();
    desk.append(&next, &[ran(4)]).await.unwrap();
    desk.release(next).await.unwrap();
    assert_eq!(unlock(&*desk, Unlock::Alive).await.unwrap(), None);
    assert_eq!(desk.entries(None).await.unwrap(), [opened(), ran(1), ran(3), ran(4)]);
}

async fn a_revoked_owner_is_stopped_before_anybody_comes(mut bench: impl Bench) {
    let store = bench.open();
    let lease = store.acquire(&owner("busy")).await.unwrap();
    store.append(&lease, &entries(1)).await.unwrap();
    bench.beside().revoke(lease.fence).await.unwrap();
    lost(store.renew(&lease).await);
    lost(store.append(&lease, &[ran(1)]).await);
    lost(store.release(lease).await);
    let again = store.acquire(&owner("again")).await.unwrap();
    store.append(&again, &[ran(2)]).await.unwrap();
    assert_eq!(store.entries(None).await.unwrap(), [opened(), ran(2)]);
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
