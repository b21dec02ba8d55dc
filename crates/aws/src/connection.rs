//! The connection to AWS: one configuration, varied by region.

use aws_types::{SdkConfig, region::Region};

/// A connection to AWS, or to something that speaks its protocols; cheap to clone.
///
/// Credentials, profile and endpoints come from `aws-config`: environment, shared files, SSO, instance roles.
#[derive(Debug, Clone)]
pub struct Aws {
    base: SdkConfig,
}

/// A connection that can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There are no credentials.
    #[error("no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    NoCredentials {
        /// What the credential chain said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Aws {
    /// Varies a configuration that the program has loaded by region.
    pub fn new(base: SdkConfig) -> Self {
        Self { base }
    }

    /// The configuration for a region.
    pub fn config(&self, region: &'static str) -> SdkConfig {
        self.base.clone().into_builder().region(Region::from_static(region)).build()
    }
}
