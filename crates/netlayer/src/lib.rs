#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;

mod default_security_group;
mod elastic_ip;
mod internet_gateway;
mod let_through;
mod managed_prefix_list;
mod nat_gateway;
mod network;
mod peering;
mod policy;
mod protocol;
mod route;
mod route_table;
mod route_table_association;
mod security_group;
mod security_group_rule;
mod subnet;
mod vpc;
mod vpc_endpoint;
mod vpc_peering_accepter;
mod vpc_peering_connection;
mod vpc_peering_dns_resolution;
mod wiring;
mod zone;

pub use default_security_group::{DefaultSecurityGroup, DefaultSecurityGroupAttributes};
pub use elastic_ip::{ElasticIp, ElasticIpAttributes};
pub use internet_gateway::{InternetGateway, InternetGatewayAttributes};
pub use let_through::let_through;
pub use managed_prefix_list::{ManagedPrefixList, ManagedPrefixListAttributes};
pub use nat_gateway::{NatGateway, NatGatewayAttributes};
pub use network::{NatGateways, Network, NetworkHandles, Tier};
pub use peering::{Peering, PeeringEnd, PeeringHandles};
pub use protocol::{IcmpMessages, InvalidProtocol, PortRange, Protocol};
pub use route::{Route, RouteAttributes, RouteTarget};
pub use route_table::{RouteTable, RouteTableAttributes};
pub use route_table_association::{RouteTableAssociation, RouteTableAssociationAttributes};
pub use security_group::{SecurityGroup, SecurityGroupAttributes};
pub use security_group_rule::{Direction, RulePeer, SecurityGroupRule, SecurityGroupRuleAttributes};
pub use subnet::{Subnet, SubnetAttributes};
pub use vpc::{Vpc, VpcAttributes};
pub use vpc_endpoint::{GatewayService, VpcEndpoint, VpcEndpointAttributes};
pub use vpc_peering_accepter::{AcceptedPeering, VpcPeeringAccepter, VpcPeeringAccepterAttributes};
pub use vpc_peering_connection::{VpcPeeringConnection, VpcPeeringConnectionAttributes};
pub use vpc_peering_dns_resolution::{VpcPeeringDnsResolution, VpcPeeringDnsResolutionAttributes};
pub use zone::{InvalidZone, Zone};

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &vpc::KIND,
        &subnet::KIND,
        &default_security_group::KIND,
        &internet_gateway::KIND,
        &elastic_ip::KIND,
        &nat_gateway::KIND,
        &route_table::KIND,
        &route_table_association::KIND,
        &route::KIND,
        &vpc_endpoint::KIND,
        &security_group::KIND,
        &security_group_rule::KIND,
        &managed_prefix_list::KIND,
        &vpc_peering_connection::KIND,
        &vpc_peering_accepter::KIND,
        &vpc_peering_dns_resolution::KIND,
    ]
}
