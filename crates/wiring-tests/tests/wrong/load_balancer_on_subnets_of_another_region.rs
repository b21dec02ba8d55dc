use landfall_compute::LoadBalancer;
use landfall_core::{Handle, Region, Scope};
use landfall_netlayer::{SecurityGroup, Subnet};

fn web<A: Region, B: Region>(
    here: &Scope<'_, A>,
    group: Handle<SecurityGroup<A>>,
    elsewhere: [Handle<Subnet<B>>; 2],
) {
    here.add("web", LoadBalancer::builder().subnets(elsewhere).security_groups([group]).build());
}

fn main() {}
