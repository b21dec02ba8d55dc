//! Selections: which cookies or query strings count.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Which cookies or query strings count for the cache, or go to the origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// None of them.
    #[default]
    None,
    /// All of them.
    All,
    /// Those named.
    Only(BTreeSet<String>),
    /// All but those named.
    AllExcept(BTreeSet<String>),
}

impl Selection {
    /// Those named.
    pub fn only(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Only(names.into_iter().map(Into::into).collect())
    }

    /// All but those named.
    pub fn all_except(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::AllExcept(names.into_iter().map(Into::into).collect())
    }
}
