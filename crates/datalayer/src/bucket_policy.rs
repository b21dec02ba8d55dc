//! Bucket policy: who else may do what with a bucket, and what nobody may.

use landfall_core::{
    AnyRegion, Kind, Ref, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use landfall_security::{PolicyDocument, PolicyUse};
use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;

/// Desired policy of a bucket; a bucket has one.
///
/// It is apart from the [`Bucket`] because it names what comes later: the distribution that may read, the trail that
/// may write. What depends on the policy, as access logs do, refers to it instead of the bucket: its id is the
/// bucket's name. [`statements`](crate::statements) makes the usual statements.
///
/// API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct BucketPolicy<R: Region> {
    /// The bucket. A change replaces the policy.
    #[builder(into)]
    pub bucket: Ref<Bucket<R>>,
    /// The statements. A change updates the policy.
    pub policy: PolicyDocument,
}

/// What AWS reports of a bucket policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketPolicyAttributes {
    /// The bucket's name.
    pub id: String,
}

impl<R: Region> Resource for BucketPolicy<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("bucket"), Field::updates("policy").set()],
    attributes: &[Reported::stable("id", "{field.bucket}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["bucket"], within: Within::Place }],
    actions: Actions {
        create: &["s3:PutBucketPolicy"],
        read: &["s3:GetBucketPolicy"],
        update: &["s3:PutBucketPolicy"],
        delete: &["s3:DeleteBucketPolicy"],
    },
    timing: "aws_s3_bucket_policy",
    check: |site| {
        let policy = site.own.fields.get("policy");
        policy.map(|policy| PolicyDocument::problems("policy", policy, PolicyUse::Resource)).unwrap_or_default()
    },
    ..Kind::of::<BucketPolicy<AnyRegion>>("s3.bucket_policy")
};

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};
    use landfall_security::Statement;

    use super::*;
    use crate::statements;

    #[test]
    fn a_bucket_has_one_policy() {
        let topology = Topology::new("twin", Environment::new("test"));
        let scope = topology.region::<ApSouth1>();
        let bucket = scope.add("assets", Bucket::builder().bucket("assets".parse().unwrap()).build());
        let policy =
            || BucketPolicy::builder().bucket(bucket).policy(statements::tls_only(bucket).into_iter().collect());
        scope.add("a", policy().build());
        assert!(topology.lower().is_ok());
        scope.add("b", policy().build());
        let problems = topology.lower().expect_err("two policies for one bucket").to_string();
        assert!(problems.contains("it has the same `bucket` as ap-south-1/s3.bucket_policy:a"), "{problems}");
    }

    #[test]
    fn a_statement_without_principal_is_refused_before_aws_does() {
        let topology = Topology::new("twin", Environment::new("test"));
        let scope = topology.region::<ApSouth1>();
        let bucket = scope.add("assets", Bucket::builder().bucket("assets".parse().unwrap()).build());
        let read = Statement::allow().action("s3:GetObject").resource(bucket.get(Bucket::ARN));
        scope.add("a", BucketPolicy::builder().bucket(bucket).policy(PolicyDocument::new([read])).build());
        let problems = topology.lower().expect_err("nobody is named").to_string();
        assert!(problems.contains("statement 0 has no principals"), "{problems}");
    }
}
