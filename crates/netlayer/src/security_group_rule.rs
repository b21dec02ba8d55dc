//! Security group rule: one kind of traffic that a group lets through.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use landfall_core::{
    AnyRegion, Handle, Kind, Ref, Region, Resource,
    check::Site,
    expr::Expr,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::{managed_prefix_list::ManagedPrefixList, protocol::Protocol, security_group::SecurityGroup, wiring};

/// Desired settings of a security group rule. Built by [`ingress`](Self::ingress) or [`egress`](Self::egress).
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html>
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct SecurityGroupRule<R: Region> {
    /// Group that the rule belongs to. A change replaces the rule.
    pub security_group: Ref<SecurityGroup<R>>,
    /// Whether the rule is for traffic that comes in or goes out. A change replaces the rule.
    pub direction: Direction,
    /// Protocol and ports. A change updates the rule.
    pub protocol: Protocol,
    /// Who is at the other end: the source of what comes in, the destination of what goes out. A change replaces
    /// the rule.
    pub peer: RulePeer<R>,
    /// What the rule is for, for people: at most 255 characters of ASCII. A change updates the rule.
    pub description: Option<String>,
}

/// Which way the traffic of a rule goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the group's interfaces.
    Ingress,
    /// Out of them.
    Egress,
}

/// Who is at the other end of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum RulePeer<R: Region> {
    /// A range of IPv4 addresses.
    CidrBlock(Ipv4Net),
    /// A range of IPv6 addresses.
    Ipv6CidrBlock(Ipv6Net),
    /// The ranges of a managed prefix list: CloudFront's servers, S3.
    PrefixList(Ref<ManagedPrefixList<R>>),
    /// The interfaces of a security group, by their private addresses.
    SecurityGroup(Ref<SecurityGroup<R>>),
}

/// What AWS reports of a security group rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupRuleAttributes {
    /// `sgr-…`.
    pub id: String,
}

#[bon::bon]
impl<R: Region> SecurityGroupRule<R> {
    /// A rule for traffic that comes in.
    #[builder(finish_fn = build)]
    pub fn ingress(
        /// Group that lets the traffic in. A change replaces the rule.
        #[builder(into)]
        security_group: Ref<SecurityGroup<R>>,
        /// Protocol and ports. A change updates the rule.
        protocol: Protocol,
        /// Where the traffic comes from. A change replaces the rule.
        #[builder(into)]
        source: RulePeer<R>,
        /// What the rule is for, for people. A change updates the rule.
        #[builder(into)]
        description: Option<String>,
    ) -> Self {
        Self { security_group, direction: Direction::Ingress, protocol, peer: source, description }
    }

    /// A rule for traffic that goes out.
    #[builder(finish_fn = build)]
    pub fn egress(
        /// Group that lets the traffic out. A change replaces the rule.
        #[builder(into)]
        security_group: Ref<SecurityGroup<R>>,
        /// Protocol and ports. A change updates the rule.
        protocol: Protocol,
        /// Where the traffic goes. A change replaces the rule.
        #[builder(into)]
        destination: RulePeer<R>,
        /// What the rule is for, for people. A change updates the rule.
        #[builder(into)]
        description: Option<String>,
    ) -> Self {
        Self { security_group, direction: Direction::Egress, protocol, peer: destination, description }
    }
}

impl<R: Region> RulePeer<R> {
    /// Every IPv4 address.
    pub fn anywhere() -> Self {
        Self::CidrBlock(Ipv4Net::default())
    }
}

impl<R: Region> From<Ipv4Net> for RulePeer<R> {
    fn from(range: Ipv4Net) -> Self {
        Self::CidrBlock(range)
    }
}
impl<R: Region> From<Ipv6Net> for RulePeer<R> {
    fn from(range: Ipv6Net) -> Self {
        Self::Ipv6CidrBlock(range)
    }
}
impl<R: Region> From<Handle<ManagedPrefixList<R>>> for RulePeer<R> {
    fn from(list: Handle<ManagedPrefixList<R>>) -> Self {
        Self::PrefixList(list.into())
    }
}
impl<R: Region> From<Handle<SecurityGroup<R>>> for RulePeer<R> {
    fn from(group: Handle<SecurityGroup<R>>) -> Self {
        Self::SecurityGroup(group.into())
    }
}

impl<R: Region> Resource for SecurityGroupRule<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("security_group"),
        Field::replaces("direction"),
        Field::updates("protocol"),
        Field::replaces("peer"),
        Field::updates("description"),
    ],
    attributes: &[Reported::stable("id", "sgr-{hex:17}")],
    identity: Identity::TagOnCreate,
    exclusive: &[Exclusive { fields: &["security_group", "direction", "protocol", "peer"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &[
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:CreateTags",
            "ec2:DescribeSecurityGroupRules",
        ],
        read: &["ec2:DescribeSecurityGroupRules"],
        update: &["ec2:ModifySecurityGroupRules", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"],
    },
    timing: "aws_security_group_rule",
    check,
    ..Kind::of::<SecurityGroupRule<AnyRegion>>("ec2.security_group_rule")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems: Vec<String> = wiring::description(site).into_iter().collect();
    if let Some(Expr::Map(peer)) = site.own.fields.get("peer")
        && let Some(range) = peer.get("cidr_block").or(peer.get("ipv6_cidr_block")).and_then(Expr::known)
        && let Some(range) = range.as_str().and_then(|range| range.parse::<IpNet>().ok())
    {
        problems.extend(wiring::host_bits("peer", range));
    }
    let Some(group) = site.target("security_group") else { return problems };
    for peer in site.targets("peer").into_iter().filter(|peer| peer.kind.name == group.kind.name) {
        problems.extend(wiring::one_vpc(site, group, peer, "a rule names groups of its own VPC"));
    }
    problems
}
