//! Two networks, in Mumbai and London, from one function: the smallest multi-region program.
//!
//! `cargo run --example networks` shows it in the sandbox, `cargo run --example networks -- --help` the rest.

use std::process::ExitCode;

use landfall::{
    ApSouth1, Environment, EuWest2, Region, Scope, Topology,
    netlayer::{Network, NetworkHandles},
};

fn network<R: Region>(scope: &Scope<R>, cidr_block: &str) -> anyhow::Result<NetworkHandles<R>> {
    Ok(Network::builder().cidr_block(cidr_block.parse()?).build().add_to(&scope.child("net")))
}

fn topology() -> anyhow::Result<Topology> {
    let topology = Topology::new("networks", Environment::new("demo"));
    network(&topology.region::<ApSouth1>(), "10.10.0.0/16")?;
    network(&topology.region::<EuWest2>(), "10.20.0.0/16")?;
    Ok(topology)
}

fn main() -> anyhow::Result<ExitCode> {
    Ok(landfall::cli::run(&topology()?))
}
