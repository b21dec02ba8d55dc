#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;

mod alias;
mod caller_identity;
mod certificate;
mod domain_name;
mod instance_profile;
mod issued_certificate;
mod key;
mod managed_policy;
mod policy;
mod replica_key;
mod role;
mod secret;
mod secret_value;

pub use alias::{Alias, AliasAttributes, AliasName, InvalidAliasName};
pub use caller_identity::{CallerIdentity, CallerIdentityAttributes};
pub use certificate::{Certificate, CertificateAttributes, ValidationRecord};
pub use domain_name::{DomainName, InvalidDomainName};
pub use instance_profile::{InstanceProfile, InstanceProfileAttributes};
pub use issued_certificate::{IssuedCertificate, IssuedCertificateAttributes};
pub use key::{Key, KeyAttributes};
pub use managed_policy::{ManagedPolicy, ManagedPolicyAttributes};
pub use policy::{Conditions, Effect, InvalidPolicy, PolicyDocument, PolicyUse, PrincipalType, Principals, Statement};
pub use replica_key::{ReplicaKey, ReplicaKeyAttributes};
pub use role::{Role, RoleAttributes};
pub use secret::{GenerateSecretString, ReplicaRegion, Secret, SecretAttributes};
pub use secret_value::SecretValue;

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &role::KIND,
        &instance_profile::KIND,
        &managed_policy::KIND,
        &key::KIND,
        &replica_key::KIND,
        &alias::KIND,
        &secret::KIND,
        &certificate::KIND,
        &issued_certificate::KIND,
        &caller_identity::KIND,
    ]
}
