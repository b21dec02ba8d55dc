//! Further certificates of listeners on Elastic Load Balancing.

use async_trait::async_trait;
use aws_sdk_elasticloadbalancingv2::types::Certificate;
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, Tags, TypedProvider};

use super::{Elb, listener::CERTIFICATE_LAGS, passing::passing};
use crate::listener_certificate::{ListenerCertificate, ListenerCertificateAttributes};

pub(super) struct Provider(pub(super) Elb);

type LiveCertificate = Live<ListenerCertificate<AnyRegion>, ListenerCertificateAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = ListenerCertificate<AnyRegion>;
    type Attributes = ListenerCertificateAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveCertificate>, Fault> {
        let Some((listener, certificate)) = id.split_once('|') else { return Ok(None) };
        let client = self.0.of(cx);
        let mut pages = client.describe_listener_certificates().listener_arn(listener).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = found("elasticloadbalancing:DescribeListenerCertificates", page)?;
            let Some(page) = page else { return Ok(None) };
            // The listener's own certificate stands in the list too, marked as the default.
            let further = |one: &&Certificate| !one.is_default().unwrap_or_default();
            if page.certificates().iter().filter(further).any(|one| one.certificate_arn() == Some(certificate)) {
                return Ok(Some(live(listener, certificate)));
            }
        }
        Ok(None)
    }

    async fn find(
        &self,
        cx: &Context,
        want: &ListenerCertificate<AnyRegion>,
    ) -> Result<Option<LiveCertificate>, Fault> {
        self.read(cx, &id(want)).await
    }

    async fn create(
        &self,
        cx: &Context,
        want: &ListenerCertificate<AnyRegion>,
    ) -> Result<ListenerCertificateAttributes, Fault> {
        let client = self.0.of(cx);
        let certificate = Certificate::builder().certificate_arn(want.certificate.id()).build();
        let call = client.add_listener_certificates().listener_arn(want.listener.id()).certificates(certificate);
        let reply = call.send().await.map_err(fault("elasticloadbalancing:AddListenerCertificates"));
        reply.map_err(passing(CERTIFICATE_LAGS))?;
        Ok(ListenerCertificateAttributes { id: id(want) })
    }

    async fn update(
        &self,
        _cx: &Context,
        _want: &ListenerCertificate<AnyRegion>,
        have: &LiveCertificate,
    ) -> Result<ListenerCertificateAttributes, Fault> {
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveCertificate) -> Result<(), Fault> {
        let certificate = Certificate::builder().certificate_arn(have.resource.certificate.id()).build();
        let client = self.0.of(cx);
        let call = client.remove_listener_certificates().listener_arn(have.resource.listener.id());
        let reply = call.certificates(certificate).send().await;
        absent_is_done("elasticloadbalancing:RemoveListenerCertificates", reply)
    }
}

fn id(want: &ListenerCertificate<AnyRegion>) -> String {
    format!("{}|{}", want.listener.id(), want.certificate.id())
}

fn live(listener: &str, certificate: &str) -> LiveCertificate {
    let resource = ListenerCertificate { listener: Ref::existing(listener), certificate: Ref::existing(certificate) };
    let attributes = ListenerCertificateAttributes { id: id(&resource) };
    Live { resource, attributes, tags: Tags::new() }
}
