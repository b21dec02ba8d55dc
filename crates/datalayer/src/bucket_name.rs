//! Names of S3 buckets.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use serde::{Deserialize, Serialize};

/// Name of an S3 bucket: unique in all of AWS, 3 to 63 characters, fit for a DNS label and a TLS certificate.
///
/// Rules: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>, without dots, which no
/// certificate of S3 covers.
///
/// ```
/// use landfall_datalayer::BucketName;
///
/// let name: BucketName = "twin-assets-mumbai".parse()?;
/// assert_eq!(name.as_str(), "twin-assets-mumbai");
/// assert!("Twin_Assets".parse::<BucketName>().is_err());
/// # Ok::<(), landfall_datalayer::InvalidBucketName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BucketName(String);

/// A text that can't name a bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` can't name a bucket: {why}")]
pub struct InvalidBucketName {
    name: String,
    why: &'static str,
}

const RESERVED_STARTS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_ENDS: [&str; 5] = ["-s3alias", "--ol-s3", "--x-s3", "--table-s3", ".mrap"];

impl BucketName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = InvalidBucketName;

    fn from_str(name: &str) -> Result<Self, InvalidBucketName> {
        match fault_of(name) {
            None => Ok(Self(name.to_owned())),
            Some(why) => Err(InvalidBucketName { name: name.to_owned(), why }),
        }
    }
}

fn fault_of(name: &str) -> Option<&'static str> {
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    if !(3..=63).contains(&name.len()) {
        Some("a name has 3 to 63 characters")
    } else if RESERVED_ENDS.iter().any(|end| name.ends_with(end)) {
        Some("AWS reserves its ending")
    } else if name.parse::<Ipv4Addr>().is_ok() {
        Some("it looks like an IP address")
    } else if name.contains('.') {
        Some("the certificates of S3 don't cover names with dots")
    } else if !bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-') {
        Some("a name has lower-case letters, digits and `-` only")
    } else if !is_edge(bytes.first()) || !is_edge(bytes.last()) {
        Some("a name starts and ends with a letter or a digit")
    } else if RESERVED_STARTS.iter().any(|start| name.starts_with(start)) {
        Some("AWS reserves its beginning")
    } else {
        None
    }
}

impl TryFrom<String> for BucketName {
    type Error = InvalidBucketName;

    fn try_from(name: String) -> Result<Self, InvalidBucketName> {
        name.parse()
    }
}

impl TryFrom<&str> for BucketName {
    type Error = InvalidBucketName;

    fn try_from(name: &str) -> Result<Self, InvalidBucketName> {
        name.parse()
    }
}

impl From<BucketName> for String {
    fn from(name: BucketName) -> Self {
        name.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wrong_name_says_why() {
        let check = |name: &str, why: &str| {
            let error = name.parse::<BucketName>().expect_err(name).to_string();
            assert_eq!(error, format!("`{name}` can't name a bucket: {why}"));
        };
        check("ab", "a name has 3 to 63 characters");
        check(&"a".repeat(64), "a name has 3 to 63 characters");
        check("Assets", "a name has lower-case letters, digits and `-` only");
        check("my_assets", "a name has lower-case letters, digits and `-` only");
        check("-assets", "a name starts and ends with a letter or a digit");
        check("assets-", "a name starts and ends with a letter or a digit");
        check("cdn.example.com", "the certificates of S3 don't cover names with dots");
        check("10.0.0.1", "it looks like an IP address");
        check("xn--assets", "AWS reserves its beginning");
        check("assets-s3alias", "AWS reserves its ending");
        check("assets--x-s3", "AWS reserves its ending");
    }

    #[test]
    fn a_wrong_name_does_not_deserialize() {
        assert!(serde_json::from_str::<BucketName>("\"Assets\"").is_err());
        assert!(serde_json::from_str::<BucketName>("\"assets\"").is_ok());
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_printed_unchanged(name in "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]") {
            if let Ok(parsed) = name.parse::<BucketName>() {
                prop_assert_eq!(parsed.to_string(), name);
            }
        }

        #[test]
        fn nothing_else_is_accepted(name in "\\PC{0,70}") {
            if name.parse::<BucketName>().is_ok() {
                prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                prop_assert!((3..=63).contains(&name.len()));
            }
        }
    }
}
