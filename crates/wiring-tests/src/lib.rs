//! Wiring that AWS would refuse, and that does not compile: the programs are in `tests/wrong`, each with the
//! message its author sees beside it.
//!
//! A package of its own, so that the programs are compiled without anything of the AWS SDK.

pub use landfall_compute as compute;
pub use landfall_core as core;
pub use landfall_datalayer as datalayer;
pub use landfall_edge as edge;
pub use landfall_netlayer as netlayer;
pub use landfall_security as security;
