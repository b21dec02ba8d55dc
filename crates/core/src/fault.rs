//! Faults: what went wrong with an API call, in the terms the engine acts on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong with one API call or one wait.
///
/// Faults are written to the log and the event stream, so they hold no secrets and no values of fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", display(self))]
pub struct Fault {
    /// What the engine does about it.
    pub kind: FaultKind,
    /// The API operation: `ec2:CreateSubnet`.
    pub operation: String,
    /// What AWS said, with its error code.
    pub message: String,
    /// AWS's id of the request, for support cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What the engine does about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Too many calls: slow down and call again.
    Throttled,
    /// Something it depends on is not visible or ready yet: call again soon.
    NotYet,
    /// Other objects still depend on what is being deleted: call again later.
    Blocked,
    /// The service or the network failed and it is unknown whether the call had an effect: look, then call again.
    Unavailable,
    /// The caller may not perform the action that the operation names.
    Denied,
    /// The endpoint does not implement the operation.
    Unsupported,
    /// AWS refuses the request as it stands.
    Invalid,
    /// An object of that name exists and is not ours.
    Taken,
    /// The object did not become ready in time.
    TimedOut,
    /// The run was told to stop.
    Stopped,
    /// Anything else; calling again would not help.
    Fatal,
}

impl FaultKind {
    /// Whether the engine tries again by itself.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::NotYet | Self::Blocked | Self::Unavailable)
    }
}

impl Fault {
    /// A fault of an operation: `Fault::new(FaultKind::Invalid, "ec2:CreateSubnet", "…")`.
    pub fn new(kind: FaultKind, operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, operation: operation.into(), message: message.into(), request_id: None }
    }

    /// The fault of a call that has to be made again because what it needs is not there yet.
    pub fn not_yet(operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(FaultKind::NotYet, operation, message)
    }

    /// The fault of an answer that lacks what AWS documents it to hold.
    pub fn incomplete(operation: impl Into<String>, missing: &str) -> Self {
        Self::new(FaultKind::Fatal, operation, format!("the answer has no {missing}"))
    }
}

fn display(fault: &Fault) -> String {
    let Fault { operation, message, .. } = fault;
    let head = match fault.kind {
        FaultKind::Throttled => format!("{operation} was throttled"),
        FaultKind::NotYet => format!("{operation} has to wait"),
        FaultKind::Blocked => format!("{operation} is blocked by objects that depend on it"),
        FaultKind::Unavailable => format!("{operation} got no usable answer"),
        FaultKind::Denied => format!("{operation} was denied: the caller's IAM policy lacks this action"),
        FaultKind::Unsupported => format!("{operation} is not implemented by this endpoint"),
        FaultKind::Invalid => format!("{operation} was refused"),
        FaultKind::Taken => format!("{operation} found an object of that name that this topology does not own"),
        FaultKind::TimedOut => format!("{operation} did not finish in time"),
        FaultKind::Stopped => format!("{operation} was stopped"),
        FaultKind::Fatal => format!("{operation} failed"),
    };
    match &fault.request_id {
        Some(id) => format!("{head}: {message} (request {id})"),
        None if message.is_empty() => head,
        None => format!("{head}: {message}"),
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "throttled",
            Self::NotYet => "not yet",
            Self::Blocked => "blocked",
            Self::Unavailable => "unavailable",
            Self::Denied => "denied",
            Self::Unsupported => "unsupported",
            Self::Invalid => "invalid",
            Self::Taken => "taken",
            Self::TimedOut => "timed out",
            Self::Stopped => "stopped",
            Self::Fatal => "fatal",
        })
    }
}
