//! The command line, as its users run it: the examples' binaries, their output and exit codes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The binary of an example, which `cargo test` builds beside this test.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let debug = test.parent().and_then(Path::parent).expect("it is in target/debug/deps");
    let binary = debug.join("examples").join(name);
    assert!(binary.exists(), "{} is not built: run `cargo test --workspace`", binary.display());
    binary
}

/// A command of an example without anything of the machine's AWS configuration.
pub(crate) fn command(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(example(name));
    let configured = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("AWS_"));
    for variable in configured {
        command.env_remove(variable);
    }
    let nowhere = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-home");
    command.args(arguments).env("HOME", &nowhere).env("AWS_EC2_METADATA_DISABLED", "true").env("NO_COLOR", "1");
    command
}

fn run(name: &str, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command(name, arguments).output().expect("the example runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code().expect("it was not killed"), text(stdout), text(stderr))
}

#[test]
fn without_a_command_it_is_a_tour() {
    let (code, out, err) = run("india_london", &[]);
    assert_eq!(code, 0, "{out}{err}");
    let lines: Vec<_> = out.lines().filter(|line| line.contains('[')).collect();
    for (line, expected) in lines.iter().zip(["plan ", "apply ", "plan ", "destroy "]) {
        assert!(line.starts_with(expected), "{out}");
    }
    assert_eq!(lines.len(), 4, "{out}");
    assert!(lines[2].contains("unchanged") && !lines[2].contains("to "), "{out}");
}

#[test]
fn two_topologies_go_through_one_executor() {
    let (code, out, err) = run("embed", &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("acme: ") && out.contains("globex: "), "{out}");
}

#[test]
fn a_plan_reads_at_a_glance_and_exits_as_documented() {
    let (code, out, err) = run("networks", &["plan"]);
    assert_eq!(code, 0, "{err}");
    insta::assert_snapshot!("plan_of_networks", out);
    assert_eq!(run("networks", &["plan", "--detailed-exitcode"]).0, 2);
}

#[test]
fn a_plan_as_json_is_one_document_that_reads_back() {
    let (code, out, _) = run("networks", &["plan", "--json"]);
    assert_eq!(code, 0);
    let last = out.lines().last().expect("the plan");
    let plan: landfall::Plan = serde_json::from_str(last).expect("a plan");
    assert_eq!(plan.topology, "networks");
    for line in out.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "not JSON: {line}");
    }
}

#[test]
fn help_says_what_there_is() {
    let (code, out, _) = run("networks", &["--help"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("help", out);
}

#[test]
fn graphs_are_drawn_in_both_languages() {
    let (_, mermaid, _) = run("networks", &["graph"]);
    assert!(mermaid.starts_with("flowchart LR\n  subgraph ap_south_1[\"ap-south-1\"]"), "{mermaid}");
    let (_, dot, _) = run("networks", &["graph", "--format", "dot"]);
    assert!(dot.starts_with("digraph \"networks-demo\" {") && dot.trim_end().ends_with('}'), "{dot}");
}

/// Bad input ends with the exit code, and a message that names cause and mend.
#[test]
fn bad_input_gets_one_clear_message() {
    let state = tempfile::tempdir().expect("a folder");
    let file = state.path().join("a-file");
    fs::write(&file, "no folder").expect("writes");
    let no_plan = state.path().join("plan.json");
    fs::write(&no_plan, "{}").expect("writes");
    let (file, no_plan) = (file.to_str().expect("text"), no_plan.to_str().expect("text"));
    let cases: Vec<(&str, Vec<&str>, i32, &str)> = vec![
        ("networks", vec!["aply"], 64, "unrecognized subcommand 'aply'"),
        ("networks", vec!["plan", "--parallelism", "0"], 64, "0 is not in 1..=1000"),
        ("networks", vec!["plan", "--only", "nonsense"], 64, "is not an address"),
        ("networks", vec!["plan", "--only", "ap-south-1/ec2.vpc:nope"], 1, "nothing of that address is declared"),
        ("networks", vec!["plan", "--target", "aws"], 1, "no AWS credentials: set AWS_PROFILE"),
        ("networks", vec!["plan", "--endpoint", "127.0.0.1:5000"], 1, "is no endpoint"),
        ("networks", vec!["apply", no_plan, "--endpoint", "http://127.0.0.1:9", "--yes"], 1, "holds no plan"),
        ("networks", vec!["destroy", "--yes", "--target", "sandbox", "--state", "x"], 1, "leave out --state"),
        ("networks", vec!["plan", "--state", "x"], 1, "no AWS credentials: set AWS_PROFILE"),
        ("networks", vec!["state", "list", "--target", "sandbox"], 1, "the sandbox keeps no state between runs"),
        ("networks", vec!["state", "list", "--state", file], 1, "a-file"),
        ("networks", vec!["plan", "--state", "s3://Bucket/x"], 64, "`Bucket` is no name of a bucket"),
        ("networks", vec!["unlock", "--target", "sandbox"], 1, "the sandbox keeps no state between runs"),
        ("india_london", vec!["plan", "--domain", "not_a domain"], 64, "not_a domain"),
        ("india_london", vec!["plan", "--environment", "1prod"], 1, "can't name an environment"),
    ];
    for (program, arguments, code, expected) in cases {
        let (found, out, err) = run(program, &arguments);
        assert_eq!(found, code, "{arguments:?}\n{out}{err}");
        assert!(err.contains(expected), "{arguments:?} does not say `{expected}`:\n{err}");
    }
}

#[test]
fn a_state_that_does_not_exist_yet_is_empty() {
    let state = tempfile::tempdir().expect("a folder");
    let path = state.path().join("not-there");
    let (code, out, err) = run("networks", &["state", "list", "--state", path.to_str().expect("text")]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(out, "0 objects at revision 0.\n");
    assert!(!path.exists(), "looking makes no folder");
}
