//! Peering: two networks of different regions that reach each other by private addresses.

use ipnet::Ipv4Net;
use landfall_core::{DistinctFrom, Handle, Region, Scope};

use crate::{
    network::NetworkHandles,
    route::{Route, RouteTarget},
    route_table::RouteTable,
    vpc::Vpc,
    vpc_peering_accepter::{AcceptedPeering, VpcPeeringAccepter},
    vpc_peering_connection::VpcPeeringConnection,
    vpc_peering_dns_resolution::VpcPeeringDnsResolution,
};

/// A peering connection between two networks, with the routes on both sides.
#[derive(Debug, Clone)]
pub struct Peering<R: Region, P: DistinctFrom<R>> {
    /// The side that asks.
    pub requester: PeeringEnd<R>,
    /// The side that accepts.
    pub accepter: PeeringEnd<P>,
}

/// One side of a [`Peering`]; made from the handles of a network it takes the tables of the private subnets.
#[derive(Debug, Clone)]
pub struct PeeringEnd<R: Region> {
    /// The VPC.
    pub vpc: Handle<Vpc<R>>,
    /// Its range, to which the other side makes routes.
    pub cidr_block: Ipv4Net,
    /// Tables that get a route to the other side.
    pub route_tables: Vec<Handle<RouteTable<R>>>,
}

/// Everything that a [`Peering`] declared.
#[derive(Debug, Clone)]
pub struct PeeringHandles<R: Region, P: DistinctFrom<R>> {
    /// The request.
    pub connection: Handle<VpcPeeringConnection<R, P>>,
    /// Its acceptance: what routes wait for.
    pub accepter: Handle<VpcPeeringAccepter<P, R>>,
    /// Routes on the side that asked.
    pub requester_routes: Vec<Handle<Route<R>>>,
    /// Routes on the side that accepted.
    pub accepter_routes: Vec<Handle<Route<P>>>,
}

impl<R: Region> From<&NetworkHandles<R>> for PeeringEnd<R> {
    fn from(network: &NetworkHandles<R>) -> Self {
        Self { vpc: network.vpc, cidr_block: network.cidr_block, route_tables: network.private_route_tables.clone() }
    }
}

impl<R: Region, P: DistinctFrom<R>> Peering<R, P> {
    /// A connection between two networks; their ranges must not overlap.
    pub fn between(requester: impl Into<PeeringEnd<R>>, accepter: impl Into<PeeringEnd<P>>) -> Self {
        Self { requester: requester.into(), accepter: accepter.into() }
    }

    /// Declares each side in its own scope, with private name resolution both ways.
    pub fn add_to(&self, requester: &Scope<'_, R>, accepter: &Scope<'_, P>) -> PeeringHandles<R, P> {
        let (here, there) = (requester.place().as_str(), accepter.place().as_str());
        let request = VpcPeeringConnection::builder().vpc(self.requester.vpc).peer_vpc(self.accepter.vpc).build();
        let connection = requester.add(there, request);
        let acceptance = accepter.add(here, VpcPeeringAccepter::builder().peering_connection(connection).build());
        let (asked, answered) = (AcceptedPeering::of_requester(acceptance), AcceptedPeering::of_accepter(acceptance));
        requester.add(there, VpcPeeringDnsResolution::new(asked.clone()));
        accepter.add(here, VpcPeeringDnsResolution::new(answered.clone()));
        PeeringHandles {
            connection,
            accepter: acceptance,
            requester_routes: routes(requester, there, &self.requester, self.accepter.cidr_block, &asked),
            accepter_routes: routes(accepter, here, &self.accepter, self.requester.cidr_block, &answered),
        }
    }
}

/// A route to the other side's range in every table: `…/ec2.route:eu-west-2-1`.
fn routes<R: Region>(
    scope: &Scope<'_, R>,
    other: &str,
    end: &PeeringEnd<R>,
    destination: Ipv4Net,
    peering: &AcceptedPeering<R>,
) -> Vec<Handle<Route<R>>> {
    let declare = |(position, table): (usize, &Handle<RouteTable<R>>)| {
        let target = RouteTarget::VpcPeering(peering.clone());
        let route = Route::builder().route_table(table).destination_cidr_block(destination).target(target).build();
        scope.add(&format!("{other}-{}", position + 1), route)
    };
    end.route_tables.iter().enumerate().map(declare).collect()
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, London, Mumbai, Topology};

    use super::*;
    use crate::network::Network;

    fn link(london: &str) -> Result<Vec<String>, String> {
        let topology = Topology::new("net", Environment::new("test"));
        let (india, britain) = (topology.region::<Mumbai>(), topology.region::<London>());
        let one = Network::builder().cidr_block("10.10.0.0/16".parse().unwrap()).build().add_to(&india.child("net"));
        let other = Network::builder().cidr_block(london.parse().unwrap()).build().add_to(&britain.child("net"));
        Peering::between(&one, &other).add_to(&india.child("link"), &britain.child("link"));
        let lowered = topology.lower().map_err(|problems| problems.to_string())?;
        Ok(lowered.declarations.iter().map(|d| d.address.to_string()).filter(|a| a.contains("/link/")).collect())
    }

    #[test]
    fn both_sides_get_routes_and_names() {
        let addresses = link("10.20.0.0/16").unwrap();
        assert_eq!(
            addresses,
            [
                "ap-south-1/link/ec2.vpc_peering_connection:eu-west-2",
                "eu-west-2/link/ec2.vpc_peering_accepter:ap-south-1",
                "ap-south-1/link/ec2.vpc_peering_dns_resolution:eu-west-2",
                "eu-west-2/link/ec2.vpc_peering_dns_resolution:ap-south-1",
                "ap-south-1/link/ec2.route:eu-west-2-1",
                "ap-south-1/link/ec2.route:eu-west-2-2",
                "ap-south-1/link/ec2.route:eu-west-2-3",
                "eu-west-2/link/ec2.route:ap-south-1-1",
                "eu-west-2/link/ec2.route:ap-south-1-2",
                "eu-west-2/link/ec2.route:ap-south-1-3",
            ]
        );
    }

    #[test]
    fn networks_that_share_addresses_are_refused() {
        let problems = link("10.10.128.0/17").unwrap_err();
        assert!(problems.contains("overlaps 10.10.128.0/17, the range of eu-west-2/net/ec2.vpc:main"), "{problems}");
        assert!(problems.contains("which AWS routes itself"), "{problems}");
    }
}
