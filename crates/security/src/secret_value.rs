//! A reference to the value of a secret, for fields that must not hold the value itself.

use landfall_core::{AnyRegion, ArnRef, Handle, Input, Region};
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// The value of a secret, or one member of it, as a field of another resource.
///
/// It names the secret and never holds its value: the provider of the other resource reads that when it makes its
/// call. It also carries the value's version, so that a rotation changes the field and plans an update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct SecretValue<R: Region> {
    /// The secret.
    pub secret: ArnRef<Secret<R>>,
    /// Id of the version to read; empty for the current one.
    pub version: Input<String>,
    /// Member of the JSON object that the secret holds; the whole value unless said.
    #[serde(default)]
    pub json_key: Option<String>,
}

impl<R: Region> SecretValue<R> {
    /// The current value of a secret that the topology declares.
    pub fn of(secret: Handle<Secret<R>>) -> Self {
        Self { secret: secret.into(), version: secret.get(Secret::VERSION_ID), json_key: None }
    }

    /// The current value of a secret that exists already, by its ARN; a rotation of it plans nothing.
    pub fn existing(arn: impl Into<String>) -> Self {
        Self { secret: ArnRef::existing(arn), version: Input::from(""), json_key: None }
    }

    /// One member of the JSON object that the secret holds: `password`.
    #[must_use]
    pub fn json_key(mut self, key: impl Into<String>) -> Self {
        self.json_key = Some(key.into());
        self
    }

    /// The same value for a resource that takes secrets of any region.
    pub fn any_region(self) -> SecretValue<AnyRegion> {
        SecretValue { secret: self.secret.cast(), version: self.version, json_key: self.json_key }
    }
}

impl<R: Region> From<Handle<Secret<R>>> for SecretValue<R> {
    fn from(secret: Handle<Secret<R>>) -> Self {
        Self::of(secret)
    }
}
