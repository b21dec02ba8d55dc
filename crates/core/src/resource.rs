//! Resources: typed declarations.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::{kind::Kind, place::Place};

/// A typed declaration of one AWS object: plain data, generic over its place, no behaviour.
///
/// # Assumptions
/// The serialized form is a map whose keys are the fields that the kind lists. Resolved (every
/// [`Input`](crate::Input) a value, every [`Ref`](crate::Ref) an id) it deserializes again, at
/// [`AnyRegion`](crate::AnyRegion): that is what a provider receives.
pub trait Resource: Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static {
    /// Where the resource lives.
    type At: Place;

    /// What the engine knows of its AWS type.
    fn kind() -> &'static Kind;
}
