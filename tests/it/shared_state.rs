//! A team's state: the bucket that `examples/state_bucket.rs` makes, and programs that keep their state in it.

use std::process::{Child, Stdio};

use landfall_conformance::{Calls, Emulator, Moment, Relay, Running};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{
    command_line::command,
    machine::{Ended, ended},
};

/// Two emulators: S3 and DynamoDB on ministack, which takes a TLS-only bucket over plain HTTP, the rest on moto.
struct Cloud {
    _moto: Running,
    ministack: Running,
    relay: Relay,
    /// Calls of all programs, but those to S3 and DynamoDB.
    calls: Calls,
    folder: tempfile::TempDir,
}

impl Cloud {
    fn new() -> Self {
        let start = |emulator: Emulator| emulator.start().unwrap_or_else(|error| panic!("{error}"));
        let (moto, calls) = (start(Emulator::Moto), Calls::new());
        let relay = Relay::to(&moto, &calls).expect("a port");
        let folder = tempfile::tempdir().expect("a folder");
        Self { _moto: moto, ministack: start(Emulator::Ministack), relay, calls, folder }
    }

    fn start(&self, example: &str, arguments: &[&str]) -> Child {
        let mut command = command(example, arguments);
        let state = self.ministack.url();
        command.env("AWS_ENDPOINT_URL", self.relay.url());
        command.env("AWS_ENDPOINT_URL_S3", state).env("AWS_ENDPOINT_URL_DYNAMODB", state);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.args(["--target", "aws"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it starts")
    }

    fn run(&self, example: &str, arguments: &[&str]) -> Ended {
        ended(self.start(example, arguments))
    }

    fn done(&self, example: &str, arguments: &[&str]) -> String {
        let ended = self.run(example, arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}\n{}{}", ended.out, ended.err);
        ended.out
    }

    /// Makes a bucket and a table as the example does; both are as declared afterwards.
    fn with_bucket(&self, bucket: &str) {
        let folder = self.folder.path().to_str().expect("text");
        let own = ["--bucket", bucket, "--table", bucket, "--kms", "--state", folder];
        self.done("state_bucket", &[&["apply", "--yes"], &own[..]].concat());
        self.done("state_bucket", &[&["plan", "--detailed-exitcode"], &own[..]].concat());
    }
}

/// The numbers of the entries that the history shows.
fn revisions(history: &str) -> Vec<u64> {
    let (runs, _counts) = history.trim_end().rsplit_once('\n').expect("runs, and their counts");
    runs.lines()
        .map(|run| run.split_whitespace().next().and_then(|first| first.parse().ok()).expect("a number"))
        .collect()
}

#[test]
fn a_platform_lives_and_dies_with_its_state_in_the_bucket() {
    let cloud = Cloud::new();
    cloud.with_bucket("team-state");
    for place in ["s3://team-state/platform", "s3://team-state/guarded?lease_table=team-state&region=eu-west-2"] {
        let state = ["--state", place];
        let with = |arguments: &[&'static str]| [arguments, &state].concat();
        assert_eq!(cloud.done("networks", &with(&["state", "list"])), "0 objects at revision 0.\n");
        cloud.done("networks", &with(&["apply", "--yes"]));
        cloud.done("networks", &with(&["plan", "--detailed-exitcode"]));
        let unlocked = cloud.done("networks", &with(&["unlock"]));
        assert!(unlocked.starts_with("Nobody holds s3://team-state/"), "{unlocked}");

        let listed = cloud.done("networks", &with(&["state", "list", "--json"]));
        let objects: Vec<Value> = serde_json::from_str(&listed).expect("objects");
        let address = objects[0]["address"].as_str().expect("an address");
        cloud.done("networks", &with(&["destroy", "--yes"]));

        let history = cloud.done("networks", &with(&["state", "history"]));
        let runs = revisions(&history);
        assert_eq!(runs.len(), 2, "{history}");
        // What the destroy found is what the apply left.
        let at = runs[1].to_string();
        let past = cloud.done("networks", &[&["state", "list", "--json", "--at", &at], &state[..]].concat());
        assert_eq!(serde_json::from_str::<Vec<Value>>(&past).expect("objects"), objects);
        cloud.done("networks", &[&["state", "show", address, "--at", &at], &state[..]].concat());
        let gone = cloud.run("networks", &[&["state", "show", address], &state[..]].concat());
        assert!(gone.code == Some(1) && gone.err.contains("is not in s3://team-state/"), "{}", gone.err);
        let future = cloud.run("networks", &with(&["state", "list", "--at", "999999"]));
        assert!(future.err.contains("ends at revision"), "{}", future.err);
    }
}

#[test]
fn a_lease_whose_holder_was_killed_is_shown_and_ended_by_hand() {
    let cloud = Cloud::new();
    cloud.with_bucket("killed-state");
    let state = ["--state", "s3://killed-state/platform"];
    let with = |arguments: &[&'static str]| [arguments, &state].concat();
    let program = cloud.start("networks", &with(&["apply", "--yes"]));
    let pid = Pid::from_child(&program);
    cloud.calls.strike(12, Moment::After, move || kill_process(pid, Signal::KILL).expect("it runs"));
    assert_eq!(ended(program).code, None, "it was killed");
    cloud.calls.spare();

    let locked = cloud.run("networks", &with(&["apply", "--yes"]));
    assert!(locked.code == Some(1) && locked.err.contains("is locked by"), "{}", locked.err);
    // Nobody can see that it is gone before the lease has expired.
    let alive = cloud.run("networks", &with(&["unlock"]));
    assert!(alive.code == Some(1) && alive.err.contains("unlock --force"), "{}", alive.err);
    assert!(alive.out.contains("is at work: `apply`, since 20"), "{}", alive.out);
    let forced = cloud.done("networks", &with(&["unlock", "--force"]));
    assert!(forced.contains("Its lease is ended."), "{forced}");
    cloud.done("networks", &with(&["apply", "--yes"]));
    cloud.done("networks", &with(&["plan", "--detailed-exitcode"]));
    cloud.done("networks", &with(&["destroy", "--yes"]));
}
