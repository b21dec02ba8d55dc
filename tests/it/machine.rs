//! A machine of its own for programs under test: emulators that nobody else uses, behind relays, and a state folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use landfall_conformance::{Calls, Emulator, Relay, Running};
use serde_json::Value;
use tempfile::TempDir;

use super::command_line::command;

/// The regions in which our programs make things.
const REGIONS: [&str; 3] = ["ap-south-1", "eu-west-2", "us-east-1"];

/// Kinds that the inventory does not count: settings of another object, of which there can't be two.
const SETTINGS: [&str; 14] = [
    "acm.issued_certificate",
    "ec2.default_security_group",
    "ec2.vpc_peering_accepter",
    "ec2.vpc_peering_dns_resolution",
    "elasticloadbalancing.listener_certificate",
    "iam.role_policy",
    "s3.bucket_policy",
    "s3.bucket_replication",
    "sns.topic_policy",
    "wafv2.web_acl_association",
    "cloudfront.cache_policy",
    "cloudfront.origin_request_policy",
    "cloudfront.response_headers_policy",
    "ssm.parameter",
];

/// Counts by kind.
pub(crate) type Counts = BTreeMap<String, usize>;

pub(crate) struct Machine {
    moto: Running,
    /// Serves CloudFront and CloudWatch, where they are needed.
    ministack: Option<Running>,
    relays: Vec<Relay>,
    state: TempDir,
    /// The calls of all programs on this machine.
    pub(crate) calls: Calls,
}

/// How a program ended: its exit code, none when it was killed, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Machine {
    /// With moto alone.
    pub(crate) fn new() -> Self {
        Self::of(None)
    }

    /// With moto, and ministack for CloudFront and CloudWatch.
    pub(crate) fn for_the_flagship() -> Self {
        Self::of(Some(start(Emulator::Ministack)))
    }

    fn of(ministack: Option<Running>) -> Self {
        let (moto, calls) = (start(Emulator::Moto), Calls::new());
        let emulators = std::iter::once(&moto).chain(&ministack);
        let relays = emulators.map(|emulator| Relay::to(emulator, &calls).expect("a port")).collect();
        Self { moto, ministack, relays, state: tempfile::tempdir().expect("a folder"), calls }
    }

    pub(crate) fn state(&self) -> &Path {
        self.state.path()
    }

    /// A command of an example against this machine's emulators, with its state in this machine's folder.
    pub(crate) fn command(&self, example: &str, arguments: &[&str]) -> Command {
        let mut command = command(example, arguments);
        command.args(["--target", "aws", "--state"]).arg(self.state.path());
        route(&mut command, self.relays.iter().map(Relay::url));
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn start(&self, example: &str, arguments: &[&str]) -> Child {
        self.command(example, arguments).spawn().expect("it starts")
    }

    pub(crate) fn run(&self, example: &str, arguments: &[&str]) -> Ended {
        ended(self.start(example, arguments))
    }

    /// Runs a program that must end well; returns what it printed.
    pub(crate) fn done(&self, example: &str, arguments: &[&str]) -> String {
        let ended = self.run(example, arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}\n{}{}", ended.out, ended.err);
        ended.out
    }

    /// What a Python program with boto3 prints.
    pub(crate) fn python(&self, arguments: &[&str]) -> Vec<u8> {
        let python = Emulator::Moto.python().unwrap_or_else(|error| panic!("{error}"));
        let mut client = Command::new(python);
        client.args(arguments).env("AWS_ACCESS_KEY_ID", "hand").env("AWS_SECRET_ACCESS_KEY", "hand");
        route(&mut client, std::iter::once(&self.moto).chain(&self.ministack).map(Running::url));
        let Output { status, stdout, stderr } = client.output().expect("Python runs");
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        stdout
    }

    /// What exists, as boto3 sees it.
    pub(crate) fn inventory(&self) -> BTreeMap<String, Vec<String>> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/emulators/inventory.py");
        let printed = self.python(&[&[script], &REGIONS[..]].concat());
        serde_json::from_slice(&printed).expect("JSON")
    }

    /// How many of each kind the state of an example has, of the kinds that the inventory knows.
    pub(crate) fn recorded(&self, example: &str) -> Counts {
        let listed = self.done(example, &["state", "list", "--json"]);
        let objects: Vec<Value> = serde_json::from_str(&listed).expect("objects");
        let mut counts = Counts::new();
        for object in objects {
            *counts.entry(object["kind"].as_str().expect("a kind").to_owned()).or_default() += 1;
        }
        counts
    }

    /// Fails unless what exists is what the state of an example says, kind by kind: nothing lost, nothing twice.
    pub(crate) fn assert_agrees_with_state_of(&self, example: &str) {
        let recorded = self.recorded(example);
        let inventory = self.inventory();
        let compared = |kind: &&String| !SETTINGS.contains(&kind.as_str());
        let kinds: BTreeSet<&String> = inventory.keys().chain(recorded.keys().filter(compared)).collect();
        for kind in kinds {
            let exist = inventory.get(kind).map_or(&[][..], Vec::as_slice);
            let count = recorded.get(kind).copied().unwrap_or_default();
            assert_eq!(exist.len(), count, "{kind}: {count} recorded, and these exist: {exist:#?}");
        }
    }

    /// Fails unless nothing exists.
    pub(crate) fn assert_nothing_is_left(&self) {
        let left = self.inventory();
        assert!(left.is_empty(), "still there: {left:#?}");
    }
}

fn start(emulator: Emulator) -> Running {
    emulator.start().unwrap_or_else(|error| panic!("{error}"))
}

/// Sends a program's calls to the first URL, those of CloudFront and CloudWatch to the second where there is one.
fn route<'a>(program: &mut Command, mut urls: impl Iterator<Item = &'a str>) {
    program.env("AWS_ENDPOINT_URL", urls.next().expect("a general endpoint"));
    if let Some(url) = urls.next() {
        program.env("AWS_ENDPOINT_URL_CLOUDFRONT", url).env("AWS_ENDPOINT_URL_CLOUDWATCH", url);
    }
}

pub(crate) fn ended(child: Child) -> Ended {
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ended { code: status.code(), out: text(stdout), err: text(stderr) }
}
