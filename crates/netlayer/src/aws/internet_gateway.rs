//! Internet gateways on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{AttachmentStatus, InternetGateway as Reply, ResourceType},
};
use landfall_aws::{absent_is_done, fault, found, is_code};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, TypedProvider, Wait};

use super::{Ec2, tags};
use crate::internet_gateway::{InternetGateway, InternetGatewayAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveGateway = Live<InternetGateway<AnyRegion>, InternetGatewayAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = InternetGateway<AnyRegion>;
    type Attributes = InternetGatewayAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGateway>, Fault> {
        describe(&self.0.of(cx), id).await?.map(live).transpose()
    }

    /// Attaches a gateway that the interrupted create only made: unattached it would differ in a field that needs a
    /// new one.
    async fn find(&self, cx: &Context, want: &InternetGateway<AnyRegion>) -> Result<Option<LiveGateway>, Fault> {
        let client = self.0.of(cx);
        let found = client.describe_internet_gateways().filters(tags::by_token(cx)).into_paginator().items().send();
        let found = found.try_collect().await.map_err(fault("ec2:DescribeInternetGateways"))?;
        let Some(gateway) = tags::ours(cx, found, Reply::tags) else { return Ok(None) };
        let mut gateway = live(gateway)?;
        if gateway.resource.vpc.id().is_empty() {
            attach(&client, cx, &gateway.attributes.id, want.vpc.id()).await?;
            gateway.resource.vpc = want.vpc.clone();
        }
        Ok(Some(gateway))
    }

    async fn create(
        &self,
        cx: &Context,
        want: &InternetGateway<AnyRegion>,
    ) -> Result<InternetGatewayAttributes, Fault> {
        let client = self.0.of(cx);
        let reply = client
            .create_internet_gateway()
            .tag_specifications(tags::on_create(cx, ResourceType::InternetGateway))
            .send()
            .await
            .map_err(fault("ec2:CreateInternetGateway"))?;
        let gateway = reply.internet_gateway.and_then(|gateway| gateway.internet_gateway_id);
        let id = gateway.ok_or_else(|| Fault::incomplete("ec2:CreateInternetGateway", "internetGatewayId"))?;
        attach(&client, cx, &id, want.vpc.id()).await?;
        Ok(InternetGatewayAttributes { id })
    }

    async fn update(
        &self,
        cx: &Context,
        _want: &InternetGateway<AnyRegion>,
        have: &LiveGateway,
    ) -> Result<InternetGatewayAttributes, Fault> {
        tags::update(&self.0.of(cx), cx, &have.attributes.id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGateway) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        detach(&client, cx, id, have.resource.vpc.id()).await?;
        let reply = client.delete_internet_gateway().internet_gateway_id(id).send().await;
        absent_is_done("ec2:DeleteInternetGateway", reply)
    }
}

async fn attach(client: &Client, cx: &Context, id: &str, vpc: &str) -> Result<(), Fault> {
    let operation = "ec2:AttachInternetGateway";
    cx.wait("internet gateway to become visible", Wait::SECONDS, || async {
        match client.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await {
            // Attached already: by an attempt whose answer was lost, or the VPC has another gateway.
            Err(error) if is_code(&error, &["Resource.AlreadyAssociated"]) => match describe(client, id).await? {
                Some(gateway) if attached_to(&gateway) == Some(vpc) => Ok(Some(())),
                _ => Err(fault(operation)(error)),
            },
            other => found(operation, other).map(|reply| reply.map(drop)),
        }
    })
    .await
}

async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_internet_gateways().internet_gateway_ids(id).send().await;
    let reply = found("ec2:DescribeInternetGateways", reply)?;
    Ok(reply.and_then(|reply| reply.internet_gateways.unwrap_or_default().into_iter().next()))
}

fn attached_to(gateway: &Reply) -> Option<&str> {
    let detached = |state: &AttachmentStatus| matches!(state, AttachmentStatus::Detached | AttachmentStatus::Detaching);
    gateway.attachments().iter().find(|attachment| !attachment.state().is_some_and(detached))?.vpc_id()
}

/// Detaches a gateway, once no public address of the VPC is mapped any more: AWS refuses it before.
async fn detach(client: &Client, cx: &Context, id: &str, vpc: &str) -> Result<(), Fault> {
    if vpc.is_empty() {
        return Ok(());
    }
    cx.wait("public addresses of the VPC to be given back", Wait::MINUTES, || async {
        match client.detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send().await {
            Err(error) if is_code(&error, &["Gateway.NotAttached"]) => Ok(Some(())),
            other => match absent_is_done("ec2:DetachInternetGateway", other) {
                Err(fault) if fault.kind == FaultKind::Blocked => Ok(None),
                other => other.map(Some),
            },
        }
    })
    .await
}

/// A gateway that is attached to nothing has an empty id as its VPC.
fn live(reply: Reply) -> Result<LiveGateway, Fault> {
    Ok(Live {
        tags: tags::read(reply.tags()),
        resource: InternetGateway { vpc: Ref::existing(attached_to(&reply).unwrap_or_default()) },
        attributes: InternetGatewayAttributes {
            id: reply
                .internet_gateway_id
                .ok_or_else(|| Fault::incomplete("ec2:DescribeInternetGateways", "internetGatewayId"))?,
        },
    })
}
