//! Security groups on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{
        Filter, IpPermission, IpRange, Ipv6Range, ResourceType, SecurityGroup as Reply, SecurityGroupRule as Rule,
    },
};
use landfall_aws::{absent_is_done, fault, found, is_code};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, TypedProvider, Wait};

use super::{Ec2, tags};
use crate::security_group::{SecurityGroup, SecurityGroupAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveGroup = Live<SecurityGroup<AnyRegion>, SecurityGroupAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = SecurityGroup<AnyRegion>;
    type Attributes = SecurityGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGroup>, Fault> {
        let client = self.0.of(cx);
        let reply = found("ec2:DescribeSecurityGroups", client.describe_security_groups().group_ids(id).send().await)?;
        match reply.and_then(|reply| reply.security_groups.unwrap_or_default().into_iter().next()) {
            Some(group) => live(&client, group).await.map(Some),
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, _want: &SecurityGroup<AnyRegion>) -> Result<Option<LiveGroup>, Fault> {
        let client = self.0.of(cx);
        let found = client.describe_security_groups().filters(tags::by_token(cx)).into_paginator().items().send();
        let found = found.try_collect().await.map_err(fault("ec2:DescribeSecurityGroups"))?;
        match tags::ours(cx, found, Reply::tags) {
            Some(group) => live(&client, group).await.map(Some),
            None => Ok(None),
        }
    }

    async fn create(&self, cx: &Context, want: &SecurityGroup<AnyRegion>) -> Result<SecurityGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let missing = |what| Fault::incomplete("ec2:CreateSecurityGroup", what);
        let name = cx.physical_name(255);
        let reply = client
            .create_security_group()
            .group_name(&name)
            .description(&want.description)
            .vpc_id(want.vpc.id())
            .tag_specifications(tags::on_create(cx, ResourceType::SecurityGroup))
            .send()
            .await;
        let attributes = match reply {
            // The name ends in the token: an attempt whose answer was lost made the group.
            Err(error) if is_code(&error, &["InvalidGroup.Duplicate"]) => {
                let found = || async { self.find(cx, want).await };
                cx.wait("security group to become visible", Wait::SECONDS, found).await?.attributes
            }
            reply => {
                let reply = reply.map_err(fault("ec2:CreateSecurityGroup"))?;
                SecurityGroupAttributes {
                    id: reply.group_id.ok_or_else(|| missing("groupId"))?,
                    arn: reply.security_group_arn.ok_or_else(|| missing("securityGroupArn"))?,
                    name,
                }
            }
        };
        if !want.default_egress_rule {
            revoke_default_rules(&client, cx, &attributes.id).await?;
        }
        Ok(attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &SecurityGroup<AnyRegion>,
        have: &LiveGroup,
    ) -> Result<SecurityGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        if want.default_egress_rule && !have.resource.default_egress_rule {
            let request = client.authorize_security_group_egress().group_id(id).ip_permissions(everything_out());
            request.send().await.map_err(fault("ec2:AuthorizeSecurityGroupEgress"))?;
        }
        if !want.default_egress_rule && have.resource.default_egress_rule {
            let rules = rules(&client, id).await?;
            let rules = rules.into_iter().filter(is_default).filter_map(|rule| rule.security_group_rule_id).collect();
            let request = client.revoke_security_group_egress().group_id(id).set_security_group_rule_ids(Some(rules));
            absent_is_done("ec2:RevokeSecurityGroupEgress", request.send().await)?;
        }
        tags::update(&client, cx, id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_security_group().group_id(&have.attributes.id).send().await;
        absent_is_done("ec2:DeleteSecurityGroup", reply)
    }
}

/// The rules of a group, each with its own id and tags.
pub(super) async fn rules(client: &Client, group: &str) -> Result<Vec<Rule>, Fault> {
    let filter = Filter::builder().name("group-id").values(group).build();
    let rules = client.describe_security_group_rules().filters(filter).into_paginator().items().send();
    rules.try_collect().await.map_err(fault("ec2:DescribeSecurityGroupRules"))
}

/// The rule with which AWS makes a group.
fn everything_out() -> IpPermission {
    let everywhere = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    IpPermission::builder().ip_protocol("-1").ip_ranges(everywhere).build()
}

/// The rule that a group of a VPC with IPv6 has besides.
fn everything_out_over_ipv6() -> IpPermission {
    let everywhere = Ipv6Range::builder().cidr_ipv6("::/0").build();
    IpPermission::builder().ip_protocol("-1").ipv6_ranges(everywhere).build()
}

/// Revokes the rules with which AWS made a group just now, by what they say: the list of rules may not show them yet.
/// One by one, because AWS revokes none where it does not find all.
async fn revoke_default_rules(client: &Client, cx: &Context, group: &str) -> Result<(), Fault> {
    for rule in [everything_out(), everything_out_over_ipv6()] {
        cx.wait("security group to become visible", Wait::SECONDS, || async {
            let request = client.revoke_security_group_egress().group_id(group).ip_permissions(rule.clone());
            match request.send().await {
                Err(error) if is_code(&error, &["InvalidPermission.NotFound"]) => Ok(Some(())),
                other => found("ec2:RevokeSecurityGroupEgress", other).map(|reply| reply.map(drop)),
            }
        })
        .await?;
    }
    Ok(())
}

/// Whether a rule is the one with which AWS makes a group: everything, to everywhere, without a tag.
fn is_default(rule: &Rule) -> bool {
    let everywhere = rule.cidr_ipv4() == Some("0.0.0.0/0") || rule.cidr_ipv6() == Some("::/0");
    rule.is_egress() == Some(true) && rule.ip_protocol() == Some("-1") && everywhere && rule.tags().is_empty()
}

/// Whether a group lets everything out, by a rule of its own or by AWS's.
fn lets_everything_out(group: &Reply) -> bool {
    group.ip_permissions_egress().iter().any(|permission| {
        let to_all = permission.ip_ranges().iter().any(|range| range.cidr_ip() == Some("0.0.0.0/0"))
            || permission.ipv6_ranges().iter().any(|range| range.cidr_ipv6() == Some("::/0"));
        permission.ip_protocol() == Some("-1") && to_all
    })
}

async fn live(client: &Client, reply: Reply) -> Result<LiveGroup, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeSecurityGroups", what);
    let id = reply.group_id().ok_or_else(|| missing("groupId"))?.to_owned();
    let default_egress_rule = lets_everything_out(&reply) && rules(client, &id).await?.iter().any(is_default);
    Ok(Live {
        tags: tags::read(reply.tags()),
        resource: SecurityGroup {
            vpc: Ref::existing(reply.vpc_id.ok_or_else(|| missing("vpcId"))?),
            description: reply.description.ok_or_else(|| missing("groupDescription"))?,
            default_egress_rule,
        },
        attributes: SecurityGroupAttributes {
            id,
            arn: reply.security_group_arn.ok_or_else(|| missing("securityGroupArn"))?,
            name: reply.group_name.ok_or_else(|| missing("groupName"))?,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Tag, builders::SecurityGroupRuleBuilder};

    use super::*;

    #[test]
    fn only_the_untagged_rule_that_lets_everything_out_is_aws_own() {
        let rule = || Rule::builder().is_egress(true).ip_protocol("-1").cidr_ipv4("0.0.0.0/0");
        let check = |rule: SecurityGroupRuleBuilder, expected| assert_eq!(is_default(&rule.build()), expected);
        check(rule(), true);
        check(Rule::builder().is_egress(true).ip_protocol("-1").cidr_ipv6("::/0"), true);
        check(rule().is_egress(false), false);
        check(rule().ip_protocol("tcp"), false);
        check(rule().cidr_ipv4("10.0.0.0/8"), false);
        check(rule().tags(Tag::builder().key("landfall:token").value("1").build()), false);
    }
}
