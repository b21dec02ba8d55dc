//! Laws of the world, whatever is done in it.

use std::collections::{BTreeMap, BTreeSet};

use landfall_core::{Attributes, FaultKind, Value};
use landfall_sandbox::{Calls, FaultSchedule, Object, Sandbox, Tail, Trouble};
use proptest::prelude::*;

use crate::support::{Caller, caller, database, kinds, subnet, text, vpc};

/// Something done to one of a few objects of each kind.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Vpc(u8),
    Subnet { number: u8, vpc: u8 },
    Database { number: u8, subnet: u8 },
    Grow { database: u8, size: u8 },
    Delete { kind: u8, number: u8 },
    Meddle { kind: u8, number: u8 },
}

fn deed() -> impl Strategy<Value = Deed> {
    let n = 0..4_u8;
    prop_oneof![
        2 => n.clone().prop_map(Deed::Vpc),
        4 => (n.clone(), n.clone()).prop_map(|(number, vpc)| Deed::Subnet { number, vpc }),
        3 => (n.clone(), n.clone()).prop_map(|(number, subnet)| Deed::Database { number, subnet }),
        1 => (n.clone(), any::<u8>()).prop_map(|(database, size)| Deed::Grow { database, size }),
        4 => (0..3_u8, n.clone()).prop_map(|(kind, number)| Deed::Delete { kind, number }),
        1 => (0..3_u8, n).prop_map(|(kind, number)| Deed::Meddle { kind, number }),
    ]
}

const KINDS: [&str; 3] = ["ec2.vpc", "ec2.subnet", "rds.database"];

/// What the callers know: as an engine that follows its state.
#[derive(Default)]
struct Known {
    made: BTreeMap<(u8, u8), (Caller, Attributes)>,
    generation: u8,
}

impl Known {
    fn id(&self, kind: u8, number: u8) -> String {
        self.made.get(&(kind, number)).map_or("none-0".to_owned(), |(_, made)| text(made, "id").to_owned())
    }

    async fn create(&mut self, sandbox: &Sandbox, kind: u8, number: u8, want: landfall_core::provider::Desired) {
        if self.made.contains_key(&(kind, number)) {
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        let address = format!("ap-south-1/{}:n{number}", KINDS[usize::from(kind)]);
        let caller = caller(sandbox, &address, self.generation);
        let mut outcome = caller.create(&want).await;
        if outcome.as_ref().is_err_and(|fault| fault.kind == FaultKind::Unavailable) {
            caller.rest(3).await;
            outcome = match caller.find(&want).await {
                Ok(Some(found)) => Ok(found.attributes),
                Ok(None) => outcome,
                Err(_) => caller.create(&want).await,
            };
        }
        if let Ok(made) = outcome {
            self.made.insert((kind, number), (caller, made));
        }
    }

    async fn act(&mut self, sandbox: &Sandbox, deed: Deed) {
        match deed {
            Deed::Vpc(number) => self.create(sandbox, 0, number, vpc()).await,
            Deed::Subnet { number, vpc } => {
                let want = subnet(&self.id(0, vpc), number);
                self.create(sandbox, 1, number, want).await;
            }
            Deed::Database { number, subnet } => {
                let want = database(&format!("db{number}"), &[&self.id(1, subnet)]);
                self.create(sandbox, 2, number, want).await;
            }
            Deed::Grow { database: number, size } => {
                let Some((caller, _)) = self.made.get(&(2, number)) else { return };
                let mut want = database(&format!("db{number}"), &[]);
                want.fields.remove("subnets");
                want.fields.insert("size".into(), Value::from(size));
                let _whatever = caller.try_update(&want).await;
            }
            Deed::Delete { kind, number } => {
                let Some((caller, made)) = self.made.get(&(kind, number)) else { return };
                if caller.delete(made).await.is_ok() {
                    self.made.remove(&(kind, number));
                }
            }
            Deed::Meddle { kind, number } => {
                let Some((caller, _)) = self.made.get(&(kind, number)) else { return };
                if sandbox.meddle().delete(&caller.cx.address).is_ok() {
                    self.made.remove(&(kind, number));
                }
            }
        }
    }
}

/// Does everything, in a world of its own.
fn run(deeds: &[Deed], seed: u64, faults: FaultSchedule) -> (Sandbox, Vec<Object>, Calls) {
    let sandbox = Sandbox::builder().kinds(kinds()).seed(seed).tail(Tail::Drawn).faults(faults).build();
    let (within, deeds) = (sandbox.clone(), deeds.to_vec());
    let done = sandbox.block_on(async move {
        let mut known = Known::default();
        for deed in deeds {
            known.act(&within, deed).await;
            assert_integrity(&within);
        }
    });
    done.expect("no kill points");
    let (objects, calls) = (sandbox.objects(), sandbox.calls());
    (sandbox, objects, calls)
}

/// Everything that something refers to exists, in its region.
fn assert_integrity(sandbox: &Sandbox) {
    let objects = sandbox.objects();
    let ids: BTreeSet<&str> = objects.iter().map(|object| object.id.as_str()).collect();
    assert_eq!(ids.len(), objects.len(), "ids are unique");
    for object in &objects {
        let single = object.fields.get("vpc").into_iter();
        let many = object.fields.get("subnets").and_then(Value::as_array).into_iter().flatten();
        for target in single.chain(many).filter_map(Value::as_str) {
            assert!(ids.contains(target), "{object} refers to {target}, which is gone");
        }
    }
}

fn stormy() -> FaultSchedule {
    FaultSchedule::none()
        .share(Trouble::Throttle, 0.1)
        .share(Trouble::Unavailable, 0.05)
        .share(Trouble::LoseResponse, 0.1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn references_never_dangle(deeds in prop::collection::vec(deed(), 1..40), seed in any::<u64>()) {
        run(&deeds, seed, stormy());
    }

    #[test]
    fn the_same_seed_gives_the_same_world(deeds in prop::collection::vec(deed(), 1..30), seed in any::<u64>()) {
        let (_, objects, calls) = run(&deeds, seed, stormy());
        let (_, again, calls_again) = run(&deeds, seed, stormy());
        prop_assert_eq!(serde_json::to_string(&calls)?, serde_json::to_string(&calls_again)?);
        prop_assert_eq!(serde_json::to_string(&objects)?, serde_json::to_string(&again)?);
    }

    #[test]
    fn deleting_dependents_first_leaves_nothing(deeds in prop::collection::vec(deed(), 1..40), seed in any::<u64>()) {
        let (sandbox, _, _) = run(&deeds, seed, FaultSchedule::none());
        let within = sandbox.clone();
        sandbox.block_on(async move {
            for kind in KINDS.iter().rev() {
                for object in within.objects_of(kind) {
                    let origin = object.origin.clone().expect("made here");
                    let mut caller = caller(&within, origin.address.as_str(), 0);
                    caller.cx.token = origin.token;
                    caller.delete(&object.attributes).await.expect("nothing depends on it any more");
                }
            }
        }).expect("no kill points");
        sandbox.assert_empty();
    }
}
