use landfall_core::{ApSouth1, Environment, EuWest2, Topology};
use landfall_netlayer::{Subnet, Vpc};

fn main() {
    let topology = Topology::new("wrong", Environment::new("test"));
    let (india, london) = (topology.region::<ApSouth1>(), topology.region::<EuWest2>());
    let vpc = india.add("main", Vpc::builder().cidr_block("10.0.0.0/16".parse().unwrap()).build());
    let subnet = Subnet::builder()
        .vpc(vpc)
        .cidr_block("10.0.0.0/24".parse().unwrap())
        .availability_zone("eu-west-2a")
        .build();
    london.add("a", subnet);
}
