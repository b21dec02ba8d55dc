//! Stores: where logs are kept.

mod directory;
mod memory;

pub use directory::DirectoryStore;
pub use memory::MemoryStore;
