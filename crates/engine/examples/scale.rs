//! How time and memory grow with the number of resources.
//!
//! Plans, applies, plans again and destroys two trees of objects that cost nothing, with a state in a directory where
//! every intent and outcome is durable as in real use, and prints what that took as one JSON object:
//! `cargo run --release -p landfall-engine --example scale -- --resources 5000 --state /tmp/scale`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use landfall_core::store::Store;
use landfall_engine::{DirectoryStore, Executor, Outcome, PlanOptions, Rate, Rates, Refresh};
use serde::Serialize;

#[path = "../benches/trees/mod.rs"]
mod trees;

#[derive(Parser)]
#[command(about = "Measures plan, apply, second plan and destroy of so many resources")]
struct Options {
    /// How many resources to declare, in two trees with ten children to each node.
    #[arg(long)]
    resources: usize,
    /// Directory for the state; what an earlier measurement left there is removed.
    #[arg(long)]
    state: PathBuf,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Measured {
    resources: usize,
    /// The program declares everything, and a plan is made against an empty state.
    plan_ms: f64,
    /// That plan is run.
    apply_ms: f64,
    /// The program declares everything again, the state is loaded, every object is read, and nothing is to do.
    replan_ms: f64,
    /// Everything is planned to be deleted, and deleted.
    destroy_ms: f64,
    /// Most memory that the process ever had in use.
    peak_rss_kib: u64,
    /// Size of the state's files after the apply, history included.
    state_bytes: u64,
}

// An apply waits for the cloud and the disk: one thread, and one for the files, are enough.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let measured = measure(&Options::parse()).await?;
    serde_json::to_writer(io::stdout().lock(), &measured)?;
    Ok(())
}

async fn measure(options: &Options) -> Result<Measured, Box<dyn std::error::Error>> {
    let store = DirectoryStore::new(&options.state, "scale", "bench");
    clear(store.directory())?;
    let directory = store.directory().to_owned();
    let store: Arc<dyn Store> = Arc::new(store);
    let cloud = trees::Cloud::default();
    let unlimited = Rates::all(Rate { per_second: 1e9, burst: u32::MAX });
    let executor = Executor::builder().providers(cloud.providers()).rates(unlimited).build();

    let began = Instant::now();
    let topology = trees::topology(options.resources);
    let plan = executor.plan(&topology, store.clone(), PlanOptions::default()).await?;
    let plan_ms = ms(began.elapsed());
    expect(plan.steps.len() == options.resources, "a plan to create everything")?;

    let began = Instant::now();
    let outcome = executor.apply(&topology, store.clone(), plan).await?;
    let apply_ms = ms(began.elapsed());
    expect(outcome.is_done() && cloud.count() == options.resources, "everything to be created")?;
    drop((outcome, topology));
    let state_bytes = size(&directory)?;

    let began = Instant::now();
    let topology = trees::topology(options.resources);
    let read_all = PlanOptions::builder().refresh(Refresh::All).build();
    let again = executor.plan(&topology, store.clone(), read_all).await?;
    let replan_ms = ms(began.elapsed());
    expect(again.is_empty() && again.unchanged == options.resources, "nothing to be left to do")?;

    let began = Instant::now();
    let outcome = executor.destroy(&topology, store, PlanOptions::default()).await?;
    let destroy_ms = ms(began.elapsed());
    expect(matches!(outcome, Outcome::Done(_)) && cloud.count() == 0, "everything to be deleted")?;

    let peak_rss_kib = peak_rss_kib()?;
    Ok(Measured { resources: options.resources, plan_ms, apply_ms, replan_ms, destroy_ms, peak_rss_kib, state_bytes })
}

/// Milliseconds, with tenths.
fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

fn expect(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("expected {what}")) }
}

/// Removes the state of an earlier measurement.
fn clear(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn size(directory: &Path) -> io::Result<u64> {
    fs::read_dir(directory)?.map(|file| Ok(file?.metadata()?.len())).sum()
}

/// The high-water mark of resident memory, as Linux counts it.
fn peak_rss_kib() -> Result<u64, Box<dyn std::error::Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no `VmHWM` in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
