//! Embedding: topology, plan, events and outcome as values inside an application, without the command line.
//!
//! A platform for each of two customers goes through one executor, under the same limits, at the same time.
//! `cargo run --example embed` runs them in the sandbox; the comment in `main` says what changes for AWS.

#![expect(clippy::print_stdout, reason = "an application says what it does")]

use std::sync::Arc;

use landfall::{
    Environment, London, Mumbai, Plan, Topology,
    engine::{Event, Events, Executor, MemoryStore, Outcome, PlanOptions},
    netlayer::{NatGateways, Network, Peering},
    sandbox::Sandbox,
    store::Store,
};

/// One customer's networks, in Mumbai and London, peered.
fn networks(customer: &str, number: u8) -> anyhow::Result<Topology> {
    let topology = Topology::new(customer, Environment::new("prod"));
    topology.tag("customer", customer);
    let (india, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    // One NAT gateway each: an account starts with five Elastic IP addresses per region.
    let network = |block: u8| {
        let cidr_block = format!("10.{block}.0.0/16").parse()?;
        anyhow::Ok(Network::builder().cidr_block(cidr_block).nat_gateways(NatGateways::Single).build())
    };
    let here = network(number)?.add_to(&india.child("net"));
    let there = network(number + 1)?.add_to(&london.child("net"));
    Peering::between(&here, &there).add_to(&india.child("net"), &london.child("net"));
    Ok(topology)
}

/// Plans one topology, and applies the plan if the application agrees to it.
async fn deploy(executor: Executor, topology: Topology) -> anyhow::Result<(Topology, Outcome)> {
    // A `DirectoryStore` keeps the state between runs.
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (events, mut received) = Events::channel();
    let executor = executor.with_events(events);
    let plan = executor.plan(&topology, Arc::clone(&store), PlanOptions::default()).await?;
    anyhow::ensure!(agreed(&plan), "the plan deletes something");
    let outcome = executor.apply(&topology, store, plan).await?;
    drop(executor);
    let mut finished = 0;
    while let Some(moment) = received.recv().await {
        if let Event::Finished { .. } = moment.event {
            finished += 1;
        }
    }
    println!("{}: {finished} steps reported as they finished", topology.name());
    Ok((topology, outcome))
}

/// An application's own rule over plans: here, nothing is deleted.
fn agreed(plan: &Plan) -> bool {
    plan.steps.iter().all(|step| !step.action.deletes())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // On AWS: `let aws = landfall::aws::Aws::from_env().await?;` and `.providers(landfall::on_aws(&aws))`.
    let sandbox = Sandbox::new(landfall::kinds());
    let executor =
        Executor::builder().providers(sandbox.providers()).runtime(sandbox.runtime()).parallelism(16).build();
    let (first, second) = tokio::try_join!(
        deploy(executor.clone(), networks("acme", 10)?),
        deploy(executor.clone(), networks("globex", 20)?),
    )?;
    for (topology, outcome) in [first, second] {
        let summary = &outcome.report().summary;
        println!("{}: {} created in {:.0} s of AWS's time", topology.name(), summary.created, summary.makespan);
        anyhow::ensure!(outcome.is_done(), "{:?}", outcome.report().failures().collect::<Vec<_>>());
    }
    println!("{} objects in the simulated cloud", sandbox.count());
    Ok(())
}
