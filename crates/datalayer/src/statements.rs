//! The usual statements of bucket policies: TLS only, readers, and AWS services that deliver logs.
//!
//! ```
//! # use landfall_core::{ApSouth1, Environment, Topology};
//! # use landfall_datalayer::{Bucket, BucketPolicy, statements};
//! # use landfall_security::{CallerIdentity, PolicyDocument};
//! # let topology = Topology::new("docs", Environment::new("dev"));
//! # let scope = topology.region::<ApSouth1>();
//! # let logs = scope.add("logs", Bucket::builder().bucket("twin-logs-mumbai".parse()?).build());
//! # let me = topology.global().lookup::<CallerIdentity>("me", CallerIdentity::SELF);
//! let account = me.get(CallerIdentity::ACCOUNT_ID);
//! let policy: PolicyDocument = statements::tls_only(logs)
//!     .into_iter()
//!     .chain(statements::load_balancer_logs(logs, "alb", &account))
//!     .collect();
//! scope.add("logs", BucketPolicy::builder().bucket(logs).policy(policy).build());
//! # Ok::<(), landfall_datalayer::InvalidBucketName>(())
//! ```

use landfall_core::{Handle, Input, Region, join};
use landfall_security::Statement;

use crate::bucket::Bucket;

/// Nobody may use the bucket without TLS.
pub fn tls_only<R: Region>(bucket: Handle<Bucket<R>>) -> [Statement; 1] {
    [Statement::tls_only("s3:*", [bucket.get(Bucket::ARN), objects(bucket, "")])]
}

/// A CloudFront distribution, by its ARN, may read objects through its origin access control.
///
/// Reference: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html>
pub fn distribution_reads<R: Region>(
    bucket: Handle<Bucket<R>>,
    distribution_arn: impl Into<Input<String>>,
) -> [Statement; 1] {
    [Statement::allow()
        .sid("DistributionReads")
        .service("cloudfront.amazonaws.com")
        .action("s3:GetObject")
        .resource(objects(bucket, ""))
        .condition("StringEquals", "AWS:SourceArn", distribution_arn)]
}

/// Load balancers of the account may write access logs under `prefix`, which may be empty.
///
/// AWS takes this principal in every region and recommends it over the older accounts per region. The logs need a
/// bucket of the load balancer's region that is encrypted with [`SseS3`](crate::Encryption::SseS3).
///
/// Reference: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html>
pub fn load_balancer_logs<R: Region>(
    bucket: Handle<Bucket<R>>,
    prefix: &str,
    account_id: impl Into<Input<String>>,
) -> [Statement; 1] {
    [Statement::allow()
        .sid("LoadBalancerLogs")
        .service("logdelivery.elasticloadbalancing.amazonaws.com")
        .action("s3:PutObject")
        .resource(join![objects_under(bucket, prefix), "AWSLogs/", account_id.into(), "/*"])]
}

/// A trail of the account may write under `prefix`, which may be empty.
///
/// A trail needs this policy before it exists, so that its ARN is made of its name, home region and account.
///
/// Reference: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
pub fn trail_logs<R: Region>(
    bucket: Handle<Bucket<R>>,
    prefix: &str,
    account_id: impl Into<Input<String>>,
    trail_arn: impl Into<Input<String>>,
) -> [Statement; 2] {
    let trail_arn = trail_arn.into();
    let service = || Statement::allow().service("cloudtrail.amazonaws.com");
    let of_the_trail = |statement: Statement| statement.condition("StringEquals", "aws:SourceArn", &trail_arn);
    [
        of_the_trail(service().sid("TrailAclCheck").action("s3:GetBucketAcl").resource(bucket.get(Bucket::ARN))),
        of_the_trail(service().sid("TrailLogs").action("s3:PutObject").resource(join![
            objects_under(bucket, prefix),
            "AWSLogs/",
            account_id.into(),
            "/*"
        ]))
        .condition("StringEquals", "s3:x-amz-acl", "bucket-owner-full-control"),
    ]
}

/// CloudWatch's log delivery may write under `prefix`, which may be empty: VPC flow logs and CloudFront's standard
/// logs (v2) of the account.
///
/// CloudFront's older standard logs come by an access control list instead, which CloudFront itself adds to a bucket
/// with [`BucketOwnerPreferred`](crate::ObjectOwnership::BucketOwnerPreferred).
///
/// Reference: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html>
pub fn delivered_logs<R: Region>(
    bucket: Handle<Bucket<R>>,
    prefix: &str,
    account_id: impl Into<Input<String>>,
) -> [Statement; 2] {
    let account_id = account_id.into();
    let service = || Statement::allow().service("delivery.logs.amazonaws.com").source_account(&account_id);
    let from = join!["arn:aws:logs:*:", &account_id, ":*"];
    [
        service()
            .sid("LogDeliveryAclCheck")
            .action("s3:GetBucketAcl")
            .resource(bucket.get(Bucket::ARN))
            .source_arn(&from),
        service()
            .sid("LogDelivery")
            .action("s3:PutObject")
            .resource(join![objects_under(bucket, prefix), "AWSLogs/", &account_id, "/*"])
            .source_arn(&from)
            .condition("StringEquals", "s3:x-amz-acl", "bucket-owner-full-control"),
    ]
}

/// S3 may write the server access logs of another bucket of the account under `prefix`.
///
/// Reference: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>
pub fn server_access_logs<R: Region>(
    bucket: Handle<Bucket<R>>,
    prefix: &str,
    account_id: impl Into<Input<String>>,
    logged_bucket_arn: impl Into<Input<String>>,
) -> [Statement; 1] {
    [Statement::allow()
        .sid("ServerAccessLogs")
        .service("logging.s3.amazonaws.com")
        .action("s3:PutObject")
        .resource(objects(bucket, prefix))
        .source_account(account_id)
        .source_arn(logged_bucket_arn)]
}

/// ARN pattern of the objects whose keys start with `start`.
fn objects<R: Region>(bucket: Handle<Bucket<R>>, start: &str) -> Input<String> {
    join![bucket.get(Bucket::ARN), format!("/{start}*")]
}

/// Beginning of the ARNs of objects under a prefix that AWS ends with a slash where there is one.
fn objects_under<R: Region>(bucket: Handle<Bucket<R>>, prefix: &str) -> Input<String> {
    let prefix = prefix.trim_end_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    join![bucket.get(Bucket::ARN), format!("/{prefix}{slash}")]
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};
    use landfall_security::PolicyDocument;
    use serde_json::{Value, json};

    use super::*;

    /// The statements as AWS gets them, with the bucket's ARN filled in.
    fn resolved(statements: impl Fn(Handle<Bucket<ApSouth1>>) -> Vec<Statement>) -> Value {
        let topology = Topology::new("twin", Environment::new("test"));
        let scope = topology.region::<ApSouth1>();
        let bucket = scope.add("logs", Bucket::builder().bucket("logs".parse().unwrap()).build());
        let policy = PolicyDocument::new(statements(bucket));
        scope.add("logs", crate::BucketPolicy::builder().bucket(bucket).policy(policy).build());
        let lowered = topology.lower().expect("a sound topology");
        let policy = &lowered.declarations[1].fields["policy"];
        let known = policy.resolve(&|_, name| (name == "arn").then(|| json!("arn:aws:s3:::logs"))).known().unwrap();
        known["Statement"].clone()
    }

    #[test]
    fn statements_are_those_that_aws_documents() {
        let check = |statements: &dyn Fn(Handle<Bucket<ApSouth1>>) -> Vec<Statement>, expected: Value| {
            assert_eq!(resolved(statements), expected);
        };
        check(
            &|bucket| tls_only(bucket).to_vec(),
            json!([{
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": {"AWS": ["*"]},
                "Action": ["s3:*"],
                "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
                "Condition": {"Bool": {"aws:SecureTransport": ["false"]}},
            }]),
        );
        check(
            &|bucket| load_balancer_logs(bucket, "alb/", "123456789012").to_vec(),
            json!([{
                "Sid": "LoadBalancerLogs",
                "Effect": "Allow",
                "Principal": {"Service": ["logdelivery.elasticloadbalancing.amazonaws.com"]},
                "Action": ["s3:PutObject"],
                "Resource": ["arn:aws:s3:::logs/alb/AWSLogs/123456789012/*"],
            }]),
        );
        check(
            &|bucket| distribution_reads(bucket, "arn:aws:cloudfront::123456789012:distribution/E1").to_vec(),
            json!([{
                "Sid": "DistributionReads",
                "Effect": "Allow",
                "Principal": {"Service": ["cloudfront.amazonaws.com"]},
                "Action": ["s3:GetObject"],
                "Resource": ["arn:aws:s3:::logs/*"],
                "Condition": {
                    "StringEquals": {"AWS:SourceArn": ["arn:aws:cloudfront::123456789012:distribution/E1"]},
                },
            }]),
        );
        let trail = "arn:aws:cloudtrail:ap-south-1:123456789012:trail/audit";
        check(
            &|bucket| trail_logs(bucket, "", "123456789012", trail).to_vec(),
            json!([
                {
                    "Sid": "TrailAclCheck",
                    "Effect": "Allow",
                    "Principal": {"Service": ["cloudtrail.amazonaws.com"]},
                    "Action": ["s3:GetBucketAcl"],
                    "Resource": ["arn:aws:s3:::logs"],
                    "Condition": {"StringEquals": {"aws:SourceArn": [trail]}},
                },
                {
                    "Sid": "TrailLogs",
                    "Effect": "Allow",
                    "Principal": {"Service": ["cloudtrail.amazonaws.com"]},
                    "Action": ["s3:PutObject"],
                    "Resource": ["arn:aws:s3:::logs/AWSLogs/123456789012/*"],
                    "Condition": {
                        "StringEquals": {
                            "aws:SourceArn": [trail],
                            "s3:x-amz-acl": ["bucket-owner-full-control"],
                        },
                    },
                },
            ]),
        );
        check(
            &|bucket| delivered_logs(bucket, "flow", "123456789012")[1..].to_vec(),
            json!([{
                "Sid": "LogDelivery",
                "Effect": "Allow",
                "Principal": {"Service": ["delivery.logs.amazonaws.com"]},
                "Action": ["s3:PutObject"],
                "Resource": ["arn:aws:s3:::logs/flow/AWSLogs/123456789012/*"],
                "Condition": {
                    "ArnLike": {"aws:SourceArn": ["arn:aws:logs:*:123456789012:*"]},
                    "StringEquals": {
                        "aws:SourceAccount": ["123456789012"],
                        "s3:x-amz-acl": ["bucket-owner-full-control"],
                    },
                },
            }]),
        );
        check(
            &|bucket| server_access_logs(bucket, "s3/", "123456789012", "arn:aws:s3:::assets").to_vec(),
            json!([{
                "Sid": "ServerAccessLogs",
                "Effect": "Allow",
                "Principal": {"Service": ["logging.s3.amazonaws.com"]},
                "Action": ["s3:PutObject"],
                "Resource": ["arn:aws:s3:::logs/s3/*"],
                "Condition": {
                    "ArnLike": {"aws:SourceArn": ["arn:aws:s3:::assets"]},
                    "StringEquals": {"aws:SourceAccount": ["123456789012"]},
                },
            }]),
        );
    }
}
