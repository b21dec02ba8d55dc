//! The life of objects: create, read, update, delete, in AWS's times.

use std::time::Duration;

use landfall_core::FaultKind;
use landfall_sandbox::{LateReads, Op, Sandbox, Status, Tail};
use serde_json::json;

use crate::support::{caller, database, desired, kinds, sandbox, subnet, text, vpc, within};

const VPC: &str = "ap-south-1/net/ec2.vpc:main";
const SUBNET: &str = "ap-south-1/net/ec2.subnet:a";
const DB: &str = "ap-south-1/data/rds.database:orders";

#[test]
fn a_network_comes_and_goes_in_virtual_time() {
    within(&sandbox(), |sandbox| async move {
        let (network, part) = (caller(&sandbox, VPC, 1), caller(&sandbox, SUBNET, 1));
        let made = network.create(&vpc()).await.expect("created");
        assert!(text(&made, "id").starts_with("vpc-") && text(&made, "id").len() == 21, "{made:?}");
        assert_eq!(text(&made, "arn"), format!("arn:aws:ec2:ap-south-1:123456789012:vpc/{}", text(&made, "id")));
        assert_eq!(sandbox.now(), Duration::from_secs(12), "the median of aws_vpc");

        let inside = part.create(&subnet(text(&made, "id"), 1)).await.expect("created");
        let read = part.read().await.expect("read").expect("there");
        assert_eq!(read.attributes, inside);
        assert_eq!(read.fields["cidr_block"], json!("10.0.1.0/24"));
        assert_eq!(read.fields["tags"], json!({ "team": "web" }), "Landfall's own tags are its own affair");
        assert_eq!(sandbox.object_at(&part.cx.address).expect("there").tags["landfall:address"], SUBNET);

        part.delete(&inside).await.expect("deleted");
        network.delete(&made).await.expect("deleted");
        network.delete(&made).await.expect("a delete of something absent succeeds");
        assert_eq!(network.read().await, Ok(None));
        sandbox.assert_empty();
        assert_eq!(sandbox.calls().count(Op::Create), 2);
        assert_eq!(sandbox.calls().writes().count(), 5);
    });
}

#[test]
fn what_is_pending_exists_and_nothing_can_use_it() {
    within(&sandbox(), |sandbox| async move {
        let (network, part) = (caller(&sandbox, VPC, 1), caller(&sandbox, SUBNET, 1));
        let creation = tokio::spawn({
            let network = network.clone();
            async move { network.create(&vpc()).await }
        });
        network.rest(5).await;
        let pending = sandbox.object_at(&network.cx.address).expect("there");
        assert_eq!(pending.status, Status::Pending);
        assert_eq!(network.read().await.expect("read").expect("there").id(), pending.id);
        let refused = part.create(&subnet(&pending.id, 1)).await.expect_err("the VPC is not ready");
        assert_eq!(refused.kind, FaultKind::NotYet);
        assert_eq!(refused.message, format!("IncorrectState: The vpc '{}' is pending (`vpc`)", pending.id));
        let made = creation.await.expect("no panic").expect("created");
        assert_eq!(text(&made, "id"), pending.id);
        part.create(&subnet(&pending.id, 1)).await.expect("now it is");
    });
}

#[test]
fn a_deletion_under_way_still_blocks() {
    within(&sandbox(), |sandbox| async move {
        let (network, part, data) = (caller(&sandbox, VPC, 1), caller(&sandbox, SUBNET, 1), caller(&sandbox, DB, 1));
        let made = network.create(&vpc()).await.expect("created");
        let inside = part.create(&subnet(text(&made, "id"), 1)).await.expect("created");
        let orders = data.create(&database("orders", &[text(&inside, "id")])).await.expect("created");
        let begun = sandbox.now();
        let deletion = tokio::spawn({
            let (data, orders) = (data.clone(), orders.clone());
            async move { data.delete(&orders).await }
        });
        data.rest(10).await;
        assert_eq!(sandbox.object_at(&data.cx.address).expect("still there").status, Status::Deleting);
        let refused = part.delete(&inside).await.expect_err("the database is not gone yet");
        assert_eq!(refused.kind, FaultKind::Blocked);
        deletion.await.expect("no panic").expect("deleted");
        assert_eq!(sandbox.now().checked_sub(begun), Some(Duration::from_secs(255)), "the median of its kind");
        part.delete(&inside).await.expect("now nothing is in the way");
    });
}

#[test]
fn a_deletion_goes_on_without_its_caller() {
    within(&sandbox(), |sandbox| async move {
        let data = caller(&sandbox, DB, 1);
        let orders = data.create(&database("orders", &[])).await.expect("created");
        let impatient = tokio::time::timeout(Duration::from_secs(3), data.delete(&orders)).await;
        assert!(impatient.is_err(), "a database takes longer than that");
        assert_eq!(sandbox.count(), 1);
        data.rest(260).await;
        sandbox.assert_empty();
    });
}

#[test]
fn an_update_changes_what_differs_and_takes_its_time() {
    within(&sandbox(), |sandbox| async move {
        let data = caller(&sandbox, DB, 1);
        let before = data.create(&database("orders", &[])).await.expect("created");
        let begun = sandbox.now();
        let mut want = database("orders", &[]);
        want.fields.insert("size".into(), json!(40));
        want.fields.insert("tags".into(), json!({ "owner": "asha" }));
        let after = data.update(&want).await.expect("updated");
        assert_eq!(sandbox.now().checked_sub(begun), Some(Duration::from_secs(91)), "the median of its kind");
        for stable in ["id", "arn", "endpoint"] {
            assert_eq!(after[stable], before[stable]);
        }
        assert_ne!(after["revision"], before["revision"], "what changes changes with every update");
        assert_eq!((&before["version"], &after["version"]), (&json!("1"), &json!("2")));
        let read = data.read().await.expect("read").expect("there");
        assert_eq!((&read.fields["size"], &read.fields["tags"]), (&json!(40), &json!({ "owner": "asha" })));
        assert!(sandbox.objects()[0].tags.contains_key("landfall:token"), "Landfall's tags stay");

        let begun = sandbox.now();
        assert_eq!(data.update(&want).await.expect("nothing to do"), after);
        assert_eq!(sandbox.now(), begun, "nothing to do takes no time");
    });
}

#[test]
fn secrets_are_kept_and_never_told() {
    within(&sandbox(), |sandbox| async move {
        let data = caller(&sandbox, DB, 1);
        let mut want = database("orders", &[]);
        want.fields.insert("password".into(), json!("hunter2"));
        data.create(&want).await.expect("created");
        assert!(!data.read().await.expect("read").expect("there").fields.contains_key("password"));
        assert_eq!(sandbox.objects()[0].fields["password"], json!("hunter2"), "the cloud itself knows");
        want.fields.insert("password".into(), json!("hunter3"));
        data.update(&want).await.expect("updated");
        assert_eq!(sandbox.objects()[0].fields["password"], json!("hunter3"));
    });
}

#[test]
fn the_same_token_is_the_same_object() {
    within(&sandbox(), |sandbox| async move {
        let network = caller(&sandbox, VPC, 1);
        let first = network.create(&vpc()).await.expect("created");
        assert_eq!(network.create(&vpc()).await.as_ref(), Ok(&first), "a repeated create makes nothing new");
        assert_eq!(network.find(&vpc()).await.expect("found").expect("there").attributes, first);
        let mut other = vpc();
        other.fields.insert("cidr_block".into(), json!("10.9.0.0/16"));
        let refused = network.create(&other).await.expect_err("another object under the same token");
        assert_eq!(refused.kind, FaultKind::Invalid);
        assert_eq!(refused.message, "IdempotentParameterMismatch: the token was used with another `cidr_block`");
        assert_eq!(sandbox.count(), 1);
        let successor = caller(&sandbox, VPC, 2);
        assert_ne!(successor.create(&vpc()).await.expect("created")["id"], first["id"]);
        assert_eq!(sandbox.duplicates().len(), 1, "two generations at one address");
    });
}

#[test]
fn times_follow_the_tail_and_the_scale() {
    let seconds = |sandbox: Sandbox| {
        within(&sandbox, |sandbox| async move {
            caller(&sandbox, DB, 1).create(&database("orders", &[])).await.expect("created");
        });
        sandbox.now().as_secs_f64()
    };
    let of = |tail, scale| Sandbox::builder().kinds(kinds()).tail(tail).time_scale(scale).build();
    let check = |tail, scale, expected: f64| {
        let took = seconds(of(tail, scale));
        assert!((took - expected).abs() < 1e-6, "{took} instead of {expected}");
    };
    check(Tail::Median, 1.0, 225.0);
    check(Tail::P90, 1.0, 600.2);
    check(Tail::Median, 0.5, 112.5);
    check(Tail::Median, 0.0, 0.0);
    let drawn = |seed| seconds(Sandbox::builder().kinds(kinds()).tail(Tail::Drawn).seed(seed).build());
    assert!((drawn(1) - drawn(1)).abs() < 1e-9, "the same seed, the same time");
    assert!((drawn(1) - drawn(2)).abs() > 1e-3, "another seed, another time");
}

#[test]
fn a_step_that_takes_longer_than_its_timeout_says_so() {
    within(&sandbox(), |sandbox| async move {
        let mut data = caller(&sandbox, DB, 1);
        data.cx.timeout = Duration::from_secs(100);
        let late = data.create(&database("orders", &[])).await.expect_err("225 s are longer than 100 s");
        assert_eq!(late.kind, FaultKind::TimedOut);
        assert_eq!(sandbox.now(), Duration::from_secs(100));
        data.rest(125).await;
        data.create(&database("orders", &[])).await.expect("the object went on becoming ready");
        assert_eq!(sandbox.count(), 1);
    });
}

#[test]
fn new_roles_reach_other_services_late() {
    within(&sandbox(), |sandbox| async move {
        let role = caller(&sandbox, "global/iam.role:backup", 1);
        let want = desired(json!({ "name": "backup" }), &[]);
        let creation = tokio::spawn({
            let (role, want) = (role.clone(), want.clone());
            async move { role.create(&want).await }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(role.find(&want).await, Ok(None), "IAM's own reads are late, too");
        let made = creation.await.expect("no panic").expect("created");
        assert!(role.read().await.expect("read").is_some());

        let arn = text(&made, "arn");
        let mut orders = database("orders", &[]);
        orders.fields.insert("role".into(), json!(arn));
        orders.references.push(landfall_core::provider::Reference {
            field: "role".into(),
            kind: "iam.role".into(),
            attribute: "arn".into(),
            value: arn.into(),
        });
        let data = caller(&sandbox, DB, 1);
        let refused = data.create(&orders).await.expect_err("RDS has not heard of it");
        assert_eq!(refused.kind, FaultKind::NotYet);
        assert_eq!(refused.message, format!("NoSuchEntity: The role arn '{arn}' does not exist (`role`)"));
        data.insist(&orders).await;
        assert!(sandbox.now() >= Duration::from_secs(10 + 225));
    });
}

#[test]
fn reads_can_be_at_once() {
    let prompt = Sandbox::builder().kinds(kinds()).late_reads(LateReads::none()).build();
    within(&prompt, |sandbox| async move {
        let role = caller(&sandbox, "global/iam.role:backup", 1);
        let want = desired(json!({ "name": "backup" }), &[]);
        let creation = tokio::spawn({
            let (role, want) = (role.clone(), want.clone());
            async move { role.create(&want).await }
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(role.find(&want).await.expect("found").is_some());
        creation.await.expect("no panic").expect("created");
    });
}

#[tokio::test]
async fn calls_from_another_runtime_run_in_virtual_time() {
    let sandbox = sandbox();
    let data = caller(&sandbox, DB, 1);
    let began = std::time::Instant::now();
    let orders = data.create(&database("orders", &[])).await.expect("created");
    data.delete(&orders).await.expect("deleted");
    assert_eq!(sandbox.now(), Duration::from_mins(8));
    assert!(began.elapsed() < Duration::from_mins(1), "nobody waited for eight minutes");
}

#[tokio::test]
async fn the_thread_ends_with_the_last_clone() {
    let sandbox = sandbox();
    let providers = sandbox.providers();
    let (task, clone) = (sandbox.runtime().spawn(std::future::pending::<()>()), sandbox.clone());
    drop((sandbox, clone));
    assert!(!task.is_finished(), "the providers are still there");
    drop(providers);
    assert!(task.await.expect_err("nothing runs any more").is_cancelled());
}

#[test]
fn waits_are_told() {
    struct Told(std::sync::Mutex<Vec<String>>);

    #[async_trait::async_trait]
    impl landfall_core::Pace for Told {
        async fn pause(&self, _: Duration) -> Result<(), landfall_core::Fault> {
            Ok(())
        }

        fn waiting(&self, what: &str) {
            self.0.lock().expect("not poisoned").push(what.to_owned());
        }
    }

    within(&sandbox(), |sandbox| async move {
        let told = std::sync::Arc::new(Told(std::sync::Mutex::default()));
        let mut data = caller(&sandbox, DB, 1);
        data.cx.pace = told.clone();
        let orders = data.create(&database("orders", &[])).await.expect("created");
        assert_eq!(sandbox.now(), Duration::from_secs(225), "also when the caller's pauses take no time");
        data.delete(&orders).await.expect("deleted");
        let told = told.0.lock().expect("not poisoned");
        assert_eq!(*told, ["rds.database to become available", "rds.database to be deleted"]);
    });
}
