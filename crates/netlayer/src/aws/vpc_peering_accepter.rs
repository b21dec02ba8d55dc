//! Acceptances of VPC peering on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::types::{VpcPeeringConnection as Reply, VpcPeeringConnectionStateReasonCode as State};
use landfall_aws::fault;
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, TypedProvider};

use super::{Ec2, peering, tags};
use crate::vpc_peering_accepter::{VpcPeeringAccepter, VpcPeeringAccepterAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveAccepter = Live<VpcPeeringAccepter<AnyRegion, AnyRegion>, VpcPeeringAccepterAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = VpcPeeringAccepter<AnyRegion, AnyRegion>;
    type Attributes = VpcPeeringAccepterAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveAccepter>, Fault> {
        let connection = peering::describe(&self.0.of(cx), id).await?;
        Ok(connection.filter(peering::is_accepted).map(|connection| live(id, &connection)))
    }

    /// Tags belong to one region: those of this end say whether the interrupted create came that far.
    async fn find(&self, cx: &Context, want: &Self::Resource) -> Result<Option<LiveAccepter>, Fault> {
        let accepter = self.read(cx, want.peering_connection.id()).await?;
        Ok(accepter.filter(|accepter| cx.owns(&accepter.tags)))
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
        peering::end(&self.0.of(cx), cx, &have.attributes.id).await
    }
}

fn live(id: &str, reply: &Reply) -> LiveAccepter {
    Live {
        tags: tags::read(reply.tags()),
        resource: VpcPeeringAccepter { peering_connection: Ref::existing(id) },
        attributes: VpcPeeringAccepterAttributes { id: id.to_owned() },
    }
}
