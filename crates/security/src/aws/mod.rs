//! How the layer's kinds run on AWS.

mod acm;
mod alias;
mod caller_identity;
mod certificate;
mod iam;
mod instance_profile;
mod issued_certificate;
mod key;
mod kms;
mod managed_policy;
mod replica_key;
mod role;
mod secret;
mod secret_value;

pub use secret_value::{Plaintext, SecretReader};

use landfall_aws::{Aws, Regional};
use landfall_core::Providers;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let iam = Regional::new(aws, aws_sdk_iam::Client::new);
    providers.add_typed(role::Provider(iam.clone()));
    providers.add_typed(instance_profile::Provider(iam.clone()));
    providers.add_typed(managed_policy::Provider(iam));
    let kms = Regional::new(aws, aws_sdk_kms::Client::new);
    providers.add_typed(key::Provider(kms.clone()));
    providers.add_typed(replica_key::Provider(kms.clone()));
    providers.add_typed(alias::Provider(kms));
    providers.add_typed(secret::Provider(Regional::new(aws, aws_sdk_secretsmanager::Client::new)));
    let acm = Regional::new(aws, aws_sdk_acm::Client::new);
    providers.add_typed(certificate::Provider(acm.clone()));
    providers.add_typed(issued_certificate::Provider(acm));
    providers.add_typed(caller_identity::Provider(Regional::new(aws, aws_sdk_sts::Client::new)));
}
