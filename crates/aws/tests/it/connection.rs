//! What the connection takes from the program and what from the environment.

use std::process::Command;

use aws_credential_types::Credentials;
use landfall_aws::{Aws, ConnectError};

use crate::server::{Reply, Server};

/// Runs the body in a process of its own whose environment holds only these variables: environments belong to
/// whole processes.
fn alone(test: &str, environment: &[(&str, &str)], body: impl AsyncFnOnce()) {
    if std::env::var("LANDFALL_ALONE").is_ok() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.expect("a runtime").block_on(body());
    }
    let home = std::env::temp_dir().join(format!("landfall-{}-{test}", std::process::id()));
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("connection::{test}"), "--nocapture"])
        .env_clear()
        .env("LANDFALL_ALONE", "1")
        .env("HOME", home)
        .envs(environment.iter().copied())
        .output()
        .expect("this program runs");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The account of a server that answers with one.
fn server_of(account: &str) -> Server {
    let body = crate::server::IDENTITY.replace("210987654321", account);
    Server::start([Reply::xml(200, body)])
}

/// The URL of a server that takes connections and says nothing.
fn silence() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    // The system takes connections for as long as the listener lives.
    std::mem::forget(listener);
    url
}

#[test]
fn without_credentials_nothing_is_called() {
    alone("without_credentials_nothing_is_called", &[("AWS_EC2_METADATA_DISABLED", "true")], async || {
        let aws = Aws::from_env().await.expect("no endpoint is wrong");
        let error = aws.check_credentials().await.expect_err("there are none");
        assert!(matches!(error, ConnectError::NoCredentials { .. }), "{error:?}");
        let fault = aws.account().await.expect_err("there are none");
        assert_eq!(fault.kind, landfall_core::FaultKind::Fatal, "{fault}");
    });
}

#[test]
fn a_machine_without_metadata_service_has_no_credentials() {
    // What stands where the metadata service would be: nobody, something that refuses, something that is no such
    // service at all, something that never answers.
    let (refuses, other, silent) = (Server::start([Reply::xml(403, "")]), Server::start([Reply::html(200)]), silence());
    for url in ["http://127.0.0.1:9".to_owned(), refuses.url(), other.url(), silent] {
        let metadata = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str())];
        alone("a_machine_without_metadata_service_has_no_credentials", &metadata, async || {
            let error = Aws::from_env().await.expect("no endpoint is wrong").check_credentials().await;
            assert!(matches!(error, Err(ConnectError::NoCredentials { .. })), "{error:?}");
        });
    }
}

#[test]
fn a_profile_that_can_not_be_used_is_told_from_none() {
    let file = std::env::temp_dir().join(format!("landfall-{}-profile", std::process::id()));
    std::fs::write(&file, "[profile broken]\ncredential_process = /bin/false\n").expect("a file");
    let file = std::env::var("AWS_CONFIG_FILE").unwrap_or_else(|_| file.to_string_lossy().into_owned());
    let environment = [("AWS_CONFIG_FILE", file.as_str()), ("AWS_EC2_METADATA_DISABLED", "true")];
    alone("a_profile_that_can_not_be_used_is_told_from_none", &environment, async || {
        let check = async |profile| {
            let aws = Aws::builder().profile(profile).connect().await.expect("no endpoint is wrong");
            aws.check_credentials().await
        };
        let broken = check("broken").await;
        assert!(matches!(broken, Err(ConnectError::Credentials { .. })), "{broken:?}");
        let nobody = check("nobody").await;
        assert!(matches!(nobody, Err(ConnectError::NoCredentials { .. })), "{nobody:?}");
    });
}

#[test]
fn credentials_of_the_environment_are_used_with_any_endpoint() {
    let environment = [("AWS_ACCESS_KEY_ID", "AKIDFROMENV"), ("AWS_SECRET_ACCESS_KEY", "x")];
    alone("credentials_of_the_environment_are_used_with_any_endpoint", &environment, async || {
        let server = server_of("111111111111");
        let aws = Aws::builder().endpoint(server.url()).connect().await.expect("a valid endpoint");
        aws.check_credentials().await.expect("there are some");
        assert_eq!(aws.account().await, Ok("111111111111"));
        assert!(server.received()[0].authorization.contains("Credential=AKIDFROMENV/"), "{:?}", server.received());
    });
}

#[test]
fn an_endpoint_of_the_environment_takes_dummy_credentials() {
    alone(
        "an_endpoint_of_the_environment_takes_dummy_credentials",
        &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")],
        async || {
            let aws = Aws::from_env().await.expect("a valid endpoint");
            aws.check_credentials().await.expect("dummy ones");
            let config = aws.config("ap-south-1");
            assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:9"));
            assert_eq!(config.region().map(AsRef::as_ref), Some("ap-south-1"));
            assert!(aws.account().await.expect_err("nobody listens").message.contains("refused"));
        },
    );
}

#[test]
fn an_endpoint_of_one_service_wins_over_that_of_all() {
    let first = server_of("111111111111");
    let second = server_of("222222222222");
    // The child starts two of its own too, which nobody asks; it asks the parent's.
    let environment = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9".to_owned()),
        ("AWS_ENDPOINT_URL_STS", first.url()),
        ("SECOND", second.url()),
    ];
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    alone("an_endpoint_of_one_service_wins_over_that_of_all", &environment, async || {
        let second = std::env::var("SECOND").expect("the parent's second server");
        let account = async |builder: landfall_aws::AwsBuilder| {
            let aws = builder.connect().await.expect("valid endpoints");
            aws.account().await.map(str::to_owned).expect("an answer")
        };
        assert_eq!(account(Aws::builder()).await, "111111111111");
        assert_eq!(account(Aws::builder().endpoint("http://127.0.0.1:9")).await, "111111111111");
        assert_eq!(
            account(Aws::builder().endpoint("http://127.0.0.1:9").service_endpoint("sts", second)).await,
            "222222222222"
        );
    });
}

#[test]
fn the_programs_endpoint_wins_over_that_of_the_environment() {
    alone(
        "the_programs_endpoint_wins_over_that_of_the_environment",
        &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")],
        async || {
            let server = server_of("333333333333");
            let aws = Aws::builder().endpoint(server.url()).connect().await.expect("a valid endpoint");
            assert_eq!(aws.account().await, Ok("333333333333"));
            assert!(server.received()[0].body.contains("Action=GetCallerIdentity"));
        },
    );
}

#[test]
fn the_client_is_signed_for_the_region_it_is_made_for() {
    alone("the_client_is_signed_for_the_region_it_is_made_for", &[("AWS_REGION", "eu-west-1")], async || {
        let server = server_of("444444444444");
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let aws = Aws::builder().endpoint(server.url()).credentials(credentials).connect().await.expect("valid");
        let client = aws_sdk_sts::Client::new(&aws.config("ap-south-1"));
        client.get_caller_identity().send().await.expect("an answer");
        assert!(server.received()[0].authorization.contains("/ap-south-1/sts/"), "{:?}", server.received());
    });
}

#[tokio::test]
async fn an_endpoint_that_is_none_is_said_before_any_call() {
    for (builder, url) in [
        (Aws::builder().endpoint("localhost:5000"), "localhost:5000"),
        (Aws::builder().service_endpoint("CloudFront", "ftp://x"), "ftp://x"),
    ] {
        let error = builder.connect().await.expect_err(url);
        assert!(error.to_string().starts_with(&format!("`{url}` is no endpoint: ")), "{error}");
    }
}

#[test]
fn an_endpoint_of_the_environment_that_is_none_is_said() {
    alone(
        "an_endpoint_of_the_environment_that_is_none_is_said",
        &[("AWS_ENDPOINT_URL", "http://me:secret@x")],
        async || {
            let error = Aws::from_env().await.expect_err("no endpoint");
            assert!(error.to_string().contains("user name"), "{error}");
        },
    );
}
