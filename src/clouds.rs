//! Clouds: all enabled layers together, on AWS or in the sandbox.

use landfall_core::Kind;

/// Every kind of every enabled layer.
pub fn kinds() -> Vec<&'static Kind> {
    #[allow(unused_mut, reason = "without layers nothing is added")]
    let mut kinds: Vec<&'static Kind> = Vec::new();
    #[cfg(feature = "netlayer")]
    kinds.extend(landfall_netlayer::kinds());
    #[cfg(feature = "security")]
    kinds.extend(landfall_security::kinds());
    #[cfg(feature = "datalayer")]
    kinds.extend(landfall_datalayer::kinds());
    #[cfg(feature = "compute")]
    kinds.extend(landfall_compute::kinds());
    #[cfg(feature = "edge")]
    kinds.extend(landfall_edge::kinds());
    #[cfg(feature = "dns")]
    kinds.extend(landfall_dns::kinds());
    #[cfg(feature = "observe")]
    kinds.extend(landfall_observe::kinds());
    kinds
}

/// The providers of every enabled layer, on a connection to AWS.
#[cfg(feature = "aws")]
pub fn on_aws(aws: &landfall_aws::Aws) -> landfall_core::Providers {
    let mut providers = landfall_core::Providers::new();
    #[cfg(feature = "netlayer")]
    landfall_netlayer::aws::register(&mut providers, aws);
    #[cfg(feature = "security")]
    landfall_security::aws::register(&mut providers, aws);
    #[cfg(feature = "datalayer")]
    landfall_datalayer::aws::register(&mut providers, aws);
    #[cfg(feature = "compute")]
    landfall_compute::aws::register(&mut providers, aws);
    #[cfg(feature = "edge")]
    landfall_edge::aws::register(&mut providers, aws);
    #[cfg(feature = "dns")]
    landfall_dns::aws::register(&mut providers, aws);
    #[cfg(feature = "observe")]
    landfall_observe::aws::register(&mut providers, aws);
    providers
}
