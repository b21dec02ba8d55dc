//! Security group rules on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroupRule as Reply, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, UserIdGroupPair,
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, TypedProvider};

use super::{Ec2, tags};
use crate::{
    protocol::Protocol,
    security_group_rule::{Direction, RulePeer, SecurityGroupRule, SecurityGroupRuleAttributes},
};

pub(super) struct Provider(pub(super) Ec2);

type LiveRule = Live<SecurityGroupRule<AnyRegion>, SecurityGroupRuleAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = SecurityGroupRule<AnyRegion>;
    type Attributes = SecurityGroupRuleAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveRule>, Fault> {
        let reply = self.0.of(cx).describe_security_group_rules().security_group_rule_ids(id).send().await;
        let reply = found("ec2:DescribeSecurityGroupRules", reply)?;
        let rule = reply.and_then(|reply| reply.security_group_rules.unwrap_or_default().into_iter().next());
        rule.map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &SecurityGroupRule<AnyRegion>) -> Result<Option<LiveRule>, Fault> {
        let found = self.0.of(cx).describe_security_group_rules().filters(tags::by_token(cx)).into_paginator();
        let found = found.items().send().try_collect().await.map_err(fault("ec2:DescribeSecurityGroupRules"))?;
        tags::ours(cx, found, Reply::tags).map(live).transpose()
    }

    async fn create(
        &self,
        cx: &Context,
        want: &SecurityGroupRule<AnyRegion>,
    ) -> Result<SecurityGroupRuleAttributes, Fault> {
        let client = self.0.of(cx);
        let (group, permission) = (want.security_group.id(), permission(want));
        let tags = tags::on_create(cx, ResourceType::SecurityGroupRule);
        let (operation, rules) = match want.direction {
            Direction::Ingress => {
                let request = client.authorize_security_group_ingress().group_id(group);
                let reply = request.ip_permissions(permission).tag_specifications(tags).send().await;
                let operation = "ec2:AuthorizeSecurityGroupIngress";
                (operation, reply.map_err(fault(operation))?.security_group_rules)
            }
            Direction::Egress => {
                let request = client.authorize_security_group_egress().group_id(group);
                let reply = request.ip_permissions(permission).tag_specifications(tags).send().await;
                let operation = "ec2:AuthorizeSecurityGroupEgress";
                (operation, reply.map_err(fault(operation))?.security_group_rules)
            }
        };
        let rule = rules.unwrap_or_default().into_iter().next().and_then(|rule| rule.security_group_rule_id);
        Ok(SecurityGroupRuleAttributes { id: rule.ok_or_else(|| Fault::incomplete(operation, "securityGroupRuleId"))? })
    }

    async fn update(
        &self,
        cx: &Context,
        want: &SecurityGroupRule<AnyRegion>,
        have: &LiveRule,
    ) -> Result<SecurityGroupRuleAttributes, Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        let described = want.description.is_none() || want.description == have.resource.description;
        if want.protocol != have.resource.protocol || !described {
            let change = SecurityGroupRuleUpdate::builder()
                .security_group_rule_id(id)
                .security_group_rule(request(want, have.resource.description.as_deref()))
                .build();
            let request = client.modify_security_group_rules().group_id(want.security_group.id());
            let reply = request.security_group_rules(change).send().await;
            reply.map_err(fault("ec2:ModifySecurityGroupRules"))?;
        }
        tags::update(&client, cx, id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveRule) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let (group, id) = (have.resource.security_group.id(), &have.attributes.id);
        match have.resource.direction {
            Direction::Ingress => {
                let request = client.revoke_security_group_ingress().group_id(group).security_group_rule_ids(id);
                absent_is_done("ec2:RevokeSecurityGroupIngress", request.send().await)
            }
            Direction::Egress => {
                let request = client.revoke_security_group_egress().group_id(group).security_group_rule_ids(id);
                absent_is_done("ec2:RevokeSecurityGroupEgress", request.send().await)
            }
        }
    }
}

/// The rule as the calls that authorize rules take it.
fn permission(want: &SecurityGroupRule<AnyRegion>) -> IpPermission {
    let (protocol, from, to) = want.protocol.to_ec2();
    let permission = IpPermission::builder().ip_protocol(protocol).from_port(from).to_port(to);
    let description = want.description.clone();
    match &want.peer {
        RulePeer::CidrBlock(range) => {
            permission.ip_ranges(IpRange::builder().cidr_ip(range.to_string()).set_description(description).build())
        }
        RulePeer::Ipv6CidrBlock(range) => permission
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6(range.to_string()).set_description(description).build()),
        RulePeer::PrefixList(list) => permission
            .prefix_list_ids(PrefixListId::builder().prefix_list_id(list.id()).set_description(description).build()),
        RulePeer::SecurityGroup(group) => permission
            .user_id_group_pairs(UserIdGroupPair::builder().group_id(group.id()).set_description(description).build()),
    }
    .build()
}

/// The rule as the call that modifies rules takes it: whole, with the description that stays where none is wanted.
fn request(want: &SecurityGroupRule<AnyRegion>, described: Option<&str>) -> SecurityGroupRuleRequest {
    let (protocol, from, to) = want.protocol.to_ec2();
    let description = want.description.as_deref().or(described).map(str::to_owned);
    let request = SecurityGroupRuleRequest::builder().ip_protocol(protocol).from_port(from).to_port(to);
    let request = match &want.peer {
        RulePeer::CidrBlock(range) => request.cidr_ipv4(range.to_string()),
        RulePeer::Ipv6CidrBlock(range) => request.cidr_ipv6(range.to_string()),
        RulePeer::PrefixList(list) => request.prefix_list_id(list.id()),
        RulePeer::SecurityGroup(group) => request.referenced_group_id(group.id()),
    };
    request.set_description(description).build()
}

fn live(reply: Reply) -> Result<LiveRule, Fault> {
    let operation = "ec2:DescribeSecurityGroupRules";
    let missing = |what| Fault::incomplete(operation, what);
    let odd = |error: &dyn std::error::Error| Fault::new(FaultKind::Fatal, operation, error.to_string());
    let name = reply.ip_protocol().ok_or_else(|| missing("ipProtocol"))?;
    let protocol = Protocol::from_ec2(name, reply.from_port(), reply.to_port()).map_err(|error| odd(&error))?;
    let group = reply.referenced_group_info().and_then(|group| group.group_id());
    let peer = if let Some(range) = reply.cidr_ipv4() {
        RulePeer::CidrBlock(range.parse().map_err(|error| odd(&error))?)
    } else if let Some(range) = reply.cidr_ipv6() {
        RulePeer::Ipv6CidrBlock(range.parse().map_err(|error| odd(&error))?)
    } else if let Some(list) = reply.prefix_list_id() {
        RulePeer::PrefixList(Ref::existing(list))
    } else {
        RulePeer::SecurityGroup(Ref::existing(group.ok_or_else(|| missing("peer"))?))
    };
    Ok(Live {
        tags: tags::read(reply.tags()),
        attributes: SecurityGroupRuleAttributes {
            id: reply.security_group_rule_id.ok_or_else(|| missing("securityGroupRuleId"))?,
        },
        resource: SecurityGroupRule {
            security_group: Ref::existing(reply.group_id.ok_or_else(|| missing("groupId"))?),
            direction: if reply.is_egress == Some(true) { Direction::Egress } else { Direction::Ingress },
            protocol,
            peer,
            description: reply.description.filter(|text| !text.is_empty()),
        },
    })
}
