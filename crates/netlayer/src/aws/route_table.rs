//! Route tables on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{ResourceType, RouteTable as Reply},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, TypedProvider};

use super::{Ec2, tags};
use crate::route_table::{RouteTable, RouteTableAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveTable = Live<RouteTable<AnyRegion>, RouteTableAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = RouteTable<AnyRegion>;
    type Attributes = RouteTableAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveTable>, Fault> {
        describe(&self.0.of(cx), id).await?.map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &RouteTable<AnyRegion>) -> Result<Option<LiveTable>, Fault> {
        let found = self.0.of(cx).describe_route_tables().filters(tags::by_token(cx)).into_paginator().items().send();
        let found = found.try_collect().await.map_err(fault("ec2:DescribeRouteTables"))?;
        tags::ours(cx, found, Reply::tags).map(live).transpose()
    }

    async fn create(&self, cx: &Context, want: &RouteTable<AnyRegion>) -> Result<RouteTableAttributes, Fault> {
        let reply = self
            .0
            .of(cx)
            .create_route_table()
            .vpc_id(want.vpc.id())
            .client_token(cx.token.to_string())
            .tag_specifications(tags::on_create(cx, ResourceType::RouteTable))
            .send()
            .await
            .map_err(fault("ec2:CreateRouteTable"))?;
        let id = reply.route_table.and_then(|table| table.route_table_id);
        Ok(RouteTableAttributes { id: id.ok_or_else(|| Fault::incomplete("ec2:CreateRouteTable", "routeTableId"))? })
    }

    async fn update(
        &self,
        cx: &Context,
        _want: &RouteTable<AnyRegion>,
        have: &LiveTable,
    ) -> Result<RouteTableAttributes, Fault> {
        tags::update(&self.0.of(cx), cx, &have.attributes.id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveTable) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_route_table().route_table_id(&have.attributes.id).send().await;
        absent_is_done("ec2:DeleteRouteTable", reply)
    }
}

/// The table as EC2 tells it, with its routes.
pub(super) async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_route_tables().route_table_ids(id).send().await;
    let reply = found("ec2:DescribeRouteTables", reply)?;
    Ok(reply.and_then(|reply| reply.route_tables.unwrap_or_default().into_iter().next()))
}

fn live(reply: Reply) -> Result<LiveTable, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeRouteTables", what);
    Ok(Live {
        tags: tags::read(reply.tags()),
        resource: RouteTable { vpc: Ref::existing(reply.vpc_id.ok_or_else(|| missing("vpcId"))?) },
        attributes: RouteTableAttributes { id: reply.route_table_id.ok_or_else(|| missing("routeTableId"))? },
    })
}
