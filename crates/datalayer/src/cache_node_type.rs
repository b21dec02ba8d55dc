//! Node types of Amazon ElastiCache.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Type of a cache node: `cache.r7g.large`.
///
/// List: <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CacheNodeType(String);

/// A text that is no node type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no node type of Amazon ElastiCache; one looks like `cache.r7g.large`")]
pub struct InvalidCacheNodeType(String);

impl CacheNodeType {
    /// The type.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CacheNodeType {
    type Err = InvalidCacheNodeType;

    fn from_str(text: &str) -> Result<Self, InvalidCacheNodeType> {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        match text.split('.').collect::<Vec<_>>()[..] {
            ["cache", family, size] if is_word(family) && is_word(size) => Ok(Self(text.to_owned())),
            _ => Err(InvalidCacheNodeType(text.to_owned())),
        }
    }
}

impl TryFrom<String> for CacheNodeType {
    type Error = InvalidCacheNodeType;

    fn try_from(text: String) -> Result<Self, InvalidCacheNodeType> {
        text.parse()
    }
}

impl From<CacheNodeType> for String {
    fn from(node_type: CacheNodeType) -> Self {
        node_type.0
    }
}

impl fmt::Display for CacheNodeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_node_types_of_the_service_are_taken() {
        for text in ["cache.r7g.large", "cache.t4g.micro", "cache.m7g.16xlarge"] {
            assert_eq!(text.parse::<CacheNodeType>().map(String::from), Ok(text.to_owned()));
        }
        for text in ["", "r7g.large", "db.r7g.large", "cache.r7g", "cache.R7g.large", "cache.r7g.large.x"] {
            assert_eq!(text.parse::<CacheNodeType>(), Err(InvalidCacheNodeType(text.to_owned())));
        }
    }
}
