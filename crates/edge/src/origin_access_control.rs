//! Amazon CloudFront origin access control: how a distribution signs its requests to a private origin.

use landfall_core::{
    Attribute, Kind, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

/// Desired settings of an origin access control. Its name is derived from the declaration.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateOriginAccessControl.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct OriginAccessControl {
    /// What it is for, at most 256 characters; default empty. A change updates the control.
    #[builder(default, into)]
    pub description: String,
    /// Which requests CloudFront signs; default all. A change updates the control.
    #[builder(default)]
    pub signing_behavior: SigningBehavior,
    /// What kind of origin it opens; default S3. A change updates the control.
    #[builder(default)]
    pub origin_type: OriginType,
}

/// Which requests CloudFront signs with AWS Signature Version 4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SigningBehavior {
    /// All of them.
    #[default]
    Always,
    /// Those that the viewer did not sign.
    NoOverride,
    /// None: the control is without effect.
    Never,
}

/// What kind of origin a control opens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OriginType {
    /// A bucket of Amazon S3.
    #[default]
    S3,
    /// A function URL of AWS Lambda.
    Lambda,
    /// A container of AWS Elemental `MediaStore`.
    MediaStore,
    /// An endpoint of AWS Elemental `MediaPackage` v2.
    MediaPackageV2,
}

/// What AWS reports of an origin access control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginAccessControlAttributes {
    /// `E…`.
    pub id: String,
    /// Name, derived from the declaration.
    pub name: String,
}

impl OriginAccessControl {
    /// Name, derived from the declaration.
    pub const NAME: Attribute<Self> = Attribute::new("name");
}

impl Resource for OriginAccessControl {
    type At = landfall_core::Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::updates("description"), Field::updates("signing_behavior"), Field::updates("origin_type")],
    attributes: &[Reported::stable("id", "E{upper:13}"), Reported::stable("name", "{name}")],
    identity: Identity::DerivedName,
    actions: Actions {
        create: &["cloudfront:CreateOriginAccessControl", "cloudfront:ListOriginAccessControls"],
        read: &["cloudfront:GetOriginAccessControl"],
        update: &["cloudfront:GetOriginAccessControl", "cloudfront:UpdateOriginAccessControl"],
        delete: &["cloudfront:GetOriginAccessControl", "cloudfront:DeleteOriginAccessControl"],
    },
    timing: "aws_cloudfront_origin_access_control",
    ..Kind::of::<OriginAccessControl>("cloudfront.origin_access_control")
};
