//! A store in memory, for tests and the sandbox.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use landfall_core::{
    State,
    state::{Entry, Revision},
    store::{Holder, Lease, Loaded, Owner, Store, StoreError},
};
use tokio::time::Instant;

/// Time after which a lease that nobody renews expires.
const TTL: Duration = Duration::from_mins(1);

/// The log of one topology in memory. Clones share it.
///
/// A real store in every respect but that it ends with the process: leases expire (in the time of the runtime,
/// which may be virtual) and fence.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Log>>);

#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    state: State,
    fence: u64,
    holder: Option<Held>,
}

struct Held {
    owner: Owner,
    fence: u64,
    renewed: Instant,
}

impl Held {
    fn is_alive(&self) -> bool {
        self.renewed.elapsed() < TTL
    }
}

impl MemoryStore {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// The log as another process would find it after this one crashed: everything that was durable, and a
    /// lease that has expired.
    #[must_use]
    pub fn after_crash(&self) -> Self {
        let log = self.log();
        let log = Log { entries: log.entries.clone(), state: log.state.clone(), fence: log.fence, holder: None };
        Self(Arc::new(Mutex::new(log)))
    }

    /// Lets the lease expire, as if its holder had been silent for too long.
    pub fn break_lease(&self) {
        self.log().holder = None;
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost() -> StoreError {
    StoreError::LeaseLost { location: LOCATION.to_owned() }
}

const LOCATION: &str = "memory";

impl Log {
    fn holder(&mut self, lease: &Lease) -> Result<&mut Held, StoreError> {
        self.holder.as_mut().filter(|holder| holder.fence == lease.fence).ok_or_else(lost)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn acquire(&self, owner: &Owner) -> Result<Lease, StoreError> {
        let mut log = self.log();
        if let Some(holder) = log.holder.as_ref().filter(|holder| holder.is_alive()) {
            return Err(StoreError::Locked { location: LOCATION.to_owned(), owner: holder.owner.clone() });
        }
        log.fence += 1;
        let fence = log.fence;
        log.holder = Some(Held { owner: owner.clone(), fence, renewed: Instant::now() });
        Ok(Lease { fence, ttl: TTL })
    }

    async fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        self.log().holder(lease)?.renewed = Instant::now();
        Ok(())
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        let mut log = self.log();
        log.holder(&lease)?;
        log.holder = None;
        Ok(())
    }

    async fn append(&self, lease: &Lease, entries: &[Entry]) -> Result<(), StoreError> {
        let mut log = self.log();
        log.holder(lease)?.renewed = Instant::now();
        for entry in entries {
            if let Err(source) = log.state.apply(entry.clone()) {
                // All of a group or nothing: back to what was there before.
                log.state = State::fold(log.entries.iter().cloned()).unwrap_or_default();
                return Err(StoreError::Broken { location: LOCATION.to_owned(), source });
            }
        }
        log.entries.extend_from_slice(entries);
        Ok(())
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        let log = self.log();
        let holder = log.holder.as_ref();
        Ok(holder.map(|holder| Holder { owner: holder.owner.clone(), fence: holder.fence, alive: holder.is_alive() }))
    }

    async fn revoke(&self, fence: u64) -> Result<(), StoreError> {
        self.log().holder.take_if(|holder| holder.fence == fence);
        Ok(())
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        Ok(Loaded { state: self.log().state.clone(), warnings: Vec::new() })
    }

    async fn entries(&self, up_to: Option<Revision>) -> Result<Vec<Entry>, StoreError> {
        let log = self.log();
        let count = up_to.and_then(|revision| usize::try_from(revision).ok()).unwrap_or(usize::MAX);
        Ok(log.entries.iter().take(count).cloned().collect())
    }

    fn location(&self) -> String {
        LOCATION.to_owned()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("revision", &self.log().state.revision).finish()
    }
}

#[cfg(test)]
mod tests {
    use landfall_store_conformance::{self as conformance, Bench, owner};

    use super::*;

    struct Kept(MemoryStore);

    impl Bench for Kept {
        fn open(&mut self) -> Arc<dyn Store> {
            self.0 = self.0.after_crash();
            Arc::new(self.0.clone())
        }
        fn beside(&self) -> Arc<dyn Store> {
            Arc::new(self.0.clone())
        }
        fn expire(&mut self) -> bool {
            if let Some(holder) = &mut self.0.log().holder {
                holder.renewed = Instant::now().checked_sub(TTL).expect("the clock began long ago");
            }
            true
        }
    }

    fn make() -> Kept {
        Kept(MemoryStore::new())
    }

    #[tokio::test]
    async fn does_what_every_store_does() {
        conformance::all(make).await;
    }

    #[test]
    fn keeps_every_history() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        conformance::random_histories(&runtime, 64, make);
        conformance::random_owners(&runtime, 256, make);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_lives_as_long_as_it_is_renewed() {
        let store = MemoryStore::new();
        let lease = store.acquire(&owner("first")).await.unwrap();
        for _ in 0..5 {
            tokio::time::sleep(TTL * 2 / 3).await;
            store.renew(&lease).await.unwrap();
        }
        assert!(matches!(store.acquire(&owner("second")).await, Err(StoreError::Locked { .. })));
        tokio::time::sleep(TTL).await;
        store.acquire(&owner("second")).await.unwrap();
        assert!(matches!(store.renew(&lease).await, Err(StoreError::LeaseLost { .. })));
    }
}
