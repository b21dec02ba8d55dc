//! Faults of real answers, and how often a request is sent until there is one.

use aws_credential_types::Credentials;
use landfall_aws::{Aws, absent_is_done, fault, found, is_code};
use landfall_core::{Fault, FaultKind};

use crate::server::{Reply, Server};

pub(crate) async fn connect(server: &Server) -> Aws {
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    Aws::builder().endpoint(server.url()).credentials(credentials).connect().await.expect("a valid endpoint")
}

/// A read: `sts:GetCallerIdentity`.
async fn read(server: &Server) -> Result<String, Fault> {
    connect(server).await.account().await.map(str::to_owned)
}

/// What counts as a change, as every operation that is not known to read.
async fn change(server: &Server) -> Result<(), Fault> {
    let client = aws_sdk_sts::Client::new(&connect(server).await.config("eu-west-2"));
    let policy = aws_sdk_sts::types::PolicyDescriptorType::builder().arn("arn:aws:iam::aws:policy/x").build();
    let call = client.assume_root().target_principal("210987654321").task_policy_arn(policy);
    call.send().await.map(drop).map_err(fault("sts:AssumeRoot"))
}

#[tokio::test]
async fn the_account_is_asked_once() {
    let server = Server::start([Reply::identity()]);
    let aws = connect(&server).await;
    assert_eq!(aws.account().await, Ok("210987654321"));
    assert_eq!(aws.clone().account().await, Ok("210987654321"));
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_read_without_a_usable_answer_is_sent_again() {
    for trouble in [Reply::Close, Reply::CutOff, Reply::error(500, "InternalFailure", ""), Reply::xml(503, "")] {
        let server = Server::start([trouble.clone(), Reply::identity()]);
        assert_eq!(read(&server).await.as_deref(), Ok("210987654321"), "{trouble:?}");
        assert_eq!(server.received().len(), 2, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_change_without_a_usable_answer_is_not_sent_again() {
    for trouble in [Reply::Close, Reply::CutOff, Reply::error(500, "InternalFailure", ""), Reply::xml(503, "")] {
        let server = Server::start([trouble.clone(), Reply::identity()]);
        let fault = change(&server).await.expect_err("no usable answer");
        assert_eq!(fault.kind, FaultKind::Unavailable, "{trouble:?}: {fault}");
        assert_eq!(server.received().len(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_throttled_change_had_no_effect_and_is_sent_again() {
    let server = Server::start([Reply::error(400, "Throttling", "Rate exceeded"), Reply::error(400, "NoLuck", "")]);
    assert_eq!(change(&server).await.expect_err("refused").kind, FaultKind::Invalid);
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn what_an_endpoint_lacks_is_asked_once() {
    for status in [404, 405, 500, 501] {
        let server = Server::start([Reply::html(status)]);
        assert_eq!(read(&server).await.expect_err("a page").kind, FaultKind::Unsupported, "read {status}");
        assert_eq!(change(&server).await.expect_err("a page").kind, FaultKind::Unsupported, "change {status}");
        assert_eq!(server.received().len(), 2, "{status}");
    }
    let server = Server::start([Reply::html(200)]);
    assert_eq!(change(&server).await.expect_err("a page").kind, FaultKind::Unsupported);
}

#[tokio::test]
async fn a_denied_call_names_the_missing_action() {
    let message = "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/y \
        because no identity-based policy allows the iam:PassRole action Encoded authorization failure message: aGVsbG8";
    let server = Server::start([Reply::error(403, "AccessDenied", message)]);
    let fault = change(&server).await.expect_err("denied");
    assert_eq!((fault.kind, fault.operation.as_str()), (FaultKind::Denied, "iam:PassRole"));
    assert!(!fault.message.contains("aGVsbG8"), "{fault}");
    let server = Server::start([Reply::error(403, "AccessDenied", "Access Denied")]);
    assert_eq!(change(&server).await.expect_err("denied").operation, "sts:AssumeRoot");
}

#[tokio::test]
async fn a_fault_keeps_what_aws_said_and_how_to_mend_it() {
    let server = Server::start([Reply::error(403, "ExpiredToken", "The security token is expired.")]);
    let fault = change(&server).await.expect_err("expired");
    assert_eq!(fault.kind, FaultKind::Fatal);
    assert_eq!(fault.message, "ExpiredToken: The security token is expired; sign in again");
    assert_eq!(fault.request_id.as_deref(), Some("from-the-header"));
    let server = Server::start([Reply::xml(400, "")]);
    let fault = change(&server).await.expect_err("empty");
    assert_eq!(fault.message, "the answer has status 400 and no error code");
    assert_eq!(fault.request_id.as_deref(), Some("from-the-header"));
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_says_so() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let aws = Aws::builder().endpoint(format!("http://{gone}")).connect().await.expect("a valid endpoint");
    let fault = aws.account().await.expect_err("nobody listens");
    assert_eq!(fault.kind, FaultKind::Unavailable);
    assert!(fault.message.contains("Connection refused"), "{fault}");
}

#[tokio::test]
async fn absence_is_told_from_failure() {
    let server = Server::start([Reply::error(404, "NoSuchEntity", "gone"), Reply::error(400, "ValidationError", "no")]);
    let aws = connect(&server).await;
    let client = aws_sdk_sts::Client::new(&aws.config("eu-west-2"));
    let call = || client.get_caller_identity().send();
    let gone = call().await;
    assert!(gone.as_ref().is_err_and(|error| is_code(error, &["NoSuchEntity"]) && !is_code(error, &["Other"])));
    assert_eq!(found("iam:GetRole", gone).map(|found| found.is_none()), Ok(true));
    assert_eq!(absent_is_done("iam:DeleteRole", call().await).expect_err("invalid").kind, FaultKind::Invalid);
}
