//! Addresses: human names of resources in a topology.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::place::PlaceCode;

/// Human name of a resource in a topology: `ap-south-1/net/ec2.subnet:a`.
///
/// Made of the place, the names of the scopes, the kind and the resource's own name. It is unique in its
/// topology and survives replacements of the object; cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(Arc<str>);

impl Address {
    /// Joins the parts; `prefix` is the place with the scopes' names, separated by `/`.
    pub(crate) fn new(prefix: &str, kind: &str, name: &str) -> Self {
        Self(format!("{prefix}/{kind}:{name}").into())
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Place in which the resource lives.
    pub fn place(&self) -> PlaceCode {
        let code = self.0.split('/').next().unwrap_or_default();
        code.parse().unwrap_or(PlaceCode::global())
    }

    /// Kind of the resource: `ec2.subnet`.
    pub fn kind(&self) -> &str {
        let last = self.0.rsplit('/').next().unwrap_or_default();
        last.split(':').next().unwrap_or_default()
    }

    /// Name of the resource inside its scope: `a`.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, name)| name)
    }

    /// Place and scopes, without kind and name: `ap-south-1/net`.
    pub fn scope(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(scope, _)| scope)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {why}; an address looks like `ap-south-1/net/ec2.subnet:a`")]
pub struct InvalidAddress {
    text: String,
    why: &'static str,
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = |why| InvalidAddress { text: text.to_owned(), why };
        let (path, name) = text.split_once(':').ok_or_else(|| invalid("it has no `:name`"))?;
        check_name(name).map_err(invalid)?;
        let mut parts: Vec<&str> = path.split('/').collect();
        let kind = parts.pop().unwrap_or_default();
        if !kind.split_once('.').is_some_and(|(service, noun)| !service.is_empty() && !noun.is_empty()) {
            return Err(invalid("its kind is not of the form `service.noun`"));
        }
        let (place, scopes) = parts.split_first().ok_or_else(|| invalid("it has no place"))?;
        place.parse::<PlaceCode>().map_err(|_| invalid("its place is no region and not `global`"))?;
        for scope in scopes {
            check_name(scope).map_err(invalid)?;
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Address {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0.as_ref().to_owned()
    }
}

/// Names of scopes and resources: letters, digits, `-`, `_` and `.`, at most 64.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("a name is empty");
    }
    if name.len() > 64 {
        return Err("a name is longer than 64 characters");
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return Err("a name has a character other than letters, digits, `-`, `_` and `.`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_back() {
        let address: Address = "ap-south-1/net/ec2.subnet:a".parse().expect("valid");
        assert_eq!(address.place().as_str(), "ap-south-1");
        assert_eq!(address.kind(), "ec2.subnet");
        assert_eq!(address.name(), "a");
        assert_eq!(address.scope(), "ap-south-1/net");
        assert_eq!(Address::new("ap-south-1/net", "ec2.subnet", "a"), address);
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, why) in [
            ("ec2.subnet", "no `:name`"),
            ("ap-south-1/ec2.subnet:", "name is empty"),
            ("ec2.subnet:a", "no place"),
            ("mars/ec2.subnet:a", "not `global`"),
            ("ap-south-1/subnet:a", "service.noun"),
            ("ap-south-1/n t/ec2.subnet:a", "character"),
        ] {
            let error = text.parse::<Address>().expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
