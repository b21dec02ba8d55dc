//! Names of DynamoDB tables.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Name of a DynamoDB table: 3 to 255 letters, digits, `_`, `-` and `.`.
///
/// Rules: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
///
/// ```
/// use landfall_datalayer::TableName;
///
/// let name: TableName = "twin-locks".parse()?;
/// assert_eq!(name.as_str(), "twin-locks");
/// assert!("twin locks".parse::<TableName>().is_err());
/// # Ok::<(), landfall_datalayer::InvalidTableName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName(String);

/// A text that can't name a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` can't name a table: a name has 3 to 255 letters, digits, `_`, `-` and `.`")]
pub struct InvalidTableName {
    name: String,
}

impl TableName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TableName {
    type Err = InvalidTableName;

    fn from_str(name: &str) -> Result<Self, InvalidTableName> {
        name.to_owned().try_into()
    }
}

impl TryFrom<String> for TableName {
    type Error = InvalidTableName;

    fn try_from(name: String) -> Result<Self, InvalidTableName> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if (3..=255).contains(&name.len()) && name.bytes().all(fits) {
            Ok(Self(name))
        } else {
            Err(InvalidTableName { name })
        }
    }
}

impl TryFrom<&str> for TableName {
    type Error = InvalidTableName;

    fn try_from(name: &str) -> Result<Self, InvalidTableName> {
        name.parse()
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.0
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_dynamodb_takes() {
        let long = "a".repeat(255);
        for good in ["abc", "Twin_Locks-1.prod", "...", &long] {
            assert_eq!(good.parse::<TableName>().unwrap().to_string(), good);
        }
        for bad in ["", "ab", "two words", "späte", "a/b/c", &(long + "a")] {
            assert!(bad.parse::<TableName>().is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<TableName>("\"a b c\"").is_err());
    }
}
