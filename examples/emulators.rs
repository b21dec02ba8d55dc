//! Starts implementations of AWS by others, the ones that the tests use, for trying a program by hand.
//!
//! `cargo run --example emulators` prints the variables that send a program's calls there, and runs until Ctrl-C. What
//! they hold is gone then. It needs Python 3 with `venv`; the first start installs them under `target/`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is there to print")]

use std::{thread, time::Duration};

use landfall_conformance::Emulator;

fn main() -> anyhow::Result<()> {
    eprintln!("starting moto and ministack");
    let (moto, ministack) = (Emulator::Moto.start()?, Emulator::Ministack.start()?);
    println!("export AWS_ENDPOINT_URL={}", moto.url());
    println!("export AWS_ENDPOINT_URL_CLOUDFRONT={0} AWS_ENDPOINT_URL_CLOUDWATCH={0}", ministack.url());
    println!("export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test");
    eprintln!("set these in another shell; Ctrl-C ends them");
    loop {
        thread::sleep(Duration::from_hours(1));
    }
}
