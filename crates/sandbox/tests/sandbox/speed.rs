//! How fast the world is.

use std::time::{Duration, Instant};

use landfall_sandbox::{Quotas, Sandbox};

use crate::support::{caller, database, kinds, subnet, text, vpc};

/// Builds and removes a network of `subnets` parts with as many databases; returns how many operations that took.
fn build_and_remove(subnets: u8) -> (usize, Duration) {
    let sandbox = Sandbox::builder().kinds(kinds()).quotas(Quotas::none()).build();
    let within = sandbox.clone();
    let program = async move {
        let network = caller(&within, "ap-south-1/net/ec2.vpc:main", 1);
        let made = network.create(&vpc()).await.expect("created");
        let parts = (0..subnets).map(|n| {
            let within = within.clone();
            let id = text(&made, "id").to_owned();
            tokio::spawn(async move {
                let part = caller(&within, &format!("ap-south-1/net/ec2.subnet:s{n}"), 1);
                let inside = part.create(&subnet(&id, n)).await.expect("created");
                let data = caller(&within, &format!("ap-south-1/data/rds.database:d{n}"), 1);
                let name = format!("d{n}");
                let stored = data.create(&database(&name, &[text(&inside, "id")])).await.expect("created");
                data.delete(&stored).await.expect("deleted");
                part.delete(&inside).await.expect("deleted");
            })
        });
        for part in parts.collect::<Vec<_>>() {
            part.await.expect("no panic");
        }
        network.delete(&made).await.expect("deleted");
    };
    sandbox.block_on(program).expect("no kill points");
    sandbox.assert_empty();
    (sandbox.calls().len(), sandbox.now())
}

#[test]
fn what_is_parallel_takes_as_long_as_the_longest() {
    let (calls, took) = build_and_remove(50);
    assert_eq!(calls, 202);
    assert_eq!(took, Duration::from_secs(12 + 1 + 225 + 255 + 1 + 1));
}

#[test]
#[ignore = "prints numbers: `cargo test -p landfall-sandbox -- --ignored --nocapture speed`"]
fn speed() {
    for (worlds, subnets) in [(2000_u32, 2_u8), (200, 50), (20, 250)] {
        let began = Instant::now();
        let calls: usize = (0..worlds).map(|_| build_and_remove(subnets).0).sum();
        let took = began.elapsed();
        println!(
            "{worlds} worlds, {calls} operations: {took:.2?}, {:.1?} each world, {:.1?} each operation",
            took / worlds,
            took / u32::try_from(calls).expect("few enough")
        );
    }
}
