//! The life of objects: create, read, update, delete, with AWS's times and AWS's refusals.

use std::time::Duration;

use crate::support::{caller, database, sandbox, subnet, text, vpc, within};
use landfall_core::FaultKind;
use landfall_sandbox::{Op, Status};
use serde_json::json;

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

        let refused = network.delete(&made).await.expect_err("a subnet is inside");
        assert_eq!(refused.kind, FaultKind::Blocked);
        assert_eq!(
            refused.message,
            format!(
                "DependencyViolation: The vpc '{}' has dependencies and cannot be deleted: ec2.subnet {} ({SUBNET})",
                text(&made, "id"),
                text(&inside, "id")
            )
        );
        part.delete(&inside).await.expect("deleted");
        network.delete(&made).await.expect("deleted");
        network.delete(&made).await.expect("a delete of something absent succeeds");
        sandbox.assert_empty();
        assert_eq!(sandbox.calls().count(Op::Create), 2);
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
        assert_eq!(sandbox.now() - begun, Duration::from_secs(255));
        part.delete(&inside).await.expect("now nothing is in the way");
    });
}
