//! AWS CloudTrail trail: who did what in the account, written to a bucket.

use std::{fmt, str::FromStr};

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Ref, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use landfall_datalayer::Bucket;
use landfall_security::Key;
use serde::{Deserialize, Serialize};

/// Desired settings of a trail: it belongs to one region, and records all of them unless said otherwise.
///
/// The bucket's policy must let `cloudtrail.amazonaws.com` write for the trail's ARN before the trail is made, so
/// the name is chosen and not derived: declare the trail after the policy. [`AuditTrail`](crate::AuditTrail) does.
///
/// API: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
#[expect(clippy::struct_excessive_bools, reason = "the four switches are AWS's, each independent of the others")]
pub struct Trail<R: Region> {
    /// Name, unique in the region. A change replaces the trail; a change of any other field updates it.
    pub name: TrailName,
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
    /// The name.
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
        Field::replaces("name"),
        Field::updates("bucket").reach(Reach::Anywhere),
        Field::updates("prefix"),
        Field::updates("multi_region"),
        Field::updates("include_global_service_events"),
        Field::updates("log_file_validation"),
        Field::updates("enable_logging"),
        Field::updates("kms_key"),
    ],
    attributes: &[
        Reported::stable("id", "{field.name}"),
        Reported::stable("arn", "arn:aws:cloudtrail:{region}:{account}:trail/{field.name}"),
    ],
    identity: Identity::DerivedName,
    exclusive: &[Exclusive { fields: &["name"], within: Within::Place }],
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

/// Name of a trail: 3 to 128 letters, digits and single `.`, `_` or `-`, a letter or digit at both ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrailName(String);

impl TrailName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that can't name a trail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` can't name a trail: use 3 to 128 letters, digits and single `.`, `_` or `-` between them")]
pub struct InvalidTrailName {
    /// The text as given.
    pub name: String,
}

impl FromStr for TrailName {
    type Err = InvalidTrailName;

    fn from_str(name: &str) -> Result<Self, InvalidTrailName> {
        Self::try_from(name.to_owned())
    }
}

impl TryFrom<String> for TrailName {
    type Error = InvalidTrailName;

    fn try_from(name: String) -> Result<Self, InvalidTrailName> {
        let words = || name.split(['.', '_', '-']);
        let valid = (3..=128).contains(&name.len())
            && words().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()));
        if valid { Ok(Self(name)) } else { Err(InvalidTrailName { name }) }
    }
}

impl From<TrailName> for String {
    fn from(name: TrailName) -> Self {
        name.0
    }
}

impl fmt::Display for TrailName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_the_service() {
        for (name, valid) in [("twin-prod", true), ("ab", false), ("-ab", false), ("a..b", false), ("a b c", false)] {
            assert_eq!(name.parse::<TrailName>().is_ok(), valid, "{name}");
        }
    }
}
