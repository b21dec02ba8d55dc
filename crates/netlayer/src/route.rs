//! Route: one entry of a route table.

use ipnet::Ipv4Net;
use landfall_core::{
    AnyRegion, Handle, Kind, Ref, Region, Resource,
    check::Site,
    expr::Expr,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::{
    internet_gateway::InternetGateway, nat_gateway::NatGateway, route_table::RouteTable,
    vpc_peering_accepter::AcceptedPeering, wiring,
};

/// Desired settings of a route.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Route<R: Region> {
    /// Table that holds the route. A change replaces the route.
    #[builder(into)]
    pub route_table: Ref<RouteTable<R>>,
    /// Addresses that the route is for; the most specific route of a table wins. A change replaces the route.
    pub destination_cidr_block: Ipv4Net,
    /// Where the traffic goes. A change updates the route in one step.
    #[builder(into)]
    pub target: RouteTarget<R>,
}

/// Where a route sends traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum RouteTarget<R: Region> {
    /// To the internet; makes the subnets that use the table public.
    InternetGateway(Ref<InternetGateway<R>>),
    /// Out through a NAT gateway.
    NatGateway(Ref<NatGateway<R>>),
    /// To the other VPC of an accepted peering connection.
    VpcPeering(AcceptedPeering<R>),
    /// To something that has no kind yet, by its id. Only read, so that a changed route is seen; a declaration
    /// with it is refused.
    Other(String),
}

/// What AWS reports of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteAttributes {
    /// The table's id and the destination: `rtb-…|0.0.0.0/0`.
    pub id: String,
}

impl<R: Region> From<Handle<InternetGateway<R>>> for RouteTarget<R> {
    fn from(gateway: Handle<InternetGateway<R>>) -> Self {
        Self::InternetGateway(gateway.into())
    }
}
impl<R: Region> From<Handle<NatGateway<R>>> for RouteTarget<R> {
    fn from(gateway: Handle<NatGateway<R>>) -> Self {
        Self::NatGateway(gateway.into())
    }
}
impl<R: Region> From<AcceptedPeering<R>> for RouteTarget<R> {
    fn from(peering: AcceptedPeering<R>) -> Self {
        Self::VpcPeering(peering)
    }
}

impl<R: Region> Resource for Route<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("route_table"),
        Field::replaces("destination_cidr_block"),
        Field::updates("target").reach(Reach::Anywhere),
    ],
    attributes: &[Reported::stable("id", "{field.route_table}|{field.destination_cidr_block}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["route_table", "destination_cidr_block"], within: Within::Place }],
    actions: Actions {
        create: &["ec2:CreateRoute", "ec2:DescribeRouteTables"],
        read: &["ec2:DescribeRouteTables"],
        update: &["ec2:ReplaceRoute"],
        delete: &["ec2:DeleteRoute"],
    },
    timing: "aws_route",
    check,
    ..Kind::of::<Route<AnyRegion>>("ec2.route")
};

/// The key of a route.
#[cfg(feature = "aws")]
pub(crate) fn key(route_table: &str, destination: Ipv4Net) -> String {
    format!("{route_table}|{destination}")
}

/// The table and the destination that a key names.
#[cfg(feature = "aws")]
pub(crate) fn parts(key: &str) -> Option<(&str, Ipv4Net)> {
    let (route_table, destination) = key.split_once('|')?;
    Some((route_table, destination.parse().ok()?))
}

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let destination = wiring::range(site.own, "destination_cidr_block");
    problems.extend(destination.and_then(|range| wiring::host_bits("destination_cidr_block", range)));
    let table = site.target("route_table");
    if let (Some(destination), Some(table)) = (destination, table)
        && let Some(vpc) = wiring::vpc_of(site, table).and_then(|vpc| site.declaration(vpc))
        && let Some(local) = wiring::range(vpc, "cidr_block")
        && local.contains(&destination)
    {
        problems.push(format!(
            "`destination_cidr_block` {destination} is inside {local}, the range of {}, which AWS routes itself; \
             route what is outside",
            vpc.address
        ));
    }
    if let Some(Expr::Map(target)) = site.own.fields.get("target")
        && target.contains_key("other")
    {
        problems.push("`target` names something that Landfall has no kind for; route to a gateway or a peering".into());
    }
    for target in site.targets("target") {
        if target.kind.name == "ec2.vpc_peering_accepter" {
            problems.extend(wiring::foreign_peering(site, "target", target));
        } else if target.place != site.own.place {
            problems.push(format!(
                "`target` refers to {}, which lives in {}; refer to one in {}",
                target.address, target.place, site.own.place
            ));
        } else if let Some(table) = table {
            problems.extend(wiring::one_vpc(site, table, target, "a route leads through a gateway of its own VPC"));
        }
    }
    problems
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_table_and_destination() {
        let destination: Ipv4Net = "10.20.0.0/16".parse().unwrap();
        assert_eq!(parts(&key("rtb-1", destination)), Some(("rtb-1", destination)));
        assert_eq!(parts("rtb-1"), None);
        assert_eq!(parts("rtb-1|everywhere"), None);
    }
}
