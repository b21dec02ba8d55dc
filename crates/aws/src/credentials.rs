//! Credentials: where they come from, and what it means when there are none.

use std::{error::Error, time::Duration};

use aws_config::{
    default_provider::credentials::DefaultCredentialsChain,
    environment::EnvironmentVariableCredentialsProvider,
    imds::{self, client::error::ImdsError},
    meta::credentials::CredentialsProviderChain,
    profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{SharedCredentialsProvider, error::CredentialsError},
};
use aws_types::region::Region;

use crate::client;

/// Longest time for one attempt at the instance metadata service; where there is one it is on the same host.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// The SDK's own chain for endpoints of AWS; for others the configured credentials, or else dummy ones.
pub(crate) async fn provider(
    region: Option<&Region>,
    profile: Option<&str>,
    of_aws: bool,
) -> SharedCredentialsProvider {
    // What signs in does so over a client of its own, so that a tap sees the calls of the topology only.
    let provider = ProviderConfig::without_region().with_region(region.cloned()).with_http_client(client::new(None));
    if !of_aws {
        return configured_or_dummy(&provider, profile);
    }
    let metadata = imds::Client::builder()
        .configure(&provider)
        .max_attempts(2)
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .build();
    let mut chain = DefaultCredentialsChain::builder().configure(provider).imds_client(metadata);
    if let Some(region) = region {
        chain = chain.region(region.clone());
    }
    if let Some(profile) = profile {
        chain = chain.profile_name(profile);
    }
    SharedCredentialsProvider::new(chain.build().await)
}

/// Endpoints that are not AWS's own take any credentials, and the metadata services that the full chain asks would
/// only cost time.
fn configured_or_dummy(provider: &ProviderConfig, profile: Option<&str>) -> SharedCredentialsProvider {
    let mut files = ProfileFileCredentialsProvider::builder().configure(provider);
    if let Some(profile) = profile {
        files = files.profile_name(profile);
    }
    let dummy = Credentials::new("landfall", "landfall", None, None, "dummy of a custom endpoint");
    let chain = CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
        .or_else("Profile", files.build())
        .or_else("Dummy", dummy);
    SharedCredentialsProvider::new(chain)
}

/// Whether nothing provides credentials: the chain came to its end, or to a metadata service that has none.
pub(crate) fn are_lacking(error: &CredentialsError) -> bool {
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return true;
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<ImdsError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
