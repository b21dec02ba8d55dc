//! Wrong wiring does not compile, and says why.

#[test]
fn wrong_wiring_does_not_compile() {
    let tests = trybuild::TestCases::new();
    tests.pass("tests/right/*.rs");
    tests.compile_fail("tests/wrong/*.rs");
}
