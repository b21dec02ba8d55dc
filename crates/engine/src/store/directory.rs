//! A store in a directory of the local file system.

mod files;
mod line;
mod lock;
mod log;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use landfall_core::{
    state::{Entry, Revision},
    store::{Holder, Lease, Loaded, Owner, Store, StoreError},
};

use self::{lock::Lock, log::Log};

/// Time between two renewals of the lease; it ends with the process however long that is.
const TTL: Duration = Duration::from_mins(1);

/// The log of one topology in a directory of the local file system.
///
/// `<root>/<topology>-<environment>/` holds:
///
/// | file | what |
/// |---|---|
/// | `header.json` | format, topology and environment |
/// | `log-<revision>.jsonl` | the log, one entry per line with its revision and a checksum; a new file every few thousand entries |
/// | `checkpoint.json` | the state after some entry, so that only later ones are read |
/// | `lock` | held while a run writes; says who does |
/// | `fence` | number of the newest lease |
/// | `guard` | locked for as long as an append takes, so that no lease ends in the middle of one |
///
/// An append is one write and one `fsync`. An unfinished last line, left by a crash, is dropped with a warning;
/// damage anywhere else is an error. The lock is the operating system's and ends with the process that holds it.
/// Files can be read by their owner alone. Nothing here is secret, but it tells what the platform is made of.
#[derive(Clone)]
pub struct DirectoryStore(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    topology: String,
    environment: String,
    limits: Limits,
    held: Mutex<Option<Held>>,
}

/// When files are written anew.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Fewest entries between two checkpoints.
    checkpoint: u64,
    /// Entries in one file of the log.
    segment: u64,
}

/// What the holder of the lease has open.
struct Held {
    lock: Lock,
    log: Log,
}

impl DirectoryStore {
    /// The store of a topology's environment under a root directory; nothing is read or written yet.
    pub fn new(root: impl AsRef<Path>, topology: &str, environment: &str) -> Self {
        Self::with_limits(root.as_ref(), topology, environment, Limits { checkpoint: 1000, segment: 5000 })
    }

    fn with_limits(root: &Path, topology: &str, environment: &str, limits: Limits) -> Self {
        Self(Arc::new(Inner {
            directory: root.join(format!("{topology}-{environment}")),
            topology: topology.to_owned(),
            environment: environment.to_owned(),
            limits,
            held: Mutex::new(None),
        }))
    }

    /// The directory that holds the log.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// Does work on files where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(StoreError::Io {
                    action: "use",
                    location: self.location(),
                    source: format!("the runtime was shut down: {error}").into(),
                }),
            },
        }
    }
}

impl Inner {
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lost(&self) -> StoreError {
        StoreError::LeaseLost { location: self.directory.display().to_string() }
    }

    fn acquire(&self, owner: &Owner) -> Result<Lease, StoreError> {
        files::create_directory(&self.directory)?;
        let mut lock = Lock::take(&self.directory, owner)?;
        log::write_header(&self.directory, &self.topology, &self.environment)?;
        let fence = lock.advance()?;
        let log = Log::open(&self.directory, self.limits)?;
        *self.held() = Some(Held { lock, log });
        Ok(Lease { fence, ttl: TTL })
    }

    /// The state, which the newest lease's holder need not read again.
    fn load(&self) -> Result<Loaded, StoreError> {
        if let Some(held) = &*self.held()
            && held.lock.steady()?.is_some()
            && let Some(loaded) = held.log.loaded()
        {
            return Ok(loaded);
        }
        log::load(&self.directory, &self.topology, &self.environment)
    }

    /// The files of the lease's holder, if it still is the holder.
    fn with_lease<T>(
        &self,
        lease: &Lease,
        work: impl FnOnce(&mut Held) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut held = self.held();
        let held = held.as_mut().ok_or_else(|| self.lost())?;
        if held.lock.fence() != lease.fence {
            return Err(self.lost());
        }
        // The lease may have been ended by hand, or the lock file removed and taken by another process.
        let _steady = held.lock.steady()?.ok_or_else(|| self.lost())?;
        work(held)
    }
}

#[async_trait]
impl Store for DirectoryStore {
    async fn acquire(&self, owner: &Owner) -> Result<Lease, StoreError> {
        let owner = owner.clone();
        self.blocking(move |inner| inner.acquire(&owner)).await
    }

    async fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.blocking(move |inner| inner.with_lease(&lease, |_| Ok(()))).await
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.blocking(move |inner| {
            inner.with_lease(&lease, |held| {
                held.log.checkpoint();
                Ok(())
            })?;
            match inner.held().take() {
                Some(held) => held.lock.release(),
                None => Ok(()),
            }
        })
        .await
    }

    async fn append(&self, lease: &Lease, entries: &[Entry]) -> Result<(), StoreError> {
        let (lease, entries) = (lease.clone(), entries.to_vec());
        self.blocking(move |inner| inner.with_lease(&lease, |held| held.log.append(entries))).await
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        self.blocking(|inner| lock::holder(&inner.directory)).await
    }

    async fn revoke(&self, fence: u64) -> Result<(), StoreError> {
        self.blocking(move |inner| lock::revoke(&inner.directory, fence)).await
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        self.blocking(Inner::load).await
    }

    async fn entries(&self, up_to: Option<Revision>) -> Result<Vec<Entry>, StoreError> {
        self.blocking(move |inner| log::entries(&inner.directory, &inner.topology, &inner.environment, up_to)).await
    }

    fn location(&self) -> String {
        self.0.directory.display().to_string()
    }
}

impl fmt::Debug for DirectoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirectoryStore").field(&self.0.directory).finish()
    }
}

#[cfg(test)]
mod tests;
