//! Locations: where in S3 a state is kept, as users write it.

use std::{fmt, str::FromStr};

/// Where in S3 states are kept: `s3://BUCKET/PREFIX?region=REGION&kms_key=KEY&lease_table=TABLE`.
///
/// Prefix and parameters may be left out. Every topology and environment gets a folder of its own below the prefix.
///
/// ```
/// use landfall_aws::s3_store::{Encryption, S3Location};
///
/// let location: S3Location = "s3://example-state/platform?kms_key=alias/state".parse()?;
/// assert_eq!((location.bucket.as_str(), location.prefix.as_str()), ("example-state", "platform"));
/// assert_eq!(location.encryption, Encryption::Kms("alias/state".to_owned()));
/// # Ok::<(), landfall_aws::s3_store::LocationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Location {
    /// The bucket.
    pub bucket: String,
    /// Folder in the bucket, without slashes at its ends; empty for the bucket's root.
    pub prefix: String,
    /// Region of the bucket; asked of S3 when `None`.
    pub region: Option<String>,
    /// How objects are encrypted. Default: with S3's own keys.
    pub encryption: Encryption,
    /// DynamoDB table that keeps lease and order of the log, in the bucket's region; `None` keeps both in the bucket,
    /// which needs conditional writes. Its only key is the string `LockID`, as in lock tables of Terraform. Takes the
    /// feature `dynamodb-lease`.
    pub lease_table: Option<String>,
}

/// How objects are encrypted at rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Encryption {
    /// With keys that S3 manages (SSE-S3).
    #[default]
    S3,
    /// With a KMS key (SSE-KMS, with a bucket key): an id, an alias, or an ARN.
    Kms(String),
    /// As the bucket says; also for services that know no encryption.
    Bucket,
}

/// A location that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` is no place for a state: {why}; one looks like `s3://bucket/prefix?region=eu-west-2`")]
pub struct LocationError {
    /// What was given.
    pub url: String,
    /// What is wrong with it.
    pub why: String,
}

impl S3Location {
    /// A folder in a bucket, `""` for its root.
    ///
    /// # Errors
    /// [`LocationError`] for names that S3 does not take, or takes and others mangle.
    pub fn new(bucket: &str, prefix: &str) -> Result<Self, LocationError> {
        format!("s3://{bucket}/{prefix}").parse()
    }
}

impl FromStr for S3Location {
    type Err = LocationError;

    fn from_str(url: &str) -> Result<Self, LocationError> {
        parse(url).map_err(|why| LocationError { url: url.to_owned(), why })
    }
}

fn parse(url: &str) -> Result<S3Location, String> {
    let rest = url.strip_prefix("s3://").ok_or("it does not start with `s3://`")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let prefix = prefix.trim_end_matches('/');
    check_bucket(bucket)?;
    check_prefix(prefix)?;
    let mut location = S3Location {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        region: None,
        encryption: Encryption::default(),
        lease_table: None,
    };
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) =
            part.split_once('=').filter(|(_, value)| !value.is_empty()).ok_or_else(|| no_value(part))?;
        match name {
            "region" => location.region = Some(value.to_owned()),
            "kms_key" => location.encryption = Encryption::Kms(value.to_owned()),
            "lease_table" if cfg!(feature = "dynamodb-lease") => location.lease_table = Some(value.to_owned()),
            "lease_table" => return Err("this program was built without leases in DynamoDB".to_owned()),
            _ => return Err(format!("it knows no `{name}`, but `region`, `kms_key` and `lease_table`")),
        }
    }
    Ok(location)
}

fn no_value(part: &str) -> String {
    format!("`{part}` has no value")
}

fn check_bucket(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = (3..=63).contains(&name.len())
        && name.chars().all(|c| plain(c) || matches!(c, '-' | '.'))
        && name.starts_with(plain)
        && name.ends_with(plain)
        && !name.contains("..");
    if fits { Ok(()) } else { Err(format!("`{name}` is no name of a bucket")) }
}

fn check_prefix(prefix: &str) -> Result<(), String> {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '!' | '-' | '_' | '.' | '*' | '\'' | '(' | ')');
    let fits = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(safe);
    if prefix.is_empty() || (prefix.len() <= 512 && prefix.split('/').all(fits)) {
        Ok(())
    } else {
        Err(format!("`{prefix}` is no prefix of letters, digits and `!-_.*'()` between single slashes"))
    }
}

impl fmt::Display for S3Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, prefix, region, encryption, lease_table } = self;
        write!(f, "s3://{bucket}/{prefix}")?;
        let key = if let Encryption::Kms(key) = encryption { Some(key) } else { None };
        let mut mark = '?';
        for (name, value) in [("region", region.as_ref()), ("kms_key", key), ("lease_table", lease_table.as_ref())] {
            if let Some(value) = value {
                write!(f, "{mark}{name}={value}")?;
                mark = '&';
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_as_they_are_written() {
        for url in [
            "s3://example-state/",
            "s3://example-state/platform/prod",
            "s3://example.state.1/a_b!c?region=eu-west-2",
            "s3://example-state/x?region=eu-west-2&kms_key=arn:aws:kms:eu-west-2:123456789012:key/0d2a-8b5e",
        ] {
            assert_eq!(url.parse::<S3Location>().unwrap().to_string(), url);
        }
        let plain: S3Location = "s3://example-state".parse().unwrap();
        assert_eq!(plain, "s3://example-state/".parse().unwrap());
        assert_eq!(plain, S3Location::new("example-state", "").unwrap());
        assert_eq!(S3Location::new("example-state", "a/b/").unwrap().prefix, "a/b");
    }

    #[test]
    fn what_is_no_location_says_why() {
        for (url, why) in [
            ("example-state/x", "it does not start with `s3://`"),
            ("https://example-state/x", "it does not start with `s3://`"),
            ("s3:///x", "`` is no name of a bucket"),
            ("s3://Example/x", "`Example` is no name of a bucket"),
            ("s3://a..b/x", "`a..b` is no name of a bucket"),
            ("s3://example-/x", "`example-` is no name of a bucket"),
            ("s3://example-state//x", "`/x` is no prefix of letters, digits and `!-_.*'()` between single slashes"),
            (
                "s3://example-state/a/../b",
                "`a/../b` is no prefix of letters, digits and `!-_.*'()` between single slashes",
            ),
            (
                "s3://example-state/a%20b",
                "`a%20b` is no prefix of letters, digits and `!-_.*'()` between single slashes",
            ),
            ("s3://example-state/x?region=", "`region=` has no value"),
            ("s3://example-state/x?colour=red", "it knows no `colour`, but `region`, `kms_key` and `lease_table`"),
        ] {
            assert_eq!(url.parse::<S3Location>().unwrap_err().why, why, "{url}");
        }
    }
}
