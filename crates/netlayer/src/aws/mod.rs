//! How the layer's kinds run on AWS.

mod subnet;
mod tags;
mod vpc;

use aws_sdk_ec2::Client;
use landfall_aws::{Aws, Regional};
use landfall_core::Providers;

/// Clients of Amazon EC2, one per region.
type Ec2 = Regional<Client>;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let ec2 = Ec2::new(aws, Client::new);
    providers.add_typed(vpc::Provider(ec2.clone()));
    providers.add_typed(subnet::Provider(ec2));
}
