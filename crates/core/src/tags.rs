//! Tags: how an object in AWS says which declaration it belongs to.

use crate::{address::Address, attributes::Tags, state::Token};

/// Tag that names the topology.
pub const TOPOLOGY: &str = "landfall:topology";
/// Tag that names the environment.
pub const ENVIRONMENT: &str = "landfall:environment";
/// Tag that holds the address under which the object was created.
pub const ADDRESS: &str = "landfall:address";
/// Tag that holds the token of the object: how an interrupted create is found again.
pub const TOKEN: &str = "landfall:token";

/// The tags that Landfall itself puts on an object.
pub fn own(topology: &str, environment: &str, address: &Address, token: &Token) -> Tags {
    Tags::from([
        (TOPOLOGY.to_owned(), topology.to_owned()),
        (ENVIRONMENT.to_owned(), environment.to_owned()),
        (ADDRESS.to_owned(), address.to_string()),
        (TOKEN.to_owned(), token.to_string()),
    ])
}

/// The tags that the user declares: without Landfall's own and without AWS's.
pub fn declared(tags: &Tags) -> Tags {
    tags.iter()
        .filter(|(key, _)| !key.starts_with("landfall:") && !key.starts_with("aws:"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// What makes the tags of an object as they should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagChanges {
    /// Tags to write.
    pub set: Tags,
    /// Keys to remove.
    pub remove: Vec<String>,
}

impl TagChanges {
    /// The changes from `have` to `want`; Landfall's own and AWS's tags are never removed.
    pub fn between(want: &Tags, have: &Tags) -> Self {
        Self {
            set: want
                .iter()
                .filter(|(key, value)| have.get(*key) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            remove: declared(have).into_keys().filter(|key| !want.contains_key(key)).collect(),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}
