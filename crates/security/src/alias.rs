//! KMS alias: a name that people and programs use for a key.

use std::{fmt, str::FromStr};

use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::key::Key;

/// Desired settings of an alias.
///
/// API: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Alias<R: Region> {
    /// Name of the alias: `alias/…`. A change replaces the alias.
    pub alias_name: AliasName,
    /// The key. A change updates the alias.
    #[builder(into)]
    pub target_key: Ref<Key<R>>,
}

/// Name of an alias: `alias/` and up to 250 letters, digits, `/`, `_` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AliasName(String);

/// A text that is no name of an alias.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` can't name a KMS alias: {why}")]
pub struct InvalidAliasName {
    text: String,
    why: &'static str,
}

/// What AWS reports of an alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasAttributes {
    /// The name, `alias/` included.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> Alias<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for Alias<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("alias_name"), Field::updates("target_key")],
    attributes: &[
        Reported::stable("id", "{field.alias_name}"),
        Reported::stable("arn", "arn:aws:kms:{region}:{account}:{attribute.id}"),
    ],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["alias_name"], within: Within::Place }],
    actions: Actions {
        create: &["kms:CreateAlias", "kms:ListAliases"],
        read: &["kms:ListAliases"],
        update: &["kms:UpdateAlias"],
        delete: &["kms:DeleteAlias"],
    },
    timing: "aws_kms_alias",
    ..Kind::of::<Alias<AnyRegion>>("kms.alias")
};

impl AliasName {
    /// The name, `alias/` included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AliasName {
    type Err = InvalidAliasName;

    fn from_str(text: &str) -> Result<Self, InvalidAliasName> {
        let invalid = |why| Err(InvalidAliasName { text: text.to_owned(), why });
        let Some(name) = text.strip_prefix("alias/") else { return invalid("it starts with `alias/`") };
        if name.is_empty() || name.len() > 250 {
            return invalid("1 to 250 characters follow `alias/`");
        }
        if name.starts_with("aws/") {
            return invalid("`alias/aws/` is AWS's own");
        }
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-".contains(&b)) {
            return invalid("it has a character other than letters, digits, `/`, `_` and `-`");
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for AliasName {
    type Error = InvalidAliasName;

    fn try_from(text: String) -> Result<Self, InvalidAliasName> {
        text.parse()
    }
}

impl TryFrom<&str> for AliasName {
    type Error = InvalidAliasName;

    fn try_from(text: &str) -> Result<Self, InvalidAliasName> {
        text.parse()
    }
}

impl From<AliasName> for String {
    fn from(name: AliasName) -> Self {
        name.0
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_where_they_are_made() {
        for name in ["alias/app", "alias/app/data_1-x"] {
            assert_eq!(name.parse::<AliasName>().map(String::from), Ok(name.to_owned()));
        }
        let long = format!("alias/{}", "a".repeat(251));
        for (name, why) in [
            ("app", "starts with"),
            ("alias/", "1 to 250"),
            (long.as_str(), "1 to 250"),
            ("alias/aws/s3", "AWS's own"),
            ("alias/a b", "character"),
        ] {
            let error = name.parse::<AliasName>().expect_err(name).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
