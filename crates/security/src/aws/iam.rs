//! What the kinds of IAM share: tags, and documents as IAM answers them.

use aws_sdk_iam::types::Tag;
use landfall_aws::Regional;
use landfall_core::{Context, Fault, Tags, tags::TagChanges};

use crate::policy::PolicyDocument;

/// Clients of IAM; it has one endpoint for all regions.
pub(super) type Iam = Regional<aws_sdk_iam::Client>;

/// The tags of a create request: the user's and Landfall's own.
pub(super) fn tags_on_create(cx: &Context) -> Result<Vec<Tag>, Fault> {
    to_tags(cx.all_tags())
}

/// The tags of an answer.
pub(super) fn read_tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

/// Tags to write, `None` when there are none.
pub(super) fn tags_to_set(changes: &TagChanges) -> Result<Option<Vec<Tag>>, Fault> {
    if changes.set.is_empty() { Ok(None) } else { to_tags(changes.set.clone()).map(Some) }
}

/// Keys of tags to remove, `None` when there are none.
pub(super) fn tags_to_remove(changes: &TagChanges) -> Option<Vec<String>> {
    (!changes.remove.is_empty()).then(|| changes.remove.clone())
}

fn to_tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    let build = |(key, value): (String, String)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(build).collect::<Result<_, _>>().map_err(|error| {
        Fault::new(landfall_core::FaultKind::Fatal, "iam:TagResource", format!("a tag can't be built: {error}"))
    })
}

/// Reads a policy document from an answer of `operation`: JSON in percent-encoding.
pub(super) fn document(operation: &'static str, encoded: &str) -> Result<PolicyDocument, Fault> {
    let json = percent_decoded(encoded).ok_or_else(|| Fault::incomplete(operation, "document in percent-encoding"))?;
    json.parse().map_err(|_| Fault::incomplete(operation, "policy document that can be read"))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        decoded.push(digit(bytes.next())? * 16 + digit(bytes.next())?);
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(percent_decoded(text).as_deref(), expected);
        check("%7B%22a%22%3A%20%22%C3%BC%22%7D", Some(r#"{"a": "ü"}"#));
        check(r#"{"plain":"+"}"#, Some(r#"{"plain":"+"}"#));
        check("", Some(""));
        check("%7", None);
        check("%zz", None);
        check("%ff", None);
    }
}
