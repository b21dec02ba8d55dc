#![doc = include_str!("../README.md")]

mod connection;
mod fault;
mod regional;

pub use connection::{Aws, ConnectError};
pub use fault::{absent_is_done, fault, found, is_absent};
pub use regional::Regional;
