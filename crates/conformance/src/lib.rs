//! Test support of Landfall: emulators of AWS, and the lifecycle every provider must pass.
