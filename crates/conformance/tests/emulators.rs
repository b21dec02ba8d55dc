//! The emulators start, answer, are worlds of their own, and end with who started them.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use landfall_aws::Aws;
use landfall_conformance::{Cloud, Emulator, Wire, block_on};

fn listens(url: &str) -> bool {
    TcpStream::connect(url.strip_prefix("http://").expect("a URL")).is_ok()
}

/// Waits for something that another process does.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: not so after 30 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn each_answers_over_the_sdk() {
    for wire in [Wire::Moto, Wire::Ministack, Wire::Split { ministack: &["STS"] }] {
        let account = block_on(async { Cloud::on(wire).await.aws.account().await.map(str::to_owned) });
        assert_eq!(account.as_deref(), Ok("123456789012"), "{wire:?}");
    }
}

#[test]
fn each_ends_with_its_value() {
    for emulator in [Emulator::Moto, Emulator::Ministack] {
        let (one, other) = (emulator.start().expect("it starts"), emulator.start().expect("it starts"));
        assert_ne!(one.url(), other.url());
        other.reset().expect("it answers");
        let url = one.url().to_owned();
        assert!(listens(&url));
        drop(one);
        assert!(!listens(&url), "{emulator:?} outlives its value");
        assert!(listens(other.url()), "{emulator:?} ends with another one");
        assert!(other.log().is_file());
    }
}

#[test]
fn each_ends_with_its_process_however_that_ends() {
    if std::env::var("LANDFALL_START").is_ok() {
        let running = Emulator::Moto.start().expect("it starts");
        println!("\nurl={}", running.url());
        // No value is dropped, as when the process is killed.
        std::process::abort();
    }
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "each_ends_with_its_process_however_that_ends", "--nocapture"])
        .env("LANDFALL_START", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program runs");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let url = output.lines().map_while(Result::ok).find_map(|line| line.strip_prefix("url=").map(str::to_owned));
    let url = url.expect("the child started an emulator");
    assert!(!child.wait().expect("the child ends").success());
    eventually("the emulator ends with its process", || !listens(&url));
}

#[test]
fn a_connection_of_any_program_works() {
    let running = Emulator::Moto.shared();
    let account = block_on(async {
        let aws = Aws::builder().endpoint(running.url()).connect().await.expect("a valid endpoint");
        aws.account().await.map(str::to_owned)
    });
    assert_eq!(account.as_deref(), Ok("123456789012"));
}
