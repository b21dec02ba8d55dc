//! Every kind of the layer passes the lifecycle; the table says where its wire is proved.

#![cfg(feature = "aws")]

use ipnet::Ipv4Net;
use landfall_conformance::{Case, Variant, Wire, complete, in_the_sandbox, on_the_wire};
use landfall_core::{Handle, London, Mumbai, Options, Region, Scope, Topology};
use landfall_netlayer::{
    AcceptedPeering, DefaultSecurityGroup, ElasticIp, GatewayService, InternetGateway, ManagedPrefixList, NatGateway,
    Network, Peering, PortRange, Protocol, Route, RouteTable, RouteTableAssociation, RouteTarget, RulePeer,
    SecurityGroup, SecurityGroupRule, Subnet, Vpc, VpcEndpoint, VpcPeeringAccepter, VpcPeeringConnection,
    VpcPeeringDnsResolution,
};

const CASES: &[Case] = &[
    Case::new("ec2.vpc", Wire::Moto, vpc),
    Case::new("ec2.subnet", Wire::Moto, subnet),
    Case::new("ec2.default_security_group", Wire::Moto, default_security_group)
        .untested(&[("closed", "it is declared always true")]),
    Case::new("ec2.internet_gateway", Wire::Moto, internet_gateway),
    Case::new("ec2.elastic_ip", Wire::Moto, elastic_ip),
    Case::new("ec2.nat_gateway", Wire::Moto, private_nat_gateway).untested(&[("elastic_ip", "the public case has it")]),
    Case::new("ec2.nat_gateway", Wire::Moto, public_nat_gateway),
    Case::new("ec2.nat_gateway", Wire::Moto, two_networks),
    Case::new("ec2.route_table", Wire::Moto, route_table),
    Case::new("ec2.route_table_association", Wire::Moto, route_table_association),
    Case::new("ec2.route", Wire::Moto, route_out),
    Case::new("ec2.route", Wire::Moto, routes_to_a_peer),
    Case::new("ec2.vpc_endpoint", Wire::Moto, vpc_endpoint),
    Case::new("ec2.security_group", Wire::Moto, security_group),
    Case::new("ec2.security_group_rule", Wire::Moto, rule_for_a_range),
    Case::new("ec2.security_group_rule", Wire::Moto, rule_for_everything_out)
        .untested(&[("protocol", "the other cases change it")]),
    Case::new("ec2.security_group_rule", Wire::Moto, rule_for_a_group),
    Case::new("ec2.security_group_rule", Wire::Moto, rule_for_a_prefix_list),
    Case::new("ec2.managed_prefix_list", Wire::Moto, managed_prefix_list),
    Case::new("ec2.vpc_peering_connection", Wire::Moto, vpc_peering_connection),
    Case::new("ec2.vpc_peering_accepter", Wire::Moto, vpc_peering_accepter),
    Case::new("ec2.vpc_peering_dns_resolution", Wire::Moto, vpc_peering_dns_resolution),
];

fn range(text: &str) -> Ipv4Net {
    text.parse().expect("a range")
}

fn team(variant: Variant) -> Options {
    Options::new().tag("team", variant.pick("net", "platform"))
}

fn a_vpc<R: Region>(scope: &Scope<'_, R>, cidr: &str) -> Handle<Vpc<R>> {
    scope.add("main", Vpc::builder().cidr_block(range(cidr)).build())
}

fn a_subnet(scope: &Scope<'_, Mumbai>, name: &str, vpc: Handle<Vpc<Mumbai>>, cidr: &str) -> Handle<Subnet<Mumbai>> {
    scope.add(name, Subnet::builder().vpc(vpc).cidr_block(range(cidr)).availability_zone("ap-south-1a").build())
}

fn a_table(scope: &Scope<'_, Mumbai>, name: &str, vpc: Handle<Vpc<Mumbai>>) -> Handle<RouteTable<Mumbai>> {
    scope.add(name, RouteTable::builder().vpc(vpc).build())
}

fn a_group(scope: &Scope<'_, Mumbai>, name: &str, vpc: Handle<Vpc<Mumbai>>) -> Handle<SecurityGroup<Mumbai>> {
    scope.add(name, SecurityGroup::builder().vpc(vpc).description("Under test").build())
}

fn vpc(topology: &Topology, variant: Variant) {
    let vpc = Vpc::builder()
        .cidr_block(range("10.10.0.0/16"))
        .enable_dns_hostnames(variant.pick(true, false))
        .enable_dns_support(variant.pick(true, false));
    topology.region::<Mumbai>().add_with("main", team(variant), vpc.build());
}

fn subnet(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let subnet = Subnet::builder()
        .vpc(a_vpc(&scope, "10.10.0.0/16"))
        .cidr_block(range("10.10.1.0/24"))
        .availability_zone("ap-south-1a")
        .map_public_ip_on_launch(variant.pick(false, true));
    scope.add_with("a", team(variant), subnet.build());
}

fn default_security_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    scope.add_with("main", team(variant), DefaultSecurityGroup::closed(vpc));
}

fn internet_gateway(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    scope.add_with("main", team(variant), InternetGateway::builder().vpc(vpc).build());
}

fn elastic_ip(topology: &Topology, variant: Variant) {
    topology.region::<Mumbai>().add_with("nat", team(variant), ElasticIp::new());
}

fn private_nat_gateway(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let subnet = a_subnet(&scope, "a", vpc, "10.10.1.0/24");
    scope.add_with("a", team(variant), NatGateway::private().subnet(subnet).build());
}

fn public_nat_gateway(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let subnet = a_subnet(&scope, "a", vpc, "10.10.1.0/24");
    let gateway = scope.add("main", InternetGateway::builder().vpc(vpc).build());
    let address = scope.add("a", ElasticIp::new());
    let nat = NatGateway::public().subnet(subnet).elastic_ip(address).build();
    scope.add_with("a", team(variant).after(gateway), nat);
}

/// Everything that a platform in two regions has of this layer, in its order.
fn two_networks(topology: &Topology, variant: Variant) {
    topology.tag("team", variant.pick("net", "platform"));
    let (mumbai, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    let network = |cidr: &str| Network::builder().cidr_block(range(cidr)).build();
    let here = network("10.10.0.0/16").add_to(&mumbai.child("net"));
    let there = network("10.20.0.0/16").add_to(&london.child("net"));
    Peering::between(&here, &there).add_to(&mumbai.child("peering"), &london.child("peering"));
}

fn route_table(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    scope.add_with("main", team(variant), RouteTable::builder().vpc(vpc).build());
}

fn route_table_association(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let subnet = a_subnet(&scope, "a", vpc, "10.10.1.0/24");
    let (one, other) = (a_table(&scope, "one", vpc), a_table(&scope, "other", vpc));
    let table = variant.pick(one, other);
    scope.add("a", RouteTableAssociation::builder().subnet(subnet).route_table(table).build());
}

/// From the internet gateway to a NAT gateway.
fn route_out(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let table = a_table(&scope, "main", vpc);
    let gateway = scope.add("main", InternetGateway::builder().vpc(vpc).build());
    let subnet = a_subnet(&scope, "a", vpc, "10.10.1.0/24");
    let nat = scope.add("a", NatGateway::private().subnet(subnet).build());
    let route = Route::builder().route_table(table).destination_cidr_block(range("0.0.0.0/0"));
    scope.add("out", route.target(variant.pick(RouteTarget::from(gateway), nat.into())).build());
}

struct Link {
    vpc: Handle<Vpc<Mumbai>>,
    peer_vpc: Handle<Vpc<London>>,
    request: Handle<VpcPeeringConnection<Mumbai, London>>,
}

fn a_request(topology: &Topology, options: Options) -> Link {
    let (mumbai, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    let (vpc, peer_vpc) = (a_vpc(&mumbai, "10.10.0.0/16"), a_vpc(&london, "10.20.0.0/16"));
    let request = VpcPeeringConnection::builder().vpc(vpc).peer_vpc(peer_vpc).build();
    Link { vpc, peer_vpc, request: mumbai.add_with("london", options, request) }
}

fn an_accepter(topology: &Topology, link: &Link, options: Options) -> Handle<VpcPeeringAccepter<London, Mumbai>> {
    let accepter = VpcPeeringAccepter::builder().peering_connection(link.request).build();
    topology.region::<London>().add_with("mumbai", options, accepter)
}

/// From a gateway to the peer on the side that asked, and a route on the side that accepted.
fn routes_to_a_peer(topology: &Topology, variant: Variant) {
    let link = a_request(topology, Options::new());
    let accepter = an_accepter(topology, &link, Options::new());
    let (mumbai, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    let back = london.add("main", RouteTable::builder().vpc(link.peer_vpc).build());
    let back = Route::builder().route_table(back).destination_cidr_block(range("10.10.0.0/16"));
    london.add("back", back.target(AcceptedPeering::of_accepter(accepter)).build());
    let table = a_table(&mumbai, "main", link.vpc);
    let gateway = mumbai.add("main", InternetGateway::builder().vpc(link.vpc).build());
    let there = Route::builder().route_table(table).destination_cidr_block(range("10.20.0.0/16"));
    let peering = AcceptedPeering::of_requester(accepter);
    mumbai.add("there", there.target(variant.pick(RouteTarget::from(gateway), peering.into())).build());
}

fn vpc_endpoint(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let (one, two, three) = (a_table(&scope, "1", vpc), a_table(&scope, "2", vpc), a_table(&scope, "3", vpc));
    let action = variant.pick("s3:GetObject", "s3:ListBucket");
    let endpoint = VpcEndpoint::builder()
        .vpc(vpc)
        .service(GatewayService::S3)
        .route_tables(variant.pick([one, two], [three, two]))
        .policy(format!(
            r#"{{"Version": "2012-10-17",
                "Statement": [{{"Effect": "Allow", "Principal": "*", "Action": "{action}", "Resource": "*"}}]}}"#
        ));
    scope.add_with("s3", team(variant), endpoint.build());
}

fn security_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let group = SecurityGroup::builder()
        .vpc(a_vpc(&scope, "10.10.0.0/16"))
        .description("Web servers")
        .default_egress_rule(variant.pick(false, true));
    scope.add_with("web", team(variant), group.build());
}

fn rule_for_a_range(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let ports = variant.pick(PortRange::from(443), PortRange::new(8000, 8999).expect("a range"));
    let rule = SecurityGroupRule::ingress()
        .security_group(a_group(&scope, "web", vpc))
        .protocol(Protocol::tcp(ports))
        .source(RulePeer::CidrBlock(range("10.0.0.0/8")))
        .description(variant.pick("From inside", "From the networks inside"));
    scope.add_with("web-from-inside", team(variant), rule.build());
}

/// What looks like AWS's own rule, but is declared: the group must not take it for that.
fn rule_for_everything_out(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let rule = SecurityGroupRule::egress()
        .security_group(a_group(&scope, "web", vpc))
        .protocol(Protocol::All)
        .destination(RulePeer::anywhere())
        .description(variant.pick("Out", "Everything out"));
    scope.add_with("web-out", team(variant), rule.build());
}

fn rule_for_a_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let (web, database) = (a_group(&scope, "web", vpc), a_group(&scope, "database", vpc));
    let rule = SecurityGroupRule::egress()
        .security_group(web)
        .protocol(Protocol::tcp(variant.pick(3306, 5432)))
        .destination(database)
        .description(variant.pick("To the database", "To the other database"));
    scope.add_with("web-to-database", team(variant), rule.build());
}

fn rule_for_a_prefix_list(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let vpc = a_vpc(&scope, "10.10.0.0/16");
    let rule = SecurityGroupRule::ingress()
        .security_group(a_group(&scope, "web", vpc))
        .protocol(Protocol::tcp(variant.pick(443, 8443)))
        .source(ManagedPrefixList::cloudfront_origin_facing(&scope))
        .description(variant.pick("From CloudFront", "From the servers of CloudFront"));
    scope.add_with("web-from-cloudfront", team(variant), rule.build());
}

fn managed_prefix_list(topology: &Topology, _variant: Variant) {
    let scope = topology.region::<Mumbai>();
    ManagedPrefixList::cloudfront_origin_facing(&scope);
    ManagedPrefixList::dynamodb(&scope);
    ManagedPrefixList::s3(&scope);
}

fn vpc_peering_connection(topology: &Topology, variant: Variant) {
    a_request(topology, team(variant));
}

fn vpc_peering_accepter(topology: &Topology, variant: Variant) {
    let link = a_request(topology, Options::new());
    an_accepter(topology, &link, team(variant));
}

fn vpc_peering_dns_resolution(topology: &Topology, _variant: Variant) {
    let link = a_request(topology, Options::new());
    let accepter = an_accepter(topology, &link, Options::new());
    let asked = VpcPeeringDnsResolution::new(AcceptedPeering::of_requester(accepter));
    topology.region::<Mumbai>().add("london", asked);
    let answered = VpcPeeringDnsResolution::new(AcceptedPeering::of_accepter(accepter));
    topology.region::<London>().add("mumbai", answered);
}

#[test]
fn every_kind_has_a_case() {
    complete(&landfall_netlayer::kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_on_the_wire() {
    on_the_wire(&[landfall_netlayer::aws::register], CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_in_the_sandbox() {
    in_the_sandbox(&landfall_netlayer::kinds(), CASES);
}
