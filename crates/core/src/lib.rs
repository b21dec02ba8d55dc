#![doc = include_str!("../README.md")]

pub mod address;
pub mod attributes;
pub mod check;
pub mod exclusive;
pub mod expr;
pub mod fault;
pub mod graph;
pub mod kind;
pub mod plan;
pub mod provider;
pub mod state;
pub mod store;
pub mod tags;

mod context;
mod declarations;
mod handle;
mod input;
mod lower;
mod options;
mod place;
mod problem;
mod resource;
mod topology;
mod validate;

pub use address::Address;
pub use attributes::{Attributes, Fields, Tags, Value};
pub use context::{Context, Pace, Wait};
pub use declarations::Declarations;
pub use fault::{Fault, FaultKind};
pub use handle::{Attribute, Handle, Node};
pub use input::{ArnRef, ByArn, ById, Input, Is, Naming, Ref, join_parts, json};
pub use kind::Kind;
pub use options::{Keep, Lifecycle, Options};
pub use place::*;
pub use plan::Plan;
pub use problem::{Problem, Problems};
pub use provider::{Live, Locator, Observed, Provider, Providers, TypedProvider, typed};
pub use resource::Resource;
pub use state::State;
pub use topology::{Declaration, Environment, Lookups, Lowered, Scope, TAGS, Topology};
