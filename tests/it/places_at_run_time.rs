//! The rules of places, where the compiler does not know them: all violations listed together.

use landfall::{
    ApSouth1, Environment, EuWest2, PlaceCode, Topology,
    netlayer::{Subnet, Vpc},
};

fn place(code: &str) -> PlaceCode {
    code.parse().expect("a region")
}

#[test]
fn wiring_across_regions_is_a_problem_with_address_cause_and_mend() {
    let topology = Topology::new("wrong", Environment::new("test"));
    let other = Topology::new("other", Environment::new("test"));
    let (india, london) = (topology.any_region(place("ap-south-1")), topology.any_region(place("eu-west-2")));
    let range = |text: &str| text.parse().expect("a range");
    let vpc = india.add("main", Vpc::builder().cidr_block(range("10.0.0.0/16")).build());
    let foreign =
        other.any_region(place("eu-west-2")).add("main", Vpc::builder().cidr_block(range("10.0.0.0/16")).build());
    let subnet = |vpc, cidr: &str, zone: &str| {
        Subnet::builder().vpc(vpc).cidr_block(range(cidr)).availability_zone(zone).build()
    };
    london.add("elsewhere", subnet(vpc, "10.0.0.0/24", "eu-west-2a"));
    london.add("foreign", subnet(foreign, "10.0.0.0/24", "eu-west-2a"));
    india.add("outside", subnet(vpc, "10.1.0.0/24", "ap-south-1a"));
    india.add("twice", subnet(vpc, "10.0.1.0/24", "ap-south-1a"));
    india.add("twice", subnet(vpc, "10.0.2.0/24", "ap-south-1b"));
    let problems = topology.lower().expect_err("five problems").to_string();
    for expected in [
        "eu-west-2/ec2.subnet:elsewhere: `vpc` refers to ap-south-1/ec2.vpc:main, which lives in ap-south-1",
        "eu-west-2/ec2.subnet:foreign: a handle belongs to another topology",
        "ap-south-1/ec2.subnet:outside: `cidr_block` 10.1.0.0/24 is outside 10.0.0.0/16",
        "ap-south-1/ec2.subnet:twice: it is declared twice",
    ] {
        assert!(problems.contains(expected), "missing: {expected}\n{problems}");
    }
}

#[test]
fn a_handle_narrows_to_its_own_region_and_kind_only() {
    let topology = Topology::new("narrow", Environment::new("test"));
    let range = "10.0.0.0/16".parse().expect("a range");
    let vpc = topology.any_region(place("ap-south-1")).add("main", Vpc::builder().cidr_block(range).build());
    assert!(vpc.narrow::<Vpc<ApSouth1>>(&topology).is_ok());
    let elsewhere = vpc.narrow::<Vpc<EuWest2>>(&topology).expect_err("another region").to_string();
    assert!(elsewhere.contains("it lives in ap-south-1, not in eu-west-2"), "{elsewhere}");
    assert!(vpc.narrow::<Subnet<ApSouth1>>(&topology).is_err());
}
