//! The platform of `examples/india_london.rs` in the sandbox.

use std::{collections::BTreeMap, fs, path::Path, process::Command, sync::Arc, time::Duration};

use clap::Parser;
use landfall::{
    Lab, Topology,
    engine::{Executor, MemoryStore, PlanOptions},
    sandbox::{FaultSchedule, Killed, Moment, Outage, Sandbox, Trouble},
    store::Store,
};
use landfall_conformance::Emulator;

use super::india_london;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    own: india_london::Own,
}

/// The platform with the example's options.
pub(crate) fn platform(options: &[&str]) -> Topology {
    let program = Program::parse_from(["india_london"].iter().chain(options));
    india_london::topology(&program.own).expect("the example declares")
}

#[tokio::test]
async fn it_applies_plans_nothing_more_and_leaves_nothing_behind() {
    let lab = Lab::new();
    let topology = platform(&[]);
    let outcome = lab.apply(&topology).await;
    assert!(outcome.is_done(), "{:#?}", outcome.report().failures().collect::<Vec<_>>());
    let again = lab.plan(&topology).await;
    assert!(again.is_empty(), "{again}");
    lab.sandbox.assert_agrees_with(&lab.state().await);
    assert!(lab.destroy(&topology).await.is_done());
    lab.sandbox.assert_empty();
}

#[test]
fn every_kind_can_be_simulated() {
    let complaints = landfall::sandbox::audit(landfall::kinds());
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test]
async fn what_is_protected_outlives_a_destroy() {
    let lab = Lab::new();
    let topology = platform(&["--keep-data"]);
    assert!(lab.apply(&topology).await.is_done());
    assert!(lab.destroy(&topology).await.is_done());
    for kind in ["rds.global_cluster", "rds.cluster", "rds.cluster_instance", "kms.key"] {
        assert!(lab.sandbox.count_of(kind) > 0, "{kind} is gone");
    }
    assert_eq!(lab.sandbox.count_of("cloudfront.distribution"), 0);
}

#[tokio::test]
async fn both_regions_have_the_same_resources() {
    let lowered = platform(&[]).lower().expect("no problems");
    let kinds = |place: &str| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for own in lowered.declarations.iter().filter(|own| own.place.as_str() == place) {
            *counts.entry(own.kind.name).or_default() += 1;
        }
        counts
    };
    let (mut india, mut london) = (kinds("ap-south-1"), kinds("eu-west-2"));
    // Mumbai has the audit trail with its bucket, both secrets of the platform, and the second database instance.
    for (kind, more) in [
        ("cloudtrail.trail", 1),
        ("rds.cluster_instance", 1),
        ("s3.bucket", 1),
        ("s3.bucket_policy", 1),
        ("secretsmanager.secret", 2),
    ] {
        *london.entry(kind).or_default() += more;
    }
    india.retain(|_, count| *count > 0);
    assert_eq!(india, london);
}

/// A field of a declaration, with attributes of others by their address: `ap-south-1/data/kms.key:db.arn`.
fn field(lowered: &landfall::Lowered, address: &str, name: &str) -> serde_json::Value {
    let own = lowered.get(&address.parse().expect("an address")).expect("it is declared");
    own.fields[name].resolve(&|of, name| Some(format!("{of}.{name}").into())).known().expect("all is resolved")
}

#[test]
fn instances_are_told_where_everything_is() {
    let lowered = platform(&[]).lower().expect("no problems");
    for (place, writes) in [("ap-south-1", "endpoint"), ("eu-west-2", "reader_endpoint")] {
        let data = field(&lowered, &format!("{place}/web/ec2.launch_template:instances"), "user_data");
        let settings = data.as_str().expect("a text").split("END\n").nth(1).expect("settings");
        let expected = [
            format!("REGION={place}"),
            format!("DB={place}/data/rds.cluster:db.{writes}"),
            format!("DB_READER={place}/data/rds.cluster:db.reader_endpoint"),
            format!("CACHE={place}/data/elasticache.replication_group:cache.primary_endpoint"),
            "CREDENTIALS=ap-south-1/data/secretsmanager.secret:db.name".to_owned(),
            format!("CACHE_CREDENTIALS={place}/data/secretsmanager.secret:cache.name"),
        ];
        assert_eq!(settings.lines().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn instances_read_their_own_secrets_and_no_others() {
    let lowered = platform(&[]).lower().expect("no problems");
    let policies = field(&lowered, "global/eu-west-2/web/iam.role:instances", "inline_policies");
    let statements = &policies["application"]["Statement"];
    let database = "ap-south-1/data/secretsmanager.secret:db.name";
    assert_eq!(statements[0]["Action"], serde_json::json!(["secretsmanager:GetSecretValue"]));
    let resources = statements[0]["Resource"].as_array().expect("a list");
    let name = resources[0].as_str().and_then(|arn| arn.split(':').nth(3)).expect("an ARN of the region");
    assert_eq!(name, "eu-west-2");
    assert!(resources[0].as_str().is_some_and(|arn| arn.ends_with(&format!(":secret:{database}-??????"))));
    assert_eq!(resources[1..], [serde_json::json!("eu-west-2/data/secretsmanager.secret:cache.arn")]);
    let through = &statements[1]["Condition"]["StringEquals"]["kms:ViaService"];
    assert_eq!(*through, serde_json::json!(["secretsmanager.eu-west-2.amazonaws.com"]));
}

/// What instances start with is no placeholder: it answers the health check, over HTTPS.
#[test]
fn instances_answer_their_health_check() {
    let script = include_str!("../../examples/site/start.sh");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("site");
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(directory.join("start.sh"), script).expect("writes");
    let syntax = Command::new("sh").arg("-n").arg(directory.join("start.sh")).output().expect("a shell");
    assert!(syntax.status.success(), "{}", String::from_utf8_lossy(&syntax.stderr));
    let (_, serve) = script.split_once("cat > /opt/site/serve.py <<'END'\n").expect("a program");
    let (serve, _) = serve.split_once("\nEND\n").expect("an end");
    fs::write(directory.join("serve.py"), serve).expect("writes");
    // moto's Python has what it takes to make a certificate.
    let python = Emulator::Moto.python().expect("a Python");
    let test = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/site.py");
    let run = Command::new(python).arg(test).arg(&directory).output().expect("it runs");
    let answers = String::from_utf8_lossy(&run.stdout);
    let said: Vec<_> = answers.lines().collect();
    assert_eq!(said, ["GET 200 Hello from eu-west-2", "HEAD 200"], "{}", String::from_utf8_lossy(&run.stderr));
}

/// Kills the process inside of 25 calls, one in each run, and goes on after each until all is there.
#[test]
fn killed_at_25_calls_it_converges_without_orphans_or_doubles() {
    let calls = calls_of_an_apply();
    for round in 0..25_u64 {
        let at = 1 + calls * round / 25;
        let moment = [Moment::Before, Moment::During, Moment::After][usize::try_from(round % 3).expect("small")];
        let faults = FaultSchedule::none().at_call(at, Trouble::Kill(moment));
        let sandbox = Sandbox::builder().kinds(landfall::kinds()).seed(round).faults(faults).build();
        let store = MemoryStore::new();
        let first = sandbox.block_on(apply(sandbox.clone(), Arc::new(store.clone()), round));
        assert!(matches!(first, Err(Killed)), "call {at} is never reached");
        sandbox.set_faults(FaultSchedule::none());
        let store: Arc<dyn Store> = Arc::new(store.after_crash());
        let done = sandbox.block_on(apply(sandbox.clone(), Arc::clone(&store), round + 100)).expect("not killed again");
        assert!(done, "killed {moment:?} call {at}, the next run did not finish");
        let state = state(&sandbox, store);
        sandbox.assert_agrees_with(&state);
        assert!(sandbox.duplicates().is_empty(), "killed {moment:?} call {at}: {:?}", sandbox.duplicates());
    }
}

/// Throttles, lost answers and an outage of Mumbai in one apply: it takes longer, and nothing else.
#[test]
fn faults_and_an_outage_delay_it_and_nothing_else() {
    let outage = Outage::region("ap-south-1").from(Duration::from_secs(30)).to(Duration::from_mins(1));
    let faults = FaultSchedule::none().share(Trouble::Throttle, 0.1).share(Trouble::LoseResponse, 0.03).outage(outage);
    let sandbox = Sandbox::builder().kinds(landfall::kinds()).seed(7).faults(faults).build();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut done = false;
    for run in 0..3 {
        done = sandbox.block_on(apply(sandbox.clone(), Arc::clone(&store), run)).expect("nothing kills it");
        if done {
            break;
        }
        sandbox.set_faults(FaultSchedule::none());
    }
    assert!(done);
    sandbox.assert_agrees_with(&state(&sandbox, store));
}

async fn apply(sandbox: Sandbox, store: Arc<dyn Store>, seed: u64) -> bool {
    let executor = Executor::builder().providers(sandbox.providers()).seed(seed).build();
    let topology = platform(&[]);
    let plan = executor.plan(&topology, Arc::clone(&store), PlanOptions::default()).await.expect("plans");
    executor.apply(&topology, store, plan).await.expect("runs").is_done()
}

fn calls_of_an_apply() -> u64 {
    let sandbox = Sandbox::new(landfall::kinds());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    assert!(sandbox.block_on(apply(sandbox.clone(), store, 0)).expect("nothing kills it"));
    sandbox.calls().len() as u64
}

fn state(sandbox: &Sandbox, store: Arc<dyn Store>) -> landfall::State {
    sandbox.block_on(async move { store.load().await.expect("loads").state }).expect("nothing kills it")
}
