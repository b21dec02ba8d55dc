//! Subnets on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{AttributeBooleanValue, ResourceType, Subnet as Reply, SubnetState},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, TypedProvider, Wait};

use super::{Ec2, once_visible, tags};
use crate::subnet::{Subnet, SubnetAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveSubnet = Live<Subnet<AnyRegion>, SubnetAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Subnet<AnyRegion>;
    type Attributes = SubnetAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveSubnet>, Fault> {
        let reply = self.0.of(cx).describe_subnets().subnet_ids(id).send().await;
        let reply = found("ec2:DescribeSubnets", reply)?;
        reply.and_then(|reply| reply.subnets.unwrap_or_default().into_iter().next()).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &Subnet<AnyRegion>) -> Result<Option<LiveSubnet>, Fault> {
        let found = self.0.of(cx).describe_subnets().filters(tags::by_token(cx)).into_paginator().items().send();
        let found = found.try_collect().await.map_err(fault("ec2:DescribeSubnets"))?;
        tags::ours(cx, found, Reply::tags).map(live).transpose()
    }

    async fn create(&self, cx: &Context, want: &Subnet<AnyRegion>) -> Result<SubnetAttributes, Fault> {
        let client = self.0.of(cx);
        let reply = client
            .create_subnet()
            .vpc_id(want.vpc.id())
            .cidr_block(want.cidr_block.to_string())
            .availability_zone(&want.availability_zone)
            .tag_specifications(tags::on_create(cx, ResourceType::Subnet))
            .send()
            .await
            .map_err(fault("ec2:CreateSubnet"))?;
        let subnet = reply.subnet.ok_or_else(|| Fault::incomplete("ec2:CreateSubnet", "subnet"))?;
        let ready = subnet.state() == Some(&SubnetState::Available);
        let attributes = live(subnet)?.attributes;
        if !ready {
            available(&client, cx, &attributes.id).await?;
        }
        if want.map_public_ip_on_launch {
            map_public_ip(&client, cx, &attributes.id, true).await?;
        }
        Ok(attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Subnet<AnyRegion>,
        have: &LiveSubnet,
    ) -> Result<SubnetAttributes, Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        if want.map_public_ip_on_launch != have.resource.map_public_ip_on_launch {
            map_public_ip(&client, cx, id, want.map_public_ip_on_launch).await?;
        }
        tags::update(&client, cx, id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveSubnet) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_subnet().subnet_id(&have.attributes.id).send().await;
        absent_is_done("ec2:DeleteSubnet", reply)
    }
}

async fn map_public_ip(client: &Client, cx: &Context, id: &str, on: bool) -> Result<(), Fault> {
    let value = AttributeBooleanValue::builder().value(on).build();
    once_visible(cx, "subnet to become visible", "ec2:ModifySubnetAttribute", || {
        client.modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(value.clone()).send()
    })
    .await
    .map(drop)
}

async fn available(client: &Client, cx: &Context, id: &str) -> Result<(), Fault> {
    cx.wait("subnet to become available", Wait::SECONDS, || async {
        let reply = found("ec2:DescribeSubnets", client.describe_subnets().subnet_ids(id).send().await)?;
        let subnets = reply.and_then(|reply| reply.subnets).unwrap_or_default();
        Ok(subnets.iter().any(|subnet| subnet.state() == Some(&SubnetState::Available)).then_some(()))
    })
    .await
}

fn live(reply: Reply) -> Result<LiveSubnet, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeSubnets", what);
    let cidr_block = reply.cidr_block().and_then(|cidr| cidr.parse().ok()).ok_or_else(|| missing("cidrBlock"))?;
    Ok(Live {
        tags: tags::read(reply.tags()),
        resource: Subnet {
            vpc: Ref::existing(reply.vpc_id.ok_or_else(|| missing("vpcId"))?),
            cidr_block,
            availability_zone: reply.availability_zone.ok_or_else(|| missing("availabilityZone"))?,
            map_public_ip_on_launch: reply.map_public_ip_on_launch.unwrap_or_default(),
        },
        attributes: SubnetAttributes {
            id: reply.subnet_id.ok_or_else(|| missing("subnetId"))?,
            arn: reply.subnet_arn.ok_or_else(|| missing("subnetArn"))?,
        },
    })
}
