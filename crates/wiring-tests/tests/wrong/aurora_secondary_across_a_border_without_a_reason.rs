use landfall_core::{ApSouth1, EuWest2, Handle};
use landfall_datalayer::{AuroraCluster, AuroraInstance, GlobalCluster, Primary, Secondary};

fn database(global: Handle<GlobalCluster>, writer: Handle<AuroraInstance<ApSouth1, Primary>>) {
    let _ = AuroraCluster::<EuWest2, Secondary>::secondary::<ApSouth1>(global, writer);
}

fn main() {}
