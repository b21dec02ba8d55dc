#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;
pub mod statements;

mod bucket;
mod bucket_name;
mod bucket_policy;
mod lifecycle;
mod replication;

pub use bucket::{AccessLogging, Bucket, BucketAttributes, Encryption, ObjectOwnership, PublicAccessBlock};
pub use bucket_name::{BucketName, InvalidBucketName};
pub use bucket_policy::{BucketPolicy, BucketPolicyAttributes};
pub use lifecycle::{LifecycleRule, StorageClass, Transition};
pub use replication::{Replication, ReplicationAttributes, ReplicationBuilder, ReplicationRule};

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![&bucket::KIND, &bucket_policy::KIND, &replication::KIND]
}
