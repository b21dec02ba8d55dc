#![doc = include_str!("../README.md")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a store that fails a check fails the test")]

mod checks;
mod entries;
mod histories;
mod owners;

use std::sync::Arc;

use landfall_core::store::Store;

pub use checks::all;
pub use entries::{created, entries, opened, owner, ran};
pub use histories::random_histories;
pub use owners::random_owners;

/// A place that keeps one log.
pub trait Bench {
    /// The store as a new process finds it, after every process before has ended without a word and for long.
    fn open(&mut self) -> Arc<dyn Store>;

    /// The store as another process finds it now.
    fn beside(&self) -> Arc<dyn Store>;

    /// Lets time pass until every lease has expired; `false` where a lease lives as long as its process.
    fn expire(&mut self) -> bool;
}
