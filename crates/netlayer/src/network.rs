//! A whole network of a region: VPC, subnets in every zone, gateways, routes, endpoints.

use ipnet::Ipv4Net;
use landfall_core::{Handle, Options, Problem, Region, Scope};

use crate::{
    default_security_group::DefaultSecurityGroup,
    elastic_ip::ElasticIp,
    internet_gateway::InternetGateway,
    nat_gateway::NatGateway,
    route::{Route, RouteTarget},
    route_table::RouteTable,
    route_table_association::RouteTableAssociation,
    subnet::Subnet,
    vpc::Vpc,
    vpc_endpoint::{GatewayService, VpcEndpoint},
    zone::Zone,
};

/// A network of a region, ready for a web platform.
///
/// The VPC's range is cut into sixteen blocks; each [`Tier`] takes a quarter of them, one block per zone:
///
/// | block of `10.10.0.0/16` | tier | way out |
/// |---|---|---|
/// | `10.10.0.0/20`, `.16.0/20`, `.32.0/20` | public | internet gateway |
/// | `10.10.64.0/20`, `.80.0/20`, `.96.0/20` | private | NAT gateway of the zone; S3 and DynamoDB by gateway endpoints |
/// | `10.10.128.0/20`, `.144.0/20`, `.160.0/20` | data | none |
/// | `.48.0/20`, `.112.0/20`, `.176.0/20` | | for a fourth zone |
/// | `10.10.192.0/18` | | free |
///
/// The default security group is closed.
#[derive(Debug, Clone, bon::Builder)]
pub struct Network {
    /// IPv4 range of the VPC, /16 to /24. Ranges of networks that are to be peered must not overlap.
    pub cidr_block: Ipv4Net,
    /// Zones that have subnets, at most four; three of the region unless said, see [`Zone::three`].
    #[builder(with = |zones: impl IntoIterator<Item = Zone>| zones.into_iter().collect())]
    pub zones: Option<Vec<Zone>>,
    /// How private subnets reach the internet; a gateway per zone unless said.
    #[builder(default)]
    pub nat_gateways: NatGateways,
}

/// How private subnets reach the internet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NatGateways {
    /// Through a gateway in their own zone: the loss of a zone leaves the others their way out.
    #[default]
    PerZone,
    /// Through one gateway in the first zone: a third of the price, and no way out while that zone is lost.
    Single,
    /// Not at all.
    None,
}

/// What a subnet of a [`Network`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Load balancers and NAT gateways.
    Public,
    /// Instances.
    Private,
    /// Databases and caches.
    Data,
}

/// Everything that a [`Network`] declared; lists are in the order of the zones.
#[derive(Debug, Clone)]
pub struct NetworkHandles<R: Region> {
    /// IPv4 range of the VPC.
    pub cidr_block: Ipv4Net,
    /// Zones that have subnets.
    pub zones: Vec<Zone>,
    /// The VPC.
    pub vpc: Handle<Vpc<R>>,
    /// Its default security group, closed.
    pub default_security_group: Handle<DefaultSecurityGroup<R>>,
    /// The way to the internet.
    pub internet_gateway: Handle<InternetGateway<R>>,
    /// NAT gateways: one per zone, one, or none.
    pub nat_gateways: Vec<Handle<NatGateway<R>>>,
    /// Addresses of the NAT gateways.
    pub elastic_ips: Vec<Handle<ElasticIp<R>>>,
    /// Subnets for load balancers.
    pub public_subnets: Vec<Handle<Subnet<R>>>,
    /// Subnets for instances.
    pub private_subnets: Vec<Handle<Subnet<R>>>,
    /// Subnets for databases and caches.
    pub data_subnets: Vec<Handle<Subnet<R>>>,
    /// Table of the public subnets.
    pub public_route_table: Handle<RouteTable<R>>,
    /// Tables of the private subnets, one per zone.
    pub private_route_tables: Vec<Handle<RouteTable<R>>>,
    /// Table of the data subnets: it has no routes.
    pub data_route_table: Handle<RouteTable<R>>,
    /// Private way to S3 from the private subnets.
    pub s3_endpoint: Handle<VpcEndpoint<R>>,
    /// Private way to DynamoDB from the private subnets.
    pub dynamodb_endpoint: Handle<VpcEndpoint<R>>,
}

impl Tier {
    /// Every tier.
    pub const ALL: [Self; 3] = [Self::Public, Self::Private, Self::Data];

    fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Data => "data",
        }
    }
}

impl Network {
    /// The range of a tier's subnet in the zone at a position, as the table of [`Network`] says; `None` where the
    /// VPC's range is too small to be cut so, or for a fifth zone.
    pub fn subnet_range(&self, tier: Tier, zone: usize) -> Option<Ipv4Net> {
        if !(16..=24).contains(&self.cidr_block.prefix_len()) || zone >= 4 {
            return None;
        }
        let mut blocks = self.cidr_block.subnets(self.cidr_block.prefix_len() + 4).ok()?;
        blocks.nth(tier as usize * 4 + zone)
    }

    /// Declares the network; its addresses are those of the scope: `ap-south-1/net/ec2.subnet:private-a`.
    ///
    /// What can't be declared (a range that is too small, a region without three zones) is reported with the
    /// topology's other problems.
    pub fn add_to<R: Region>(&self, scope: &Scope<'_, R>) -> NetworkHandles<R> {
        let vpc = scope.add("main", Vpc::builder().cidr_block(self.cidr_block).build());
        let table = |name: &str| scope.add(name, RouteTable::builder().vpc(vpc).build());
        let shared = Shared {
            vpc,
            internet_gateway: scope.add("main", InternetGateway::builder().vpc(vpc).build()),
            public_route_table: table("public"),
            data_route_table: table("data"),
        };
        default_route(scope, "public-internet", shared.public_route_table, shared.internet_gateway.into());
        let zones = self.zones(scope, vpc);
        let mut slices: Vec<Slice<R>> = Vec::new();
        for (position, zone) in zones.iter().enumerate() {
            slices.extend(self.slice(scope, &shared, position, zone, slices.first().and_then(|first| first.nat)));
        }
        let private_route_tables: Vec<_> = slices.iter().map(|slice| slice.private_route_table).collect();
        let endpoint = |service: GatewayService| {
            let endpoint = VpcEndpoint::builder().vpc(vpc).service(service).route_tables(&private_route_tables);
            scope.add(service.as_str(), endpoint.build())
        };
        NetworkHandles {
            cidr_block: self.cidr_block,
            vpc,
            default_security_group: scope.add("default", DefaultSecurityGroup::closed(vpc)),
            internet_gateway: shared.internet_gateway,
            nat_gateways: slices
                .iter()
                .filter(|slice| slice.elastic_ip.is_some())
                .filter_map(|slice| slice.nat)
                .collect(),
            elastic_ips: slices.iter().filter_map(|slice| slice.elastic_ip).collect(),
            public_subnets: slices.iter().map(|slice| slice.public).collect(),
            private_subnets: slices.iter().map(|slice| slice.private).collect(),
            data_subnets: slices.iter().map(|slice| slice.data).collect(),
            public_route_table: shared.public_route_table,
            data_route_table: shared.data_route_table,
            s3_endpoint: endpoint(GatewayService::S3),
            dynamodb_endpoint: endpoint(GatewayService::DynamoDb),
            private_route_tables,
            zones,
        }
    }

    /// The zones to use; those that can't be used are reported and left out.
    fn zones<R: Region>(&self, scope: &Scope<'_, R>, vpc: Handle<Vpc<R>>) -> Vec<Zone> {
        let report = |cause: String, mend: &str| {
            let address = scope.topology().address(vpc).ok();
            scope.topology().report(Problem { address, cause, mend: mend.to_owned() });
        };
        if self.subnet_range(Tier::Public, 0).is_none() {
            report(format!("a network can't be cut from {}", self.cidr_block), "give it a range from /16 to /24");
            return Vec::new();
        }
        let mut zones = match (&self.zones, Zone::three(scope.place())) {
            (Some(zones), _) => zones.clone(),
            (None, Some(zones)) => zones.into(),
            (None, None) => {
                report(format!("{} has no three zones for every account", scope.place()), "say its `zones`");
                Vec::new()
            }
        };
        if zones.len() > 4 {
            report(format!("a network has room for four zones, not for {}", zones.len()), "leave some out");
            zones.truncate(4);
        }
        zones
    }

    /// One zone: a subnet of each tier with its table, and the private one's way out. `first_nat` is the gateway of
    /// the first zone, once there is one.
    fn slice<R: Region>(
        &self,
        scope: &Scope<'_, R>,
        shared: &Shared<R>,
        position: usize,
        zone: &Zone,
        first_nat: Option<Handle<NatGateway<R>>>,
    ) -> Option<Slice<R>> {
        let letter = zone.letter();
        let private = format!("private-{letter}");
        let private_route_table = scope.add(&private, RouteTable::builder().vpc(shared.vpc).build());
        let subnet = |tier: Tier, table| {
            let name = format!("{}-{letter}", tier.name());
            let range = self.subnet_range(tier, position)?;
            let subnet = Subnet::builder().vpc(shared.vpc).cidr_block(range).availability_zone(zone.clone()).build();
            let subnet = scope.add(&name, subnet);
            scope.add(&name, RouteTableAssociation::builder().subnet(subnet).route_table(table).build());
            Some(subnet)
        };
        let mut slice = Slice {
            public: subnet(Tier::Public, shared.public_route_table)?,
            private: subnet(Tier::Private, private_route_table)?,
            data: subnet(Tier::Data, shared.data_route_table)?,
            private_route_table,
            elastic_ip: None,
            nat: first_nat,
        };
        let own = match self.nat_gateways {
            NatGateways::PerZone => true,
            NatGateways::Single => position == 0,
            NatGateways::None => false,
        };
        if own {
            let name = format!("nat-{letter}");
            let elastic_ip = scope.add(&name, ElasticIp::new());
            let nat = NatGateway::public().subnet(slice.public).elastic_ip(elastic_ip).build();
            // AWS makes a public gateway only where an internet gateway is attached already.
            let nat = scope.add_with(&name, Options::new().after(shared.internet_gateway), nat);
            (slice.elastic_ip, slice.nat) = (Some(elastic_ip), Some(nat));
        }
        if let Some(nat) = slice.nat {
            default_route(scope, &format!("{private}-internet"), private_route_table, nat.into());
        }
        Some(slice)
    }
}

/// What the zones of a network share.
struct Shared<R: Region> {
    vpc: Handle<Vpc<R>>,
    internet_gateway: Handle<InternetGateway<R>>,
    public_route_table: Handle<RouteTable<R>>,
    data_route_table: Handle<RouteTable<R>>,
}

/// What one zone of a network has.
struct Slice<R: Region> {
    public: Handle<Subnet<R>>,
    private: Handle<Subnet<R>>,
    data: Handle<Subnet<R>>,
    private_route_table: Handle<RouteTable<R>>,
    /// The address of a gateway of its own.
    elastic_ip: Option<Handle<ElasticIp<R>>>,
    /// The gateway that the private subnet uses.
    nat: Option<Handle<NatGateway<R>>>,
}

fn default_route<R: Region>(scope: &Scope<'_, R>, name: &str, table: Handle<RouteTable<R>>, target: RouteTarget<R>) {
    let everywhere = Ipv4Net::default();
    scope.add(name, Route::builder().route_table(table).destination_cidr_block(everywhere).target(target).build());
}

#[cfg(test)]
mod tests {
    use landfall_core::{AnyRegion, Environment, Lowered, Mumbai, Topology};
    use proptest::prelude::*;

    use super::*;

    fn count(lowered: &Lowered, kind: &str) -> usize {
        lowered.declarations.iter().filter(|declaration| declaration.kind.name == kind).count()
    }

    fn declare(network: &Network) -> Lowered {
        let topology = Topology::new("net", Environment::new("test"));
        network.add_to(&topology.region::<Mumbai>().child("net"));
        topology.lower().unwrap()
    }

    #[test]
    fn a_network_has_everything_once_per_zone() {
        let network = Network::builder().cidr_block("10.10.0.0/16".parse().unwrap()).build();
        let lowered = declare(&network);
        for (kind, expected) in [
            ("ec2.vpc", 1),
            ("ec2.default_security_group", 1),
            ("ec2.internet_gateway", 1),
            ("ec2.subnet", 9),
            ("ec2.elastic_ip", 3),
            ("ec2.nat_gateway", 3),
            ("ec2.route_table", 5),
            ("ec2.route", 4),
            ("ec2.route_table_association", 9),
            ("ec2.vpc_endpoint", 2),
        ] {
            assert_eq!(count(&lowered, kind), expected, "{kind}");
        }
    }

    #[test]
    fn fewer_nat_gateways_change_routes_and_nothing_else() {
        let with = |nat_gateways| {
            let network = Network::builder().cidr_block("10.10.0.0/16".parse().unwrap()).nat_gateways(nat_gateways);
            let lowered = declare(&network.build());
            (count(&lowered, "ec2.nat_gateway"), count(&lowered, "ec2.route"), count(&lowered, "ec2.subnet"))
        };
        assert_eq!(with(NatGateways::PerZone), (3, 4, 9));
        assert_eq!(with(NatGateways::Single), (1, 4, 9));
        assert_eq!(with(NatGateways::None), (0, 1, 9));
    }

    #[test]
    fn data_subnets_have_no_way_out() {
        let network = Network::builder().cidr_block("10.10.0.0/16".parse().unwrap()).build();
        let lowered = declare(&network);
        let data = lowered.declarations.iter().find(|d| d.address.to_string().ends_with("ec2.route_table:data"));
        let data = &data.unwrap().address;
        for declaration in &lowered.declarations {
            let leads_out = ["ec2.route", "ec2.vpc_endpoint"].contains(&declaration.kind.name);
            assert!(!(leads_out && declaration.dependencies().contains(&data)), "{}", declaration.address);
        }
    }

    #[test]
    fn the_layout_is_the_one_in_the_documentation() {
        let network = Network::builder().cidr_block("10.10.0.0/16".parse().unwrap()).build();
        let check = |tier, zone, expected: &str| {
            assert_eq!(network.subnet_range(tier, zone).map(|range| range.to_string()).as_deref(), Some(expected));
        };
        check(Tier::Public, 0, "10.10.0.0/20");
        check(Tier::Public, 2, "10.10.32.0/20");
        check(Tier::Private, 1, "10.10.80.0/20");
        check(Tier::Data, 2, "10.10.160.0/20");
        assert_eq!(network.subnet_range(Tier::Data, 4), None);
    }

    #[test]
    fn what_does_not_fit_is_reported() {
        let problems = |cidr: &str, region: &str, zones: Option<Vec<Zone>>| {
            let topology = Topology::new("net", Environment::new("test"));
            let network = Network::builder().cidr_block(cidr.parse().unwrap()).maybe_zones(zones).build();
            network.add_to::<AnyRegion>(&topology.any_region(region.parse().unwrap()).child("net"));
            topology.lower().map(drop).map_err(|problems| problems.to_string())
        };
        assert!(problems("10.10.0.0/26", "ap-south-1", None).unwrap_err().contains("can't be cut from 10.10.0.0/26"));
        assert!(problems("10.10.0.0/16", "us-west-1", None).unwrap_err().contains("say its `zones`"));
        let two = ["us-west-1a", "us-west-1c"].map(|zone| zone.parse().unwrap()).to_vec();
        assert_eq!(problems("10.10.0.0/16", "us-west-1", Some(two)), Ok(()));
        let elsewhere = vec!["eu-west-2a".parse().unwrap()];
        assert!(problems("10.10.0.0/16", "ap-south-1", Some(elsewhere)).unwrap_err().contains("is not in ap-south-1"));
    }

    proptest! {
        #[test]
        fn subnets_never_overlap_and_stay_inside(address: u32, prefix in 16_u8..=24) {
            let cidr_block = Ipv4Net::new(address.into(), prefix).unwrap().trunc();
            let network = Network::builder().cidr_block(cidr_block).build();
            let all: Vec<_> = Tier::ALL.into_iter()
                .flat_map(|tier| (0..4).map(move |zone| (tier, zone)))
                .map(|(tier, zone)| network.subnet_range(tier, zone).unwrap())
                .collect();
            for (position, range) in all.iter().enumerate() {
                prop_assert!(cidr_block.contains(range) && range.prefix_len() <= 28);
                prop_assert!(all[..position].iter().all(|other| !other.contains(range) && !range.contains(other)));
            }
        }
    }
}
