//! A store in S3: the log of one topology, shared by a team.

mod clock;
#[cfg(feature = "dynamodb-lease")]
mod dynamodb;
mod guard;
mod header;
mod location;
mod log;
mod objects;
mod open;
mod sealed;
mod session;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use landfall_core::{
    state::{Entry, Revision},
    store::{Holder, Lease, Loaded, Owner, Store, StoreError},
};
use tokio::sync::{Mutex, OnceCell};

pub use self::{
    location::{Encryption, LocationError, S3Location},
    session::TTL,
};
use self::{open::Opened, session::Session};
use crate::connection::Aws;

/// The log of one topology in S3; clones share it.
///
/// `<prefix>/<topology>-<environment>/` holds:
///
/// | object | what |
/// |---|---|
/// | `header.json` | format, topology, environment, and where the lease is kept |
/// | `lease.json` | who may append: owner, fencing number, expiry |
/// | `log/<number>.jsonl` | a segment: the entries of one append, with writer, fencing number and checksum |
/// | `checkpoint.json` | the state after some segment, so that only later ones are read |
///
/// # Guarantees
/// * An append is one put of the next segment, on the condition that there is none (`If-None-Match: *`). So the log has
///   one order, nothing in it is ever overwritten, and every past revision can be read.
/// * A new owner begins with an empty segment. It takes the number that the last owner would use next, so that one's
///   next append is refused, however late it comes. The lease is what keeps owners apart politely; this keeps them apart.
/// * A put whose answer was lost is settled by reading what is there. It is never made again under another number.
/// * A lease that is not renewed for [`TTL`] expires by itself.
///
/// # Assumptions
/// * S3 reads what was written (it does since 2020) and honours conditional writes; a bucket of a service that doesn't
///   is noticed before the first entry and refused. There the lease and the order of the log can be kept in a table of
///   DynamoDB, [`S3Location::lease_table`].
/// * Leases expire by the clock of the service, as its answers tell it, with five seconds to spare; clocks of the
///   machines that run Landfall don't matter. Clocks that go wrong cost a lease, never the log.
///
/// Nothing here is secret, but it tells what the platform is made of: the bucket should be private. It should be
/// versioned too, as a safeguard against people.
#[derive(Clone)]
pub struct S3Store(Arc<Inner>);

struct Inner {
    aws: Aws,
    location: S3Location,
    topology: String,
    environment: String,
    opened: OnceCell<Opened>,
    held: Mutex<Option<Session>>,
}

impl S3Store {
    /// The store of a topology's environment; nothing is called yet.
    pub fn new(aws: &Aws, location: S3Location, topology: &str, environment: &str) -> Self {
        Self(Arc::new(Inner {
            aws: aws.clone(),
            location,
            topology: topology.to_owned(),
            environment: environment.to_owned(),
            opened: OnceCell::new(),
            held: Mutex::new(None),
        }))
    }

    async fn opened(&self) -> Result<&Opened, StoreError> {
        let Inner { aws, location, topology, environment, opened, .. } = &*self.0;
        opened.get_or_try_init(|| Opened::new(aws, location, topology, environment)).await
    }

    fn lost(&self) -> StoreError {
        StoreError::LeaseLost { location: self.location() }
    }
}

#[async_trait]
impl Store for S3Store {
    async fn acquire(&self, owner: &Owner) -> Result<Lease, StoreError> {
        let opened = self.opened().await?;
        let session = Session::acquire(opened, owner).await?;
        let lease = session.lease();
        *self.0.held.lock().await = Some(session);
        Ok(lease)
    }

    async fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        let opened = self.opened().await?;
        let mut held = self.0.held.lock().await;
        let session = held.as_mut().filter(|session| session.lease() == *lease).ok_or_else(|| self.lost())?;
        session.renew(opened).await
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        let opened = self.opened().await?;
        let mut held = self.0.held.lock().await;
        let session = held.as_mut().filter(|session| session.lease() == lease).ok_or_else(|| self.lost())?;
        session.release(opened).await?;
        *held = None;
        Ok(())
    }

    async fn append(&self, lease: &Lease, entries: &[Entry]) -> Result<(), StoreError> {
        let opened = self.opened().await?;
        let mut held = self.0.held.lock().await;
        let session = held.as_mut().filter(|session| session.lease() == *lease).ok_or_else(|| self.lost())?;
        session.append(opened, entries).await
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        self.opened().await?.holder().await
    }

    async fn revoke(&self, fence: u64) -> Result<(), StoreError> {
        Session::revoke(self.opened().await?, fence).await
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        let opened = self.opened().await?;
        if !opened.exists().await? {
            return Ok(Loaded::default());
        }
        let known = self.0.held.lock().await.as_ref().and_then(Session::read);
        let (tail, warnings) = match known {
            // Who holds the lease has read the log: only what others may have written since is missing.
            Some((mut tail, warnings)) => {
                opened.log.follow(&mut tail).await?;
                (tail, warnings)
            }
            None => opened.log.tail().await?,
        };
        Ok(Loaded { state: tail.state, warnings })
    }

    async fn entries(&self, up_to: Option<Revision>) -> Result<Vec<Entry>, StoreError> {
        let opened = self.opened().await?;
        if !opened.exists().await? {
            return Ok(Vec::new());
        }
        opened.log.entries(up_to).await
    }

    fn location(&self) -> String {
        let Inner { location, topology, environment, .. } = &*self.0;
        format!("s3://{}/{}", location.bucket, open::folder(location, topology, environment))
    }
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3Store").field(&self.location()).finish()
    }
}
