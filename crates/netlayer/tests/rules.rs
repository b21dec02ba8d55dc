//! Mistakes that the compiler can't see are refused before anything is planned, each with cause and mend.

use landfall_core::{AnyRegion, ArnRef, Environment, Handle, London, Mumbai, Options, Ref, Region, Scope, Topology};
use landfall_netlayer::{
    AcceptedPeering, ElasticIp, GatewayService, InternetGateway, NatGateway, Protocol, Route, RouteTable,
    RouteTableAssociation, RouteTarget, RulePeer, SecurityGroup, SecurityGroupRule, Subnet, Vpc, VpcEndpoint,
    VpcPeeringAccepter, VpcPeeringConnection, VpcPeeringDnsResolution,
};

fn range<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a range")
}

fn vpc<R: Region>(scope: &Scope<'_, R>, name: &str, cidr: &str) -> Handle<Vpc<R>> {
    scope.add(name, Vpc::builder().cidr_block(range(cidr)).build())
}

fn subnet<R: Region>(scope: &Scope<'_, R>, name: &str, vpc: Handle<Vpc<R>>, cidr: &str) -> Handle<Subnet<R>> {
    let zone = format!("{}a", scope.place());
    scope.add(name, Subnet::builder().vpc(vpc).cidr_block(range(cidr)).availability_zone(zone).build())
}

/// Declares with `declare` and expects each problem to be told, and no more than those.
fn refused(declare: impl FnOnce(&Topology), expected: &[&str]) {
    let topology = Topology::new("rules", Environment::new("test"));
    declare(&topology);
    let problems = topology.lower().map_or_else(|problems| problems, |_| landfall_core::Problems::default());
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for part in expected {
        assert!(told.iter().any(|problem| problem.contains(part)), "no problem says {part:?}: {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

#[test]
fn ranges_of_networks() {
    refused(
        |topology| {
            let scope = topology.region::<Mumbai>();
            vpc(&scope, "huge", "10.0.0.0/8");
            vpc(&scope, "odd", "10.1.0.1/16");
            scope.add("dns", Vpc::builder().cidr_block(range("10.2.0.0/16")).enable_dns_support(false).build());
        },
        &[
            "ec2.vpc:huge: `cidr_block` 10.0.0.0/8 is no VPC range; AWS takes /16 to /28",
            "ec2.vpc:odd: `cidr_block` 10.1.0.1/16 has bits set behind its prefix; write 10.1.0.0/16",
            "ec2.vpc:dns: `enable_dns_hostnames` needs `enable_dns_support`",
        ],
    );
}

#[test]
fn ranges_of_subnets() {
    refused(
        |topology| {
            let scope = topology.region::<Mumbai>();
            let net = vpc(&scope, "main", "10.0.0.0/16");
            subnet(&scope, "a", net, "10.0.0.0/24");
            subnet(&scope, "overlapping", net, "10.0.0.128/25");
            subnet(&scope, "outside", net, "10.1.0.0/24");
            subnet(&scope, "tiny", net, "10.0.9.0/29");
            let elsewhere = Subnet::builder().vpc(net).cidr_block(range("10.0.2.0/24")).availability_zone("eu-west-2a");
            scope.add("elsewhere", elsewhere.build());
        },
        &[
            "ec2.subnet:overlapping: `cidr_block` 10.0.0.128/25 overlaps the range of ap-south-1/ec2.subnet:a",
            "ec2.subnet:outside: `cidr_block` 10.1.0.0/24 is outside 10.0.0.0/16",
            "ec2.subnet:tiny: `cidr_block` 10.0.9.0/29 is no subnet range",
            "ec2.subnet:elsewhere: `availability_zone` eu-west-2a is not in ap-south-1",
        ],
    );
}

#[test]
fn nat_gateways() {
    refused(
        |topology| {
            let scope = topology.region::<Mumbai>();
            let net = vpc(&scope, "main", "10.0.0.0/16");
            let (one, other) = (subnet(&scope, "a", net, "10.0.0.0/24"), subnet(&scope, "b", net, "10.0.1.0/24"));
            let gateway = scope.add("main", InternetGateway::builder().vpc(net).build());
            let address = scope.add("nat", ElasticIp::new());
            let public = |subnet| NatGateway::public().subnet(subnet).elastic_ip(address).build();
            scope.add("too-early", public(one));
            scope.add_with("same-address", Options::new().after(gateway), public(other));
            scope.add("private", NatGateway::private().subnet(one).build());
            scope.add("private-too", NatGateway::private().subnet(other).build());
        },
        &[
            "ec2.nat_gateway:too-early: a public NAT gateway fails unless an internet gateway is attached",
            "ec2.nat_gateway:same-address: it has the same `elastic_ip` as ap-south-1/ec2.nat_gateway:too-early",
        ],
    );
}

#[test]
fn routes() {
    refused(
        |topology| {
            let scope = topology.region::<Mumbai>();
            let (net, other) = (vpc(&scope, "main", "10.0.0.0/16"), vpc(&scope, "other", "10.9.0.0/16"));
            let table = scope.add("main", RouteTable::builder().vpc(net).build());
            let gateway = scope.add("other", InternetGateway::builder().vpc(other).build());
            let route = |name: &str, cidr: &str, target: RouteTarget<Mumbai>| {
                let route = Route::builder().route_table(table).destination_cidr_block(range(cidr)).target(target);
                scope.add(name, route.build());
            };
            route("foreign-gateway", "0.0.0.0/0", gateway.into());
            route("local", "10.0.7.0/24", RouteTarget::InternetGateway(Ref::existing("igw-1")));
            route("host-bits", "192.168.0.7/16", RouteTarget::InternetGateway(Ref::existing("igw-1")));
            route("unknown", "172.16.0.0/12", RouteTarget::Other("tgw-1".into()));
            route("twice", "172.16.0.0/12", RouteTarget::NatGateway(Ref::existing("nat-1")));
            let foreign = subnet(&scope, "foreign", other, "10.9.0.0/24");
            scope.add("foreign", RouteTableAssociation::builder().subnet(foreign).route_table(table).build());
        },
        &[
            "ec2.route:foreign-gateway: ap-south-1/ec2.route_table:main is in ap-south-1/ec2.vpc:main, but",
            "ec2.route:local: `destination_cidr_block` 10.0.7.0/24 is inside 10.0.0.0/16",
            "ec2.route:host-bits: `destination_cidr_block` 192.168.0.7/16 has bits set behind its prefix",
            "ec2.route:unknown: `target` names something that Landfall has no kind for",
            "ec2.route:twice: it has the same `route_table` and `destination_cidr_block`",
            "ec2.route_table_association:foreign: ap-south-1/ec2.subnet:foreign is in ap-south-1/ec2.vpc:other, but",
        ],
    );
}

#[test]
fn security_groups() {
    refused(
        |topology| {
            let scope = topology.region::<Mumbai>();
            let (net, other) = (vpc(&scope, "main", "10.0.0.0/16"), vpc(&scope, "other", "10.9.0.0/16"));
            let group = |name: &str, net, text: &str| {
                scope.add(name, SecurityGroup::builder().vpc(net).description(text).build())
            };
            let web = group("web", net, "Web servers");
            let far = group("far", other, "Café");
            let rule = |name: &str, source: RulePeer<Mumbai>| {
                let rule = SecurityGroupRule::ingress().security_group(web).protocol(Protocol::tcp(443)).source(source);
                scope.add(name, rule.build());
            };
            rule("foreign-group", far.into());
            rule("host-bits", RulePeer::CidrBlock(range("10.0.0.1/8")));
            rule("host-bits-of-ipv6", RulePeer::Ipv6CidrBlock(range("2001:db8::1/32")));
            rule("once", RulePeer::anywhere());
            rule("twice", RulePeer::anywhere());
        },
        &[
            "ec2.security_group:far: `description` holds 'é', which AWS refuses",
            "ec2.security_group_rule:foreign-group: ap-south-1/ec2.security_group:web is in ap-south-1/ec2.vpc:main, but",
            "ec2.security_group_rule:host-bits: `peer` 10.0.0.1/8 has bits set behind its prefix; write 10.0.0.0/8",
            "ec2.security_group_rule:host-bits-of-ipv6: `peer` 2001:db8::1/32 has bits set behind its prefix; write 2001:db8::/32",
            "ec2.security_group_rule:twice: it has the same `security_group` and `direction` and `protocol` and `peer`",
        ],
    );
}

#[test]
fn gateway_endpoints() {
    refused(
        |topology| {
            let scope = topology.region::<Mumbai>();
            let (net, other) = (vpc(&scope, "main", "10.0.0.0/16"), vpc(&scope, "other", "10.9.0.0/16"));
            let table = |name: &str, net| scope.add(name, RouteTable::builder().vpc(net).build());
            let (own, foreign) = (table("own", net), table("foreign", other));
            let endpoint =
                |tables: Vec<_>| VpcEndpoint::builder().vpc(net).service(GatewayService::S3).route_tables(tables);
            scope.add("first", endpoint(vec![own]).build());
            scope.add("second", endpoint(vec![own]).build());
            scope.add("foreign", endpoint(vec![foreign]).policy("everything").build());
        },
        &[
            "ec2.vpc_endpoint:second: ap-south-1/ec2.vpc_endpoint:first leads to the same service",
            "ec2.vpc_endpoint:foreign: ap-south-1/ec2.vpc_endpoint:foreign is in ap-south-1/ec2.vpc:main, but",
            "ec2.vpc_endpoint:foreign: `policy` is no JSON object",
        ],
    );
}

#[test]
fn peering_between_regions_known_at_run_time() {
    refused(
        |topology| {
            let mumbai = topology.any_region("ap-south-1".parse().expect("a region"));
            let (one, other) = (vpc(&mumbai, "main", "10.0.0.0/16"), vpc(&mumbai, "other", "10.9.0.0/16"));
            let request = || VpcPeeringConnection::<AnyRegion, AnyRegion>::builder().vpc(one);
            mumbai.add("same-region", request().peer_vpc(other).build());
            let arn = "arn:aws:ec2:ap-south-1:123456789012:vpc/vpc-1";
            mumbai.add("same-region-by-arn", request().peer_vpc(ArnRef::existing(arn)).build());
            mumbai.add("no-arn", request().peer_vpc(ArnRef::existing("vpc-1")).build());
        },
        &[
            "ec2.vpc_peering_connection:same-region: `peer_vpc` refers to ap-south-1/ec2.vpc:other, which lives in ap-south-1",
            "ec2.vpc_peering_connection:same-region-by-arn: `peer_vpc` is in ap-south-1, as `vpc` is",
            "ec2.vpc_peering_connection:no-arn: `peer_vpc` \"vpc-1\" is no ARN of a VPC",
        ],
    );
}

#[test]
fn peering_has_two_ends() {
    refused(
        |topology| {
            let (mumbai, london) = (topology.region::<Mumbai>(), topology.region::<London>());
            let ireland = topology.any_region("eu-west-1".parse().expect("a region"));
            let (one, other) = (vpc(&mumbai, "main", "10.0.0.0/16"), vpc(&london, "main", "10.9.0.0/16"));
            let request = mumbai.add("link", VpcPeeringConnection::builder().vpc(one).peer_vpc(other).build());
            let accepted = london.add("link", VpcPeeringAccepter::builder().peering_connection(request).build());
            let wide: Handle<VpcPeeringAccepter<AnyRegion, AnyRegion>> =
                accepted.widen(topology).expect("the same kind");
            let third = vpc(&ireland, "main", "10.3.0.0/16");
            let table = ireland.add("main", RouteTable::builder().vpc(third).build());
            let route = Route::builder().route_table(table).destination_cidr_block(range("10.9.0.0/16"));
            ireland.add("link", route.target(AcceptedPeering::of_accepter(wide)).build());
            ireland.add("link", VpcPeeringDnsResolution::new(AcceptedPeering::of_accepter(wide)));
        },
        &[
            "eu-west-1/ec2.route:link: `target` refers to eu-west-2/ec2.vpc_peering_accepter:link, which connects \
             ap-south-1 with eu-west-2; refer to a connection that has an end in eu-west-1",
            "eu-west-1/ec2.vpc_peering_dns_resolution:link: `peering` refers to",
        ],
    );
}
