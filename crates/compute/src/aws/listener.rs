//! Listeners on Elastic Load Balancing.

use async_trait::async_trait;
use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{Certificate, Listener as Reply, ProtocolEnum},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, TypedProvider};

use super::{Elb, action, elb, passing::passing};
use crate::listener::{DEFAULT_SSL_POLICY, Listener, ListenerAttributes, ListenerProtocol, Tls};

pub(super) struct Provider(pub(super) Elb);

type LiveListener = Live<Listener<AnyRegion>, ListenerAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Listener<AnyRegion>;
    type Attributes = ListenerAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveListener>, Fault> {
        let client = self.0.of(cx);
        let reply = client.describe_listeners().listener_arns(id).send().await;
        let reply = found("elasticloadbalancing:DescribeListeners", reply)?;
        match reply.and_then(|reply| reply.listeners.unwrap_or_default().into_iter().next()) {
            Some(reply) => live(&client, reply).await,
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, want: &Listener<AnyRegion>) -> Result<Option<LiveListener>, Fault> {
        let client = self.0.of(cx);
        let mut pages = client.describe_listeners().load_balancer_arn(want.load_balancer.id()).into_paginator().send();
        while let Some(page) = pages.next().await {
            let Some(page) = found("elasticloadbalancing:DescribeListeners", page)? else { return Ok(None) };
            let here = |reply: &Reply| reply.port == Some(i32::from(want.port));
            if let Some(reply) = page.listeners.unwrap_or_default().into_iter().find(here) {
                return Ok(live(&client, reply).await?.filter(|found| cx.owns(&found.tags)));
            }
        }
        Ok(None)
    }

    async fn create(&self, cx: &Context, want: &Listener<AnyRegion>) -> Result<ListenerAttributes, Fault> {
        let client = self.0.of(cx);
        let (protocol, policy, certificates) = to_wire(&want.protocol);
        let reply = client
            .create_listener()
            .load_balancer_arn(want.load_balancer.id())
            .port(i32::from(want.port))
            .protocol(protocol)
            .set_ssl_policy(policy)
            .set_certificates(certificates)
            .default_actions(action::to_wire(&want.default_action))
            .set_tags(Some(elb::tags_on_create(cx)))
            .send()
            .await
            .map_err(fault("elasticloadbalancing:CreateListener"))
            .map_err(passing(CERTIFICATE_LAGS))?;
        let reply = reply.listeners.unwrap_or_default().into_iter().next();
        attributes(&reply.ok_or_else(|| Fault::incomplete("elasticloadbalancing:CreateListener", "listener"))?)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Listener<AnyRegion>,
        have: &LiveListener,
    ) -> Result<ListenerAttributes, Fault> {
        let client = self.0.of(cx);
        let (arn, now) = (&have.attributes.arn, &have.resource);
        let (protocol, policy, certificates) = to_wire(&want.protocol);
        let mut call = client.modify_listener().listener_arn(arn);
        let mut differs = false;
        if want.port != now.port {
            (call, differs) = (call.port(i32::from(want.port)), true);
        }
        if want.protocol != now.protocol {
            call = call.protocol(protocol).set_ssl_policy(policy).set_certificates(certificates);
            differs = true;
        }
        if want.default_action != now.default_action {
            (call, differs) = (call.default_actions(action::to_wire(&want.default_action)), true);
        }
        if differs {
            let reply = call.send().await.map_err(fault("elasticloadbalancing:ModifyListener"));
            reply.map_err(passing(CERTIFICATE_LAGS))?;
        }
        elb::update_tags(&client, cx, arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveListener) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_listener().listener_arn(&have.attributes.arn).send().await;
        absent_is_done("elasticloadbalancing:DeleteListener", reply)
    }
}

/// A certificate is issued some seconds before the load balancer can see that.
pub(super) const CERTIFICATE_LAGS: &[&str] = &["CertificateNotFound", "UnsupportedCertificate"];

type Secured = (ProtocolEnum, Option<String>, Option<Vec<Certificate>>);

fn to_wire(protocol: &ListenerProtocol<AnyRegion>) -> Secured {
    match protocol {
        ListenerProtocol::Http => (ProtocolEnum::Http, None, None),
        ListenerProtocol::Https(tls) => {
            let certificate = Certificate::builder().certificate_arn(tls.certificate.id()).build();
            (ProtocolEnum::Https, Some(tls.ssl_policy.clone()), Some(vec![certificate]))
        }
    }
}

/// The listener with its tags; `None` when it went in between.
async fn live(client: &Client, reply: Reply) -> Result<Option<LiveListener>, Fault> {
    let attributes = attributes(&reply)?;
    let Some(tags) = elb::read_tags(client, &attributes.arn).await? else { return Ok(None) };
    Ok(Some(Live { resource: resource(reply)?, attributes, tags }))
}

fn resource(reply: Reply) -> Result<Listener<AnyRegion>, Fault> {
    let operation = "elasticloadbalancing:DescribeListeners";
    let missing = |what| Fault::incomplete(operation, what);
    let protocol = match reply.protocol {
        Some(ProtocolEnum::Https) => {
            // The answer holds the default certificate alone; others belong to `ListenerCertificate`.
            let certificate = reply.certificates.unwrap_or_default().into_iter().next();
            let certificate = certificate.and_then(|certificate| certificate.certificate_arn);
            ListenerProtocol::Https(Tls {
                certificate: Ref::existing(certificate.ok_or_else(|| missing("CertificateArn"))?),
                ssl_policy: reply.ssl_policy.unwrap_or_else(|| DEFAULT_SSL_POLICY.to_owned()),
            })
        }
        _ => ListenerProtocol::Http,
    };
    Ok(Listener {
        load_balancer: Ref::existing(reply.load_balancer_arn.ok_or_else(|| missing("LoadBalancerArn"))?),
        port: reply.port.and_then(|port| port.try_into().ok()).ok_or_else(|| missing("Port"))?,
        protocol,
        default_action: action::from_wire(operation, reply.default_actions.unwrap_or_default())?,
    })
}

fn attributes(reply: &Reply) -> Result<ListenerAttributes, Fault> {
    let arn = reply.listener_arn();
    let arn = arn.ok_or_else(|| Fault::incomplete("elasticloadbalancing:DescribeListeners", "ListenerArn"))?;
    Ok(ListenerAttributes { id: arn.to_owned(), arn: arn.to_owned() })
}
