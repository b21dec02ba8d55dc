//! Classification: errors of the SDK in the terms the engine acts on.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use landfall_core::{Fault, FaultKind};

/// Turns an SDK error into a fault of `operation`: `.map_err(fault("ec2:CreateSubnet"))`.
pub fn fault<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| {
        let code = error.code().unwrap_or_default().to_owned();
        Fault::new(FaultKind::Fatal, operation, format!("{code}: {}", error.message().unwrap_or_default()))
    }
}

/// Whether the error says that the object does not exist.
pub fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code().is_some_and(|code| code.contains("NotFound") || code.starts_with("NoSuch"))
}

/// A read: `None` when the object does not exist.
///
/// # Errors
/// The fault of any other failure.
pub fn found<T, E>(operation: &'static str, result: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, Fault>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(fault(operation)(error)),
    }
}

/// A delete: success when the object does not exist.
///
/// # Errors
/// The fault of any other failure.
pub fn absent_is_done<T, E>(operation: &'static str, result: Result<T, SdkError<E, HttpResponse>>) -> Result<(), Fault>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    found(operation, result).map(drop)
}
