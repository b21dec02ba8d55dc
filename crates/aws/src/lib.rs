#![doc = include_str!("../README.md")]

#[cfg(feature = "s3-store")]
pub mod s3_store;
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
#[cfg(feature = "s3-store")]
pub use s3_store::{S3Location, S3Store};
