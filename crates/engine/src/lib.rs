#![doc = include_str!("../README.md")]

pub mod store;

mod drift;
mod error;
mod event;
mod executor;
mod limits;
mod outcome;
mod planning;
mod reader;
mod recover;
mod retry;
mod run;
mod session;
mod stop;
mod subject;
mod tools;
mod writer;

pub use drift::{Drift, Drifted};
pub use error::Error;
pub use event::{Event, Events, Moment, PlanCounts};
pub use executor::{Declared, Executor, ExecutorBuilder, Expected, WallClock};
pub use limits::{Rate, Rates};
pub use outcome::{Ended, Outcome, Report, StepReport, StepResult, Summary};
pub use planning::{PlanOptions, Refresh};
pub use retry::RetryPolicy;
pub use stop::Stop;
pub use store::{DirectoryStore, MemoryStore};
