use landfall_core::{EuWest2, Handle};
use landfall_edge::{Distribution, WebAcl};

fn cdn(regional: Handle<WebAcl<EuWest2>>) {
    let _ = Distribution::builder().web_acl(regional);
}

fn main() {}
