//! Every kind of the layer passes the lifecycle; the table says where its wire is proved.

#![cfg(feature = "aws")]

use landfall_conformance::{Case, Variant, Wire, complete, on_the_wire};
use landfall_core::{ApSouth1, Options, Topology};
use landfall_netlayer::{Subnet, Vpc};

const CASES: &[Case] = &[
    Case { kind: "ec2.vpc", wire: Wire::Moto, declare: vpc },
    Case { kind: "ec2.subnet", wire: Wire::Moto, declare: subnet },
];

fn vpc(topology: &Topology, variant: Variant) {
    topology.region::<ApSouth1>().add_with(
        "main",
        Options::new().tag("team", variant.pick("net", "platform")),
        Vpc::builder()
            .cidr_block("10.10.0.0/16".parse().expect("a range"))
            .enable_dns_hostnames(variant.pick(true, false))
            .enable_dns_support(variant.pick(true, false))
            .build(),
    );
}

fn subnet(topology: &Topology, variant: Variant) {
    let region = topology.region::<ApSouth1>();
    let vpc = region.add("main", Vpc::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build());
    region.add(
        "a",
        Subnet::builder()
            .vpc(vpc)
            .cidr_block("10.10.1.0/24".parse().expect("a range"))
            .availability_zone("ap-south-1a")
            .map_public_ip_on_launch(variant.pick(false, true))
            .build(),
    );
}

#[test]
fn every_kind_has_a_case() {
    complete(&landfall_netlayer::kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_on_the_wire() {
    on_the_wire(&[landfall_netlayer::aws::register], CASES);
}
