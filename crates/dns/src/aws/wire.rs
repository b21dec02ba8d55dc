//! Values between the resources and the SDK.

use aws_smithy_types::error::operation::BuildError;
use landfall_core::{Fault, FaultKind};
use serde::{Serialize, de::DeserializeOwned};

/// The name by which AWS knows a value of an enum that serializes to it.
pub(super) fn name(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The value of an enum by AWS's name for it.
pub(super) fn named<T: DeserializeOwned>(operation: &str, name: &str) -> Result<T, Fault> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(|_| {
        Fault::new(FaultKind::Fatal, operation, format!("the answer has `{name}`, which this version does not know"))
    })
}

/// A part of a request, complete.
pub(super) fn built<T>(part: Result<T, BuildError>) -> Result<T, Fault> {
    part.map_err(|error| Fault::new(FaultKind::Invalid, "composing a request", error.to_string()))
}

/// An id without the path that some answers put in front of it: `/hostedzone/Z1`.
pub(super) fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// A name as records are compared by: no octal escapes, lower case, no dot at the end.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        rest = if let Some(code) = code {
            plain.push(char::from(code));
            &after[3..]
        } else {
            plain.push('\\');
            after
        };
    }
    plain.push_str(rest);
    plain.trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_escapes_and_dots() {
        let check = |name: &str, expected: &str| assert_eq!(plain(name), expected);
        check("www.example.com.", "www.example.com");
        check("\\052.Example.com.", "*.example.com");
        check("a\\0", "a\\0");
        check("", "");
    }

    proptest::proptest! {
        #[test]
        fn a_plain_name_stays_as_it_is(name in "(\\*\\.)?([a-z0-9_]{1,5}\\.){1,3}com") {
            proptest::prop_assert_eq!(plain(&name), name.clone());
            let told = format!("{}.", name.to_uppercase().replace('*', "\\052"));
            proptest::prop_assert_eq!(plain(&told), name);
        }
    }

    #[test]
    fn ids_lose_their_path() {
        assert_eq!(bare("/hostedzone/Z1"), "Z1");
        assert_eq!(bare("Z1"), "Z1");
    }
}
