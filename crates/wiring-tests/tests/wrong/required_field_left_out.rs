use landfall_core::{ApSouth1, Handle};
use landfall_netlayer::{Subnet, Vpc};

fn subnet(vpc: Handle<Vpc<ApSouth1>>) {
    let _ = Subnet::builder().vpc(vpc).availability_zone("ap-south-1a").build();
}

fn main() {}
