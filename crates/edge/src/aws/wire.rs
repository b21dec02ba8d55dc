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

/// The length of a list, as requests of CloudFront carry it beside the list.
pub(super) fn quantity<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}
