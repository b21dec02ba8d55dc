//! The connection to AWS: one configuration, varied by region.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_config::{
    BehaviorVersion, environment::EnvironmentVariableRegionProvider, meta::region::RegionProviderChain,
    profile::ProfileFileRegionProvider, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};
use aws_types::{
    SdkConfig,
    region::Region,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};
use landfall_core::Fault;
use tokio::sync::OnceCell;

use crate::{client, credentials, endpoint, fault::fault, tap::Tap};

/// Longest time until a service begins to answer; AWS's own slow calls answer within seconds.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// A connection to AWS, or to something that speaks its protocols; cheap to clone.
///
/// Credentials, profile and endpoints come from `aws-config`: environment, shared files, SSO, instance roles.
#[derive(Debug, Clone)]
pub struct Aws {
    base: SdkConfig,
    account: Arc<OnceCell<String>>,
}

/// A connection that can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The credential chain came to its end and found none.
    #[error("no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    NoCredentials {
        /// What the credential chain said.
        #[source]
        source: Box<CredentialsError>,
    },
    /// Credentials are configured but can't be used: a profile that does not exist, an expired SSO session.
    #[error("the configured AWS credentials can't be used: check the profile, or sign in again with `aws sso login`")]
    Credentials {
        /// What the credential chain said.
        #[source]
        source: Box<CredentialsError>,
    },
    /// An endpoint that is no URL of a server.
    #[error("`{url}` is no endpoint: {why}; an endpoint looks like `http://127.0.0.1:5000`")]
    Endpoint {
        /// The endpoint as it was given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Aws {
    /// Varies a configuration that the program has loaded by region.
    ///
    /// It is taken as it is, but that its HTTP client, the SDK's own too, no longer lets the SDK repeat a change whose
    /// answer was lost.
    pub fn new(base: SdkConfig) -> Self {
        let client = base.http_client().map_or_else(|| client::new(None), client::once);
        Self::over(base.into_builder().http_client(client).build())
    }

    fn over(base: SdkConfig) -> Self {
        Self { base, account: Arc::default() }
    }

    /// Connects as the SDK's own environment variables and files say.
    ///
    /// # Errors
    /// [`ConnectError::Endpoint`] for an `AWS_ENDPOINT_URL` that is none.
    pub async fn from_env() -> Result<Self, ConnectError> {
        Self::builder().connect().await
    }

    /// A connection for which some things are said in the program.
    pub fn builder() -> AwsBuilder {
        AwsBuilder::default()
    }

    /// The configuration for a region.
    pub fn config(&self, region: &'static str) -> SdkConfig {
        self.base.clone().into_builder().region(Region::from_static(region)).build()
    }

    /// The configuration for a region whose name the program does not know.
    #[cfg(feature = "s3-store")]
    pub(crate) fn in_region(&self, region: String) -> SdkConfig {
        self.base.clone().into_builder().region(Region::new(region)).build()
    }

    /// The region that environment or profile name.
    #[cfg(feature = "s3-store")]
    pub(crate) fn region(&self) -> Option<Region> {
        self.base.region().cloned()
    }

    /// Whether a service is reached at an endpoint that is not one of AWS's.
    #[cfg(feature = "s3-store")]
    pub(crate) fn is_elsewhere(&self, service: &str) -> bool {
        let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let of_service = key.build().ok().and_then(|key| self.base.service_config()?.load_config(key));
        let url = of_service.as_deref().or_else(|| self.base.endpoint_url());
        url.is_some_and(|url| !endpoint::is_of_aws(url))
    }

    /// Whether there are credentials, found out before any call to AWS.
    ///
    /// # Errors
    /// [`ConnectError::NoCredentials`] when nothing provides any, [`ConnectError::Credentials`] when what should
    /// provide them fails.
    pub async fn check_credentials(&self) -> Result<(), ConnectError> {
        let no_provider = || CredentialsError::not_loaded("the configuration has no credentials provider");
        let provider = self.base.credentials_provider();
        let provider = provider.ok_or_else(|| ConnectError::NoCredentials { source: Box::new(no_provider()) })?;
        match provider.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(source) if credentials::are_lacking(&source) => {
                Err(ConnectError::NoCredentials { source: Box::new(source) })
            }
            Err(source) => Err(ConnectError::Credentials { source: Box::new(source) }),
        }
    }

    /// Id of the account that the credentials belong to: 12 digits, asked of STS once.
    ///
    /// API: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn account(&self) -> Result<&str, Fault> {
        let account = self.account.get_or_try_init(|| async {
            let client = aws_sdk_sts::Client::new(&self.config("us-east-1"));
            let reply = client.get_caller_identity().send().await.map_err(fault("sts:GetCallerIdentity"))?;
            reply.account.ok_or_else(|| Fault::incomplete("sts:GetCallerIdentity", "Account"))
        });
        account.await.map(String::as_str)
    }

    /// What tells this cloud from others: the account, and whether AWS itself answers. An executor that knows it
    /// refuses a state whose objects are elsewhere.
    ///
    /// # Errors
    /// The fault of the call that asks for the account.
    pub async fn cloud(&self) -> Result<String, Fault> {
        let account = self.account().await?;
        let of_aws = self.base.endpoint_url().is_none_or(endpoint::is_of_aws);
        let provider = if of_aws { "AWS" } else { "an endpoint other than AWS" };
        Ok(format!("account {account} at {provider}"))
    }
}

/// What a program says about its connection; everything else comes from the environment.
#[derive(Debug, Default)]
pub struct AwsBuilder {
    endpoint: Option<String>,
    services: BTreeMap<String, String>,
    profile: Option<String>,
    credentials: Option<SharedCredentialsProvider>,
    tap: Option<Tap>,
}

impl AwsBuilder {
    /// Sends every call to one endpoint, `http://127.0.0.1:5000`, where no endpoint is set for its service.
    ///
    /// Where no credentials are configured, the calls are signed with dummy ones.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sends the calls of one service to an endpoint, as `AWS_ENDPOINT_URL_<SERVICE>` does.
    ///
    /// `service` is the SDK's id of the service, in any case, words joined by spaces or `_`: `CloudFront`,
    /// `Secrets Manager`, `ELASTIC_LOAD_BALANCING_V2`.
    #[must_use]
    pub fn service_endpoint(mut self, service: &str, url: impl Into<String>) -> Self {
        self.services.insert(service_key(service), url.into());
        self
    }

    /// Uses a profile of the shared files instead of the one that `AWS_PROFILE` names.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Uses these credentials and looks for no others.
    #[must_use]
    pub fn credentials(mut self, credentials: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(SharedCredentialsProvider::new(credentials));
        self
    }

    /// Puts a wire tap between the SDK and the network: for tests.
    #[must_use]
    pub fn tap(mut self, tap: &Tap) -> Self {
        self.tap = Some(tap.clone());
        self
    }

    /// Makes the connection; nothing is called yet.
    ///
    /// # Errors
    /// [`ConnectError::Endpoint`] for an endpoint that is none.
    pub async fn connect(self) -> Result<Aws, ConnectError> {
        for url in self.endpoint.iter().chain(self.services.values()) {
            endpoint::check(url)?;
        }
        let mut region = ProfileFileRegionProvider::builder();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(RetryConfig::standard())
            .timeout_config(TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build())
            .http_client(client::new(self.tap));
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
            region = region.profile_name(profile);
        }
        // Every client is made for a region that the topology names. This one is for signing in only: without
        // it the SDK would ask the instance metadata service, which takes seconds where there is none.
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(region.build())
            .or_else(Region::from_static("us-east-1"));
        let base = loader.region(region).no_credentials().load().await;
        let endpoint = self.endpoint.or_else(|| base.endpoint_url().map(str::to_owned));
        let mut builder = base.clone().into_builder();
        if let Some(url) = &endpoint {
            endpoint::check(url)?;
            builder = builder.endpoint_url(url);
        }
        let credentials = if let Some(credentials) = self.credentials {
            credentials
        } else {
            let of_aws = endpoint.as_deref().is_none_or(endpoint::is_of_aws);
            credentials::provider(base.region(), self.profile.as_deref(), of_aws).await
        };
        let builder = builder.credentials_provider(credentials);
        Ok(Aws::over(builder.service_config(Endpoints { services: self.services, endpoint, base }).build()))
    }
}

/// Endpoints by service, in the order in which they win: the program's for the service, the environment's for the
/// service, the program's for all, the environment's for all.
#[derive(Debug)]
struct Endpoints {
    services: BTreeMap<String, String>,
    endpoint: Option<String>,
    base: SdkConfig,
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let load = |key| self.base.service_config().and_then(|environment| environment.load_config(key));
        if key.env() != "AWS_ENDPOINT_URL" {
            return load(key);
        }
        if let Some(url) = self.services.get(&service_key(key.service_id())) {
            return Some(url.clone());
        }
        // The environment answers with the endpoint of all services where the service has none of its own.
        let any = ServiceConfigKey::builder().service_id("none").env(key.env()).profile(key.profile()).build();
        let of_all = any.ok().and_then(load);
        load(key).filter(|url| Some(url) != of_all.as_ref()).or_else(|| self.endpoint.clone())
    }
}

/// The service's id as `AWS_ENDPOINT_URL_<SERVICE>` has it.
fn service_key(service: &str) -> String {
    service.to_uppercase().replace(' ', "_")
}
