//! What certificates and their issued state share on ACM.

use aws_sdk_acm::{
    Client,
    types::{CertificateDetail, Tag},
};
use landfall_aws::{Regional, found};
use landfall_core::{Fault, Tags};

/// Clients of ACM, one per region.
pub(super) type Acm = Regional<Client>;

/// What ACM knows of a certificate; `None` when there is no such certificate.
pub(super) async fn describe(client: &Client, arn: &str) -> Result<Option<CertificateDetail>, Fault> {
    let reply = client.describe_certificate().certificate_arn(arn).send().await;
    Ok(found("acm:DescribeCertificate", reply)?.and_then(|reply| reply.certificate))
}

/// The tags of a certificate; `None` when there is no such certificate.
pub(super) async fn tags(client: &Client, arn: &str) -> Result<Option<Tags>, Fault> {
    let reply = client.list_tags_for_certificate().certificate_arn(arn).send().await;
    let reply = found("acm:ListTagsForCertificate", reply)?;
    let pair = |tag: Tag| (tag.key, tag.value.unwrap_or_default());
    Ok(reply.map(|reply| reply.tags.unwrap_or_default().into_iter().map(pair).collect()))
}
