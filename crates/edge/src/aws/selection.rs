//! Names of headers, cookies and query strings in policies of CloudFront.

use std::collections::BTreeSet;

use aws_sdk_cloudfront::types::{CookieNames, Headers, QueryStringNames};
use landfall_core::{Fault, FaultKind};

use super::wire::{built, quantity};
use crate::selection::Selection;

pub(super) fn headers(names: &BTreeSet<String>) -> Result<Headers, Fault> {
    let items: Vec<_> = names.iter().cloned().collect();
    built(Headers::builder().quantity(quantity(&items)).set_items(Some(items)).build())
}

pub(super) fn cookies(names: &BTreeSet<String>) -> Result<CookieNames, Fault> {
    let items: Vec<_> = names.iter().cloned().collect();
    built(CookieNames::builder().quantity(quantity(&items)).set_items(Some(items)).build())
}

pub(super) fn query_strings(names: &BTreeSet<String>) -> Result<QueryStringNames, Fault> {
    let items: Vec<_> = names.iter().cloned().collect();
    built(QueryStringNames::builder().quantity(quantity(&items)).set_items(Some(items)).build())
}

/// The behaviour by AWS's name, and the names that go with it.
pub(super) fn behavior(selection: &Selection) -> (&'static str, Option<&BTreeSet<String>>) {
    match selection {
        Selection::None => ("none", None),
        Selection::All => ("all", None),
        Selection::Only(names) => ("whitelist", Some(names)),
        Selection::AllExcept(names) => ("allExcept", Some(names)),
    }
}

/// The selection that a behaviour and the names beside it stand for.
pub(super) fn read(operation: &str, behavior: &str, names: Option<Vec<String>>) -> Result<Selection, Fault> {
    let names = || names.unwrap_or_default().into_iter().collect();
    match behavior {
        "none" => Ok(Selection::None),
        "all" => Ok(Selection::All),
        "whitelist" => Ok(Selection::Only(names())),
        "allExcept" => Ok(Selection::AllExcept(names())),
        other => Err(Fault::new(FaultKind::Fatal, operation, format!("the answer has the behaviour `{other}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_are_read_back_as_written() {
        for selection in
            [Selection::None, Selection::All, Selection::only(["a", "b"]), Selection::all_except(["session"])]
        {
            let (name, names) = behavior(&selection);
            let names: Option<Vec<_>> = names.map(|names| names.iter().rev().cloned().collect());
            assert_eq!(read("test", name, names), Ok(selection));
        }
        assert!(read("test", "some", None).is_err());
    }
}
