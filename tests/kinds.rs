//! Every kind of every layer: whether its own data are fit for the sandbox.
#![cfg(feature = "sandbox")]

#[test]
fn the_sandbox_can_simulate_every_kind() {
    let wrong = landfall::sandbox::audit(landfall::kinds());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
