//! DNS settings of VPC peering on Amazon EC2. Each side's is read and set in its own region.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    operation::modify_vpc_peering_connection_options::builders::ModifyVpcPeeringConnectionOptionsFluentBuilder,
    types::{
        PeeringConnectionOptionsRequest, VpcPeeringConnection as Reply, VpcPeeringConnectionStateReasonCode as State,
    },
};
use landfall_aws::{absent_is_done, fault};
use landfall_core::{AnyRegion, Context, Fault, Live, Tags, TypedProvider};

use super::{Ec2, peering};
use crate::{
    vpc_peering_accepter::AcceptedPeering,
    vpc_peering_dns_resolution::{VpcPeeringDnsResolution, VpcPeeringDnsResolutionAttributes, key, peering_of},
};

pub(super) struct Provider(pub(super) Ec2);

type LiveSetting = Live<VpcPeeringDnsResolution<AnyRegion>, VpcPeeringDnsResolutionAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = VpcPeeringDnsResolution<AnyRegion>;
    type Attributes = VpcPeeringDnsResolutionAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveSetting>, Fault> {
        let id = peering_of(id);
        let connection = peering::describe(&self.0.of(cx), id).await?.filter(peering::is_accepted);
        Ok(connection.filter(|connection| resolves(cx, connection)).map(|_| Live {
            resource: VpcPeeringDnsResolution::new(AcceptedPeering::existing(id)),
            attributes: VpcPeeringDnsResolutionAttributes { id: key(id) },
            tags: Tags::new(),
        }))
    }

    async fn find(&self, cx: &Context, want: &Self::Resource) -> Result<Option<LiveSetting>, Fault> {
        self.read(cx, want.peering.id()).await
    }

    async fn create(&self, cx: &Context, want: &Self::Resource) -> Result<VpcPeeringDnsResolutionAttributes, Fault> {
        let client = self.0.of(cx);
        let id = want.peering.id();
        let what = "peering connection to become active in this region";
        let connection = peering::wait_for(&client, cx, id, what, &[State::Active]).await?;
        set(&client, cx, &connection, id, true).send().await.map_err(fault("ec2:ModifyVpcPeeringConnectionOptions"))?;
        Ok(VpcPeeringDnsResolutionAttributes { id: key(id) })
    }

    async fn update(
        &self,
        _cx: &Context,
        _want: &Self::Resource,
        have: &LiveSetting,
    ) -> Result<VpcPeeringDnsResolutionAttributes, Fault> {
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveSetting) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let id = have.resource.peering.id();
        let Some(connection) = peering::describe(&client, id).await?.filter(peering::is_accepted) else {
            return Ok(());
        };
        absent_is_done("ec2:ModifyVpcPeeringConnectionOptions", set(&client, cx, &connection, id, false).send().await)
    }
}

/// Whether this region is the one that asked, not the one that accepted.
fn asked(cx: &Context, connection: &Reply) -> bool {
    connection.requester_vpc_info().and_then(|info| info.region()) == Some(cx.region())
}

/// Whether names of this side resolve to private addresses on the other.
fn resolves(cx: &Context, connection: &Reply) -> bool {
    let end = if asked(cx, connection) { connection.requester_vpc_info() } else { connection.accepter_vpc_info() };
    let options = end.and_then(|info| info.peering_options());
    options.and_then(|options| options.allow_dns_resolution_from_remote_vpc) == Some(true)
}

/// The request that sets this side's option.
fn set(
    client: &Client,
    cx: &Context,
    connection: &Reply,
    id: &str,
    on: bool,
) -> ModifyVpcPeeringConnectionOptionsFluentBuilder {
    let options = PeeringConnectionOptionsRequest::builder().allow_dns_resolution_from_remote_vpc(on).build();
    let request = client.modify_vpc_peering_connection_options().vpc_peering_connection_id(id);
    if asked(cx, connection) {
        request.requester_peering_connection_options(options)
    } else {
        request.accepter_peering_connection_options(options)
    }
}
