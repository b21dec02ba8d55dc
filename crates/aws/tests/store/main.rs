//! The store in S3: what every store does, on emulators; what only this one does; and races, with every call of every
//! writer in any order, late, lost, or refused.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests, which say how many races they ran")]

mod emulators;
mod kept;
mod races;
mod service;
