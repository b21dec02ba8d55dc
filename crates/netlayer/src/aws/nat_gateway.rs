//! NAT gateways on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{ConnectivityType, NatGateway as Reply, NatGatewayState, ResourceType},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, TypedProvider, Wait};

use super::{Ec2, tags};
use crate::nat_gateway::{NatGateway, NatGatewayAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveGateway = Live<NatGateway<AnyRegion>, NatGatewayAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = NatGateway<AnyRegion>;
    type Attributes = NatGatewayAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGateway>, Fault> {
        describe(&self.0.of(cx), id).await?.filter(exists).map(live).transpose()
    }

    /// Waits for a gateway that is on its way; one that fails was never made.
    async fn find(&self, cx: &Context, _want: &NatGateway<AnyRegion>) -> Result<Option<LiveGateway>, Fault> {
        let client = self.0.of(cx);
        let found = client.describe_nat_gateways().filter(tags::by_token(cx)).into_paginator().items().send();
        let found = found.try_collect().await.map_err(fault("ec2:DescribeNatGateways"))?;
        let Some(gateway) = tags::ours(cx, found.into_iter().filter(exists), Reply::tags) else { return Ok(None) };
        match available(&client, cx, gateway).await {
            Ok(gateway) => live(gateway).map(Some),
            Err(fault) if fault.kind == FaultKind::Invalid => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn create(&self, cx: &Context, want: &NatGateway<AnyRegion>) -> Result<NatGatewayAttributes, Fault> {
        let client = self.0.of(cx);
        let request = client
            .create_nat_gateway()
            .subnet_id(want.subnet.id())
            .client_token(cx.token.to_string())
            .tag_specifications(tags::on_create(cx, ResourceType::Natgateway));
        let request = match &want.elastic_ip {
            Some(address) => request.connectivity_type(ConnectivityType::Public).allocation_id(address.id()),
            None => request.connectivity_type(ConnectivityType::Private),
        };
        let reply = request.send().await.map_err(fault("ec2:CreateNatGateway"))?;
        let gateway = reply.nat_gateway.ok_or_else(|| Fault::incomplete("ec2:CreateNatGateway", "natGateway"))?;
        Ok(live(available(&client, cx, gateway).await?)?.attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        _want: &NatGateway<AnyRegion>,
        have: &LiveGateway,
    ) -> Result<NatGatewayAttributes, Fault> {
        tags::update(&self.0.of(cx), cx, &have.attributes.id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    /// Waits until the gateway is gone: until then it holds its address and its interface in the subnet.
    async fn delete(&self, cx: &Context, have: &LiveGateway) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        absent_is_done("ec2:DeleteNatGateway", client.delete_nat_gateway().nat_gateway_id(id).send().await)?;
        cx.wait("NAT gateway to be deleted", Wait::MINUTES, || async {
            let gateway = describe(&client, id).await?;
            Ok(gateway
                .is_none_or(|gateway| gateway.state() != Some(&NatGatewayState::Deleting) && !exists(&gateway))
                .then_some(()))
        })
        .await
    }
}

async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_nat_gateways().nat_gateway_ids(id).send().await;
    let reply = found("ec2:DescribeNatGateways", reply)?;
    Ok(reply.and_then(|reply| reply.nat_gateways.unwrap_or_default().into_iter().next()))
}

/// Deleted and failed gateways stay visible for about an hour, and hold nothing.
fn exists(gateway: &Reply) -> bool {
    matches!(gateway.state(), Some(NatGatewayState::Pending | NatGatewayState::Available))
}

async fn available(client: &Client, cx: &Context, gateway: Reply) -> Result<Reply, Fault> {
    if gateway.state() == Some(&NatGatewayState::Available) {
        return Ok(gateway);
    }
    let id = gateway.nat_gateway_id().ok_or_else(|| Fault::incomplete("ec2:CreateNatGateway", "natGatewayId"))?;
    cx.wait("NAT gateway to become available", Wait::MINUTES, || async {
        let Some(gateway) = describe(client, id).await? else { return Ok(None) };
        match gateway.state() {
            Some(NatGatewayState::Available) => Ok(Some(gateway)),
            Some(NatGatewayState::Pending) | None => Ok(None),
            Some(_) => Err(Fault::new(
                FaultKind::Invalid,
                "ec2:CreateNatGateway",
                format!(
                    "{}: {}",
                    gateway.failure_code().unwrap_or("Failed"),
                    gateway.failure_message().unwrap_or("the gateway was deleted while it was made")
                ),
            )),
        }
    })
    .await
}

fn live(reply: Reply) -> Result<LiveGateway, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeNatGateways", what);
    let addresses = reply.nat_gateway_addresses();
    let primary = addresses.iter().find(|address| address.is_primary() == Some(true)).or(addresses.first());
    let elastic_ip = match reply.connectivity_type() {
        Some(ConnectivityType::Private) => None,
        _ => Some(primary.and_then(|address| address.allocation_id()).ok_or_else(|| missing("allocationId"))?),
    };
    let elastic_ip = elastic_ip.map(Ref::existing);
    Ok(Live {
        tags: tags::read(reply.tags()),
        attributes: NatGatewayAttributes {
            id: reply.nat_gateway_id().ok_or_else(|| missing("natGatewayId"))?.to_owned(),
            public_ip: primary.and_then(|address| address.public_ip()).map(str::to_owned),
            private_ip: primary.and_then(|address| address.private_ip()).map(str::to_owned),
        },
        resource: NatGateway { subnet: Ref::existing(reply.subnet_id.ok_or_else(|| missing("subnetId"))?), elastic_ip },
    })
}
