//! Routes on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Route as Reply, RouteOrigin};
use ipnet::Ipv4Net;
use landfall_aws::{absent_is_done, fault, is_code};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, Tags, TypedProvider};

use super::{Ec2, route_table};
use crate::{
    route::{self, Route, RouteAttributes, RouteTarget},
    vpc_peering_accepter::AcceptedPeering,
};

pub(super) struct Provider(pub(super) Ec2);

type LiveRoute = Live<Route<AnyRegion>, RouteAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Route<AnyRegion>;
    type Attributes = RouteAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveRoute>, Fault> {
        let Some((table, destination)) = route::parts(id) else { return Ok(None) };
        let Some(reply) = route_table::describe(&self.0.of(cx), table).await? else { return Ok(None) };
        let route = reply.routes().iter().find(|route| is(route, destination));
        Ok(route.map(|route| live(table, destination, route)))
    }

    /// A route has no tags: one that leads where it should is the one that the interrupted create made.
    async fn find(&self, cx: &Context, want: &Route<AnyRegion>) -> Result<Option<LiveRoute>, Fault> {
        let route = self.read(cx, &attributes(want).id).await?;
        Ok(route.filter(|route| route.resource.target == want.target))
    }

    async fn create(&self, cx: &Context, want: &Route<AnyRegion>) -> Result<RouteAttributes, Fault> {
        let request = self.0.of(cx).create_route();
        let request = match &want.target {
            RouteTarget::InternetGateway(gateway) => request.gateway_id(gateway.id()),
            RouteTarget::NatGateway(gateway) => request.nat_gateway_id(gateway.id()),
            RouteTarget::VpcPeering(peering) => request.vpc_peering_connection_id(peering.id()),
            RouteTarget::Other(id) => return Err(unroutable("ec2:CreateRoute", id)),
        };
        let request = request.route_table_id(want.route_table.id());
        match request.destination_cidr_block(want.destination_cidr_block.to_string()).send().await {
            Ok(_) => Ok(attributes(want)),
            // An attempt whose answer was lost made it, or somebody else made another.
            Err(error) if is_code(&error, &["RouteAlreadyExists"]) => match self.find(cx, want).await? {
                Some(route) => Ok(route.attributes),
                None => Err(fault("ec2:CreateRoute")(error)),
            },
            Err(error) => Err(fault("ec2:CreateRoute")(error)),
        }
    }

    async fn update(&self, cx: &Context, want: &Route<AnyRegion>, have: &LiveRoute) -> Result<RouteAttributes, Fault> {
        if want.target == have.resource.target {
            return Ok(have.attributes.clone());
        }
        let request = self.0.of(cx).replace_route();
        let request = match &want.target {
            RouteTarget::InternetGateway(gateway) => request.gateway_id(gateway.id()),
            RouteTarget::NatGateway(gateway) => request.nat_gateway_id(gateway.id()),
            RouteTarget::VpcPeering(peering) => request.vpc_peering_connection_id(peering.id()),
            RouteTarget::Other(id) => return Err(unroutable("ec2:ReplaceRoute", id)),
        };
        request
            .route_table_id(want.route_table.id())
            .destination_cidr_block(want.destination_cidr_block.to_string())
            .send()
            .await
            .map_err(fault("ec2:ReplaceRoute"))?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveRoute) -> Result<(), Fault> {
        let request = self.0.of(cx).delete_route().route_table_id(have.resource.route_table.id());
        let destination = have.resource.destination_cidr_block.to_string();
        absent_is_done("ec2:DeleteRoute", request.destination_cidr_block(destination).send().await)
    }
}

/// A declaration can't have such a target; it is refused before.
fn unroutable(operation: &str, id: &str) -> Fault {
    Fault::new(FaultKind::Invalid, operation, format!("Landfall has no kind for the target {id}"))
}

fn attributes(of: &Route<AnyRegion>) -> RouteAttributes {
    RouteAttributes { id: route::key(of.route_table.id(), of.destination_cidr_block) }
}

/// Whether it is a route that somebody made, not the VPC's own or one learnt from a VPN.
fn is(route: &Reply, destination: Ipv4Net) -> bool {
    let made = route.origin().is_none_or(|origin| *origin == RouteOrigin::CreateRoute);
    made && route.destination_cidr_block().and_then(|range| range.parse().ok()) == Some(destination)
}

fn live(table: &str, destination: Ipv4Net, reply: &Reply) -> LiveRoute {
    let resource =
        Route { route_table: Ref::existing(table), destination_cidr_block: destination, target: target(reply) };
    Live { attributes: attributes(&resource), resource, tags: Tags::new() }
}

fn target(reply: &Reply) -> RouteTarget<AnyRegion> {
    if let Some(id) = reply.nat_gateway_id() {
        return RouteTarget::NatGateway(Ref::existing(id));
    }
    if let Some(id) = reply.vpc_peering_connection_id() {
        return RouteTarget::VpcPeering(AcceptedPeering::existing(id));
    }
    match reply.gateway_id() {
        Some(id) if id.starts_with("igw-") => RouteTarget::InternetGateway(Ref::existing(id)),
        Some(id) => RouteTarget::Other(id.to_owned()),
        None => {
            let others = [
                reply.transit_gateway_id(),
                reply.network_interface_id(),
                reply.egress_only_internet_gateway_id(),
                reply.local_gateway_id(),
                reply.carrier_gateway_id(),
                reply.core_network_arn(),
                reply.odb_network_arn(),
                reply.instance_id(),
            ];
            RouteTarget::Other(others.into_iter().flatten().next().unwrap_or_default().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_told_apart() {
        let check = |reply: aws_sdk_ec2::types::builders::RouteBuilder, expected: RouteTarget<AnyRegion>| {
            assert_eq!(target(&reply.build()), expected);
        };
        check(Reply::builder().gateway_id("igw-1"), RouteTarget::InternetGateway(Ref::existing("igw-1")));
        check(Reply::builder().nat_gateway_id("nat-1"), RouteTarget::NatGateway(Ref::existing("nat-1")));
        check(
            Reply::builder().vpc_peering_connection_id("pcx-1"),
            RouteTarget::VpcPeering(AcceptedPeering::existing("pcx-1")),
        );
        check(Reply::builder().gateway_id("vgw-1"), RouteTarget::Other("vgw-1".to_owned()));
        check(
            Reply::builder().instance_id("i-1").network_interface_id("eni-1"),
            RouteTarget::Other("eni-1".to_owned()),
        );
    }

    #[test]
    fn only_routes_that_somebody_made_count() {
        let check = |origin: RouteOrigin, expected: bool| {
            let reply = Reply::builder().destination_cidr_block("10.0.0.0/16").origin(origin).build();
            assert_eq!(is(&reply, "10.0.0.0/16".parse().unwrap()), expected);
        };
        check(RouteOrigin::CreateRoute, true);
        check(RouteOrigin::CreateRouteTable, false);
        check(RouteOrigin::EnableVgwRoutePropagation, false);
    }
}
