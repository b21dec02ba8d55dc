//! The sandbox by its public API: AWS's rules, times, faults, and what tests see of the world.

mod life;
mod support;
