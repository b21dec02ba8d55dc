//! Certificates on ACM.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_acm::{
    Client,
    types::{CertificateDetail, ResourceRecord, Tag, ValidationMethod},
};
use landfall_aws::{absent_is_done, fault};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Tags, TypedProvider, Wait};

use super::acm::{self, Acm};
use crate::{
    certificate::{Certificate, CertificateAttributes, RECORDS},
    domain_name::DomainName,
};

pub(super) struct Provider(pub(super) Acm);

type LiveCertificate = Live<Certificate<AnyRegion>, CertificateAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Certificate<AnyRegion>;
    type Attributes = CertificateAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveCertificate>, Fault> {
        let client = self.0.of(cx);
        let Some(detail) = acm::describe(&client, id).await? else { return Ok(None) };
        let Some(tags) = acm::tags(&client, id).await? else { return Ok(None) };
        let resource = certificate(&detail)?;
        Ok(Some(Live { attributes: attributes(id, &resource, &detail), resource, tags }))
    }

    async fn find(&self, cx: &Context, want: &Certificate<AnyRegion>) -> Result<Option<LiveCertificate>, Fault> {
        let client = self.0.of(cx);
        let mut certificates = client.list_certificates().into_paginator().items().send();
        while let Some(summary) = certificates.next().await {
            let summary = summary.map_err(fault("acm:ListCertificates"))?;
            let (Some(arn), Some(name)) = (summary.certificate_arn(), summary.domain_name()) else { continue };
            if name != want.domain_name.as_str() {
                continue;
            }
            if acm::tags(&client, arn).await?.is_some_and(|tags| cx.owns(&tags)) {
                return self.read(cx, arn).await;
            }
        }
        Ok(None)
    }

    async fn create(&self, cx: &Context, want: &Certificate<AnyRegion>) -> Result<CertificateAttributes, Fault> {
        let client = self.0.of(cx);
        let others = want.subject_alternative_names.iter().map(DomainName::to_string).collect::<Vec<_>>();
        let request = client
            .request_certificate()
            .domain_name(want.domain_name.as_str())
            .set_subject_alternative_names((!others.is_empty()).then_some(others))
            .validation_method(ValidationMethod::Dns)
            // ACM takes 32 characters and no hyphens.
            .idempotency_token(cx.token.to_string().replace('-', ""))
            .set_tags(Some(to_tags(cx.all_tags())?));
        let reply = request.send().await.map_err(fault("acm:RequestCertificate"))?;
        let arn = reply.certificate_arn.ok_or_else(|| Fault::incomplete("acm:RequestCertificate", "CertificateArn"))?;
        records(&client, cx, &arn, want).await
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Certificate<AnyRegion>,
        have: &LiveCertificate,
    ) -> Result<CertificateAttributes, Fault> {
        let (client, arn) = (self.0.of(cx), &have.attributes.arn);
        update_tags(&client, cx, arn, &have.tags).await?;
        // An interrupted create may not have seen the records.
        if told(&have.attributes) == expected(want) {
            return Ok(have.attributes.clone());
        }
        records(&client, cx, arn, want).await
    }

    async fn delete(&self, cx: &Context, have: &LiveCertificate) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_certificate().certificate_arn(&have.attributes.arn).send().await;
        absent_is_done("acm:DeleteCertificate", reply)
    }
}

/// Waits until ACM has made the validation records, which it does some seconds after the request.
async fn records(
    client: &Client,
    cx: &Context,
    arn: &str,
    want: &Certificate<AnyRegion>,
) -> Result<CertificateAttributes, Fault> {
    cx.wait("validation records of the certificate", Wait::SECONDS, || async {
        let detail = acm::describe(client, arn).await?;
        let attributes = detail.map(|detail| attributes(arn, want, &detail));
        Ok(attributes.filter(|attributes| told(attributes) == expected(want)))
    })
    .await
}

/// How many names and values of records there are to tell.
fn expected(want: &Certificate<AnyRegion>) -> usize {
    2 * want.validation_domains().len().min(RECORDS.len())
}

fn told(attributes: &CertificateAttributes) -> usize {
    attributes.validation_records.values().flatten().count()
}

fn to_tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    let build = |(key, value): (String, String)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(build).collect::<Result<_, _>>().map_err(|error| {
        Fault::new(FaultKind::Fatal, "acm:AddTagsToCertificate", format!("a tag can't be built: {error}"))
    })
}

async fn update_tags(client: &Client, cx: &Context, arn: &str, have: &Tags) -> Result<(), Fault> {
    let changes = cx.tag_changes(have);
    if !changes.remove.is_empty() {
        let tags = changes.remove.into_iter().map(|key| Tag::builder().key(key).build()).collect::<Result<_, _>>();
        let tags = tags.map_err(|error| {
            Fault::new(FaultKind::Fatal, "acm:RemoveTagsFromCertificate", format!("a tag can't be built: {error}"))
        })?;
        let request = client.remove_tags_from_certificate().certificate_arn(arn).set_tags(Some(tags));
        request.send().await.map_err(fault("acm:RemoveTagsFromCertificate"))?;
    }
    if !changes.set.is_empty() {
        let request = client.add_tags_to_certificate().certificate_arn(arn).set_tags(Some(to_tags(changes.set)?));
        request.send().await.map_err(fault("acm:AddTagsToCertificate"))?;
    }
    Ok(())
}

/// The names, in the form of the declaration: AWS repeats the first one among the others.
fn certificate(detail: &CertificateDetail) -> Result<Certificate<AnyRegion>, Fault> {
    let name = |text: &str| {
        text.parse::<DomainName>().map_err(|_| Fault::incomplete("acm:DescribeCertificate", "DomainName that is one"))
    };
    let first = detail.domain_name().ok_or_else(|| Fault::incomplete("acm:DescribeCertificate", "DomainName"))?;
    let first = name(first)?;
    let mut others = detail.subject_alternative_names().iter().map(|text| name(text)).collect::<Result<Vec<_>, _>>()?;
    others.retain(|other| *other != first);
    others.sort();
    Ok(Certificate::builder().domain_name(first).subject_alternative_names(others).build())
}

/// What ACM reports, with the records under the numbers that the declaration gives them.
fn attributes(arn: &str, of: &Certificate<AnyRegion>, detail: &CertificateDetail) -> CertificateAttributes {
    let mut validation_records = BTreeMap::new();
    let mut domains = of.validation_domains().into_iter();
    for (name, value) in &RECORDS {
        let record = domains.next().and_then(|domain| record(detail, &domain));
        validation_records.insert((*name).to_owned(), record.map(|record| record.name().to_owned()));
        validation_records.insert((*value).to_owned(), record.map(|record| record.value().to_owned()));
    }
    CertificateAttributes { id: arn.to_owned(), arn: arn.to_owned(), validation_records }
}

fn record<'a>(detail: &'a CertificateDetail, domain: &DomainName) -> Option<&'a ResourceRecord> {
    detail.domain_validation_options().iter().find_map(|option| {
        let validated: DomainName = option.domain_name().parse().ok()?;
        option.resource_record().filter(|_| validated.without_wildcard() == *domain)
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_acm::types::{DomainValidation, RecordType};

    use super::*;

    fn option(domain: &str, record: Option<(&str, &str)>) -> DomainValidation {
        let record = record.map(|(name, value)| {
            ResourceRecord::builder().name(name).r#type(RecordType::Cname).value(value).build().unwrap()
        });
        DomainValidation::builder().domain_name(domain).set_resource_record(record).build().unwrap()
    }

    #[test]
    fn records_come_under_the_number_of_their_domain() {
        let detail = CertificateDetail::builder()
            .domain_name("*.example.com")
            .subject_alternative_names("*.example.com")
            .subject_alternative_names("api.example.org")
            .subject_alternative_names("example.com")
            .domain_validation_options(option("*.example.com", Some(("_1.example.com.", "_v1."))))
            .domain_validation_options(option("api.example.org", Some(("_2.api.example.org.", "_v2."))))
            .domain_validation_options(option("example.com", Some(("_1.example.com.", "_v1."))))
            .build();
        let read = certificate(&detail).unwrap();
        assert_eq!(read.subject_alternative_names.len(), 2);
        let records = attributes("arn", &read, &detail).validation_records;
        for (attribute, expected) in [
            ("validation_record_name_0", Some("_2.api.example.org.")),
            ("validation_record_name_1", Some("_1.example.com.")),
            ("validation_record_name_2", None),
            ("validation_record_value_0", Some("_v2.")),
            ("validation_record_value_1", Some("_v1.")),
            ("validation_record_value_9", None),
        ] {
            assert_eq!(records[attribute].as_deref(), expected, "{attribute}");
        }
    }

    #[test]
    fn records_that_aws_has_not_made_yet_are_absent() {
        let detail = CertificateDetail::builder()
            .domain_name("example.com")
            .domain_validation_options(option("example.com", None))
            .build();
        let read = certificate(&detail).unwrap();
        assert!(attributes("arn", &read, &detail).validation_records.values().all(Option::is_none));
    }
}
