//! Sessions: the time in which one operation holds the lease and owns the state.

use std::{fmt::Write as _, sync::Arc};

use landfall_core::{
    State,
    state::{Entry, Revision},
    store::{Loaded, Owner, Store, StoreError},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::{
    error::Error,
    writer::{Receipt, Writer},
};

/// Whose state it is.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) topology: Arc<str>,
    pub(crate) environment: Arc<str>,
    /// The cloud connected to, where the program says.
    pub(crate) cloud: Option<Arc<str>>,
}

/// Reads the state of a topology.
///
/// # Errors
/// [`StoreError::Foreign`] when the store holds the state of another one, [`StoreError::OtherCloud`] when its objects
/// are elsewhere: there, all of them would look deleted.
pub(crate) async fn load(store: &dyn Store, name: &Name) -> Result<Loaded, StoreError> {
    let loaded = store.load().await?;
    let state = &loaded.state;
    if state.revision > 0 && (&*state.topology, &*state.environment) != (&*name.topology, &*name.environment) {
        return Err(StoreError::Foreign {
            location: store.location(),
            found: format!("{} ({})", state.topology, state.environment),
            expected: format!("{} ({})", name.topology, name.environment),
        });
    }
    match (&state.cloud, &name.cloud) {
        (Some(recorded), Some(connected)) if **recorded != **connected => Err(StoreError::OtherCloud {
            location: store.location(),
            recorded: recorded.clone(),
            connected: connected.to_string(),
        }),
        _ => Ok(loaded),
    }
}

/// The time in which one operation holds the lease and owns the state.
pub(crate) struct Session {
    /// The state after everything recorded so far, durable or on its way.
    pub(crate) state: State,
    pub(crate) warnings: Vec<String>,
    /// Randomness of this session: different in each, the same for the same seed and history.
    pub(crate) random: StdRng,
    name: Name,
    location: String,
    writer: Writer,
}

impl Session {
    /// Takes the lease and reads the state.
    pub(crate) async fn open(store: Arc<dyn Store>, name: Name, owner: Owner, seed: Seed) -> Result<Self, Error> {
        let lease = store.acquire(&owner).await?;
        let loaded = match load(&*store, &name).await {
            Ok(loaded) => loaded,
            Err(error) => {
                // What is wrong with the state is worth more to the user than what is wrong with the release.
                let _ = store.release(lease).await;
                return Err(error.into());
            }
        };
        let random = seed.randomness(&name, loaded.state.revision, lease.fence);
        let location = store.location();
        let writer = Writer::start(store, lease, loaded.state.revision);
        Ok(Self { state: loaded.state, warnings: loaded.warnings, random, name, location, writer })
    }

    /// Adds entries to the state at once, and to the log as soon as may be.
    ///
    /// # Errors
    /// When an entry does not follow from the state: a mistake of the engine, never written.
    pub(crate) fn record(&mut self, mut entries: Vec<Entry>) -> Result<Receipt, StoreError> {
        if let Some(cloud) = self.name.cloud.as_deref().filter(|_| self.state.cloud.is_none()) {
            entries.insert(0, Entry::Bound { cloud: cloud.to_owned() });
        }
        if self.state.revision == 0 {
            entries.insert(0, self.opened());
        }
        for entry in &entries {
            let broken = |source| StoreError::Broken { location: self.location.clone(), source };
            self.state.apply(entry.clone()).map_err(broken)?;
        }
        Ok(self.writer.append(entries))
    }

    /// Adds entries and waits until they are durable.
    pub(crate) async fn record_durably(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        let receipt = self.record(entries)?;
        receipt.durable().await.map_err(|error| error.map_or(Error::Shutdown, Error::Store))
    }

    fn opened(&mut self) -> Entry {
        let mut digest_key = String::with_capacity(64);
        for byte in self.random.random::<[u8; 32]>() {
            let _ = write!(digest_key, "{byte:02x}");
        }
        Entry::Opened {
            topology: self.name.topology.to_string(),
            environment: self.name.environment.to_string(),
            digest_key,
        }
    }

    /// Sees the first failure to write.
    pub(crate) fn broken(&self) -> watch::Receiver<Option<Arc<StoreError>>> {
        self.writer.broken()
    }

    /// Waits until everything recorded is durable, and releases the lease.
    pub(crate) async fn close(self) -> (Revision, Option<Arc<StoreError>>) {
        self.writer.close().await
    }
}

/// What the randomness of a session comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed {
    pub(crate) executor: [u8; 32],
    /// How many sessions the executor opened before: two fresh logs of one name get different tokens.
    pub(crate) session: u64,
}

impl Seed {
    /// A generator that gives no two sessions the same numbers.
    fn randomness(self, name: &Name, revision: Revision, fence: u64) -> StdRng {
        let mut hash = Sha256::new();
        hash.update(self.executor);
        for part in [&name.topology, &name.environment] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        for number in [self.session, revision, fence] {
            hash.update(number.to_le_bytes());
        }
        StdRng::from_seed(hash.finalize().into())
    }
}
