//! Hands that meddle, and things that were there before.

use landfall_core::{Attributes, Fields, PlaceCode};
use landfall_sandbox::MeddleError;
use serde_json::json;

use crate::support::{caller, database, sandbox, subnet, text, vpc, within};

#[test]
fn changes_behind_the_back_are_seen_by_the_next_read() {
    within(&sandbox(), |sandbox| async move {
        let data = caller(&sandbox, "ap-south-1/rds.database:orders", 1);
        let made = data.create(&database("orders", &[])).await.expect("created");
        let address = &data.cx.address;
        let calls = sandbox.calls().len();
        sandbox.meddle().set_field(address, "size", 80).expect("changed");
        sandbox.meddle().set_tag(text(&made, "arn"), "owner", "nobody").expect("tagged");
        sandbox.meddle().remove_tag("ap-south-1/rds.database:orders", "team").expect("untagged");
        assert_eq!(sandbox.calls().len(), calls, "hands leave no trace in the log of calls");
        let read = data.read().await.expect("read").expect("there");
        assert_eq!((&read.fields["size"], &read.fields["tags"]), (&json!(80), &json!({ "owner": "nobody" })));
        sandbox.meddle().delete("orders").expect("deleted");
        assert_eq!(data.read().await, Ok(None));
    });
}

#[test]
fn hands_keep_the_rules_too() {
    within(&sandbox(), |sandbox| async move {
        let network = caller(&sandbox, "ap-south-1/ec2.vpc:main", 1);
        let made = network.create(&vpc()).await.expect("created");
        let part = caller(&sandbox, "ap-south-1/ec2.subnet:a", 1);
        part.create(&subnet(text(&made, "id"), 1)).await.expect("created");
        let hands = sandbox.meddle();
        let refused = hands.delete(&network.cx.address).expect_err("in use").to_string();
        assert!(refused.starts_with("DependencyViolation: The vpc"), "{refused}");
        let refused = hands.set_field(&network.cx.address, "cidr_block", "soup").expect_err("not valid").to_string();
        assert!(refused.starts_with("ValidationError: the value of `cidr_block`"), "{refused}");
        assert_eq!(
            hands.delete("vpc-nowhere").expect_err("absent").to_string(),
            "the sandbox has no object `vpc-nowhere`"
        );
        let gone = hands.delete_with_dependents(&network.cx.address).expect("deleted");
        assert_eq!(gone.iter().map(|object| object.kind).collect::<Vec<_>>(), ["ec2.subnet", "ec2.vpc"]);
        sandbox.assert_empty();
    });
}

#[test]
fn what_was_there_before_is_looked_up_and_used() {
    within(&sandbox(), |sandbox| async move {
        let place: PlaceCode = "ap-south-1".parse().expect("a region");
        let fields = Fields::from([("cidr_block".into(), json!("10.0.0.0/16"))]);
        let seeded = sandbox.seed_object("ec2.vpc", place, fields, Attributes::new()).expect("seeded");
        assert!(seeded.id.starts_with("vpc-") && seeded.origin.is_none(), "{seeded}");
        sandbox.assert_empty();
        let network = caller(&sandbox, "ap-south-1/ec2.vpc:shared", 1);
        let found = network.look_up(&seeded.id).await.expect("read").expect("there");
        assert_eq!(found.attributes, seeded.attributes);
        let part = caller(&sandbox, "ap-south-1/ec2.subnet:a", 1);
        part.create(&subnet(&seeded.id, 1)).await.expect("created at once: what is old is seen");

        let named = Attributes::from([("id".into(), json!("vpc-cafe"))]);
        let exact = sandbox.seed_object("ec2.vpc", place, Fields::new(), named.clone()).expect("seeded");
        assert_eq!(exact.attributes["arn"], json!("arn:aws:ec2:ap-south-1:123456789012:vpc/vpc-cafe"));
        let again = sandbox.seed_object("ec2.vpc", place, Fields::new(), named);
        assert!(matches!(again, Err(MeddleError::Refused(_))), "{again:?}");
        let unknown = sandbox.seed_object("ec2.moon", place, Fields::new(), Attributes::new());
        assert_eq!(
            unknown.expect_err("no such kind").to_string(),
            "the sandbox does not serve ec2.moon; make it with the kinds of that layer"
        );
    });
}

#[test]
fn what_nobody_creates_is_always_there() {
    within(&sandbox(), |sandbox| async move {
        let me = caller(&sandbox, "global/sts.caller_identity:me", 1);
        let found = me.look_up("self").await.expect("read").expect("there");
        assert_eq!(found.attributes["arn"], json!("arn:aws:iam::123456789012:root"));
        assert_eq!(me.look_up("self").await.expect("read"), Some(found), "the same one every time");

        let managed = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let role = caller(&sandbox, "global/iam.role:aws", 1);
        let found = role.look_up(managed).await.expect("read").expect("AWS's own things are there");
        assert_eq!((found.id(), &found.attributes["arn"]), (managed, &json!(managed)));
        assert_eq!(role.look_up("nobody").await, Ok(None));
        assert!(sandbox.is_empty() && sandbox.objects().is_empty());
    });
}
