//! Simulated cloud of Landfall: in-process, virtual time, no network, no credentials.
