//! An audit trail of the whole account: trail, bucket, and the policy that lets one write to the other.

use landfall_core::{Handle, Input, Options, Region, Scope, join};
use landfall_datalayer::{Bucket, BucketName, BucketPolicy, statements};
use landfall_security::PolicyDocument;

use crate::trail::{Trail, TrailName};

/// A trail of every region with validated log files, in a private bucket of its own.
#[derive(Debug, Clone, bon::Builder)]
pub struct AuditTrail {
    /// Name of the trail, unique in its region.
    pub name: TrailName,
    /// Name of the bucket, unique in all of AWS.
    pub bucket: BucketName,
    /// The account, whose trail may write: `me.get(CallerIdentity::ACCOUNT_ID)`.
    #[builder(into)]
    pub account_id: Input<String>,
    /// Whether a destroy deletes the bucket with its records; false unless said, and then S3 refuses.
    #[builder(default)]
    pub force_destroy: bool,
}

/// Everything that an [`AuditTrail`] declared.
#[derive(Debug, Clone)]
pub struct AuditTrailHandles<R: Region> {
    /// Where the records are.
    pub bucket: Handle<Bucket<R>>,
    /// Who may write them.
    pub policy: Handle<BucketPolicy<R>>,
    /// The trail.
    pub trail: Handle<Trail<R>>,
}

impl AuditTrail {
    /// Declares the trail with its home in the scope's region.
    pub fn add_to<R: Region>(&self, scope: &Scope<'_, R>) -> AuditTrailHandles<R> {
        let account = &self.account_id;
        let settings =
            Bucket::builder().bucket(self.bucket.clone()).versioning(true).force_destroy(self.force_destroy).build();
        let bucket = scope.add("audit", settings);
        let region = scope.place().as_str();
        let arn = join!["arn:aws:cloudtrail:", region, ":", account, format!(":trail/{}", self.name)];
        let writes = statements::trail_logs(bucket, "", account, arn);
        let policy: PolicyDocument = statements::tls_only(bucket).into_iter().chain(writes).collect();
        let policy = scope.add("audit", BucketPolicy::builder().bucket(bucket).policy(policy).build());
        let trail = Trail::builder().name(self.name.clone()).bucket(bucket).build();
        let trail = scope.add_with("audit", Options::new().after(policy), trail);
        AuditTrailHandles { bucket, policy, trail }
    }
}
