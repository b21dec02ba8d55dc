//! Domain names: of certificates, zones, records and distributions.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A domain name, checked and in one form: lower case, without a trailing dot, a `*` only as the first label.
///
/// Underscores are allowed, because validation and service records have them. Names with letters outside ASCII are
/// written in their `xn--` form, as DNS does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

/// A text that is no domain name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a domain name: {why}")]
pub struct InvalidDomainName {
    text: String,
    why: &'static str,
}

impl DomainName {
    /// The name: `www.example.com`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the first label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// The name without a leading `*`: `example.com` for `*.example.com`, and the name itself otherwise.
    #[must_use]
    pub fn without_wildcard(&self) -> Self {
        Self(self.0.strip_prefix("*.").unwrap_or(&self.0).to_owned())
    }

    /// Whether the name is `zone` or below it, as a record has to be.
    pub fn is_within(&self, zone: &Self) -> bool {
        self.0.strip_suffix(&zone.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Whether a certificate for this name is valid for `host`: a `*` stands for exactly one label.
    pub fn covers(&self, host: &Self) -> bool {
        match self.0.strip_prefix("*.") {
            None => self == host,
            Some(parent) => self == host || host.0.split_once('.').is_some_and(|(_, rest)| rest == parent),
        }
    }

    /// Puts labels in front: `example.com` and `www` make `www.example.com`.
    ///
    /// # Errors
    /// [`InvalidDomainName`] when the longer name is none.
    pub fn child(&self, labels: &str) -> Result<Self, InvalidDomainName> {
        format!("{labels}.{self}").parse()
    }

    /// How many labels the name has: 2 for `example.com`.
    pub fn labels(&self) -> usize {
        self.0.split('.').count()
    }
}

impl FromStr for DomainName {
    type Err = InvalidDomainName;

    fn from_str(text: &str) -> Result<Self, InvalidDomainName> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        match fault(&name) {
            Some(why) => Err(InvalidDomainName { text: text.to_owned(), why }),
            None => Ok(Self(name)),
        }
    }
}

/// What keeps a lower-case text from being a domain name.
fn fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if !name.is_ascii() {
        return Some("write letters outside ASCII in their `xn--` form");
    }
    if name.len() > 253 {
        return Some("it is longer than 253 characters");
    }
    let labels = name.strip_prefix("*.").unwrap_or(name);
    for label in labels.split('.') {
        if label.is_empty() {
            return Some("a label between two dots is empty");
        }
        if label.len() > 63 {
            return Some("a label is longer than 63 characters");
        }
        if label.contains('*') {
            return Some("`*` stands only for the whole first label");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Some("a label starts or ends with `-`");
        }
        if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Some("it has a character other than letters, digits, `-`, `_` and `.`");
        }
    }
    let last = labels.rsplit('.').next().unwrap_or_default();
    last.bytes().all(|b| b.is_ascii_digit()).then_some("its last label is a number, as in an IP address")
}

impl TryFrom<String> for DomainName {
    type Error = InvalidDomainName;

    fn try_from(text: String) -> Result<Self, InvalidDomainName> {
        text.parse()
    }
}

impl TryFrom<&str> for DomainName {
    type Error = InvalidDomainName;

    fn try_from(text: &str) -> Result<Self, InvalidDomainName> {
        text.parse()
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> DomainName {
        text.parse().expect(text)
    }

    #[test]
    fn one_form_for_every_spelling() {
        let check = |text: &str, expected: &str| assert_eq!(name(text).as_str(), expected);
        check("Example.COM.", "example.com");
        check("*.Example.com", "*.example.com");
        check("_a1.www.example.com.", "_a1.www.example.com");
        check("xn--bcher-kva.example", "xn--bcher-kva.example");
        check("internal", "internal");
    }

    #[test]
    fn what_is_no_name_says_why() {
        let check = |text: &str, why: &str| {
            let error = text.parse::<DomainName>().expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        };
        check("", "empty");
        check(".", "empty");
        check("example..com", "between two dots");
        check("www.*.example.com", "first label");
        check("*", "first label");
        check("w*.example.com", "first label");
        check("-a.example.com", "starts or ends");
        check("exam ple.com", "character");
        check("https://example.com", "character");
        check("bücher.example", "xn--");
        check("10.0.0.1", "IP address");
        check(&format!("{}.com", "a".repeat(64)), "63");
        check(&["a"; 128].join("."), "253");
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let check = |certificate: &str, host: &str, expected: bool| {
            assert_eq!(name(certificate).covers(&name(host)), expected, "{certificate} {host}");
        };
        check("example.com", "example.com", true);
        check("example.com", "www.example.com", false);
        check("*.example.com", "www.example.com", true);
        check("*.example.com", "example.com", false);
        check("*.example.com", "a.b.example.com", false);
        check("*.example.com", "*.example.com", true);
    }

    #[test]
    fn a_zone_holds_what_is_at_or_below_it() {
        let check = |host: &str, zone: &str, expected: bool| assert_eq!(name(host).is_within(&name(zone)), expected);
        check("example.com", "example.com", true);
        check("a.b.example.com", "example.com", true);
        check("badexample.com", "example.com", false);
        check("com", "example.com", false);
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(text in "(\\*\\.)?([a-z_][a-z0-9_]{0,5}\\.){1,3}[a-z]{2,4}\\.?") {
            let parsed: DomainName = text.parse().unwrap();
            prop_assert_eq!(parsed.to_string().parse::<DomainName>().unwrap(), parsed.clone());
            prop_assert!(!parsed.without_wildcard().is_wildcard());
            prop_assert!(parsed.covers(&parsed) && parsed.is_within(&parsed.without_wildcard()));
        }
    }
}
