//! The command line of any program that embeds Landfall.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use landfall::{Environment, Topology};
//!
//! fn main() -> ExitCode {
//!     let topology = Topology::new("twin", Environment::new("prod"));
//!     // … declare resources …
//!     landfall::cli::run(&topology)
//! }
//! ```

mod cloud;
mod command;
mod options;
mod progress;
mod report;
mod style;
mod tour;

use std::{error::Error, io::Write, process::ExitCode};

use clap::{Args, CommandFactory, FromArgMatches};
use landfall_core::Topology;

use self::{command::Exit, options::Options};

/// Runs the command line of a program that declares one topology.
pub fn run(topology: &Topology) -> ExitCode {
    match parse::<NoOptions>() {
        Ok(options) => finish(command::run(topology, &options.common, options.command)),
        Err(exit) => exit,
    }
}

/// Runs the command line of a program with options of its own, from which it declares its topology.
///
/// Options with a name (`--domain`) may stand before or after the command; those that are required, before it.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use landfall::{Environment, Topology};
///
/// #[derive(clap::Args)]
/// struct Own {
///     /// Environment to deploy
///     #[arg(long, default_value = "prod")]
///     environment: String,
/// }
///
/// fn main() -> ExitCode {
///     landfall::cli::run_with(|own: &Own| Ok(Topology::new("twin", Environment::new(&own.environment))))
/// }
/// ```
pub fn run_with<Own: Args>(declare: impl FnOnce(&Own) -> Result<Topology, Box<dyn Error + Send + Sync>>) -> ExitCode {
    let options = match parse::<Own>() {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    match declare(&options.own) {
        Ok(topology) => finish(command::run(&topology, &options.common, options.command)),
        Err(error) => finish(Err(error)),
    }
}

#[derive(Debug, Args)]
struct NoOptions {}

/// Reads the command line; wrong use ends with exit code 64, so that 2 can mean changes.
fn parse<Own: Args>() -> Result<Options<Own>, ExitCode> {
    let command = Options::<Own>::command();
    // What is required can't be global.
    let fixed = |arg: &clap::Arg| arg.is_positional() || arg.is_required_set();
    let command = command.mut_args(|arg| if fixed(&arg) { arg } else { arg.global(true) });
    let parsed = command.try_get_matches().and_then(|matches| Options::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let _ = error.print();
        if error.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS }
    })
}

fn finish(result: Result<Exit, Box<dyn Error + Send + Sync>>) -> ExitCode {
    match result {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "{} {}", style::bad("error:"), report::with_causes(&*error));
            let stopped = matches!(error.downcast_ref(), Some(landfall_engine::Error::Stopped));
            ExitCode::from(if stopped { Exit::Stopped } else { Exit::Failed } as u8)
        }
    }
}
