//! An ACM certificate once it is issued: what listeners and distributions take.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Region, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::certificate::Certificate;

/// The state of being issued: there once AWS has seen the validation records of a certificate.
///
/// Declare it [after](landfall_core::Options::after) the records. It is nothing of its own in AWS: making it waits,
/// deleting it does nothing. It has the ARN of its certificate.
///
/// API: <https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct IssuedCertificate<R: Region> {
    /// The certificate. A change replaces the state waited for.
    #[builder(into)]
    pub certificate: ArnRef<Certificate<R>>,
}

/// What AWS reports of an issued certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCertificateAttributes {
    /// ARN of the certificate.
    pub id: String,
    /// ARN of the certificate.
    pub arn: String,
}

impl<R: Region> IssuedCertificate<R> {
    /// ARN of the certificate.
    pub const ARN: Attribute<Self> = Attribute::new("arn");

    /// Waits for a certificate.
    pub fn of(certificate: impl Into<ArnRef<Certificate<R>>>) -> Self {
        Self { certificate: certificate.into() }
    }
}

impl<R: Region> Resource for IssuedCertificate<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("certificate")],
    attributes: &[Reported::stable("id", "{field.certificate}"), Reported::stable("arn", "{attribute.id}")],
    identity: Identity::NaturalKey,
    actions: Actions {
        create: &["acm:DescribeCertificate"],
        read: &["acm:DescribeCertificate"],
        update: &[],
        delete: &[],
    },
    timing: "aws_acm_certificate_validation:dns",
    ..Kind::of::<IssuedCertificate<AnyRegion>>("acm.issued_certificate")
};
