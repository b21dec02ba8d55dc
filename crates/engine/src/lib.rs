//! The shared async executor of Landfall: recover, plan, apply, destroy, crash-safe state.
