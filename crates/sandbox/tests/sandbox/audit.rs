//! Whether kinds can be simulated at all.

use landfall_core::{
    Kind,
    kind::{Actions, Exclusive, Reported, Within},
};
use landfall_sandbox::{Sandbox, audit};

use crate::support::{Database, caller, database, kinds, within};

#[test]
fn the_kinds_of_the_network_layer_are_in_order() {
    assert_eq!(audit(landfall_netlayer::kinds()), Vec::<String>::new());
    assert_eq!(audit(kinds()), Vec::<String>::new());
}

static BROKEN: Kind = Kind {
    attributes: &[Reported::stable("arn", "arn:{moon}")],
    exclusive: &[Exclusive { fields: &["color"], within: Within::Place }],
    excludes_among: &["orbit"],
    actions: Actions { create: &["CreateMoon"], read: &[], update: &[], delete: &[] },
    timing: "aws_moon",
    ..Kind::of::<Database>("rds.database")
};

#[test]
fn what_is_wrong_is_listed_at_once() {
    assert_eq!(
        audit([&BROKEN]),
        [
            "rds.database: the form `arn:{moon}` of attribute `arn` has the unknown placeholder `{moon}`",
            "rds.database: `timing` names `aws_moon`, which is no row of the table of creation times",
            "rds.database: its first attribute is not `id`",
            "rds.database: `exclusive` names `color`, which is none of its fields",
            "rds.database: `excludes_among` names `orbit`, which is none of its fields",
            "rds.database: `CreateMoon` is no IAM action of the form `service:Action`",
        ]
    );
}

#[test]
fn a_form_that_says_nothing_fails_at_the_create() {
    within(&Sandbox::new([&BROKEN]), |sandbox| async move {
        let fault = caller(&sandbox, "ap-south-1/rds.database:x", 1).create(&database("x", &[])).await;
        let fault = fault.expect_err("nothing can be minted");
        assert_eq!(fault.kind, landfall_core::FaultKind::Fatal);
        assert!(fault.message.contains("unknown placeholder `{moon}`"), "{fault}");
    });
}
