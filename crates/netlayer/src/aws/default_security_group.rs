//! Default security groups on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{Filter, SecurityGroup as Reply},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, Tags, TypedProvider, Wait};

use super::{Ec2, security_group, tags};
use crate::default_security_group::{DefaultSecurityGroup, DefaultSecurityGroupAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveGroup = Live<DefaultSecurityGroup<AnyRegion>, DefaultSecurityGroupAttributes>;

/// The group is there as long as its VPC: what makes it a resource is that it carries the tag of its token.
#[async_trait]
impl TypedProvider for Provider {
    type Resource = DefaultSecurityGroup<AnyRegion>;
    type Attributes = DefaultSecurityGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGroup>, Fault> {
        let reply = self.0.of(cx).describe_security_groups().group_ids(id).send().await;
        let reply = found("ec2:DescribeSecurityGroups", reply)?;
        tags::ours(cx, reply.and_then(|reply| reply.security_groups).unwrap_or_default(), Reply::tags)
            .map(live)
            .transpose()
    }

    async fn find(&self, cx: &Context, want: &DefaultSecurityGroup<AnyRegion>) -> Result<Option<LiveGroup>, Fault> {
        let group = default_of(&self.0.of(cx), want.vpc.id()).await?;
        tags::ours(cx, group, Reply::tags).map(live).transpose()
    }

    async fn create(
        &self,
        cx: &Context,
        want: &DefaultSecurityGroup<AnyRegion>,
    ) -> Result<DefaultSecurityGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let group = default_of(&client, want.vpc.id()).await?;
        let group =
            group.ok_or_else(|| Fault::not_yet("ec2:DescribeSecurityGroups", "the group is not visible yet"))?;
        let before = tags::read(group.tags());
        let attributes = live(group)?.attributes;
        close(&client, cx, &attributes.id).await?;
        tags::take_over(&client, cx, &attributes.id, &before).await?;
        Ok(attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        _want: &DefaultSecurityGroup<AnyRegion>,
        have: &LiveGroup,
    ) -> Result<DefaultSecurityGroupAttributes, Fault> {
        let client = self.0.of(cx);
        if !have.resource.closed {
            close(&client, cx, &have.attributes.id).await?;
        }
        tags::update(&client, cx, &have.attributes.id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        match self.read(cx, &have.attributes.id).await? {
            Some(group) => tags::give_back(&self.0.of(cx), cx, &group.attributes.id).await,
            None => Ok(()),
        }
    }
}

async fn default_of(client: &Client, vpc: &str) -> Result<Option<Reply>, Fault> {
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let request = client.describe_security_groups().filters(filter("vpc-id", vpc));
    let groups = request.filters(filter("group-name", "default")).into_paginator().items().send();
    let groups = groups.try_collect().await.map_err(fault("ec2:DescribeSecurityGroups"))?;
    Ok(groups.into_iter().next())
}

/// Revokes every rule until the group shows none: the list of rules may not show those of a new group yet.
async fn close(client: &Client, cx: &Context, id: &str) -> Result<(), Fault> {
    cx.wait("default security group to be closed", Wait::SECONDS, || async {
        revoke_all(client, id).await?;
        let reply = found("ec2:DescribeSecurityGroups", client.describe_security_groups().group_ids(id).send().await)?;
        let group = reply.and_then(|reply| reply.security_groups.unwrap_or_default().into_iter().next());
        Ok(group.filter(is_closed).map(drop))
    })
    .await
}

fn is_closed(group: &Reply) -> bool {
    group.ip_permissions().is_empty() && group.ip_permissions_egress().is_empty()
}

async fn revoke_all(client: &Client, id: &str) -> Result<(), Fault> {
    let (egress, ingress): (Vec<_>, Vec<_>) =
        security_group::rules(client, id).await?.into_iter().partition(|rule| rule.is_egress == Some(true));
    let ids = |rules: Vec<aws_sdk_ec2::types::SecurityGroupRule>| -> Vec<String> {
        rules.into_iter().filter_map(|rule| rule.security_group_rule_id).collect()
    };
    if !ingress.is_empty() {
        let request = client.revoke_security_group_ingress().group_id(id);
        let reply = request.set_security_group_rule_ids(Some(ids(ingress))).send().await;
        absent_is_done("ec2:RevokeSecurityGroupIngress", reply)?;
    }
    if !egress.is_empty() {
        let request = client.revoke_security_group_egress().group_id(id);
        let reply = request.set_security_group_rule_ids(Some(ids(egress))).send().await;
        absent_is_done("ec2:RevokeSecurityGroupEgress", reply)?;
    }
    Ok(())
}

fn live(reply: Reply) -> Result<LiveGroup, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeSecurityGroups", what);
    let tags: Tags = tags::read(reply.tags());
    let closed = is_closed(&reply);
    Ok(Live {
        tags,
        resource: DefaultSecurityGroup { vpc: Ref::existing(reply.vpc_id.ok_or_else(|| missing("vpcId"))?), closed },
        attributes: DefaultSecurityGroupAttributes { id: reply.group_id.ok_or_else(|| missing("groupId"))? },
    })
}
