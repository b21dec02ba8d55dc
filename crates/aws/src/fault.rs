//! Faults: errors of the SDK in the terms the engine acts on.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use landfall_core::{Fault, FaultKind};

use crate::classify::{Answer, classify, mend, says_absent};

/// Turns an SDK error into a fault of `operation`: `.map_err(fault("ec2:CreateSubnet"))`.
///
/// A denied call names the action that AWS says is missing, which may be another than the operation's own:
/// `iam:PassRole`, `ec2:CreateTags`.
pub fn fault<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    move |error| match &error {
        SdkError::ServiceError(service) if error.code().is_some() || !service.raw().status().is_success() => {
            answered(operation, &error, service.raw())
        }
        SdkError::ServiceError(service) => unreadable(operation, &error, service.raw()),
        SdkError::ResponseError(response) => unreadable(operation, &error, response.raw()),
        _ => unanswered(operation, &error),
    }
}

/// The fault of an answer that says that all went well, and what can't be read.
fn unreadable<E>(operation: &'static str, error: &SdkError<E, HttpResponse>, raw: &HttpResponse) -> Fault
where
    E: Error + 'static,
{
    let html = raw.headers().get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let kind = if html { FaultKind::Unsupported } else { FaultKind::Unavailable };
    let mut fault = Fault::new(kind, operation, format!("the answer can't be read: {}", causes(error)));
    fault.request_id = raw.request_id().map(str::to_owned);
    fault
}

/// The fault of an error that the service answered.
fn answered<E>(operation: &'static str, error: &SdkError<E, HttpResponse>, raw: &HttpResponse) -> Fault
where
    E: ProvideErrorMetadata,
{
    let status = raw.status().as_u16();
    let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
    let kind = classify(Answer { operation, status, code, message });
    let action = if kind == FaultKind::Denied { denied_action(message) } else { None };
    let said = match (code, short(message)) {
        ("", "") => format!("the answer has status {status} and no error code"),
        (code, "") => code.to_owned(),
        ("", message) => message.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    let mend = mend(code);
    let said = if mend.is_empty() { said } else { format!("{}; {mend}", said.trim_end_matches('.')) };
    let mut fault = Fault::new(kind, action.unwrap_or(operation), said);
    let id = error.meta().extra("aws_request_id").or_else(|| raw.request_id());
    fault.request_id = id.map(str::to_owned);
    fault
}

/// The fault of a call that found no answer.
fn unanswered<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: Error + 'static,
{
    let kind = match error {
        SdkError::TimeoutError(_) => FaultKind::Unavailable,
        SdkError::DispatchFailure(failure) if !failure.is_user() && !lacks_credentials(error) => FaultKind::Unavailable,
        _ => FaultKind::Fatal,
    };
    Fault::new(kind, operation, causes(error))
}

fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The action in AWS's own words: "… is not authorized to perform: ec2:CreateVpc on resource …".
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split(|c: char| c.is_whitespace() || c == ',').next()?.trim_end_matches(['.', ';']);
    action.split_once(':').is_some_and(|(service, call)| !service.is_empty() && !call.is_empty()).then_some(action)
}

/// The message without the blob that only `sts:DecodeAuthorizationMessage` reads.
fn short(message: &str) -> &str {
    message.split_once(" Encoded authorization failure message:").map_or(message, |(text, _)| text).trim()
}

/// What an error says, and what its causes say where that is something else.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// Whether the error says that what the operation names does not exist.
///
/// What an operation names is what it reads, changes or deletes: for `s3:GetBucketPolicy` the policy, so that
/// `NoSuchBucketPolicy` counts as much as `NoSuchBucket`. Whether the bucket itself exists is asked of an operation
/// that names the bucket. Use [`is_code`] where the difference matters.
pub fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    says_absent(error.code().unwrap_or_default(), error.message().unwrap_or_default())
}

/// Whether AWS gave the error one of these codes: `is_code(&error, &["NoSuchBucket"])`.
pub fn is_code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}

/// A read: `None` when the object does not exist.
///
/// # Errors
/// The fault of any other failure.
pub fn found<T, E>(operation: &'static str, result: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, Fault>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
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
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    found(operation, result).map(drop)
}
