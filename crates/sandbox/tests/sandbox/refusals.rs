//! What AWS refuses, in its own words.

use landfall_core::{Fault, FaultKind};
use landfall_sandbox::{Quotas, Sandbox};
use serde_json::json;

use crate::support::{caller, database, desired, kinds, sandbox, subnet, text, vpc, within};

fn check(refused: Result<landfall_core::Attributes, Fault>, kind: FaultKind, message: &str) {
    let fault = refused.expect_err(message);
    assert_eq!((fault.kind, fault.message.as_str()), (kind, message));
}

#[test]
fn references_have_to_exist_where_aws_needs_them() {
    within(&sandbox(), |sandbox| async move {
        let india = caller(&sandbox, "ap-south-1/net/ec2.subnet:a", 1);
        let unknown = india.create(&subnet("vpc-0123", 1)).await;
        check(unknown, FaultKind::NotYet, "InvalidVpcID.NotFound: The vpc ID 'vpc-0123' does not exist (`vpc`)");

        let london = caller(&sandbox, "eu-west-2/net/ec2.vpc:main", 1);
        let abroad = london.create(&vpc()).await.expect("created");
        let id = text(&abroad, "id");
        let foreign = india.create(&subnet(id, 1)).await;
        check(
            foreign,
            FaultKind::Invalid,
            &format!(
                "InvalidVpcID.NotFound: The vpc ID '{id}' does not exist in ap-south-1; `vpc` names one that lives in \
                 eu-west-2"
            ),
        );
    });
}

#[test]
fn certificates_come_from_the_region_that_aws_demands() {
    within(&sandbox(), |sandbox| async move {
        for (place, accepted) in [("us-east-1", true), ("eu-west-2", false)] {
            let certificate = caller(&sandbox, &format!("{place}/acm.certificate:web"), 1);
            let made = certificate.create(&desired(json!({ "name": "web" }), &[])).await.expect("created");
            let id = text(&made, "id");
            let mut want = database(place, &[]);
            want.fields.insert("certificate".into(), json!(id));
            want.references.push(landfall_core::provider::Reference {
                field: "certificate".into(),
                kind: "acm.certificate".into(),
                attribute: "id".into(),
                value: id.into(),
            });
            let made = caller(&sandbox, &format!("ap-south-1/rds.database:{place}"), 1).create(&want).await;
            assert_eq!(made.is_ok(), accepted, "{made:?}");
        }
    });
}

#[test]
fn fields_have_to_be_valid() {
    within(&sandbox(), |sandbox| async move {
        let data = caller(&sandbox, "ap-south-1/rds.database:orders", 1);
        let check_fields = async |fields, message: &str| {
            check(data.create(&desired(fields, &[])).await, FaultKind::Invalid, message);
        };
        check_fields(json!({ "name": "orders", "size": 20 }), "ValidationError: missing field `subnets`").await;
        check_fields(
            json!({ "name": "orders", "subnets": [], "size": "big" }),
            "ValidationError: the value of `size` is not valid: invalid type: string \"big\", expected u32",
        )
        .await;
        check_fields(
            json!({ "name": "orders", "subnets": [], "size": 20, "shape": "round" }),
            "UnknownParameter: `shape` is no field of rds.database",
        )
        .await;
        let network = caller(&sandbox, "ap-south-1/ec2.vpc:main", 1);
        let mut want = vpc();
        want.fields.insert("cidr_block".into(), json!("10.0.0.0/99"));
        let refused = network.create(&want).await.expect_err("no such prefix");
        assert!(refused.message.starts_with("ValidationError: the value of `cidr_block` is not valid"), "{refused}");
        sandbox.assert_empty();
    });
}

#[test]
fn what_may_exist_once_exists_once() {
    within(&sandbox(), |sandbox| async move {
        let data = caller(&sandbox, "ap-south-1/rds.database:orders", 1);
        data.create(&database("orders", &[])).await.expect("created");
        let twin = caller(&sandbox, "ap-south-1/rds.database:twin", 1);
        check(
            twin.create(&database("orders", &[])).await,
            FaultKind::Invalid,
            "DatabaseAlreadyExistsFault: A database with this `name` already exists: rds.database orders \
             (ap-south-1/rds.database:orders)",
        );
        let abroad = caller(&sandbox, "eu-west-2/rds.database:orders", 1);
        abroad.create(&database("orders", &[])).await.expect("the name is free in another region");

        let mut stranger = caller(&sandbox, "ap-south-1/rds.database:twin", 2);
        stranger.cx.topology = "other".into();
        let refused = stranger.create(&database("orders", &[])).await.expect_err("the name is another's");
        assert_eq!(refused.kind, FaultKind::Taken);

        let role = caller(&sandbox, "global/iam.role:a", 1);
        let want = desired(json!({ "name": "web" }), &[]);
        role.create(&want).await.expect("created");
        let second = caller(&sandbox, "global/iam.role:b", 1).create(&want).await.expect_err("taken");
        assert!(second.message.contains("`name` (unique in all of AWS)"), "{second}");
    });
}

#[test]
fn a_name_is_free_again_once_its_holder_is_gone() {
    within(&sandbox(), |sandbox| async move {
        let old = caller(&sandbox, "ap-south-1/rds.database:orders", 1);
        let made = old.create(&database("orders", &[])).await.expect("created");
        let deletion = tokio::spawn({
            let old = old.clone();
            async move { old.delete(&made).await }
        });
        old.rest(1).await;
        let new = caller(&sandbox, "ap-south-1/rds.database:orders", 2);
        let refused = new.create(&database("orders", &[])).await.expect_err("the old one is still being deleted");
        assert_eq!(refused.kind, FaultKind::NotYet);
        deletion.await.expect("no panic").expect("deleted");
        new.create(&database("orders", &[])).await.expect("created");
    });
}

#[test]
fn dependents_are_named() {
    within(&sandbox(), |sandbox| async move {
        let network = caller(&sandbox, "ap-south-1/net/ec2.vpc:main", 1);
        let made = network.create(&vpc()).await.expect("created");
        let part = caller(&sandbox, "ap-south-1/net/ec2.subnet:a", 1);
        let inside = part.create(&subnet(text(&made, "id"), 1)).await.expect("created");
        let refused = network.delete(&made).await.expect_err("a subnet is inside");
        assert_eq!(refused.kind, FaultKind::Blocked);
        assert_eq!(
            refused.message,
            format!(
                "DependencyViolation: The vpc '{}' has dependencies and cannot be deleted: ec2.subnet {} \
                 (ap-south-1/net/ec2.subnet:a)",
                text(&made, "id"),
                text(&inside, "id")
            )
        );
    });
}

#[test]
fn what_needs_a_new_object_is_no_update() {
    within(&sandbox(), |sandbox| async move {
        let network = caller(&sandbox, "ap-south-1/net/ec2.vpc:main", 1);
        let made = network.create(&vpc()).await.expect("created");
        let mut want = vpc();
        want.fields.insert("cidr_block".into(), json!("10.1.0.0/16"));
        check(
            network.update(&want).await,
            FaultKind::Invalid,
            &format!(
                "InvalidParameterCombination: `cidr_block` of ec2.vpc {} (ap-south-1/net/ec2.vpc:main) can't be changed \
                 after its creation",
                text(&made, "id")
            ),
        );
    });
}

#[test]
fn an_update_that_moves_a_reference_frees_the_old_one() {
    within(&sandbox(), |sandbox| async move {
        let [old, new] = ["old", "new"].map(|name| caller(&sandbox, &format!("global/iam.role:{name}"), 1));
        let made_old = old.create(&desired(json!({ "name": "old" }), &[])).await.expect("created");
        let made_new = new.create(&desired(json!({ "name": "new" }), &[])).await.expect("created");
        old.rest(10).await;
        let with_role = |role: &str| {
            let mut want = database("orders", &[]);
            want.fields.insert("role".into(), json!(role));
            want.references.push(landfall_core::provider::Reference {
                field: "role".into(),
                kind: "iam.role".into(),
                attribute: "id".into(),
                value: role.into(),
            });
            want
        };
        let data = caller(&sandbox, "ap-south-1/rds.database:orders", 1);
        data.create(&with_role("old")).await.expect("created");
        assert_eq!(old.delete(&made_old).await.expect_err("in use").kind, FaultKind::Blocked);
        data.update(&with_role("new")).await.expect("updated");
        old.delete(&made_old).await.expect("nobody uses it any more");
        let refused = new.delete(&made_new).await.expect_err("in use");
        assert!(refused.message.starts_with("DeleteConflict: "), "{refused}");
    });
}

#[test]
fn quotas_are_those_of_a_new_account_unless_said() {
    let vpcs = |sandbox: Sandbox| {
        within(&sandbox, |sandbox| async move {
            for n in 1..=5 {
                caller(&sandbox, &format!("ap-south-1/ec2.vpc:v{n}"), 1).create(&vpc()).await.expect("created");
            }
            caller(&sandbox, "eu-west-2/ec2.vpc:v6", 1).create(&vpc()).await.expect("another region has its own");
            let sixth = caller(&sandbox, "ap-south-1/ec2.vpc:v6", 1).create(&vpc()).await;
            if sandbox.count_of("ec2.vpc") == 6 {
                check(
                    sixth,
                    FaultKind::Invalid,
                    "VpcLimitExceeded: The maximum number of vpcs has been reached: 5 in ap-south-1",
                );
            }
        });
        sandbox.count_of("ec2.vpc")
    };
    assert_eq!(vpcs(sandbox()), 6);
    let granted = Sandbox::builder().kinds(kinds()).quotas(Quotas::default().limit("ec2.vpc", 20)).build();
    assert_eq!(vpcs(granted), 7);
}

#[test]
fn an_update_of_something_absent_says_so() {
    within(&sandbox(), |sandbox| async move {
        let network = caller(&sandbox, "ap-south-1/net/ec2.vpc:main", 1);
        network.create(&vpc()).await.expect("created");
        let have = network.read().await.expect("read").expect("there");
        sandbox.meddle().delete(&network.cx.address).expect("deleted");
        let refused = network.update_knowing(&vpc(), &have).await.expect_err("it is gone");
        assert_eq!(refused.kind, FaultKind::NotYet);
        assert!(refused.message.starts_with("InvalidVpcID.NotFound: "), "{refused}");
    });
}
