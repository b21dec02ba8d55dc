//! The sandbox by its public API: AWS's rules, times, faults, and what tests see of the world.

mod audit;
mod engine;
mod faults;
mod laws;
mod life;
mod makespan;
mod meddling;
mod refusals;
mod seen;
mod speed;
mod support;
