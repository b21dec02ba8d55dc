//! The connection, its wire and its faults against a server of the test's own on the loopback.

mod connection;
mod faults;
mod server;
mod taps;
