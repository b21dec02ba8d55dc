//! Stores: where the log of a topology is kept.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::state::{BrokenLog, Entry, Revision, State};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Where the log of one topology is kept.
///
/// # Guarantees
/// * An append is durable when it returns, or it fails; entries keep their order.
/// * Only the holder of the newest lease can append: a writer whose lease was taken over is refused.
/// * Any past revision can be read back.
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes the lease: the right to append, until it is released or expires.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another owner's lease is alive.
    async fn acquire(&self, owner: &Owner) -> Result<Lease, StoreError>;

    /// Keeps the lease alive; called well before it expires.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another owner has taken over.
    async fn renew(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Gives the lease back.
    async fn release(&self, lease: Lease) -> Result<(), StoreError>;

    /// Appends entries, durably, as one group.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the lease is no longer the newest.
    async fn append(&self, lease: &Lease, entries: &[Entry]) -> Result<(), StoreError>;

    /// Who holds the lease; `None` when it was given back, or never taken.
    async fn holder(&self) -> Result<Option<Holder>, StoreError>;

    /// Ends the lease with this fencing number, alive or not: its holder's next append is refused. Does nothing when
    /// that lease has ended. What a person calls is [`unlock`].
    async fn revoke(&self, fence: u64) -> Result<(), StoreError>;

    /// The state after all entries; the empty state for a log that does not exist yet.
    async fn load(&self) -> Result<Loaded, StoreError>;

    /// The entries up to a revision, all when `None`; for the history and for past states.
    async fn entries(&self, up_to: Option<Revision>) -> Result<Vec<Entry>, StoreError>;

    /// Where the store is, for people: a path, a URL.
    fn location(&self) -> String;
}

/// What was read from a store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// The state.
    pub state: State,
    /// Things a person should know, such as an unfinished last entry that was dropped.
    pub warnings: Vec<String>,
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// User and host: `asha@build-7`.
    pub name: String,
    /// Process id.
    pub process: u32,
    /// What it does: `apply`.
    pub command: String,
    /// Since when, in seconds since 1970.
    pub since: u64,
}

/// A lease that was not given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Who took it.
    pub owner: Owner,
    /// Its fencing number.
    pub fence: u64,
    /// Whether it is alive. One that has expired falls to the next run by itself.
    pub alive: bool,
}

/// Which leases [`unlock`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlock {
    /// One that has expired.
    Expired,
    /// One that is alive too. Its holder's next append is refused, so it makes no further call to AWS, but the calls
    /// that it has under way go on: the next run settles them.
    Alive,
}

/// Ends the lease on a store, whose holder will not give it back; returns it, `None` when nobody holds it.
///
/// # Errors
/// [`StoreError::Locked`] for a lease that is alive, unless told to end that too.
pub async fn unlock(store: &dyn Store, which: Unlock) -> Result<Option<Holder>, StoreError> {
    let Some(holder) = store.holder().await? else { return Ok(None) };
    if holder.alive && which == Unlock::Expired {
        return Err(StoreError::Locked { location: store.location(), owner: holder.owner });
    }
    store.revoke(holder.fence).await?;
    Ok(Some(holder))
}

/// The right to append to a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Fencing number: each lease has a higher one than the lease before.
    pub fence: u64,
    /// Longest time between two renewals.
    pub ttl: Duration,
}

/// What a store can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another owner's lease is alive.
    #[error("{location} is locked by {} (process {}), which runs `{}`; wait for it, or stop it", .owner.name, .owner.process, .owner.command)]
    Locked {
        /// The store.
        location: String,
        /// Who holds the lease.
        owner: Owner,
    },
    /// Another owner has taken over.
    #[error("the lease on {location} was taken over; this run has stopped before its next call")]
    LeaseLost {
        /// The store.
        location: String,
    },
    /// An entry in the middle can't be read.
    #[error("{location} is damaged at entry {revision}: {why}; restore it from a copy, nothing was changed")]
    Damaged {
        /// The file or object.
        location: String,
        /// Number of the entry.
        revision: Revision,
        /// What is wrong with it.
        why: String,
    },
    /// The entries don't follow from each other.
    #[error("{location} is damaged; restore it from a copy, nothing was changed")]
    Broken {
        /// The store.
        location: String,
        /// Where it breaks.
        #[source]
        source: BrokenLog,
    },
    /// The place can't keep a state, or is not used the way that it was before.
    #[error("{location} can't be used: {why}")]
    Unusable {
        /// The store.
        location: String,
        /// Why, and what to do.
        why: String,
    },
    /// A newer version of Landfall wrote it.
    #[error(
        "{location} was written in format {found}, this program reads up to {known}; use a newer version of Landfall"
    )]
    Newer {
        /// The store.
        location: String,
        /// Format of the store.
        found: u32,
        /// Newest format that this program knows.
        known: u32,
    },
    /// The store belongs to another topology.
    #[error(
        "{location} holds the state of {found}, not of {expected}; give each topology and environment a store of its own"
    )]
    Foreign {
        /// The store.
        location: String,
        /// Whose state it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// The store describes objects of another cloud than the one connected to.
    #[error(
        "{location} describes objects of {recorded}, and the connection is to {connected}; check credentials, profile \
         and endpoint, or give each cloud a store of its own"
    )]
    OtherCloud {
        /// The store.
        location: String,
        /// Where its objects are.
        recorded: String,
        /// Where the connection leads.
        connected: String,
    },
    /// Reading or writing failed.
    #[error("can't {action} {location}")]
    Io {
        /// What was tried: `write`, `create`, `read`.
        action: &'static str,
        /// The file or object.
        location: String,
        /// Why it failed.
        #[source]
        source: BoxError,
    },
}
