//! Acceptances of VPC peering on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::types::{VpcPeeringConnection as Reply, VpcPeeringConnectionStateReasonCode as State};
use landfall_aws::fault;
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, TypedProvider};

use super::{Ec2, peering, tags};
use crate::vpc_peering_accepter::{VpcPeeringAccepter, VpcPeeringAccepterAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveAccepter = Live<VpcPeeringAccepter<AnyRegion, AnyRegion>, VpcPeeringAccepterAttributes>;

/// A connection stays accepted until it ends: what makes the acceptance a resource is that this end of the connection
/// carries the tag of its token. Tags belong to one region, so those of the request are others.
#[async_trait]
impl TypedProvider for Provider {
    type Resource = VpcPeeringAccepter<AnyRegion, AnyRegion>;
    type Attributes = VpcPeeringAccepterAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveAccepter>, Fault> {
        let connection = peering::describe(&self.0.of(cx), id).await?.filter(peering::is_accepted);
        Ok(connection.map(|connection| live(id, &connection)).filter(|accepter| cx.owns(&accepter.tags)))
    }

    async fn find(&self, cx: &Context, want: &Self::Resource) -> Result<Option<LiveAccepter>, Fault> {
        self.read(cx, want.peering_connection.id()).await
    }

    async fn create(&self, cx: &Context, want: &Self::Resource) -> Result<VpcPeeringAccepterAttributes, Fault> {
        let client = self.0.of(cx);
        let id = want.peering_connection.id();
        let requested = [State::PendingAcceptance, State::Provisioning, State::Active];
        let connection = peering::wait_for(&client, cx, id, "peering request to arrive", &requested).await?;
        if !peering::is_accepted(&connection) {
            let reply = client.accept_vpc_peering_connection().vpc_peering_connection_id(id).send().await;
            reply.map_err(fault("ec2:AcceptVpcPeeringConnection"))?;
        }
        peering::wait_for(&client, cx, id, "peering connection to become active", &[State::Active]).await?;
        tags::take_over(&client, cx, id, &tags::read(connection.tags())).await?;
        Ok(VpcPeeringAccepterAttributes { id: id.to_owned() })
    }

    async fn update(
        &self,
        cx: &Context,
        _want: &Self::Resource,
        have: &LiveAccepter,
    ) -> Result<VpcPeeringAccepterAttributes, Fault> {
        tags::update(&self.0.of(cx), cx, &have.attributes.id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveAccepter) -> Result<(), Fault> {
        match self.read(cx, &have.attributes.id).await? {
            Some(accepter) => tags::give_back(&self.0.of(cx), cx, &accepter.attributes.id).await,
            None => Ok(()),
        }
    }
}

fn live(id: &str, reply: &Reply) -> LiveAccepter {
    Live {
        tags: tags::read(reply.tags()),
        resource: VpcPeeringAccepter { peering_connection: Ref::existing(id) },
        attributes: VpcPeeringAccepterAttributes { id: id.to_owned() },
    }
}
