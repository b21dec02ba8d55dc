//! Parameter of Systems Manager's parameter store: a named text of a region.

use std::{fmt, marker::PhantomData, str::FromStr};

use landfall_core::{
    AnyRegion, Attribute, Input, Kind, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

/// Desired settings of a parameter of type `String`. Secrets belong into Secrets Manager instead.
///
/// Public parameters of AWS, such as the current image of Amazon Linux, are looked up:
/// `scope.lookup::<Parameter<_>>("ami", "/aws/service/ami-amazon-linux-latest/…").get(Parameter::VALUE)`. A launch
/// template does better with [`Image::SsmParameter`](crate::Image::SsmParameter), which EC2 resolves whenever an
/// instance starts: a looked-up value would change the plan on every day that AWS publishes an image.
///
/// API: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Parameter<R: Region> {
    /// Name, with its path, once per region. A change replaces the parameter.
    pub name: ParameterName,
    /// The text, at most 4096 characters. A change updates the parameter.
    #[builder(into)]
    pub value: Input<String>,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

/// Name of a parameter, with its path: `/web/release`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParameterName(String);

/// A text that names no parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no parameter: {why}")]
pub struct InvalidParameterName {
    text: String,
    why: &'static str,
}

impl ParameterName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ParameterName {
    type Err = InvalidParameterName;

    fn from_str(text: &str) -> Result<Self, InvalidParameterName> {
        let invalid = |why| Err(InvalidParameterName { text: text.to_owned(), why });
        if text.is_empty() || text.len() > 1011 {
            return invalid("use 1 to 1011 characters");
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-/".contains(&b)) {
            return invalid("use letters, digits, `_`, `.`, `-` and `/`");
        }
        if text.contains('/') && !text.starts_with('/') {
            return invalid("a name with a path starts with `/`");
        }
        if text.ends_with('/') || text.contains("//") {
            return invalid("its path has an empty part");
        }
        if text.matches('/').count() > 15 {
            return invalid("its path has more than 15 parts");
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for ParameterName {
    type Error = InvalidParameterName;

    fn try_from(text: String) -> Result<Self, InvalidParameterName> {
        text.parse()
    }
}

impl From<ParameterName> for String {
    fn from(name: ParameterName) -> Self {
        name.0
    }
}

impl fmt::Display for ParameterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What AWS reports of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterAttributes {
    /// Its name.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// The text.
    pub value: String,
}

impl<R: Region> Parameter<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// The text.
    pub const VALUE: Attribute<Self> = Attribute::new("value");
}

impl<R: Region> Resource for Parameter<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("name"), Field::updates("value")],
    attributes: &[
        Reported::stable("id", "{field.name}"),
        Reported::stable("arn", "arn:aws:ssm:{region}:{account}:parameter{field.name}"),
        Reported::changing("value", "{field.value}"),
    ],
    identity: Identity::DerivedName,
    exclusive: &[Exclusive { fields: &["name"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &["ssm:PutParameter", "ssm:AddTagsToResource", "ssm:GetParameter"],
        read: &["ssm:GetParameter", "ssm:ListTagsForResource"],
        update: &["ssm:PutParameter", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"],
        delete: &["ssm:DeleteParameter"],
    },
    check: |site| match site.known("name").as_ref().and_then(|name| name.as_str()) {
        Some(name)
            if name.trim_start_matches('/').starts_with("aws") || name.trim_start_matches('/').starts_with("ssm") =>
        {
            vec![format!("`name` {name} starts with a word that AWS keeps for itself; look the parameter up instead")]
        }
        _ => Vec::new(),
    },
    ..Kind::of::<Parameter<AnyRegion>>("ssm.parameter")
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_where_they_are_made() {
        for name in ["release", "/web/release", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"]
        {
            assert_eq!(name.parse::<ParameterName>().map(String::from), Ok(name.to_owned()));
        }
        for (name, why) in [
            ("", "1 to 1011"),
            ("web release", "letters"),
            ("web/release", "starts with `/`"),
            ("/web/", "empty part"),
            ("/web//release", "empty part"),
        ] {
            let error = name.parse::<ParameterName>().expect_err(name).to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
    }
}
