//! Amazon S3 bucket: named storage for objects in one region.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use landfall_security::Key;
use serde::{Deserialize, Serialize};

use crate::{
    bucket_name::BucketName,
    lifecycle::{self, LifecycleRule},
};

/// Desired settings of a bucket: private and encrypted unless said otherwise.
///
/// API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Bucket<R: Region> {
    /// Name, unique in all of AWS. A change replaces the bucket.
    pub bucket: BucketName,
    /// Who owns uploaded objects; default [`ObjectOwnership::BucketOwnerEnforced`]. A change updates the bucket.
    #[builder(default)]
    pub object_ownership: ObjectOwnership,
    /// Whether S3 keeps every version of an object, which replication needs; default false. A change updates the
    /// bucket: once on it can only be suspended, and the versions stay.
    #[builder(default)]
    pub versioning: bool,
    /// How objects are encrypted at rest; default [`Encryption::SseS3`]. A change updates the bucket, for objects
    /// written from then on.
    #[builder(default)]
    pub encryption: Encryption<R>,
    /// What keeps the bucket private, whatever policies say; default all of it. A change updates the bucket.
    #[builder(default)]
    pub public_access_block: PublicAccessBlock,
    /// What happens to objects as they age; default nothing. A change updates the bucket.
    #[builder(default)]
    pub lifecycle_rules: Vec<LifecycleRule>,
    /// Where requests to the bucket are logged; default nowhere. A change updates the bucket.
    #[builder(into)]
    pub logging: Option<AccessLogging<R>>,
    /// Whether a delete first empties the bucket, all versions of all objects; default false, and then S3 refuses
    /// to delete a bucket that holds something. Known to Landfall alone: a change calls nothing.
    #[serde(default)]
    #[builder(default)]
    pub force_destroy: bool,
}

/// Who owns objects that another account or a log service uploads.
///
/// API: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectOwnership {
    /// The bucket's owner, always; access control lists are off.
    #[default]
    BucketOwnerEnforced,
    /// The bucket's owner when the upload grants it; lists stay on, which CloudFront's standard logs need.
    BucketOwnerPreferred,
    /// Whoever uploads.
    ObjectWriter,
}

/// How S3 encrypts objects that say nothing of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Encryption<R: Region> {
    /// With keys of S3's own (AES-256).
    #[default]
    SseS3,
    /// With a KMS key of the bucket's region; reading then also needs the permission to decrypt with it.
    Kms {
        /// ARN of the key.
        key: ArnRef<Key<R>>,
        /// Whether S3 derives a key per bucket, which cuts the requests to KMS and their price.
        bucket_key: bool,
    },
}

impl<R: Region> Encryption<R> {
    /// With a KMS key, through a bucket key.
    pub fn kms(key: impl Into<ArnRef<Key<R>>>) -> Self {
        Self::Kms { key: key.into(), bucket_key: true }
    }
}

/// What S3 refuses to make public, whatever lists and policies say.
///
/// API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the four switches are AWS's, each independent of the others")]
pub struct PublicAccessBlock {
    /// Refuses new public access control lists.
    pub block_public_acls: bool,
    /// Ignores public access control lists that exist.
    pub ignore_public_acls: bool,
    /// Refuses bucket policies that allow the public.
    pub block_public_policy: bool,
    /// Ignores such policies for everyone but the account and AWS services.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All of it, as AWS sets for new buckets.
    pub const ALL: Self = Self::all(true);
    /// None of it.
    pub const NONE: Self = Self::all(false);

    const fn all(on: bool) -> Self {
        Self { block_public_acls: on, ignore_public_acls: on, block_public_policy: on, restrict_public_buckets: on }
    }
}

impl Default for PublicAccessBlock {
    fn default() -> Self {
        Self::ALL
    }
}

/// Where S3 writes its server access logs.
///
/// The target's policy must let the service in: [`statements::server_access_logs`](crate::statements::server_access_logs).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct AccessLogging<R: Region> {
    /// Bucket that takes the logs, in the same region; not the logged bucket itself.
    pub target_bucket: Ref<Bucket<R>>,
    /// Beginning of the log objects' keys: `s3/assets/`.
    pub target_prefix: String,
}

impl<R: Region> AccessLogging<R> {
    /// Logs into `target_bucket`, under `target_prefix`.
    pub fn new(target_bucket: impl Into<Ref<Bucket<R>>>, target_prefix: impl Into<String>) -> Self {
        Self { target_bucket: target_bucket.into(), target_prefix: target_prefix.into() }
    }
}

/// What AWS reports of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketAttributes {
    /// The bucket's name.
    pub id: String,
    /// Amazon Resource Name: `arn:aws:s3:::NAME`.
    pub arn: String,
    /// DNS name in the bucket's region, which origins of CloudFront use: `NAME.s3.REGION.amazonaws.com`.
    pub bucket_regional_domain_name: String,
}

impl<R: Region> Bucket<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// DNS name in the bucket's region, which origins of CloudFront use.
    pub const BUCKET_REGIONAL_DOMAIN_NAME: Attribute<Self> = Attribute::new("bucket_regional_domain_name");
}

impl<R: Region> Resource for Bucket<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("bucket"),
        Field::updates("object_ownership"),
        Field::updates("versioning"),
        Field::updates("encryption"),
        Field::updates("public_access_block"),
        Field::updates("lifecycle_rules").set(),
        Field::updates("logging"),
        Field::updates("force_destroy").write_only(),
    ],
    attributes: &[
        Reported::stable("id", "{field.bucket}"),
        Reported::stable("arn", "arn:aws:s3:::{attribute.id}"),
        Reported::stable("bucket_regional_domain_name", "{attribute.id}.s3.{region}.amazonaws.com"),
    ],
    identity: Identity::TagOnCreate,
    exclusive: &[Exclusive { fields: &["bucket"], within: Within::World }],
    taggable: true,
    actions: Actions {
        create: &[
            "s3:CreateBucket",
            "s3:TagResource",
            "s3:ListBucket",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketLogging",
        ],
        read: &[
            "s3:ListBucket",
            "s3:GetBucketTagging",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetBucketLogging",
        ],
        update: &[
            "s3:PutBucketTagging",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketLogging",
        ],
        delete: &["s3:DeleteBucket", "s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"],
    },
    timing: "aws_s3_bucket",
    check,
    ..Kind::of::<Bucket<AnyRegion>>("s3.bucket")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let rules =
        site.known("lifecycle_rules").and_then(|rules| serde_json::from_value::<Vec<LifecycleRule>>(rules).ok());
    lifecycle::problems(&rules.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, EuWest2, Topology};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bucket_is_private_and_encrypted_unless_said() {
        let bucket = Bucket::<ApSouth1>::builder().bucket("assets".parse().unwrap()).build();
        let fields = serde_json::to_value(bucket).unwrap();
        assert_eq!(
            fields,
            json!({
                "bucket": "assets",
                "object_ownership": "bucket_owner_enforced",
                "versioning": false,
                "encryption": "sse_s3",
                "public_access_block": {
                    "block_public_acls": true,
                    "ignore_public_acls": true,
                    "block_public_policy": true,
                    "restrict_public_buckets": true,
                },
                "lifecycle_rules": [],
                "logging": null,
                "force_destroy": false,
            })
        );
        assert_eq!((KIND.parse)(&fields), Ok(()));
    }

    #[test]
    fn every_field_is_listed() {
        let bucket = Bucket::<ApSouth1>::builder().bucket("assets".parse().unwrap()).build();
        let written = serde_json::to_value(bucket).unwrap();
        let mut listed: Vec<_> = KIND.fields.iter().map(|field| field.name).collect();
        listed.sort_unstable();
        assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), listed);
    }

    #[test]
    fn a_name_is_taken_only_once_in_the_world() {
        let topology = Topology::new("twin", Environment::new("test"));
        topology.region::<ApSouth1>().add("a", Bucket::builder().bucket("assets".parse().unwrap()).build());
        topology.region::<EuWest2>().add("b", Bucket::builder().bucket("assets".parse().unwrap()).build());
        let problems = topology.lower().expect_err("two buckets share a name").to_string();
        assert!(problems.contains("it has the same `bucket` as ap-south-1/s3.bucket:a"), "{problems}");
    }
}
