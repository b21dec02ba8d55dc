//! Requests of VPC peering on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, VpcPeeringConnection as Reply, VpcPeeringConnectionStateReasonCode as State};
use landfall_aws::fault;
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, TypedProvider};

use super::{Ec2, peering, tags};
use crate::vpc_peering_connection::{VpcArn, VpcPeeringConnection, VpcPeeringConnectionAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveConnection = Live<VpcPeeringConnection<AnyRegion, AnyRegion>, VpcPeeringConnectionAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = VpcPeeringConnection<AnyRegion, AnyRegion>;
    type Attributes = VpcPeeringConnectionAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveConnection>, Fault> {
        peering::describe(&self.0.of(cx), id).await?.filter(peering::exists).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &Self::Resource) -> Result<Option<LiveConnection>, Fault> {
        let found = self.0.of(cx).describe_vpc_peering_connections().filters(tags::by_token(cx)).into_paginator();
        let found = found.items().send().try_collect().await.map_err(fault("ec2:DescribeVpcPeeringConnections"))?;
        tags::ours(cx, found.into_iter().filter(peering::exists), Reply::tags).map(live).transpose()
    }

    async fn create(&self, cx: &Context, want: &Self::Resource) -> Result<VpcPeeringConnectionAttributes, Fault> {
        let client = self.0.of(cx);
        let operation = "ec2:CreateVpcPeeringConnection";
        let peer = VpcArn::parse(want.peer_vpc.id())
            .ok_or_else(|| Fault::new(FaultKind::Invalid, operation, "`peer_vpc` is no ARN of a VPC"))?;
        let reply = client
            .create_vpc_peering_connection()
            .vpc_id(want.vpc.id())
            .peer_vpc_id(peer.id)
            .peer_region(peer.region)
            .peer_owner_id(peer.account)
            .tag_specifications(tags::on_create(cx, ResourceType::VpcPeeringConnection))
            .send()
            .await
            .map_err(fault(operation))?;
        let connection = reply.vpc_peering_connection.and_then(|connection| connection.vpc_peering_connection_id);
        let id = connection.ok_or_else(|| Fault::incomplete(operation, "vpcPeeringConnectionId"))?;
        let requested = [State::PendingAcceptance, State::Provisioning, State::Active];
        peering::wait_for(&client, cx, &id, "peering request to reach the other region", &requested).await?;
        Ok(VpcPeeringConnectionAttributes { id })
    }

    async fn update(
        &self,
        cx: &Context,
        _want: &Self::Resource,
        have: &LiveConnection,
    ) -> Result<VpcPeeringConnectionAttributes, Fault> {
        tags::update(&self.0.of(cx), cx, &have.attributes.id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveConnection) -> Result<(), Fault> {
        peering::end(&self.0.of(cx), cx, &have.attributes.id).await
    }
}

fn live(reply: Reply) -> Result<LiveConnection, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeVpcPeeringConnections", what);
    let (requester, accepter) = (reply.requester_vpc_info(), reply.accepter_vpc_info());
    let vpc = requester.and_then(|info| info.vpc_id()).ok_or_else(|| missing("requesterVpcInfo"))?;
    let peer = accepter
        .and_then(|info| Some(format!("arn:aws:ec2:{}:{}:vpc/{}", info.region()?, info.owner_id()?, info.vpc_id()?)));
    Ok(Live {
        tags: tags::read(reply.tags()),
        resource: VpcPeeringConnection {
            vpc: Ref::existing(vpc),
            peer_vpc: Ref::existing(peer.ok_or_else(|| missing("accepterVpcInfo"))?),
        },
        attributes: VpcPeeringConnectionAttributes {
            id: reply.vpc_peering_connection_id.ok_or_else(|| missing("vpcPeeringConnectionId"))?,
        },
    })
}
