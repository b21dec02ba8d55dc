#![doc = include_str!("../README.md")]

pub mod tap;

mod classify;
mod client;
mod connection;
mod credentials;
mod endpoint;
mod fault;
mod regional;
mod rest;
mod wire;

pub use connection::{Aws, AwsBuilder, ConnectError};
pub use fault::{absent_is_done, fault, found, is_absent, is_code};
pub use regional::Regional;
