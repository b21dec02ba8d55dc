//! Stores: where logs are kept.

mod directory;
mod memory;

#[cfg(test)]
mod conformance;

pub use directory::DirectoryStore;
pub use memory::MemoryStore;
