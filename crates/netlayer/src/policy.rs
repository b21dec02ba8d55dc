//! Policy documents as text: one form for what says the same.

use landfall_core::Input;
use serde_json::Value;

/// The document as one line of JSON with its keys sorted, as [`landfall_core::json`] writes it; a text that is no
/// JSON stays what it is, for the kind's own rule to refuse.
pub(crate) fn canonical(document: &str) -> String {
    serde_json::from_str::<Value>(document).map_or_else(|_| document.to_owned(), |document| document.to_string())
}

/// A declared document in its one form; what depends on other resources has it already.
pub(crate) fn declared(document: Input<String>) -> Input<String> {
    match document.known() {
        Some(text) => Input::from(canonical(text)),
        None => document,
    }
}

/// Says that a document is none.
pub(crate) fn problem(field: &str, document: &str) -> Option<String> {
    let is_object = serde_json::from_str(document).is_ok_and(|document: Value| document.is_object());
    (!is_object).then(|| format!("`{field}` is no JSON object; make it with `landfall_core::json`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_and_order_do_not_matter() {
        let tidy = canonical(r#"{"Version":"2012-10-17","Statement":[]}"#);
        assert_eq!(canonical("{ \"Statement\": [ ],\n \"Version\": \"2012-10-17\" }"), tidy);
        assert_eq!(canonical("no document"), "no document");
    }

    #[test]
    fn only_objects_are_documents() {
        assert_eq!(problem("policy", r#"{"Statement":[]}"#), None);
        assert!(problem("policy", "[]").is_some());
        assert!(problem("policy", "Allow").is_some());
    }
}
