//! Policies that name principals which IAM has made a moment ago.

use std::future::Future;

use landfall_core::{Context, Fault, FaultKind, Wait};

/// Makes a call with a policy that may name a role which the called service can't see yet: IAM takes some seconds
/// to tell the others, and they refuse the policy until then.
///
/// # Errors
/// What AWS says of the policy, when it still refuses it after two minutes: then the principal does not exist.
pub(super) async fn once_visible<T, F, Fut>(cx: &Context, call: F) -> Result<T, Fault>
where
    T: Send,
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, Fault>> + Send,
{
    let look = || async {
        match call().await {
            Ok(done) => Ok(Some(done)),
            Err(fault) if names_unknown_principal(&fault) => Ok(None),
            Err(fault) => Err(fault),
        }
    };
    match cx.wait("the roles that a policy names to become visible", Wait::SECONDS, look).await {
        Err(fault) if fault.kind == FaultKind::TimedOut => call().await,
        other => other,
    }
}

/// IAM says `Invalid principal in policy`, KMS `one or more invalid principals`, both as a malformed document.
fn names_unknown_principal(fault: &Fault) -> bool {
    fault.message.to_lowercase().contains("invalid principal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unknown_principals_are_waited_for() {
        let check = |message: &str, expected: bool| {
            let fault = Fault::new(FaultKind::Invalid, "iam:CreateRole", message);
            assert_eq!(names_unknown_principal(&fault), expected, "{message}");
        };
        check("MalformedPolicyDocument: Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:role/x\"", true);
        check(
            "MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals.",
            true,
        );
        check("MalformedPolicyDocument: Syntax errors in policy.", false);
    }
}
