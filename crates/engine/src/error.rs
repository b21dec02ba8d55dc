//! Errors: why an operation did not begin, or could not go on.

use std::{fmt::Write, sync::Arc};

use landfall_core::{Address, Fault, Problems, state::Revision, store::StoreError};

/// Why an operation did not begin, or could not go on.
///
/// A run that began ends with an [`Outcome`](crate::Outcome) instead.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The topology can't be planned.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// The state can't be read, written or locked.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The state changed after the plan was made.
    #[error(
        "the plan was made at revision {planned} of {location}, which is at revision {found} now; plan again, so that \
         what runs is what was shown"
    )]
    StateMoved {
        /// The store.
        location: String,
        /// Revision that the plan was made against.
        planned: Revision,
        /// Revision of the state.
        found: Revision,
    },
    /// The plan is not for this topology.
    #[error("the plan is for {planned}, not for {topology}; plan again with this program")]
    OtherTopology {
        /// Topology and environment of the plan.
        planned: String,
        /// Topology and environment of the program.
        topology: String,
    },
    /// The plan does not hold together: a file that was edited or damaged.
    #[error("the plan can't be run: {why}; plan again")]
    BadPlan {
        /// What is wrong with it.
        why: String,
    },
    /// Objects could not be read.
    #[error("{}", list("can't read", .faults))]
    Unreadable {
        /// Which, and why.
        faults: Vec<(Address, Fault)>,
    },
    /// The outcome of calls that an interrupted run left could not be found out.
    #[error("{}", list("can't settle what an interrupted run left of", .faults))]
    Unsettled {
        /// Which, and why.
        faults: Vec<(Address, Fault)>,
    },
    /// The operation was told to stop before it changed anything.
    #[error("stopped before anything was changed")]
    Stopped,
    /// The runtime of the executor was shut down.
    #[error("the runtime of the executor was shut down; the next run settles what this one left")]
    Shutdown,
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<Arc<StoreError>> for Error {
    fn from(error: Arc<StoreError>) -> Self {
        Self::Store(error)
    }
}

/// An error in one line, with everything that caused it.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

fn list(what: &str, faults: &[(Address, Fault)]) -> String {
    let count = faults.len();
    let mut text = format!("{what} {count} object{}", if count == 1 { "" } else { "s" });
    for (address, fault) in faults {
        let _ = write!(text, "\n  {address}: {fault}");
    }
    text
}
