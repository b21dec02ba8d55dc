//! Instance classes of Amazon RDS.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Class of a database instance: `db.r7g.large`, or `db.serverless`.
///
/// List: <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DbInstanceClass(String);

/// A text that is no instance class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no instance class of Amazon RDS; one looks like `db.r7g.large`")]
pub struct InvalidDbInstanceClass(String);

impl DbInstanceClass {
    /// The class.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lives on processor credits, as `db.t4g` does. AWS takes no such class in a global database.
    pub fn is_burstable(&self) -> bool {
        self.0.starts_with("db.t")
    }

    /// Whether it scales by itself, within its cluster's bounds.
    pub fn is_serverless(&self) -> bool {
        self.0 == "db.serverless"
    }
}

impl FromStr for DbInstanceClass {
    type Err = InvalidDbInstanceClass;

    fn from_str(class: &str) -> Result<Self, InvalidDbInstanceClass> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let valid = match class.split('.').collect::<Vec<_>>()[..] {
            ["db", "serverless"] => true,
            ["db", family, size] => is_word(family) && is_word(size),
            _ => false,
        };
        if valid { Ok(Self(class.to_owned())) } else { Err(InvalidDbInstanceClass(class.to_owned())) }
    }
}

impl TryFrom<String> for DbInstanceClass {
    type Error = InvalidDbInstanceClass;

    fn try_from(class: String) -> Result<Self, InvalidDbInstanceClass> {
        class.parse()
    }
}

impl From<DbInstanceClass> for String {
    fn from(class: DbInstanceClass) -> Self {
        class.0
    }
}

impl fmt::Display for DbInstanceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_told_apart() {
        let check = |class: &str, burstable, serverless| {
            let class: DbInstanceClass = class.parse().unwrap();
            assert_eq!((class.is_burstable(), class.is_serverless()), (burstable, serverless));
            assert_eq!(serde_json::to_value(&class).unwrap(), class.as_str());
        };
        check("db.r7g.large", false, false);
        check("db.x2g.16xlarge", false, false);
        check("db.t4g.medium", true, false);
        check("db.serverless", false, true);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "r7g.large", "db.r7g", "db..large", "db.R7g.large", "cache.r7g.large", "db.r7g.large.x"] {
            assert_eq!(text.parse::<DbInstanceClass>(), Err(InvalidDbInstanceClass(text.to_owned())));
        }
    }
}
