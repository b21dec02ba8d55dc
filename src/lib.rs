#![doc = include_str!("../README.md")]

pub use landfall_core::*;

#[cfg(feature = "aws")]
pub use landfall_aws as aws;
#[cfg(feature = "compute")]
pub use landfall_compute as compute;
#[cfg(feature = "datalayer")]
pub use landfall_datalayer as datalayer;
#[cfg(feature = "dns")]
pub use landfall_dns as dns;
#[cfg(feature = "edge")]
pub use landfall_edge as edge;
#[cfg(feature = "engine")]
pub use landfall_engine as engine;
#[cfg(feature = "netlayer")]
pub use landfall_netlayer as netlayer;
#[cfg(feature = "observe")]
pub use landfall_observe as observe;
#[cfg(feature = "sandbox")]
pub use landfall_sandbox as sandbox;
#[cfg(feature = "security")]
pub use landfall_security as security;

#[cfg(feature = "cli")]
pub mod cli;

mod clouds;
#[cfg(feature = "sandbox")]
mod lab;

pub use clouds::kinds;
#[cfg(feature = "aws")]
pub use clouds::on_aws;
#[cfg(feature = "sandbox")]
pub use lab::Lab;
