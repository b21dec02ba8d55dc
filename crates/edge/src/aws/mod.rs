//! How the layer's kinds run on AWS.

mod cache_policy;
mod distribution;
mod origin_access_control;
mod origin_request_policy;
mod response_headers_policy;
mod selection;
mod web_acl;
mod web_acl_association;
mod wire;

use landfall_aws::{Aws, Regional};
use landfall_core::Providers;
use landfall_security::aws::SecretReader;

use crate::web_acl::{CloudFront, Regional as RegionalScope};

/// The client of Amazon CloudFront.
type CloudFrontClient = Regional<aws_sdk_cloudfront::Client>;

/// Clients of AWS WAF, one per region.
type Waf = Regional<aws_sdk_wafv2::Client>;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let cloudfront = CloudFrontClient::new(aws, aws_sdk_cloudfront::Client::new);
    let waf = Waf::new(aws, aws_sdk_wafv2::Client::new);
    let secrets = SecretReader::new(aws);
    providers.add_typed(distribution::Provider { cloudfront: cloudfront.clone(), secrets });
    providers.add_typed(origin_access_control::Provider(cloudfront.clone()));
    providers.add_typed(cache_policy::Provider(cloudfront.clone()));
    providers.add_typed(origin_request_policy::Provider(cloudfront.clone()));
    providers.add_typed(response_headers_policy::Provider(cloudfront));
    providers.add_typed(web_acl::Provider::<RegionalScope>::new(waf.clone()));
    providers.add_typed(web_acl::Provider::<CloudFront>::new(waf.clone()));
    providers.add_typed(web_acl_association::Provider(waf));
}
