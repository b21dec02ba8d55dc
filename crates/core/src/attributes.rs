//! Values as AWS reports them and as the state stores them.

use std::collections::BTreeMap;

/// A known value of a field or an attribute: a JSON tree.
pub type Value = serde_json::Value;

/// What AWS reports of an object, by attribute name; always holds `id`.
pub type Attributes = BTreeMap<String, Value>;

/// Fields of a resource, by name, all known.
pub type Fields = BTreeMap<String, Value>;

/// Tags of an object.
pub type Tags = BTreeMap<String, String>;
