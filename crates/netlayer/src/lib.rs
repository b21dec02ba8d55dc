#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;

mod subnet;
mod vpc;

pub use subnet::{Subnet, SubnetAttributes};
pub use vpc::{Vpc, VpcAttributes};

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![&vpc::KIND, &subnet::KIND]
}
