//! How the layer's kinds run on AWS.

mod bucket;
mod bucket_policy;
mod emptying;
mod lifecycle;
mod replication;

use landfall_aws::{Aws, Regional};
use landfall_core::Providers;

/// Clients of Amazon S3, one per region.
type S3 = Regional<aws_sdk_s3::Client>;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let s3 = S3::new(aws, aws_sdk_s3::Client::new);
    providers.add_typed(bucket::Provider(s3.clone()));
    providers.add_typed(bucket_policy::Provider(s3.clone()));
    providers.add_typed(replication::Provider(s3));
}
