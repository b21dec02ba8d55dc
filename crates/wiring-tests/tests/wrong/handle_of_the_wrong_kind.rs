use landfall_core::{ApSouth1, Handle};
use landfall_datalayer::Bucket;
use landfall_netlayer::Subnet;

fn subnet(bucket: Handle<Bucket<ApSouth1>>) {
    let _ = Subnet::<ApSouth1>::builder().vpc(bucket);
}

fn main() {}
