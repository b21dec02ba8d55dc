//! The line between a provider and its cloud: what is seen of it, and how it is disturbed.

use landfall_aws::tap::{Access, Effect, Outcome, Rule, Tap};
use landfall_sandbox::{FaultSchedule, Op, Sandbox, Trouble};

/// What a test sees of the calls of a provider, and how it disturbs them.
pub trait Line: Send + Sync {
    /// Forgets the calls so far.
    fn begin(&self);

    /// IAM actions that were called, where the line tells.
    fn actions(&self) -> Vec<String>;

    /// The calls that may have changed something, for people to read; `None` where updates are counted as changes
    /// whether they change anything or not.
    fn changes(&self) -> Option<Vec<String>>;

    /// Loses the answer to the change of that number from here on, counted from 0.
    fn lose_answer(&self, change: usize);

    /// Loses nothing any more; whether an answer was lost since [`begin`](Self::begin).
    fn restore(&self) -> bool;
}

impl Line for Tap {
    fn begin(&self) {
        self.clear_calls();
    }

    fn actions(&self) -> Vec<String> {
        // What has a space in it is a path of a REST service: an operation that the tap does not know by name.
        let named = self.calls().into_iter().filter(|call| !call.asked.operation.contains(' '));
        let actions = named.map(|call| action(&call.asked.service, &call.asked.operation));
        // Everybody may ask who they are.
        actions.filter(|action| action != "sts:GetCallerIdentity").collect()
    }

    fn changes(&self) -> Option<Vec<String>> {
        Some(Tap::changes(self).iter().map(|call| format!("{call}\n      {} {}", call.path, call.body)).collect())
    }

    fn lose_answer(&self, change: usize) {
        self.add(Rule::new(Effect::LoseResponse).access(Access::Change).after(change).times(1));
    }

    fn restore(&self) -> bool {
        self.clear_rules();
        self.calls().iter().any(|call| matches!(call.outcome, Outcome::Lost(_)))
    }
}

/// The IAM action that an operation needs, where it has another name.
fn action(service: &str, operation: &str) -> String {
    let action = match (service, operation) {
        ("cloudfront", "CreateDistributionWithTags") => "CreateDistribution",
        ("s3", "HeadBucket" | "ListObjects" | "ListObjectsV2") => "ListBucket",
        ("s3", "ListObjectVersions") => "ListBucketVersions",
        ("s3", "ListBuckets") => "ListAllMyBuckets",
        ("s3", "GetBucketEncryption") => "GetEncryptionConfiguration",
        ("s3", "PutBucketEncryption" | "DeleteBucketEncryption") => "PutEncryptionConfiguration",
        ("s3", "GetPublicAccessBlock") => "GetBucketPublicAccessBlock",
        ("s3", "PutPublicAccessBlock" | "DeletePublicAccessBlock") => "PutBucketPublicAccessBlock",
        ("s3", "GetBucketLifecycleConfiguration") => "GetLifecycleConfiguration",
        ("s3", "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle") => "PutLifecycleConfiguration",
        ("s3", "GetBucketReplication") => "GetReplicationConfiguration",
        ("s3", "PutBucketReplication" | "DeleteBucketReplication") => "PutReplicationConfiguration",
        ("s3", "PutBucketOwnershipControls" | "DeleteBucketOwnershipControls") => "PutBucketOwnershipControls",
        ("s3", "PutBucketTagging" | "DeleteBucketTagging") => "PutBucketTagging",
        ("s3", "GetBucketCors") => "GetBucketCORS",
        ("s3", "PutBucketCors" | "DeleteBucketCors") => "PutBucketCORS",
        ("s3", "GetBucketAccelerateConfiguration") => "GetAccelerateConfiguration",
        ("s3", "PutBucketAccelerateConfiguration") => "PutAccelerateConfiguration",
        ("s3", "GetBucketNotificationConfiguration") => "GetBucketNotification",
        ("s3", "PutBucketNotificationConfiguration") => "PutBucketNotification",
        ("s3", "HeadObject") => "GetObject",
        ("s3", "DeleteObjects") => "DeleteObject",
        _ => operation,
    };
    format!("{service}:{action}")
}

/// The sandbox: each operation of a provider is one call.
#[derive(Debug)]
pub(crate) struct SandboxLine {
    pub(crate) sandbox: Sandbox,
    pub(crate) since: std::sync::atomic::AtomicU64,
}

impl SandboxLine {
    fn now(&self) -> u64 {
        self.sandbox.calls().len() as u64
    }
}

impl Line for SandboxLine {
    fn begin(&self) {
        self.since.store(self.now(), std::sync::atomic::Ordering::Relaxed);
    }

    fn actions(&self) -> Vec<String> {
        Vec::new()
    }

    fn changes(&self) -> Option<Vec<String>> {
        None
    }

    fn lose_answer(&self, change: usize) {
        let number = self.now() + 1 + change as u64;
        self.sandbox.set_faults(FaultSchedule::none().at_call(number, Trouble::LoseResponse));
    }

    fn restore(&self) -> bool {
        self.sandbox.set_faults(FaultSchedule::none());
        let calls = self.sandbox.calls().since(self.since.load(std::sync::atomic::Ordering::Relaxed));
        calls.iter().any(|call| call.op != Op::Read && matches!(call.outcome, landfall_sandbox::Outcome::Failed(_)))
    }
}
