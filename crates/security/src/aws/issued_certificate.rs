//! The issued state of certificates on ACM.

use async_trait::async_trait;
use aws_sdk_acm::types::{CertificateStatus, FailureReason};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Live, Tags, TypedProvider, Wait};

use super::acm::{self, Acm};
use crate::issued_certificate::{IssuedCertificate, IssuedCertificateAttributes};

pub(super) struct Provider(pub(super) Acm);

type LiveIssued = Live<IssuedCertificate<AnyRegion>, IssuedCertificateAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = IssuedCertificate<AnyRegion>;
    type Attributes = IssuedCertificateAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveIssued>, Fault> {
        let detail = acm::describe(&self.0.of(cx), id).await?;
        let issued = detail.is_some_and(|detail| detail.status() == Some(&CertificateStatus::Issued));
        Ok(issued.then(|| Live {
            resource: IssuedCertificate { certificate: ArnRef::existing(id) },
            attributes: attributes(id),
            tags: Tags::new(),
        }))
    }

    async fn find(&self, cx: &Context, want: &IssuedCertificate<AnyRegion>) -> Result<Option<LiveIssued>, Fault> {
        self.read(cx, want.certificate.id()).await
    }

    async fn create(
        &self,
        cx: &Context,
        want: &IssuedCertificate<AnyRegion>,
    ) -> Result<IssuedCertificateAttributes, Fault> {
        let client = self.0.of(cx);
        let arn = want.certificate.id();
        cx.wait("certificate to be issued", Wait::LONG, || async {
            let Some(detail) = acm::describe(&client, arn).await? else { return Ok(None) };
            match detail.status() {
                Some(CertificateStatus::Issued) => Ok(Some(())),
                None | Some(CertificateStatus::PendingValidation) => Ok(None),
                Some(status) => Err(never_issued(status, detail.failure_reason().map(FailureReason::as_str))),
            }
        })
        .await?;
        Ok(attributes(arn))
    }

    async fn update(
        &self,
        _cx: &Context,
        _want: &IssuedCertificate<AnyRegion>,
        have: &LiveIssued,
    ) -> Result<IssuedCertificateAttributes, Fault> {
        Ok(have.attributes.clone())
    }

    async fn delete(&self, _cx: &Context, _have: &LiveIssued) -> Result<(), Fault> {
        Ok(())
    }
}

fn attributes(arn: &str) -> IssuedCertificateAttributes {
    IssuedCertificateAttributes { id: arn.to_owned(), arn: arn.to_owned() }
}

/// Such a certificate stays as it is: only another one can be issued.
fn never_issued(status: &CertificateStatus, reason: Option<&str>) -> Fault {
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    let message = format!("the certificate is {status}{reason} and can't be issued any more: replace it");
    Fault::new(FaultKind::Invalid, "acm:DescribeCertificate", message)
}
