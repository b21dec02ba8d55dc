//! Programs as processes of their own, on an emulator: together, interrupted, with a broken state, refused by AWS.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Child,
    sync::mpsc,
    thread,
    time::Duration,
};

use landfall_conformance::{Calls, Moment};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    command_line::command,
    machine::{Ended, Machine, ended},
};

const APPLY: [&str; 2] = ["apply", "--yes"];

fn signal(program: &Child, signal: Signal) -> impl FnOnce() + Send + 'static {
    let pid = Pid::from_child(program);
    move || kill_process(pid, signal).expect("it runs")
}

/// Lets everybody know that a call was struck.
fn strike_and_tell(calls: &Calls, number: usize, blow: impl FnOnce() + Send + 'static) -> mpsc::Receiver<()> {
    let (tell, told) = mpsc::channel();
    calls.strike(number, Moment::Before, move || {
        blow();
        tell.send(()).expect("somebody waits");
    });
    told
}

#[test]
fn a_platform_lives_changes_and_dies() {
    let machine = Machine::new();
    let plan = machine.state().join("plan.json");
    let file = plan.to_str().expect("text");
    machine.done("networks", &["plan", "--out", file]);
    machine.done("networks", &["apply", file, "--yes"]);
    machine.assert_agrees_with_state_of("networks");

    let stale = machine.run("networks", &["apply", file, "--yes"]);
    assert_eq!(stale.code, Some(1), "{}", stale.err);
    assert!(stale.err.contains("revision"), "{}", stale.err);

    let before = machine.inventory();
    let again = machine.done("networks", &APPLY);
    assert!(again.contains("unchanged"), "{again}");
    assert_eq!(machine.inventory(), before);

    let listed = machine.done("networks", &["state", "list"]);
    let vpc = listed.lines().find(|line| line.starts_with("ap-south-1/net/ec2.vpc:main ")).expect("the network");
    assert!(vpc.contains(" vpc-"), "{vpc}");
    let shown = machine.done("networks", &["state", "show", "ap-south-1/net/ec2.vpc:main"]);
    assert!(shown.contains("\"cidr_block\": \"10.10.0.0/16\""), "{shown}");
    let history = machine.done("networks", &["state", "history"]);
    assert!(history.contains("apply") && history.contains("1 runs"), "{history}");
    assert!(machine.done("networks", &["drift"]).starts_with("No drift: "));

    machine.done("networks", &["destroy", "--yes"]);
    machine.assert_nothing_is_left();
    assert!(machine.done("networks", &["state", "list"]).starts_with("0 objects"));
}

#[test]
fn only_what_is_asked_for_and_what_it_needs_is_made() {
    let machine = Machine::new();
    machine.done("networks", &["apply", "--yes", "--only", "eu-west-2/net/ec2.subnet:data-b"]);
    let exist: Vec<_> = machine.inventory().into_iter().map(|(kind, ids)| (kind, ids.len())).collect();
    assert_eq!(exist, [("ec2.subnet".to_owned(), 1), ("ec2.vpc".to_owned(), 1)]);
    machine.done("networks", &APPLY);
    machine.assert_agrees_with_state_of("networks");
}

#[test]
fn what_was_deleted_behind_our_back_is_drift_and_an_apply_repairs_it() {
    let machine = Machine::new();
    machine.done("networks", &APPLY);
    let hand = "import boto3\n\
        ec2 = boto3.client('ec2', region_name='eu-west-2')\n\
        address = next(one for one in ec2.describe_nat_gateways()['NatGateways'])\n\
        ec2.delete_nat_gateway(NatGatewayId=address['NatGatewayId'])\n\
        vpc = next(one for one in ec2.describe_vpcs()['Vpcs'] if not one['IsDefault'])['VpcId']\n\
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={'Value': False})\n";
    machine.python(&["-c", hand]);
    let drift = machine.run("networks", &["drift", "--detailed-exitcode"]);
    assert_eq!(drift.code, Some(2), "{}{}", drift.out, drift.err);
    assert!(drift.out.contains("- eu-west-2/net/ec2.nat_gateway:nat-"), "{}", drift.out);
    assert!(drift.out.contains("enable_dns_hostnames: true recorded, false in AWS"), "{}", drift.out);
    machine.done("networks", &APPLY);
    let repaired = machine.run("networks", &["drift", "--detailed-exitcode"]);
    assert_eq!(repaired.code, Some(0), "{}{}", repaired.out, repaired.err);
    machine.assert_agrees_with_state_of("networks");
}

#[test]
fn of_two_applies_at_once_the_second_is_told_who_runs_the_first() {
    let machine = Machine::new();
    let first = machine.start("networks", &APPLY);
    let stopped = strike_and_tell(&machine.calls, 20, signal(&first, Signal::STOP));
    stopped.recv().expect("the first run gets that far");
    let second = machine.run("networks", &APPLY);
    assert_eq!(second.code, Some(1), "{}", second.err);
    let pid = format!("process {}", first.id());
    assert!(second.err.contains("is locked by") && second.err.contains(&pid), "{}", second.err);
    signal(&first, Signal::CONT)();
    let first = ended(first);
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.err);
    machine.assert_agrees_with_state_of("networks");
}

#[test]
fn of_applies_that_race_each_ends_clearly_and_nothing_is_made_twice() {
    let machine = Machine::new();
    let racers: Vec<_> = (0..3).map(|_| machine.start("networks", &APPLY)).collect();
    let ends: Vec<Ended> = racers.into_iter().map(ended).collect();
    assert!(ends.iter().any(|end| end.code == Some(0)), "{ends:#?}");
    for end in &ends {
        let told = ["is locked by", "revision"].iter().any(|cause| end.err.contains(cause));
        assert!(end.code == Some(0) || (end.code == Some(1) && told), "{end:#?}");
    }
    machine.assert_agrees_with_state_of("networks");
}

#[test]
fn a_signal_lets_calls_under_way_end_and_the_next_run_goes_on() {
    for which in [Signal::INT, Signal::TERM] {
        let machine = Machine::new();
        let program = machine.start("networks", &APPLY);
        machine.calls.strike(25, Moment::Before, signal(&program, which));
        let end = ended(program);
        assert_eq!(end.code, Some(130), "{which:?}\n{}{}", end.out, end.err);
        assert!(end.out.contains("Stopped; the next run goes on from here"), "{}", end.out);
        machine.assert_agrees_with_state_of("networks");
        machine.done("networks", &APPLY);
        machine.assert_agrees_with_state_of("networks");
    }
}

#[test]
fn a_second_signal_leaves_at_once_and_the_next_run_settles_what_was_under_way() {
    let machine = Machine::new();
    let program = machine.start("networks", &APPLY);
    let (first, second) = (signal(&program, Signal::INT), signal(&program, Signal::INT));
    let calls = machine.calls.clone();
    machine.calls.strike(25, Moment::After, move || {
        first();
        calls.strike(0, Moment::After, second);
    });
    let end = ended(program);
    assert_eq!(end.code, Some(130), "{}{}", end.out, end.err);
    machine.calls.spare();
    machine.done("networks", &APPLY);
    machine.assert_agrees_with_state_of("networks");
}

/// The files of the state whose names start so.
fn state_file(machine: &Machine, start: &str) -> PathBuf {
    let folder = machine.state().join("networks-demo");
    let mut files = folder.read_dir().expect("reads").flatten().map(|entry| entry.path());
    files
        .find(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
        .unwrap_or_else(|| panic!("no {start} in {}", folder.display()))
}

#[test]
fn a_log_torn_by_a_crash_goes_on() {
    let machine = Machine::new();
    let program = machine.start("networks", &APPLY);
    machine.calls.strike(25, Moment::After, signal(&program, Signal::KILL));
    assert_eq!(ended(program).code, None);
    machine.calls.spare();
    let log = state_file(&machine, "log-");
    let whole = fs::read(&log).expect("reads");
    fs::write(&log, &whole[..whole.len() - 9]).expect("writes");
    let next = machine.run("networks", &APPLY);
    assert_eq!(next.code, Some(0), "{}{}", next.out, next.err);
    machine.assert_agrees_with_state_of("networks");
}

#[test]
fn a_damaged_state_is_named_and_left_alone() {
    let machine = Machine::new();
    machine.done("networks", &["apply", "--yes", "--only", "eu-west-2/net/ec2.vpc:main"]);
    let log = state_file(&machine, "log-");
    let whole = fs::read(&log).expect("reads");
    let mut flipped = whole.clone();
    let digit = flipped.iter().position(u8::is_ascii_digit).expect("a number");
    flipped[digit] ^= 1;
    let cut = whole[..whole.len() - 9].to_vec();
    for (damaged, command, expected) in [
        // What a checkpoint vouches for is not read again before a plan: the history is read.
        (flipped, &["state", "history"][..], "is damaged at entry 1"),
        (cut, &APPLY, "entries that the checkpoint holds are missing from the log"),
    ] {
        fs::write(&log, &damaged).expect("writes");
        let refused = machine.run("networks", command);
        assert_eq!(refused.code, Some(1), "{}", refused.out);
        assert!(refused.err.contains(expected), "{}", refused.err);
        assert!(refused.err.contains("restore it from a copy, nothing was changed"), "{}", refused.err);
        assert_eq!(fs::read(&log).expect("reads"), damaged, "nothing was changed");
    }
    fs::write(&log, &whole).expect("writes");
    machine.assert_agrees_with_state_of("networks");
}

#[test]
fn a_newer_or_another_topology_s_state_is_refused_untouched() {
    let machine = Machine::new();
    machine.done("networks", &["apply", "--yes", "--only", "eu-west-2/net/ec2.vpc:main"]);
    let header = state_file(&machine, "header");
    let known = fs::read_to_string(&header).expect("reads");
    for (from, to, expected) in [
        ("\"format\":1", "\"format\":999", "was written in format 999"),
        ("\"networks\"", "\"another\"", "holds the state of another (demo)"),
    ] {
        let changed = known.replace(from, to);
        assert_ne!(changed, known, "the header has no {from}");
        fs::write(&header, changed).expect("writes");
        let refused = machine.run("networks", &APPLY);
        assert_eq!(refused.code, Some(1), "{}", refused.out);
        assert!(refused.err.contains(expected), "{}", refused.err);
    }
    fs::write(&header, known).expect("writes");
    machine.assert_agrees_with_state_of("networks");
}

/// A server that says whose account it is, and refuses everything else as EC2 does when a policy does not allow it.
fn denying() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let asked = request(&mut stream);
            let (status, body) = if asked.contains("Action=GetCallerIdentity") {
                ("200 OK", ACCOUNT)
            } else {
                ("403 Forbidden", UNAUTHORIZED)
            };
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nx-amzn-RequestId: 7f3c\r\nContent-Length: {length}\r\nConnection: close");
            let _ = write!(stream, "{head}\r\n\r\n{body}");
        }
    });
    url
}

const ACCOUNT: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

const UNAUTHORIZED: &str = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not \
    authorized to perform this operation.</Message></Error></Errors></Response>";

/// A request of the query protocol, whose body says how long it is.
fn request(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            length.is_none_or(|length: usize| body.len() >= length)
        });
        let read = if whole { 0 } else { stream.read(&mut part).unwrap_or_default() };
        if read == 0 {
            return text;
        }
        bytes.extend_from_slice(&part[..read]);
    }
}

/// Runs `networks apply` against an endpoint that is no emulator, with a state of its own.
fn apply_against(url: &str, variables: &[(&str, &str)]) -> Ended {
    let state = tempfile::tempdir().expect("a folder");
    apply_with_state(url, state.path(), variables)
}

fn apply_with_state(url: &str, state: &Path, variables: &[(&str, &str)]) -> Ended {
    let mut program = command("networks", &["apply", "--yes", "--give-up-after", "1", "--endpoint", url, "--state"]);
    program.arg(state).env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    program.envs(variables.iter().copied());
    program.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    ended(program.spawn().expect("it starts"))
}

#[test]
fn a_denied_call_names_the_action_and_the_address() {
    let end = apply_against(&denying(), &[]);
    assert_eq!(end.code, Some(1), "{}", end.err);
    assert!(end.out.contains("failed: ap-south-1/net/ec2.vpc:main"), "{}{}", end.out, end.err);
    assert!(end.out.contains("ec2:CreateVpc") && end.out.contains("IAM policy"), "{}", end.out);
    assert!(end.out.contains("7f3c"), "the request's id helps AWS's support: {}", end.out);
}

#[test]
fn a_service_that_is_down_is_named_with_what_to_do() {
    let end = apply_against(&denying(), &[("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9")]);
    assert_eq!(end.code, Some(1), "{}", end.err);
    assert!(end.out.contains("failed: ap-south-1/net/ec2.vpc:main: ec2:CreateVpc got no usable answer"), "{}", end.out);
    assert!(end.out.contains("check the endpoint and the network"), "{}", end.out);
}

#[test]
fn a_state_folder_that_can_not_be_made_is_named_before_any_change() {
    let end = apply_with_state(&denying(), Path::new("/proc/nowhere"), &[]);
    assert_eq!(end.code, Some(1), "{}", end.out);
    assert!(end.err.contains("can't create /proc/nowhere") && !end.out.contains("failed:"), "{}{}", end.out, end.err);
}

#[test]
fn an_endpoint_that_is_down_is_named_before_anything_is_planned() {
    let end = apply_against("http://127.0.0.1:9", &[]);
    assert_eq!(end.code, Some(1), "{}", end.err);
    assert!(end.err.contains("check the endpoint, the network"), "{}{}", end.out, end.err);
    assert!(end.err.contains("sts:GetCallerIdentity got no usable answer"), "{}", end.err);
}
