//! AWS CloudTrail trail: who did what in the account, written to a bucket.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Ref, Region, Resource,
    kind::{Actions, Field, Identity, Reach, Reported},
};
use landfall_datalayer::Bucket;
use landfall_security::Key;
use serde::{Deserialize, Serialize};

/// Desired settings of a trail. Its name is derived from the topology; it belongs to one region, and records all of them unless said otherwise.
///
/// The bucket's policy must let `cloudtrail.amazonaws.com` write before the trail is made: declare the trail
/// after the policy. A change updates the trail.
///
/// API: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Trail<R: Region> {
    /// Bucket that takes the records.
    #[builder(into)]
    pub bucket: Ref<Bucket<R>>,
    /// Start of the objects' names, without a slash at the end.
    #[builder(into)]
    pub prefix: Option<String>,
    /// Whether it records every region of the account; default true.
    #[builder(default = true)]
    pub multi_region: bool,
    /// Whether it records services that belong to no region, such as IAM; default true.
    #[builder(default = true)]
    pub include_global_service_events: bool,
    /// Whether digests are written by which a changed or deleted record is found out; default true.
    #[builder(default = true)]
    pub log_file_validation: bool,
    /// Whether it records; default true. Someone who switches it off by hand is drift.
    #[builder(default = true)]
    pub enable_logging: bool,
    /// Key that encrypts the records; the bucket's encryption when absent.
    #[builder(into)]
    pub kms_key: Option<ArnRef<Key<R>>>,
}

/// What AWS reports of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailAttributes {
    /// Derived name: by it the API names a trail.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> Trail<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for Trail<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("bucket").reach(Reach::Anywhere),
        Field::updates("prefix"),
        Field::updates("multi_region"),
        Field::updates("include_global_service_events"),
        Field::updates("log_file_validation"),
        Field::updates("enable_logging"),
        Field::updates("kms_key"),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:cloudtrail:{region}:{account}:trail/{name}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["cloudtrail:CreateTrail", "cloudtrail:AddTags", "cloudtrail:StartLogging"],
        read: &["cloudtrail:GetTrail", "cloudtrail:GetTrailStatus", "cloudtrail:ListTags"],
        update: &[
            "cloudtrail:UpdateTrail",
            "cloudtrail:StartLogging",
            "cloudtrail:StopLogging",
            "cloudtrail:AddTags",
            "cloudtrail:RemoveTags",
        ],
        delete: &["cloudtrail:DeleteTrail"],
    },
    timing: "aws_cloudtrail",
    check: |site| {
        let off = |field: &str| site.known(field).and_then(|value| value.as_bool()) == Some(false);
        let on = |field: &str| site.known(field).and_then(|value| value.as_bool()) == Some(true);
        if on("multi_region") && off("include_global_service_events") {
            return vec![
                "`multi_region` needs `include_global_service_events`: AWS refuses a trail of all regions without them"
                    .to_owned(),
            ];
        }
        Vec::new()
    },
    ..Kind::of::<Trail<AnyRegion>>("cloudtrail.trail")
};
