use landfall_core::{ApSouth1, Environment, Topology};
use landfall_netlayer::Vpc;

fn main() {
    let topology = Topology::new("wrong", Environment::new("test"));
    let vpc: Vpc<ApSouth1> = Vpc::builder().cidr_block("10.0.0.0/16".parse().unwrap()).build();
    topology.global().add("main", vpc);
}
