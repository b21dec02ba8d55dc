//! Options of a single resource.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    address::Address,
    attributes::Tags,
    handle::{Handle, Node},
};

/// Options of a single resource, for [`Scope::add_with`](crate::Scope::add_with).
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub(crate) keep: Keep,
    pub(crate) ignore: Vec<String>,
    pub(crate) formerly: Vec<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) tags: Tags,
    pub(crate) after: Vec<Node>,
}

/// What happens to an object that would be deleted; kept in the state, so that it outlives the code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// A plan that would delete or replace the object is refused.
    #[serde(default)]
    pub protect: bool,
    /// The object is left in AWS and forgotten instead of being deleted.
    #[serde(default)]
    pub retain: bool,
    /// Longest time that its deletion may take, where the program says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses every plan that would delete or replace the object, also after its code is gone.
    #[must_use]
    pub fn protect(mut self) -> Self {
        self.keep.protect = true;
        self
    }

    /// Leaves the object in AWS when it is no longer declared or is replaced, and forgets it.
    ///
    /// It keeps what only one object can have, and what it uses: a plan that needs the one for another object, or
    /// would delete the other, is refused; a destroy leaves and forgets what it uses too.
    #[must_use]
    pub fn retain(mut self) -> Self {
        self.keep.retain = true;
        self
    }

    /// Leaves a field as it is in AWS after the create: `ignore("desired_capacity")`.
    #[must_use]
    pub fn ignore(mut self, field: impl Into<String>) -> Self {
        self.ignore.push(field.into());
        self
    }

    /// The address under which an earlier version of the program declared the resource; no object changes.
    #[must_use]
    pub fn formerly(mut self, address: impl Into<String>) -> Self {
        self.formerly.push(address.into());
        self
    }

    /// Longest time a create, update or delete may take, waiting included; one hour unless said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Adds a tag to the object, beside those of its scope and topology.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Waits for another resource that no field refers to: a certificate for its validation records.
    #[must_use]
    pub fn after<T>(mut self, handle: Handle<T>) -> Self {
        self.after.push(handle.node());
        self
    }
}

/// Options of a declaration once lowered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// What happens to an object that would be deleted.
    pub keep: Keep,
    /// Fields left as they are in AWS after the create.
    pub ignore: Vec<String>,
    /// Addresses of the resource in earlier versions of the program.
    pub formerly: Vec<Address>,
    /// Longest time one operation may take.
    pub timeout: Duration,
}
