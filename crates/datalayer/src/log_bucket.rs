//! A bucket for the logs of a region's load balancers and of CloudFront.

use landfall_core::{Handle, Input, Region, Scope};

use crate::{
    bucket::{Bucket, ObjectOwnership},
    bucket_name::BucketName,
    bucket_policy::BucketPolicy,
    lifecycle::LifecycleRule,
    statements,
};

/// A private bucket that takes access logs, over TLS alone, and forgets them after a while.
///
/// It is encrypted with S3's own keys, because load balancers write to no other, and keeps access control lists,
/// because CloudFront's standard logs come by one.
#[derive(Debug, Clone, bon::Builder)]
pub struct LogBucket {
    /// Name of the bucket, unique in all of AWS.
    pub bucket: BucketName,
    /// The account, whose load balancers may write: `me.get(CallerIdentity::ACCOUNT_ID)`.
    #[builder(into)]
    pub account_id: Input<String>,
    /// Beginning of the keys under which load balancers write; `web` unless said.
    #[builder(into, default = "web".to_owned())]
    pub load_balancer_prefix: String,
    /// Days after which logs are deleted; 90 unless said.
    #[builder(default = 90)]
    pub expiration_days: i32,
    /// Whether a destroy empties the bucket; false unless said, and then S3 refuses to delete it with logs in it.
    #[builder(default)]
    pub force_destroy: bool,
}

/// What a [`LogBucket`] declared.
#[derive(Debug, Clone)]
pub struct LogBucketHandles<R: Region> {
    /// The bucket.
    pub bucket: Handle<Bucket<R>>,
    /// Who may write; its id is the bucket's name, and who takes it from here waits for the policy.
    pub policy: Handle<BucketPolicy<R>>,
}

impl LogBucket {
    /// Declares the bucket and its policy; both are named `logs`.
    pub fn add_to<R: Region>(&self, scope: &Scope<'_, R>) -> LogBucketHandles<R> {
        let expire = LifecycleRule::builder().id("expire").expiration_days(self.expiration_days).build();
        let bucket = Bucket::builder()
            .bucket(self.bucket.clone())
            .object_ownership(ObjectOwnership::BucketOwnerPreferred)
            .lifecycle_rules(vec![expire])
            .force_destroy(self.force_destroy)
            .build();
        let bucket = scope.add("logs", bucket);
        let writers = statements::load_balancer_logs(bucket, &self.load_balancer_prefix, &self.account_id);
        let policy = statements::tls_only(bucket).into_iter().chain(writers).collect();
        let policy = scope.add("logs", BucketPolicy::builder().bucket(bucket).policy(policy).build());
        LogBucketHandles { bucket, policy }
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Mumbai, Topology};

    use super::*;

    #[test]
    fn load_balancers_and_cloudfront_find_what_they_need() {
        let topology = Topology::new("twin", Environment::new("test"));
        let logs = LogBucket::builder().bucket("twin-logs".parse().unwrap()).account_id("123456789012").build();
        logs.add_to(&topology.region::<Mumbai>());
        let lowered = topology.lower().expect("a sound topology");
        let field = |position: usize, name: &str| lowered.declarations[position].fields[name].clone();
        assert_eq!(field(0, "object_ownership").known().unwrap(), "bucket_owner_preferred");
        assert_eq!(field(0, "encryption").known().unwrap(), "sse_s3");
        let policy = field(1, "policy").resolve(&|_, _| Some("arn:aws:s3:::twin-logs".into())).known().unwrap();
        assert_eq!(policy["Statement"][1]["Resource"][0], "arn:aws:s3:::twin-logs/web/AWSLogs/123456789012/*");
    }
}
