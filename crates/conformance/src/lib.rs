#![doc = include_str!("../README.md")]

mod case;
mod cloud;
mod emulator;
mod lifecycle;
mod pace;

pub use case::{Case, Variant, Wire, complete};
pub use cloud::{Cloud, Register, route};
pub use emulator::{Emulator, EmulatorError, Running};
pub use lifecycle::{Failure, lifecycle};

/// Runs the lifecycle of every case on its wire and reports all failures at the end.
///
/// `register` holds the `aws::register` of every layer whose kinds the cases use. The environment variable
/// `LANDFALL_CASES`, kinds with commas in between, picks some of the cases for a while.
///
/// # Panics
/// With a line for each case that failed.
pub fn on_the_wire(register: &[Register], cases: &[Case]) {
    let picked = std::env::var("LANDFALL_CASES").unwrap_or_default();
    let picked: Vec<_> = picked.split(',').filter(|kind| !kind.is_empty()).collect();
    block_on(async {
        let mut failures = Vec::new();
        for case in cases.iter().filter(|case| picked.is_empty() || picked.contains(&case.kind)) {
            let cloud = Cloud::on(case.wire).await;
            let providers = cloud.providers(register);
            if let Err(failure) = lifecycle(&providers, Some(&cloud.tap), case).await {
                failures.push(format!("  {} ({:?}): {failure}", case.kind, case.wire));
            }
        }
        assert!(failures.is_empty(), "{} of {} cases failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
    });
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
