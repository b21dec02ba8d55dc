//! What the wrong programs would be without their mistakes.

use landfall_core::{ApSouth1, Environment, EuWest2, Topology, UsEast1};
use landfall_datalayer::{Bucket, Replication, ReplicationRule};
use landfall_netlayer::{Subnet, Vpc};
use landfall_security::{Certificate, PolicyDocument, Role};

fn main() {
    let topology = Topology::new("right", Environment::new("test"));
    let (india, london) = (topology.region::<ApSouth1>(), topology.region::<EuWest2>());
    let vpc = india.add("main", Vpc::builder().cidr_block("10.0.0.0/16".parse().unwrap()).build());
    let subnet =
        Subnet::builder().vpc(vpc).cidr_block("10.0.0.0/24".parse().unwrap()).availability_zone("ap-south-1a").build();
    india.add("a", subnet);
    let bucket = |name: &str| name.parse().unwrap();
    let here = india.add("assets", Bucket::builder().bucket(bucket("assets-mumbai")).versioning(true).build());
    let there = london.add("assets", Bucket::builder().bucket(bucket("assets-london")).versioning(true).build());
    let trust = PolicyDocument::trust("s3.amazonaws.com");
    let role = topology.global().add("replication", Role::builder().assume_role_policy_document(trust).build());
    let replication = Replication::cross_border(here, there, "public pictures")
        .role(role)
        .rule(ReplicationRule::builder().id("all").build())
        .build();
    india.add("assets", replication);
    let certificate = Certificate::builder().domain_name("example.com".parse().unwrap()).build();
    topology.region::<UsEast1>().add("cdn", certificate);
    assert!(topology.lower().is_ok());
}
