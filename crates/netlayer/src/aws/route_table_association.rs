//! Route table associations on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{
        Filter, RouteTableAssociation as Reply, RouteTableAssociationState, RouteTableAssociationStateCode as State,
    },
};
use landfall_aws::{absent_is_done, fault, is_code};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, Tags, TypedProvider, Wait};

use super::Ec2;
use crate::route_table_association::{RouteTableAssociation, RouteTableAssociationAttributes, key, subnet_of};

pub(super) struct Provider(pub(super) Ec2);

type LiveAssociation = Live<RouteTableAssociation<AnyRegion>, RouteTableAssociationAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = RouteTableAssociation<AnyRegion>;
    type Attributes = RouteTableAssociationAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveAssociation>, Fault> {
        let subnet = subnet_of(id);
        describe(&self.0.of(cx), subnet).await?.map(|association| live(subnet, association)).transpose()
    }

    /// An association has no tags: one with the right table is the one that the interrupted create made.
    async fn find(
        &self,
        cx: &Context,
        want: &RouteTableAssociation<AnyRegion>,
    ) -> Result<Option<LiveAssociation>, Fault> {
        let association = self.read(cx, want.subnet.id()).await?;
        Ok(association.filter(|association| association.resource.route_table == want.route_table))
    }

    async fn create(
        &self,
        cx: &Context,
        want: &RouteTableAssociation<AnyRegion>,
    ) -> Result<RouteTableAssociationAttributes, Fault> {
        let client = self.0.of(cx);
        let request = client.associate_route_table().subnet_id(want.subnet.id());
        let reply = match request.route_table_id(want.route_table.id()).send().await {
            // An attempt whose answer was lost made it, or somebody else made another.
            Err(error) if is_code(&error, &["Resource.AlreadyAssociated"]) => match self.find(cx, want).await? {
                Some(association) => return Ok(association.attributes),
                None => Err(error),
            },
            reply => reply,
        };
        let reply = reply.map_err(fault("ec2:AssociateRouteTable"))?;
        associated(&client, cx, want, reply.association_state).await?;
        attributes(want.subnet.id(), reply.association_id)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &RouteTableAssociation<AnyRegion>,
        have: &LiveAssociation,
    ) -> Result<RouteTableAssociationAttributes, Fault> {
        if want.route_table == have.resource.route_table {
            return Ok(have.attributes.clone());
        }
        let client = self.0.of(cx);
        let request = client.replace_route_table_association().association_id(&have.attributes.association_id);
        let reply = request.route_table_id(want.route_table.id()).send().await;
        let reply = reply.map_err(fault("ec2:ReplaceRouteTableAssociation"))?;
        associated(&client, cx, want, reply.association_state).await?;
        attributes(want.subnet.id(), reply.new_association_id)
    }

    /// Looks for the association again: somebody may have replaced it, which changes AWS's id.
    async fn delete(&self, cx: &Context, have: &LiveAssociation) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let reply = client.disassociate_route_table().association_id(&have.attributes.association_id).send().await;
        absent_is_done("ec2:DisassociateRouteTable", reply)?;
        cx.wait("route table to be given up by its subnet", Wait::SECONDS, || async {
            let left = describe(&client, have.resource.subnet.id()).await?;
            let Some(id) = left.and_then(|association| association.route_table_association_id) else {
                return Ok(Some(()));
            };
            let reply = client.disassociate_route_table().association_id(id).send().await;
            absent_is_done("ec2:DisassociateRouteTable", reply).map(|()| None)
        })
        .await
    }
}

/// The association of a subnet, unless it is on its way out.
async fn describe(client: &Client, subnet: &str) -> Result<Option<Reply>, Fault> {
    let filter = Filter::builder().name("association.subnet-id").values(subnet).build();
    let tables = client.describe_route_tables().filters(filter).into_paginator().items().send();
    let tables = tables.try_collect().await.map_err(fault("ec2:DescribeRouteTables"))?;
    let mut associations = tables.into_iter().flat_map(|table| table.associations.unwrap_or_default());
    Ok(associations.find(|association| {
        let state = association.association_state().and_then(RouteTableAssociationState::state);
        let leaves = matches!(state, Some(State::Disassociating | State::Disassociated | State::Failed));
        association.subnet_id() == Some(subnet) && !leaves
    }))
}

/// Waits until the subnet uses its table, where the answer did not say so.
async fn associated(
    client: &Client,
    cx: &Context,
    want: &RouteTableAssociation<AnyRegion>,
    state: Option<RouteTableAssociationState>,
) -> Result<(), Fault> {
    if state.is_some_and(|state| state.state == Some(State::Associated)) {
        return Ok(());
    }
    cx.wait("subnet to use its route table", Wait::SECONDS, || async {
        let Some(association) = describe(client, want.subnet.id()).await? else { return Ok(None) };
        let Some(state) = association.association_state() else { return Ok(Some(())) };
        match state.state() {
            Some(State::Associated) => Ok(Some(())),
            Some(State::Failed) => Err(Fault::new(
                FaultKind::Invalid,
                "ec2:AssociateRouteTable",
                state.status_message().unwrap_or("the association failed"),
            )),
            _ => Ok(None),
        }
    })
    .await
}

fn attributes(subnet: &str, association_id: Option<String>) -> Result<RouteTableAssociationAttributes, Fault> {
    let association_id = association_id.ok_or_else(|| Fault::incomplete("ec2:AssociateRouteTable", "associationId"))?;
    Ok(RouteTableAssociationAttributes { id: key(subnet), association_id })
}

fn live(subnet: &str, reply: Reply) -> Result<LiveAssociation, Fault> {
    let table = reply.route_table_id.ok_or_else(|| Fault::incomplete("ec2:DescribeRouteTables", "routeTableId"))?;
    Ok(Live {
        resource: RouteTableAssociation { subnet: Ref::existing(subnet), route_table: Ref::existing(table) },
        attributes: attributes(subnet, reply.route_table_association_id)?,
        tags: Tags::new(),
    })
}
