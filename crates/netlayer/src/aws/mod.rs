//! How the layer's kinds run on AWS.

mod default_security_group;
mod elastic_ip;
mod internet_gateway;
mod managed_prefix_list;
mod nat_gateway;
mod peering;
mod route;
mod route_table;
mod route_table_association;
mod security_group;
mod security_group_rule;
mod subnet;
mod tags;
mod vpc;
mod vpc_endpoint;
mod vpc_peering_accepter;
mod vpc_peering_connection;
mod vpc_peering_dns_resolution;

use aws_sdk_ec2::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use landfall_aws::{Aws, Regional, found};
use landfall_core::{Context, Fault, Providers, Wait};

/// Clients of Amazon EC2, one per region.
type Ec2 = Regional<Client>;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let ec2 = Ec2::new(aws, Client::new);
    providers.add_typed(vpc::Provider(ec2.clone()));
    providers.add_typed(subnet::Provider(ec2.clone()));
    providers.add_typed(default_security_group::Provider(ec2.clone()));
    providers.add_typed(internet_gateway::Provider(ec2.clone()));
    providers.add_typed(elastic_ip::Provider(ec2.clone()));
    providers.add_typed(nat_gateway::Provider(ec2.clone()));
    providers.add_typed(route_table::Provider(ec2.clone()));
    providers.add_typed(route_table_association::Provider(ec2.clone()));
    providers.add_typed(route::Provider(ec2.clone()));
    providers.add_typed(vpc_endpoint::Provider(ec2.clone()));
    providers.add_typed(security_group::Provider(ec2.clone()));
    providers.add_typed(security_group_rule::Provider(ec2.clone()));
    providers.add_typed(managed_prefix_list::Provider(ec2.clone()));
    providers.add_typed(vpc_peering_connection::Provider(ec2.clone()));
    providers.add_typed(vpc_peering_accepter::Provider(ec2.clone()));
    providers.add_typed(vpc_peering_dns_resolution::Provider(ec2));
}

/// Makes a call on something that was made a moment ago, again while EC2 says that it does not exist: what one
/// of its servers has made, the others may not show yet.
async fn once_visible<T, E, F, Fut>(cx: &Context, what: &str, operation: &'static str, mut call: F) -> Result<T, Fault>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    T: Send,
{
    cx.wait(what, Wait::SECONDS, || {
        let call = call();
        async { found(operation, call.await) }
    })
    .await
}
