//! Statements: which requests a rule of a web ACL is about.

use std::collections::BTreeSet;

use landfall_core::Input;
use serde::{Deserialize, Serialize};

/// Which requests a rule is about.
///
/// API: <https://docs.aws.amazon.com/waf/latest/APIReference/API_Statement.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// Those of addresses that send too many.
    RateBased {
        /// How many one address may send in the window, 10 to 2,000,000,000.
        limit: u32,
        /// Length of the window: 60, 120, 300 or 600; AWS's default is 300.
        evaluation_window_seconds: u32,
        /// Whose requests are counted together.
        aggregate_key: AggregateKey,
        /// Which requests count; default all.
        scope_down: Option<Box<Statement>>,
    },
    /// Those from these countries, by ISO 3166-1 alpha-2 code.
    GeoMatch {
        /// The countries.
        country_codes: BTreeSet<String>,
    },
    /// Those from the addresses of a set.
    IpSetReference {
        /// ARN of the set.
        arn: Input<String>,
    },
    /// Those with a text in some part.
    ByteMatch(ByteMatch),
    /// Those that an earlier rule of the web ACL labelled.
    LabelMatch {
        /// The label: `awswaf:managed:aws:core-rule-set:CrossSiteScripting_Body`.
        key: String,
    },
    /// Those that do not match.
    Not(Box<Statement>),
    /// Those that match all of two or more.
    And(Vec<Statement>),
    /// Those that match any of two or more.
    Or(Vec<Statement>),
    /// A statement in AWS that this crate does not model, by AWS's name. Only reads produce it: it shows as drift, and
    /// can't be declared.
    Unmodelled(String),
}

/// Whose requests a rate counts together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateKey {
    /// Those of the address that the connection comes from.
    Ip,
    /// Those of the first address in a header: the viewer's, where CloudFront makes the connections.
    ForwardedIp {
        /// Name of the header: `X-Forwarded-For`.
        header_name: String,
        /// What is done with requests whose header has no valid address.
        fallback_behavior: FallbackBehavior,
    },
}

/// What is done with requests that lack what a statement looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FallbackBehavior {
    /// They match.
    Match,
    /// They don't.
    NoMatch,
}

/// A text in some part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteMatch {
    /// Where the text is looked for.
    pub field_to_match: FieldToMatch,
    /// Where in the field it stands.
    pub positional_constraint: PositionalConstraint,
    /// The text, at most 200 characters.
    pub search_string: String,
    /// What is done to the field first, in this order.
    pub text_transformations: Vec<TextTransformation>,
}

/// A part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldToMatch {
    /// The path.
    UriPath,
    /// The query string.
    QueryString,
    /// The method.
    Method,
    /// A header, by its name in lower case.
    SingleHeader(String),
}

/// Where in a field a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PositionalConstraint {
    /// It is the whole field.
    Exactly,
    /// The field starts with it.
    StartsWith,
    /// The field ends with it.
    EndsWith,
    /// It is somewhere in the field.
    Contains,
    /// It is somewhere in the field, as a word.
    ContainsWord,
}

/// What is done to a field before it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TextTransformation {
    /// Nothing.
    None,
    /// Letters become lower case.
    Lowercase,
    /// `%20` becomes a space.
    UrlDecode,
    /// `../` and `//` are resolved.
    NormalizePath,
    /// Runs of white space become one space.
    CompressWhiteSpace,
    /// HTML entities become characters.
    HtmlEntityDecode,
}

impl Statement {
    /// Those of addresses that send more than `limit` in five minutes.
    pub fn rate(limit: u32) -> Self {
        Self::RateBased { limit, evaluation_window_seconds: 300, aggregate_key: AggregateKey::Ip, scope_down: None }
    }

    /// Those of viewers that send more than `limit` in five minutes through CloudFront: for web ACLs behind it.
    pub fn forwarded_rate(limit: u32) -> Self {
        let aggregate_key = AggregateKey::ForwardedIp {
            header_name: "X-Forwarded-For".to_owned(),
            fallback_behavior: FallbackBehavior::NoMatch,
        };
        Self::RateBased { limit, evaluation_window_seconds: 300, aggregate_key, scope_down: None }
    }

    /// Those from these countries, by ISO 3166-1 alpha-2 code.
    pub fn countries(country_codes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::GeoMatch { country_codes: country_codes.into_iter().map(Into::into).collect() }
    }

    /// Those whose path starts with `prefix`.
    pub fn path_starts_with(prefix: impl Into<String>) -> Self {
        Self::ByteMatch(ByteMatch {
            field_to_match: FieldToMatch::UriPath,
            positional_constraint: PositionalConstraint::StartsWith,
            search_string: prefix.into(),
            text_transformations: vec![TextTransformation::None],
        })
    }

    /// Those that do not match this one.
    #[must_use]
    pub fn negate(self) -> Self {
        Self::Not(Box::new(self))
    }
}
