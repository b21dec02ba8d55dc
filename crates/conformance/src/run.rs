//! A layer's whole table, on the wire and in the sandbox.

use std::sync::{Arc, atomic::AtomicU64};

use landfall_core::Kind;
use landfall_sandbox::{LateReads, Sandbox};

use crate::{
    case::{Case, Wire},
    cloud::{Cloud, Register},
    lifecycle::{Stage, lifecycle},
    line::SandboxLine,
    pace::{Hurried, Unhurried},
    recorded::lacking,
    world::Failure,
};

/// Runs the lifecycle of every case on its wire and reports all failures at the end.
///
/// `register` holds the `aws::register` of every layer whose kinds the cases use. The environment variable
/// `LANDFALL_CASES`, kinds with commas in between, picks some of the cases for a while. Of kinds that are
/// [recorded](Wire::Recorded) it proves that every emulator still lacks them.
///
/// # Panics
/// With a line for each case that failed.
pub fn on_the_wire(register: &[Register], cases: &[Case]) {
    let picked = picked(cases);
    let results = block_on(async {
        let mut clouds: Vec<(Wire, Cloud)> = Vec::new();
        let mut results = Vec::new();
        for case in picked {
            if case.wire == Wire::Recorded {
                results.push((case, lacking(register, case).await));
                continue;
            }
            if clouds.iter().all(|(wire, _)| *wire != case.wire) {
                clouds.push((case.wire, Cloud::on(case.wire).await));
            }
            let Some((_, cloud)) = clouds.iter().find(|(wire, _)| *wire == case.wire) else { continue };
            let providers = cloud.providers(register);
            let stage = Stage { providers: &providers, line: &cloud.tap, pace: Arc::new(Hurried) };
            results.push((case, lifecycle(&stage, case).await));
            cloud.tap.clear_rules();
        }
        results
    });
    report(results);
}

/// Runs the lifecycle of every case in a sandbox of its own, in virtual time, and reports all failures at the end.
///
/// `kinds` holds the kinds of every layer that the cases use.
///
/// # Panics
/// With a line for each case that failed.
pub fn in_the_sandbox(kinds: &[&'static Kind], cases: &[Case]) {
    let results = picked(cases).into_iter().map(|case| {
        let sandbox = Sandbox::builder().kinds(kinds.iter().copied()).late_reads(LateReads::none()).build();
        let (own, line) = (*case, SandboxLine { sandbox: sandbox.clone(), since: AtomicU64::new(0) });
        let result = sandbox.block_on(async move {
            let providers = line.sandbox.providers();
            let stage = Stage { providers: &providers, line: &line, pace: Arc::new(Unhurried) };
            lifecycle(&stage, &own).await
        });
        (case, result.unwrap_or_else(|killed| Err(Failure::new(killed.to_string()))))
    });
    report(results.collect());
}

fn picked(cases: &[Case]) -> Vec<&Case> {
    let wanted = std::env::var("LANDFALL_CASES").unwrap_or_default();
    let wanted: Vec<_> = wanted.split(',').filter(|kind| !kind.is_empty()).collect();
    cases.iter().filter(|case| wanted.is_empty() || wanted.contains(&case.kind)).collect()
}

fn report(results: Vec<(&Case, Result<(), Failure>)>) {
    let count = results.len();
    let failures: Vec<_> = results
        .into_iter()
        .filter_map(|(case, result)| {
            let failure = result.err()?;
            Some(format!("  {} ({:?}): {failure}", case.kind, case.wire))
        })
        .collect();
    assert!(failures.is_empty(), "{} of {count} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// Runs a future to its end, for tests that need nothing else of a runtime.
///
/// The tests of a layer take it instead of `#[tokio::test]`: a layer that turns on more of tokio's features would
/// compile the SDK once more.
///
/// # Panics
/// When the runtime can't be made.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime of one thread").block_on(future)
}
