//! What goes wrong by schedule.

use std::time::Duration;

use landfall_core::FaultKind;
use landfall_sandbox::{FaultSchedule, Killed, Moment, Op, Outage, Outcome, Sandbox, Trouble};

use crate::support::{caller, database, kinds, text, vpc, within};

const VPC: &str = "ap-south-1/net/ec2.vpc:main";

fn sandbox(faults: FaultSchedule) -> Sandbox {
    Sandbox::builder().kinds(kinds()).faults(faults).build()
}

#[test]
fn a_call_that_is_refused_has_no_effect() {
    for (trouble, kind) in [(Trouble::Throttle, FaultKind::Throttled), (Trouble::Unavailable, FaultKind::Unavailable)] {
        within(&sandbox(FaultSchedule::none().at_call(1, trouble)), |sandbox| async move {
            let network = caller(&sandbox, VPC, 1);
            assert_eq!(network.create(&vpc()).await.expect_err("refused").kind, kind);
            sandbox.assert_empty();
            network.create(&vpc()).await.expect("created");
        });
    }
}

#[test]
fn a_lost_response_leaves_an_object_that_its_token_finds() {
    within(&sandbox(FaultSchedule::none().at_call(1, Trouble::LoseResponse)), |sandbox| async move {
        let network = caller(&sandbox, VPC, 1);
        let lost = network.create(&vpc()).await.expect_err("lost");
        assert_eq!((lost.kind, lost.operation.as_str()), (FaultKind::Unavailable, "ec2:CreateVpc"));
        assert_eq!(network.find(&vpc()).await, Ok(None), "AWS's reads are late");
        network.rest(2).await;
        let found = network.find(&vpc()).await.expect("found").expect("there");
        let again = network.create(&vpc()).await.expect("created");
        assert_eq!(text(&again, "id"), found.id());
        assert_eq!(sandbox.count(), 1);
    });
}

#[test]
fn slow_answers_take_longer() {
    let faults = FaultSchedule::none().at_call(1, Trouble::Slow(Duration::from_secs(30)));
    within(&sandbox(faults), |sandbox| async move {
        caller(&sandbox, VPC, 1).create(&vpc()).await.expect("created");
        assert_eq!(sandbox.now(), Duration::from_secs(12 + 30));
    });
}

#[test]
fn an_outage_ends() {
    let outage = Outage::region("ap-south-1").from(Duration::from_secs(10)).to(Duration::from_secs(100));
    within(&sandbox(FaultSchedule::none().outage(outage)), |sandbox| async move {
        let network = caller(&sandbox, VPC, 1);
        network.rest(10).await;
        let refused = network.create(&vpc()).await.expect_err("out");
        assert_eq!(refused.message, "503 Service Unavailable: ec2 in ap-south-1 does not answer");
        caller(&sandbox, "eu-west-2/ec2.vpc:main", 1).create(&vpc()).await.expect("London answers");
        network.insist(&vpc()).await;
        assert!(sandbox.now() >= Duration::from_secs(100));
    });
}

#[test]
fn a_denied_action_is_named() {
    within(&sandbox(FaultSchedule::none().deny("ec2:CreateTags")), |sandbox| async move {
        let denied = caller(&sandbox, VPC, 1).create(&vpc()).await.expect_err("denied");
        assert_eq!((denied.kind, denied.operation.as_str()), (FaultKind::Denied, "ec2:CreateTags"));
        assert_eq!(denied.message, "AccessDenied: User is not authorized to perform: ec2:CreateTags");
        sandbox.set_faults(FaultSchedule::none());
        caller(&sandbox, VPC, 1).create(&vpc()).await.expect("allowed now");
    });
}

#[test]
fn too_many_calls_are_throttled() {
    within(&sandbox(FaultSchedule::none().at_most("ec2", 1.0, 2)), |sandbox| async move {
        let network = caller(&sandbox, VPC, 1);
        let mut answered = 0;
        for _ in 0..5 {
            answered += usize::from(network.look_up("vpc-1").await.is_ok());
        }
        assert_eq!(answered, 2);
        network.rest(1).await;
        network.look_up("vpc-1").await.expect("one per second");
    });
}

#[test]
fn a_kill_point_ends_the_program_and_not_the_world() {
    for (moment, made) in [(Moment::Before, 0), (Moment::During, 1), (Moment::After, 1)] {
        let sandbox = sandbox(FaultSchedule::none().at_call(1, Trouble::Kill(moment)));
        let network = caller(&sandbox, VPC, 1);
        let program = {
            let network = network.clone();
            async move { network.create(&vpc()).await }
        };
        assert_eq!(sandbox.block_on(program), Err(Killed), "{moment:?}");
        assert_eq!(sandbox.count(), made, "{moment:?}");
        assert_eq!(sandbox.calls().iter().next().expect("a call").outcome, Outcome::Open);

        within(&sandbox, |sandbox| async move {
            network.rest(15).await;
            let found = network.find(&vpc()).await.expect("found");
            assert_eq!(found.is_some(), made == 1, "{moment:?}");
            network.create(&vpc()).await.expect("the next run makes it good");
            assert_eq!(sandbox.count(), 1);
        });
    }
}

#[test]
fn a_kill_takes_everything_down_with_it() {
    let sandbox = sandbox(FaultSchedule::none().at_call(2, Trouble::Kill(Moment::Before)));
    let (slow, fatal) = (caller(&sandbox, "ap-south-1/rds.database:orders", 1), caller(&sandbox, VPC, 1));
    let program = async move {
        let slow = tokio::spawn(async move { slow.create(&database("orders", &[])).await });
        fatal.rest(5).await;
        fatal.create(&vpc()).await.expect("never comes to this");
        slow.await
    };
    assert_eq!(sandbox.block_on(program).map(drop), Err(Killed));
    assert_eq!(sandbox.now(), Duration::from_secs(5), "the task that waited is gone as well");
    assert_eq!(sandbox.runtime().metrics().num_alive_tasks(), 0);
    let status = sandbox.objects()[0].status;
    assert_eq!(status, landfall_sandbox::Status::Pending, "AWS goes on with what it began");
}

#[test]
fn after_a_kill_nothing_answers_until_the_revival() {
    let sandbox = sandbox(FaultSchedule::none().at_call(1, Trouble::Kill(Moment::Before)));
    let network = caller(&sandbox, VPC, 1);
    let handle = sandbox.runtime();
    let dead = handle.spawn({
        let network = network.clone();
        async move { network.create(&vpc()).await }
    });
    let waits = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    waits.block_on(sandbox.killed());
    let also_dead = handle.spawn(async move { network.create(&vpc()).await });
    sandbox.revive();
    for task in [dead, also_dead] {
        assert!(waits.block_on(task).expect_err("it was dropped").is_cancelled());
    }
    assert_eq!(sandbox.calls().len(), 1);
    sandbox.assert_empty();
}

#[test]
fn shares_meet_some_calls_and_the_log_says_which() {
    let faults = FaultSchedule::none().share(Trouble::Throttle, 0.3);
    within(&sandbox(faults), |sandbox| async move {
        let network = caller(&sandbox, VPC, 1);
        for _ in 0..200 {
            let _either = network.look_up("vpc-1").await;
        }
        let calls = sandbox.calls();
        let throttled = calls.iter().filter(|call| matches!(call.outcome, Outcome::Failed(_))).count();
        let absent = calls.iter().filter(|call| call.outcome == Outcome::Absent).count();
        assert_eq!((throttled + absent, calls.count(Op::Read)), (200, 200));
        assert!((35..85).contains(&throttled), "{throttled} of 200");
    });
}
