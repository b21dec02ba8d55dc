//! The subnets of a group, of databases or of caches.

use landfall_core::{AnyRegion, Ref};
use landfall_netlayer::Subnet;

/// The ids of a group's subnets, sorted: their order means nothing.
pub(super) fn ids(subnets: &[Ref<Subnet<AnyRegion>>]) -> Vec<String> {
    let mut ids: Vec<_> = subnets.iter().map(|subnet| subnet.id().to_owned()).collect();
    ids.sort_unstable();
    ids
}

/// The subnets that AWS tells of a group, in the order of their ids.
pub(super) fn told<'a>(ids: impl Iterator<Item = Option<&'a str>>) -> Vec<Ref<Subnet<AnyRegion>>> {
    let mut ids: Vec<_> = ids.flatten().collect();
    ids.sort_unstable();
    ids.into_iter().map(Ref::existing).collect()
}
