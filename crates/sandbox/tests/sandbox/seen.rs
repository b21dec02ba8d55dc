//! What tests see of the world.

use landfall_core::{
    State,
    state::{Entry, Object, Operation},
};

use crate::support::{Caller, caller, sandbox, subnet, text, vpc, within};

fn recorded(caller: &Caller, attributes: &landfall_core::Attributes) -> Vec<Entry> {
    let object = Object {
        address: caller.cx.address.clone(),
        kind: caller.kind.to_owned(),
        version: 1,
        place: caller.cx.place,
        token: caller.cx.token.clone(),
        fields: vpc().fields,
        attributes: attributes.clone(),
        dependencies: std::collections::BTreeSet::new(),
        keep: landfall_core::Keep::default(),
        deposed: false,
    };
    vec![
        Entry::Intent { operation: Operation::Create, object: Box::new(object) },
        Entry::Done { token: caller.cx.token.clone(), attributes: attributes.clone(), fields: None },
    ]
}

fn opened() -> Entry {
    Entry::Opened { topology: "twin".into(), environment: "test".into(), digest_key: String::new() }
}

#[test]
fn orphans_are_named_on_both_sides() {
    within(&sandbox(), |sandbox| async move {
        let [known, unknown, lost] =
            ["known", "unknown", "lost"].map(|name| caller(&sandbox, &format!("ap-south-1/ec2.vpc:{name}"), 1));
        let mut entries = vec![opened()];
        for caller in [&known, &unknown, &lost] {
            let made = caller.create(&vpc()).await.expect("created");
            if caller.cx.address != unknown.cx.address {
                entries.extend(recorded(caller, &made));
            }
        }
        let mut stranger = caller(&sandbox, "ap-south-1/ec2.vpc:stranger", 1);
        stranger.cx.topology = "other".into();
        stranger.create(&vpc()).await.expect("created");
        sandbox.meddle().delete(&lost.cx.address).expect("deleted");

        let state = State::fold(entries).expect("a log");
        let orphans = sandbox.orphans(&state);
        assert_eq!(orphans.unknown.len(), 1, "another topology's are none of ours");
        assert_eq!(orphans.missing.len(), 1);
        let id = &orphans.unknown[0].id;
        assert_eq!(
            orphans.to_string(),
            format!(
                "in the cloud and not in the state:\n  ec2.vpc {id} in ap-south-1, made for \
                 ap-south-1/ec2.vpc:unknown of twin-test\nin the state and not in the cloud:\n  \
                 ap-south-1/ec2.vpc:lost\n"
            )
        );
    });
}

#[test]
fn objects_are_found_by_what_they_are_and_for_whom() {
    within(&sandbox(), |sandbox| async move {
        let network = caller(&sandbox, "ap-south-1/ec2.vpc:main", 1);
        let made = network.create(&vpc()).await.expect("created");
        let part = caller(&sandbox, "ap-south-1/ec2.subnet:a", 1);
        part.create(&subnet(text(&made, "id"), 1)).await.expect("created");
        caller(&sandbox, "eu-west-2/ec2.vpc:main", 1).create(&vpc()).await.expect("created");

        assert_eq!((sandbox.count(), sandbox.count_of("ec2.vpc")), (3, 2));
        assert_eq!(sandbox.objects_of("ec2.subnet").len(), 1);
        assert_eq!(sandbox.objects_in("eu-west-2".parse().expect("a region")).len(), 1);
        let found = sandbox.object_at(&part.cx.address).expect("there");
        assert_eq!(found.origin.expect("ours").token, part.cx.token);
        assert!(sandbox.duplicates().is_empty());
        let by_kind = sandbox.calls().by_kind();
        assert_eq!(by_kind["ec2.vpc"][&landfall_sandbox::Op::Create], 2);
    });
}

#[test]
fn what_is_left_is_listed() {
    let sandbox = sandbox();
    within(&sandbox, |sandbox| async move {
        caller(&sandbox, "ap-south-1/ec2.vpc:main", 1).create(&vpc()).await.expect("created");
    });
    let left =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sandbox.assert_empty())).expect_err("not empty");
    let message = left.downcast_ref::<String>().expect("a message");
    let id = &sandbox.objects()[0].id;
    let expected = format!(
        "left in the sandbox, 1 in all:\n  ec2.vpc {id} in ap-south-1, made for ap-south-1/ec2.vpc:main of twin-test"
    );
    assert_eq!(*message, expected);
}

#[test]
fn the_log_of_calls_reads_well() {
    let sandbox = sandbox();
    within(&sandbox, |sandbox| async move {
        let network = caller(&sandbox, "ap-south-1/ec2.vpc:main", 1);
        let made = network.create(&vpc()).await.expect("created");
        network.delete(&made).await.expect("deleted");
        network.look_up(text(&made, "id")).await.expect("read");
        let part = caller(&sandbox, "ap-south-1/ec2.subnet:a", 1);
        part.create(&subnet("vpc-1", 1)).await.expect_err("no such network");
    });
    assert_eq!(
        sandbox.calls().to_string(),
        "    1       0.0s create ap-south-1/ec2.vpc:main\n    \
             2      12.0s delete ap-south-1/ec2.vpc:main\n    \
             3      13.0s read   ap-south-1/ec2.vpc:main absent\n    \
             4      13.0s create ap-south-1/ec2.subnet:a ec2:CreateSubnet has to wait: InvalidVpcID.NotFound: The vpc \
             ID 'vpc-1' does not exist (`vpc`)\n"
    );
}
