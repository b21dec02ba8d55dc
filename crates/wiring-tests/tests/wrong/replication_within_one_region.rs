use landfall_core::{ApSouth1, Handle};
use landfall_datalayer::{Bucket, Replication};

fn copies(from: Handle<Bucket<ApSouth1>>, to: Handle<Bucket<ApSouth1>>) {
    let _ = Replication::<ApSouth1, ApSouth1>::within_jurisdiction(from, to);
}

fn main() {}
