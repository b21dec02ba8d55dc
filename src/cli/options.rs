//! Options of the command line.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use landfall_aws::{S3Location, s3_store::LocationError};
use landfall_core::{Address, state::Revision};
use landfall_engine::RetryPolicy;

/// What a program that embeds the command line takes: its own options beside Landfall's.
#[derive(Debug, Parser)]
#[command(about = ABOUT, long_about = None, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(super) struct Options<Own: Args> {
    #[command(flatten, next_help_heading = "Options of this program")]
    pub(super) own: Own,
    #[command(flatten, next_help_heading = "Options")]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const ABOUT: &str = "Plan, apply and destroy the AWS platform that this program declares";

const EXIT_CODES: &str = "\
Without a command: a tour. The topology is planned, applied in the sandbox, planned again and destroyed, with the \
times that AWS would take.

Exit codes:
  0    done; for `plan --detailed-exitcode` and `drift --detailed-exitcode`: no changes
  1    failed: the topology has problems, a call failed, or the state could not be used
  2    with --detailed-exitcode: there are changes
  64   the command line makes no sense
  130  stopped by a signal; the next run goes on from there

Environment: AWS_PROFILE, AWS_ACCESS_KEY_ID and everything else that the AWS SDK reads; AWS_ENDPOINT_URL and \
AWS_ENDPOINT_URL_<SERVICE> send calls to other implementations of AWS; NO_COLOR switches colours off.";

/// What is done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what an apply would do
    Plan {
        /// Write the plan to a file, for `apply FILE`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Also show every field of what is created
        #[arg(long)]
        full: bool,
    },
    /// Make AWS as declared
    Apply {
        /// A plan that `plan --out` wrote; refused when the state has moved since
        #[arg(value_name = "FILE")]
        plan: Option<PathBuf>,
    },
    /// Delete everything the topology owns, except what is protected
    Destroy,
    /// Show what differs between the state and AWS
    Drift,
    /// Look into the state
    State {
        #[command(subcommand)]
        what: StateCommand,
    },
    /// Show who holds the state, and end a lease whose holder is gone
    Unlock {
        /// Also end the lease of a run that is still at work: it makes no further call
        #[arg(long)]
        force: bool,
    },
    /// Print the dependency graph
    Graph {
        /// Language of the picture
        #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
        format: GraphFormat,
    },
}

/// What is looked at in the state.
#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// List the objects with their ids
    List {
        /// As it was after that entry of the log; `state history` lists them
        #[arg(long, value_name = "REVISION")]
        at: Option<Revision>,
    },
    /// Show everything recorded of one resource
    Show {
        /// Its address, as `state list` prints it
        address: Address,
        /// As it was after that entry of the log; `state history` lists them
        #[arg(long, value_name = "REVISION")]
        at: Option<Revision>,
    },
    /// List the runs, newest last
    History,
}

/// Language of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// Mermaid, which GitHub draws
    Mermaid,
    /// DOT, for Graphviz
    Dot,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// Where it runs: the simulated cloud inside this program, or AWS [default: sandbox; aws with --endpoint, --state or
    /// `AWS_ENDPOINT_URL`]
    #[arg(long, global = true, value_enum)]
    pub(super) target: Option<Target>,
    /// Send every call to this URL instead of AWS
    #[arg(long, global = true, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// Where the state is kept: a folder, created when it does not exist, or
    /// `s3://BUCKET/PREFIX?region=REGION&kms_key=KEY&lease_table=TABLE`, where PREFIX and what follows may be left out
    /// [default: .landfall]
    #[arg(long, global = true, value_name = "PLACE")]
    pub(super) state: Option<Place>,
    /// What is read from AWS before planning
    #[arg(long, global = true, value_enum, default_value_t = RefreshChoice::All)]
    pub(super) refresh: RefreshChoice,
    /// Only this resource and what it needs; may be given several times
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(super) only: Vec<Address>,
    /// Most calls under way at a time
    #[arg(long, global = true, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) parallelism: u16,
    /// Longest time to repeat a call while AWS has too many, is not ready or does not answer [default: by cause, 3 min
    /// to 15 min]
    #[arg(long, global = true, value_name = "SECONDS")]
    pub(super) give_up_after: Option<u64>,
    /// Do not ask before changing anything
    #[arg(long, short, global = true)]
    pub(super) yes: bool,
    /// Print one JSON object per line instead of text: events, then the result
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Exit with 2 when there are changes
    #[arg(long, global = true)]
    pub(super) detailed_exitcode: bool,
}

/// Where the state is kept.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Folder(PathBuf),
    S3(S3Location),
}

impl FromStr for Place {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.starts_with("s3:") { text.parse().map(Self::S3) } else { Ok(Self::Folder(text.into())) }
    }
}

/// Where a topology runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Target {
    /// The simulated cloud inside this program: no network, no credentials, gone when the program ends
    Sandbox,
    /// AWS, or whatever the endpoint variables name
    Aws,
}

/// What is read from AWS before planning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RefreshChoice {
    /// Nothing: the state is trusted
    None,
    /// What the plan touches
    Touched,
    /// Every object
    All,
}

impl Common {
    /// How often calls are repeated.
    pub(super) fn retry(&self) -> RetryPolicy {
        let policy = RetryPolicy::default();
        let Some(most) = self.give_up_after.map(Duration::from_secs) else { return policy };
        RetryPolicy {
            throttled: policy.throttled.min(most),
            not_yet: policy.not_yet.min(most),
            blocked: policy.blocked.min(most),
            unavailable: policy.unavailable.min(most),
            ..policy
        }
    }

    pub(super) fn target(&self) -> Target {
        // Who names a cloud or a state means that one: the sandbox has neither.
        let named = self.endpoint.is_some() || self.state.is_some() || endpoint_in_environment();
        self.target.unwrap_or(if named { Target::Aws } else { Target::Sandbox })
    }

    /// Where the state is kept.
    pub(super) fn place(&self) -> Place {
        self.state.clone().unwrap_or_else(|| Place::Folder(".landfall".into()))
    }
}

/// Whether the SDK's variables send any calls elsewhere.
fn endpoint_in_environment() -> bool {
    std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("AWS_ENDPOINT_URL"))
}
