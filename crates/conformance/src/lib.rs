#![doc = include_str!("../README.md")]

mod case;
mod cloud;
mod emulator;
mod lifecycle;
mod line;
mod pace;
mod recorded;
mod relay;
mod run;
mod world;

pub use case::{Case, Variant, Wire, complete};
pub use cloud::{Cloud, Register, route};
pub use emulator::{Emulator, EmulatorError, Running};
pub use lifecycle::{Stage, lifecycle};
pub use line::Line;
pub use recorded::recordings;
pub use relay::{Calls, Moment, Relay};
pub use run::{block_on, in_the_sandbox, on_the_wire};
pub use world::Failure;
