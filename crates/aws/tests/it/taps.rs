//! The wire tap.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use landfall_aws::{
    Aws, fault,
    tap::{Access, Effect, Outcome, Rule, Tap},
};
use landfall_core::{Fault, FaultKind};

use crate::server::{IDENTITY, Reply, Server};

async fn tapped(server: &Server) -> (aws_sdk_sts::Client, Tap) {
    let tap = Tap::new();
    let aws = Aws::builder().endpoint(server.url()).tap(&tap).connect().await.expect("a valid endpoint");
    (aws_sdk_sts::Client::new(&aws.config("eu-west-2")), tap)
}

async fn read(client: &aws_sdk_sts::Client) -> Result<(), Fault> {
    client.get_caller_identity().send().await.map(drop).map_err(fault("sts:GetCallerIdentity"))
}

async fn change(client: &aws_sdk_sts::Client) -> Result<(), Fault> {
    let policy = aws_sdk_sts::types::PolicyDescriptorType::builder().arn("arn:aws:iam::aws:policy/x").build();
    let call = client.assume_root().target_principal("210987654321").task_policy_arn(policy);
    call.send().await.map(drop).map_err(fault("sts:AssumeRoot"))
}

#[tokio::test]
async fn every_call_is_logged() {
    let server = Server::start([Reply::identity(), Reply::error(400, "ValidationError", "")]);
    let (client, tap) = tapped(&server).await;
    read(&client).await.expect("an answer");
    change(&client).await.expect_err("refused");
    let calls = tap.calls();
    let told: Vec<_> = calls.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["sts:GetCallerIdentity in eu-west-2: Answered(200)", "sts:AssumeRoot in eu-west-2: Answered(400)"]
    );
    assert_eq!(calls[0].asked.access, Access::Read);
    assert_eq!((calls[1].number, calls[1].method.as_str(), calls[1].path.as_str()), (1, "POST", "/"));
    assert!(calls[1].body.starts_with("Action=AssumeRoot&"), "{}", calls[1].body);
    assert!(calls.iter().all(|call| call.ended.is_some_and(|ended| ended >= call.started)));
    assert_eq!(tap.changes(), calls[1..]);
    tap.clear_calls();
    assert_eq!(tap.calls(), []);
}

#[tokio::test]
async fn a_lost_answer_was_a_call_all_the_same() {
    let server = Server::start([Reply::xml(200, "<AssumeRootResponse/>")]);
    let (client, tap) = tapped(&server).await;
    tap.add(Rule::new(Effect::LoseResponse).access(Access::Change).times(1));
    assert_eq!(change(&client).await.expect_err("lost").kind, FaultKind::Unavailable);
    assert_eq!(server.received().len(), 1);
    assert_eq!(tap.calls()[0].outcome, Outcome::Lost(200));
}

#[tokio::test]
async fn a_reset_call_is_never_sent() {
    let server = Server::start([Reply::identity()]);
    let (client, tap) = tapped(&server).await;
    tap.add(Rule::new(Effect::Reset).times(1));
    assert_eq!(change(&client).await.expect_err("broken off").kind, FaultKind::Unavailable);
    assert_eq!(tap.calls()[0].outcome, Outcome::Reset);
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn errors_are_written_as_the_service_writes_them() {
    let server = Server::start([Reply::identity()]);
    let (client, tap) = tapped(&server).await;
    tap.add(Rule::new(Effect::throttle()).operation("GetCallerIdentity"));
    assert_eq!(read(&client).await.expect_err("throttled").kind, FaultKind::Throttled);
    assert_eq!(tap.calls().len(), 3, "the SDK tries three times in all");
    tap.clear_rules();
    tap.add(Rule::new(Effect::unavailable()).service("sts").access(Access::Change));
    assert_eq!(change(&client).await.expect_err("unavailable").kind, FaultKind::Unavailable);
    tap.clear_rules();
    let denied = Effect::Error { status: 403, code: "AccessDenied".into(), message: "Access Denied".into() };
    tap.add(Rule::new(denied).region("eu-west-2"));
    assert_eq!(read(&client).await.expect_err("denied").kind, FaultKind::Denied);
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn answers_can_be_given_in_the_calls_place() {
    let server = Server::start([Reply::Close]);
    let (client, tap) = tapped(&server).await;
    tap.add(Rule::new(Effect::Answer { status: 200, content_type: "text/xml".into(), body: IDENTITY.into() }));
    read(&client).await.expect("the tap answers");
    assert_eq!(tap.calls()[0].outcome, Outcome::Injected(200));
}

#[tokio::test]
async fn rules_meet_only_their_calls() {
    let server = Server::start([Reply::identity()]);
    let (client, tap) = tapped(&server).await;
    for rule in [
        Rule::new(Effect::Reset).service("ec2"),
        Rule::new(Effect::Reset).region("us-east-1"),
        Rule::new(Effect::Reset).operation("GetCaller"),
        Rule::new(Effect::Reset).access(Access::Change),
        Rule::new(Effect::Reset).times(0),
    ] {
        tap.add(rule);
    }
    read(&client).await.expect("no rule meets it");
    tap.clear_rules();
    let denied = Effect::Error { status: 403, code: "AccessDenied".into(), message: String::new() };
    tap.add(Rule::new(denied).after(1).times(2));
    let mut results = Vec::new();
    for _ in 0..5 {
        results.push(read(&client).await.is_ok());
    }
    assert_eq!(results, [true, false, false, true, true]);
}

#[tokio::test]
async fn hooks_run_around_the_call() {
    let server = Server::start([Reply::identity()]);
    let (client, tap) = tapped(&server).await;
    let count = Arc::new(AtomicUsize::new(0));
    let (before, after) = (Arc::clone(&count), Arc::clone(&count));
    let seen = server.clone();
    tap.add(Rule::new(Effect::Before(Arc::new(move |call| {
        assert_eq!((call.outcome, seen.received().len()), (Outcome::UnderWay, 0));
        before.fetch_add(1, Ordering::SeqCst);
    }))));
    let seen = server.clone();
    tap.add(Rule::new(Effect::After(Arc::new(move |call| {
        assert_eq!((call.outcome, seen.received().len()), (Outcome::Answered(200), 1));
        after.fetch_add(10, Ordering::SeqCst);
    }))));
    read(&client).await.expect("an answer");
    assert_eq!(count.load(Ordering::SeqCst), 11);
}

#[tokio::test(start_paused = true)]
async fn delays_pass_in_the_time_of_the_runtime() {
    let server = Server::start([Reply::Close]);
    let (client, tap) = tapped(&server).await;
    tap.add(Rule::new(Effect::Delay(Duration::from_secs(30))));
    tap.add(Rule::new(Effect::Answer { status: 200, content_type: "text/xml".into(), body: IDENTITY.into() }));
    read(&client).await.expect("the tap answers");
    assert_eq!(tap.calls()[0].ended, Some(Duration::from_secs(30)));
}
