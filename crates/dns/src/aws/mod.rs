//! How the layer's kinds run on AWS.

mod change;
mod health_check;
mod hosted_zone;
mod record_set;
mod tags;
mod wire;

use aws_sdk_route53::Client;
use landfall_aws::{Aws, Regional};
use landfall_core::Providers;

/// The client of Amazon Route 53.
type Route53 = Regional<Client>;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let route53 = Route53::new(aws, Client::new);
    providers.add_typed(hosted_zone::Provider(route53.clone()));
    providers.add_typed(record_set::Provider(route53.clone()));
    providers.add_typed(health_check::Provider(route53));
}
