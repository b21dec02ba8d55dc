//! Whole topologies through the public API, in the sandbox and on implementations of AWS by others.

mod arrows;
mod command_line;
mod flagship;
#[path = "../../examples/india_london.rs"]
#[expect(dead_code, reason = "its `main` is for `cargo run`")]
mod india_london;
mod killed;
mod machine;
mod on_the_wire;
mod places_at_run_time;
mod processes;
mod shared_state;
