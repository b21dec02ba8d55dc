//! Names of EC2 instance types.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Name of an EC2 instance type: `m7g.large`.
///
/// Its form is checked, not whether AWS offers it: that differs between regions and grows every month.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceType(String);

/// A text that names no instance type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no EC2 instance type: {why}; one looks like `m7g.large`")]
pub struct InvalidInstanceType {
    text: String,
    why: &'static str,
}

/// Instruction set of a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// Intel and AMD.
    X86_64,
    /// AWS Graviton.
    Arm64,
}

impl Architecture {
    /// AWS's name of it: `arm64`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl InstanceType {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Instruction set of its processor, by AWS's way of naming: a `g` after the generation is Graviton.
    pub fn architecture(&self) -> Architecture {
        let family = self.0.split('.').next().unwrap_or_default();
        let options = family.trim_start_matches(|c: char| !c.is_ascii_digit());
        let options = options.trim_start_matches(|c: char| c.is_ascii_digit());
        let graviton = family == "a1" || options.split('-').next().is_some_and(|options| options.contains('g'));
        if graviton { Architecture::Arm64 } else { Architecture::X86_64 }
    }
}

impl FromStr for InstanceType {
    type Err = InvalidInstanceType;

    fn from_str(text: &str) -> Result<Self, InvalidInstanceType> {
        let invalid = |why| Err(InvalidInstanceType { text: text.to_owned(), why });
        let Some((family, size)) = text.split_once('.') else {
            return invalid("it has no dot between family and size");
        };
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !word(family) || !word(size) {
            return invalid("family and size are lower-case letters, digits and `-`");
        }
        if !family.starts_with(|c: char| c.is_ascii_lowercase()) || !family.contains(|c: char| c.is_ascii_digit()) {
            return invalid("its family is not a letter with a generation");
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for InstanceType {
    type Error = InvalidInstanceType;

    fn try_from(text: String) -> Result<Self, InvalidInstanceType> {
        text.parse()
    }
}

impl From<InstanceType> for String {
    fn from(name: InstanceType) -> Self {
        name.0
    }
}

impl fmt::Display for InstanceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_architecture() {
        for (name, architecture) in [
            ("m7g.large", Architecture::Arm64),
            ("t4g.micro", Architecture::Arm64),
            ("c7gn.16xlarge", Architecture::Arm64),
            ("x2gd.metal", Architecture::Arm64),
            ("im4gn.large", Architecture::Arm64),
            ("g5g.xlarge", Architecture::Arm64),
            ("a1.large", Architecture::Arm64),
            ("t3.micro", Architecture::X86_64),
            ("m7i-flex.large", Architecture::X86_64),
            ("g4dn.xlarge", Architecture::X86_64),
            ("u7i-12tb.224xlarge", Architecture::X86_64),
        ] {
            assert_eq!(name.parse::<InstanceType>().map(|kind| kind.architecture()), Ok(architecture), "{name}");
        }
    }

    #[test]
    fn what_is_no_type_says_why() {
        for (name, why) in [
            ("m7g", "no dot"),
            ("M7g.large", "lower-case"),
            ("m7g.", "lower-case"),
            ("large.m7g", "generation"),
            ("m7g.large ", "lower-case"),
        ] {
            let error = name.parse::<InstanceType>().expect_err(name).to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
    }
}
