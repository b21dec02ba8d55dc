//! VPCs on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{AttributeBooleanValue, Filter, ResourceType, Vpc as Reply, VpcAttributeName, VpcState},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, TypedProvider, Wait};

use super::{Ec2, once_visible, tags};
use crate::vpc::{Vpc, VpcAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveVpc = Live<Vpc<AnyRegion>, VpcAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Vpc<AnyRegion>;
    type Attributes = VpcAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveVpc>, Fault> {
        let client = self.0.of(cx);
        let Some(reply) = found("ec2:DescribeVpcs", client.describe_vpcs().vpc_ids(id).send().await)? else {
            return Ok(None);
        };
        match reply.vpcs.unwrap_or_default().into_iter().next() {
            Some(vpc) => live(&client, cx, vpc).await.map(Some),
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, _want: &Vpc<AnyRegion>) -> Result<Option<LiveVpc>, Fault> {
        let client = self.0.of(cx);
        let found = client.describe_vpcs().filters(tags::by_token(cx)).into_paginator().items().send();
        let found = found.try_collect().await.map_err(fault("ec2:DescribeVpcs"))?;
        match tags::ours(cx, found, Reply::tags) {
            Some(vpc) => live(&client, cx, vpc).await.map(Some),
            None => Ok(None),
        }
    }

    async fn create(&self, cx: &Context, want: &Vpc<AnyRegion>) -> Result<VpcAttributes, Fault> {
        let client = self.0.of(cx);
        let reply = client
            .create_vpc()
            .cidr_block(want.cidr_block.to_string())
            .tag_specifications(tags::on_create(cx, ResourceType::Vpc))
            .send()
            .await
            .map_err(fault("ec2:CreateVpc"))?;
        let vpc = reply.vpc.ok_or_else(|| Fault::incomplete("ec2:CreateVpc", "vpc"))?;
        let id = vpc.vpc_id().ok_or_else(|| Fault::incomplete("ec2:CreateVpc", "vpcId"))?;
        if vpc.state() != Some(&VpcState::Available) {
            available(&client, cx, id).await?;
        }
        set_dns(&client, cx, id, want, None).await?;
        attributes(&client, cx, &vpc).await
    }

    async fn update(&self, cx: &Context, want: &Vpc<AnyRegion>, have: &LiveVpc) -> Result<VpcAttributes, Fault> {
        let client = self.0.of(cx);
        set_dns(&client, cx, &have.attributes.id, want, Some(&have.resource)).await?;
        tags::update(&client, cx, &have.attributes.id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveVpc) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_vpc().vpc_id(&have.attributes.id).send().await;
        absent_is_done("ec2:DeleteVpc", reply)
    }
}

/// Sets what differs. AWS refuses DNS host names while DNS support is off, so support comes first when it goes
/// on and last when it goes off; one attribute per request, as the API demands.
async fn set_dns(
    client: &Client,
    cx: &Context,
    id: &str,
    want: &Vpc<AnyRegion>,
    have: Option<&Vpc<AnyRegion>>,
) -> Result<(), Fault> {
    let value = |on| AttributeBooleanValue::builder().value(on).build();
    let (support, hostnames) = (want.enable_dns_support, want.enable_dns_hostnames);
    let support_call = client.modify_vpc_attribute().vpc_id(id).enable_dns_support(value(support));
    let hostnames_call = client.modify_vpc_attribute().vpc_id(id).enable_dns_hostnames(value(hostnames));
    let mut calls = Vec::new();
    // AWS creates a VPC with support on and host names off.
    if have.is_none_or(|have| have.enable_dns_support) != support {
        calls.push(support_call);
    }
    if have.is_some_and(|have| have.enable_dns_hostnames) != hostnames {
        calls.push(hostnames_call);
    }
    if !support {
        calls.reverse();
    }
    for call in calls {
        once_visible(cx, "VPC to become visible", "ec2:ModifyVpcAttribute", || call.clone().send()).await?;
    }
    Ok(())
}

async fn available(client: &Client, cx: &Context, id: &str) -> Result<(), Fault> {
    cx.wait("VPC to become available", Wait::SECONDS, || async {
        let reply = found("ec2:DescribeVpcs", client.describe_vpcs().vpc_ids(id).send().await)?;
        let vpcs = reply.and_then(|reply| reply.vpcs).unwrap_or_default();
        Ok(vpcs.iter().any(|vpc| vpc.state() == Some(&VpcState::Available)).then_some(()))
    })
    .await
}

async fn live(client: &Client, cx: &Context, reply: Reply) -> Result<LiveVpc, Fault> {
    let attributes = attributes(client, cx, &reply).await?;
    let cidr_block = reply.cidr_block().and_then(|cidr| cidr.parse().ok());
    let mut resource = Vpc::builder()
        .cidr_block(cidr_block.ok_or_else(|| Fault::incomplete("ec2:DescribeVpcs", "cidrBlock"))?)
        .build();
    resource.enable_dns_support = dns(client, &attributes.id, VpcAttributeName::EnableDnsSupport).await?;
    resource.enable_dns_hostnames = dns(client, &attributes.id, VpcAttributeName::EnableDnsHostnames).await?;
    Ok(Live { resource, attributes, tags: tags::read(reply.tags()) })
}

async fn dns(client: &Client, id: &str, attribute: VpcAttributeName) -> Result<bool, Fault> {
    let reply = client.describe_vpc_attribute().vpc_id(id).attribute(attribute).send().await;
    let reply = reply.map_err(fault("ec2:DescribeVpcAttribute"))?;
    let value = reply.enable_dns_support.or(reply.enable_dns_hostnames);
    value.and_then(|value| value.value).ok_or_else(|| Fault::incomplete("ec2:DescribeVpcAttribute", "value"))
}

/// Ids of what AWS makes with a VPC, which the answer about the VPC does not hold.
async fn attributes(client: &Client, cx: &Context, reply: &Reply) -> Result<VpcAttributes, Fault> {
    let id = reply.vpc_id().ok_or_else(|| Fault::incomplete("ec2:DescribeVpcs", "vpcId"))?;
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let groups =
        client.describe_security_groups().filters(filter("vpc-id", id)).filters(filter("group-name", "default"));
    let groups = groups.into_paginator().items().send().try_collect().await;
    let groups = groups.map_err(fault("ec2:DescribeSecurityGroups"))?;
    let tables =
        client.describe_route_tables().filters(filter("vpc-id", id)).filters(filter("association.main", "true"));
    let tables = tables.into_paginator().items().send().try_collect().await;
    let tables = tables.map_err(fault("ec2:DescribeRouteTables"))?;
    let group = groups.first().and_then(|group| group.group_id());
    let table = tables.first().and_then(|table| table.route_table_id());
    let owner = reply.owner_id().unwrap_or_default();
    Ok(VpcAttributes {
        id: id.to_owned(),
        arn: format!("arn:aws:ec2:{}:{owner}:vpc/{id}", cx.region()),
        default_security_group_id: group
            .ok_or_else(|| Fault::not_yet("ec2:DescribeSecurityGroups", "the default group is not visible yet"))?
            .to_owned(),
        main_route_table_id: table
            .ok_or_else(|| Fault::not_yet("ec2:DescribeRouteTables", "the main route table is not visible yet"))?
            .to_owned(),
    })
}
