#![doc = include_str!("../README.md")]

mod audit;
mod calls;
mod draw;
mod effects;
mod fault_schedule;
mod fields;
mod inspect;
mod late_reads;
mod meddle;
mod mint;
mod object;
mod provider;
mod quotas;
mod references;
mod runtime;
mod sandbox;
mod standing;
mod timing;
mod wording;
mod world;

pub use audit::audit;
pub use calls::{Call, Calls, Op, Outcome};
pub use fault_schedule::{FaultSchedule, Moment, Outage, Trouble};
pub use inspect::Orphans;
pub use late_reads::LateReads;
pub use meddle::{MeddleError, Meddler, Which};
pub use object::{Object, Origin, Status};
pub use quotas::Quotas;
pub use sandbox::{Killed, Sandbox, SandboxBuilder};
pub use timing::{Tail, usual_time};
