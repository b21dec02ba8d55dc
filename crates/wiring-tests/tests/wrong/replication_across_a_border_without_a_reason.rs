use landfall_core::{ApSouth1, EuWest2, Handle};
use landfall_datalayer::{Bucket, Replication};

fn copies(from: Handle<Bucket<ApSouth1>>, to: Handle<Bucket<EuWest2>>) {
    let _ = Replication::<ApSouth1, EuWest2>::within_jurisdiction(from, to);
}

fn main() {}
