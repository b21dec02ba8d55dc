//! Laws of the planner, on random topologies that change between two plans.

use std::collections::{BTreeMap, BTreeSet};

use landfall_core::{
    Address, ApSouth1, Environment, Fields, Handle, Kind, Options, Plan, Ref, Resource, State, Topology, Value,
    kind::{Change, Exclusive, Field, Reported, Within},
    plan::{self, Action, Baseline, Choice, Observations, Step},
    state::{Entry, Object, Operation, Token},
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Thing {
    /// In place.
    size: u32,
    /// Replaces.
    shape: u32,
    /// Only one object may have it at a time.
    range: Option<u32>,
    uses: Vec<Ref<Thing>>,
}

impl Resource for Thing {
    type At = ApSouth1;
    fn kind() -> &'static Kind {
        &THING
    }
}

static THING: Kind = Kind {
    fields: &[Field::updates("size"), Field::replaces("shape"), Field::replaces("range"), Field::updates("uses")],
    attributes: &[Reported::stable("id", "thing-{hex:8}")],
    exclusive: &[Exclusive { fields: &["range"], within: Within::Place }],
    ..Kind::of::<Thing>("test.thing")
};

/// A member of a choir: all that sing at a time sing the same song.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Singer {
    song: u32,
}

impl Resource for Singer {
    type At = ApSouth1;
    fn kind() -> &'static Kind {
        &SINGER
    }
}

static SINGER: Kind = Kind {
    fields: &[Field::updates("song")],
    excludes: Some(|new, there| new.get("song") != there.get("song")),
    ..Kind::of::<Singer>("test.singer")
};

/// What a choir, applied with the songs `before`, is planned to do to sing those `after`.
fn choir(before: &[(&str, u32)], after: &[(&str, u32)]) -> Vec<(Action, String)> {
    let topology = |songs: &[(&str, u32)]| {
        let topology = Topology::new("laws", Environment::new("test"));
        for (name, song) in songs {
            topology.region::<ApSouth1>().add(name, Singer { song: *song });
        }
        topology
    };
    let mut world = World::default();
    let plan = world.plan(&topology(before)).expect("plans");
    world.run(&plan);
    let plan = world.plan(&topology(after)).expect("plans");
    world.run(&plan);
    plan.steps.iter().map(|step| (step.action, step.address.name().to_owned())).collect()
}

/// One resource of a random topology: its name, and which earlier ones it uses.
#[derive(Debug, Clone)]
struct Sketch {
    name: usize,
    size: u32,
    shape: u32,
    range: bool,
    uses: Vec<usize>,
    protect: bool,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    (0..12_usize, 0..2_u32, 0..2_u32, any::<bool>(), prop::collection::vec(0..12_usize, 0..3))
        .prop_map(|(name, size, shape, range, uses)| Sketch { name, size, shape, range, uses, protect: false })
}

fn topology(sketches: &[Sketch]) -> Topology {
    let topology = Topology::new("laws", Environment::new("test"));
    let scope = topology.region::<ApSouth1>();
    let mut names = BTreeSet::new();
    let mut handles: Vec<Handle<Thing>> = Vec::new();
    for sketch in sketches.iter().filter(|sketch| names.insert(sketch.name)) {
        let mut uses: Vec<_> = if handles.is_empty() {
            Vec::new()
        } else {
            sketch.uses.iter().map(|earlier| handles[earlier % handles.len()]).collect()
        };
        uses.dedup();
        let thing = Thing {
            size: sketch.size,
            shape: sketch.shape,
            range: sketch.range.then(|| u32::try_from(sketch.name).expect("small")),
            uses: uses.into_iter().map(Into::into).collect(),
        };
        let options = if sketch.protect { Options::new().protect() } else { Options::new() };
        handles.push(scope.add_with(&format!("n{}", sketch.name), options, thing));
    }
    topology
}

/// AWS and the state, as a run of a plan leaves them; panics where AWS would refuse.
#[derive(Default)]
struct World {
    state: State,
    minted: u8,
}

impl World {
    fn plan(&self, topology: &Topology) -> Result<Plan, landfall_core::Problems> {
        let lowered = topology.lower().expect("no problems");
        plan::apply(&lowered, &self.state, &Observations::default(), &Choice::default())
    }

    fn run(&mut self, plan: &Plan) {
        for (position, step) in plan.steps.iter().enumerate() {
            assert!(step.after.iter().all(|before| *before < position), "a step comes after those it waits for");
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        match step.action {
            Action::Create | Action::CreateReplacement | Action::Update => self.bring_about(step),
            Action::Delete | Action::DeleteReplaced | Action::Forget => {
                let token = step.token.clone().expect("names its object");
                for user in self.state.objects.values() {
                    assert!(
                        !user.dependencies.contains(&token),
                        "{} is deleted while {} uses it",
                        step.address,
                        user.address
                    );
                }
                self.log(Entry::Gone { token });
            }
            Action::Move => {
                self.log(Entry::Moved { token: step.token.clone().expect("named"), to: step.address.clone() });
            }
            Action::Record => {
                let dependencies = self.tokens(&step.dependencies);
                let token = step.token.clone().expect("named");
                self.log(Entry::Kept { token, keep: step.keep, dependencies });
            }
        }
    }

    fn bring_about(&mut self, step: &Step) {
        let value = |address: &Address, name: &str| self.state.current(address)?.attributes.get(name).cloned();
        let fields: Fields = step
            .fields
            .iter()
            .map(|(name, expr)| (name.clone(), expr.resolve(&value).known().expect("known when its turn comes")))
            .collect();
        let create = step.action != Action::Update;
        let token = if create {
            self.minted += 1;
            Token::from_random([self.minted; 16])
        } else {
            step.token.clone().expect("an update names its object")
        };
        if let (true, Some(range)) = (create, fields.get("range").filter(|range| !range.is_null())) {
            let holder = self.state.objects.values().find(|object| object.fields.get("range") == Some(range));
            assert!(holder.is_none(), "{} needs a range that {holder:?} has", step.address);
        }
        let id = Value::String(token.to_string());
        let object = Object {
            address: step.address.clone(),
            kind: step.kind.clone(),
            version: 1,
            place: step.place,
            token: token.clone(),
            fields,
            attributes: BTreeMap::new(),
            dependencies: self.tokens(&step.dependencies),
            keep: step.keep,
            deposed: false,
        };
        let operation = if create { Operation::Create } else { Operation::Update };
        self.log(Entry::Intent { operation, object: Box::new(object) });
        self.log(Entry::Done { token, attributes: BTreeMap::from([("id".to_owned(), id)]), fields: None });
    }

    fn tokens(&self, addresses: &[Address]) -> BTreeSet<Token> {
        addresses.iter().map(|address| self.state.current(address).expect("exists").token.clone()).collect()
    }

    fn log(&mut self, entry: Entry) {
        self.state.apply(entry).expect("entries follow from each other");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_plan_run_in_order_is_never_refused_and_leaves_nothing_to_plan(
        first in prop::collection::vec(sketch(), 0..12),
        second in prop::collection::vec(sketch(), 0..12),
    ) {
        let mut world = World::default();
        for sketches in [&first, &second] {
            let topology = topology(sketches);
            // A plan may say that no order is possible; then nothing is run.
            let Ok(plan) = world.plan(&topology) else { continue };
            world.run(&plan);
            let again = world.plan(&topology).expect("what was applied can be planned");
            prop_assert!(again.is_empty(), "second plan: {again}");
        }
        let destroy = plan::destroy(&world.state, &Observations::default(), &Choice::default()).expect("destroys");
        world.run(&destroy);
        prop_assert!(world.state.objects.is_empty());
    }

    #[test]
    fn the_same_input_gives_the_same_bytes(sketches in prop::collection::vec(sketch(), 0..12)) {
        let render = || serde_json::to_string(&World::default().plan(&topology(&sketches)).expect("plans")).expect("writes");
        prop_assert_eq!(render(), render());
    }

    #[test]
    fn a_plan_reads_back_as_written(sketches in prop::collection::vec(sketch(), 0..12)) {
        let plan = World::default().plan(&topology(&sketches)).expect("plans");
        let written = serde_json::to_string(&plan).expect("writes");
        prop_assert_eq!(serde_json::from_str::<Plan>(&written).expect("reads"), plan);
    }

    #[test]
    fn destroy_keeps_what_is_protected_and_all_that_needs(
        mut sketches in prop::collection::vec(sketch(), 1..12),
        chosen in any::<prop::sample::Index>(),
    ) {
        let position = chosen.index(sketches.len());
        sketches[position].protect = true;
        let topology = topology(&sketches);
        let mut world = World::default();
        let plan = world.plan(&topology).expect("plans");
        world.run(&plan);
        let destroy = plan::destroy(&world.state, &Observations::default(), &Choice::default()).expect("plans");
        world.run(&destroy);
        for object in world.state.objects.values() {
            for used in &object.dependencies {
                prop_assert!(world.state.objects.contains_key(used), "{} lost what it needs", object.address);
            }
        }
        let had_protected = plan.steps.iter().any(|step| step.keep.protect);
        prop_assert_eq!(world.state.objects.values().any(|object| object.keep.protect), had_protected);
    }
}

fn one(name: usize, size: u32, shape: u32, range: bool, uses: &[usize]) -> Sketch {
    Sketch { name, size, shape, range, uses: uses.to_vec(), protect: false }
}

fn applied(sketches: &[Sketch]) -> World {
    let mut world = World::default();
    let plan = world.plan(&topology(sketches)).expect("plans");
    world.run(&plan);
    world
}

#[test]
fn a_replaced_object_that_others_use_is_succeeded_first() {
    let world = applied(&[one(0, 0, 0, false, &[]), one(1, 0, 0, false, &[0])]);
    let plan = world.plan(&topology(&[one(0, 0, 1, false, &[]), one(1, 0, 0, false, &[0])])).expect("plans");
    let order: Vec<_> = plan.steps.iter().map(|step| (step.action, step.address.name())).collect();
    assert_eq!(order, [(Action::CreateReplacement, "n0"), (Action::Update, "n1"), (Action::DeleteReplaced, "n0")]);
}

#[test]
fn an_object_whose_range_is_taken_by_its_predecessor_waits_for_it() {
    let world = applied(&[one(0, 0, 0, true, &[])]);
    let plan = world.plan(&topology(&[one(0, 0, 1, true, &[])])).expect("plans");
    let order: Vec<_> = plan.steps.iter().map(|step| step.action).collect();
    assert_eq!(order, [Action::DeleteReplaced, Action::CreateReplacement]);
}

#[test]
fn a_replacement_that_no_order_allows_is_a_problem_with_a_mend() {
    let world = applied(&[one(0, 0, 0, true, &[]), one(1, 0, 0, false, &[0])]);
    let problems = world.plan(&topology(&[one(0, 0, 1, true, &[]), one(1, 0, 0, false, &[0])])).expect_err("tangled");
    let text = problems.to_string();
    assert!(text.contains("no order of these steps is possible") && text.contains("change the setting"), "{text}");
}

#[test]
fn what_excludes_each_other_is_changed_and_made_in_an_order_that_aws_takes() {
    use Action::{Create, CreateReplacement, Delete, DeleteReplaced, Update};
    let step = |action, name: &str| (action, name.to_owned());
    // A newcomer waits until the one that is there has changed, whatever their names.
    assert_eq!(choir(&[("z", 1)], &[("z", 2), ("a", 2)]), [step(Update, "z"), step(Create, "a")]);
    // It waits for one that leaves.
    assert_eq!(choir(&[("old", 1)], &[("new", 2)]), [step(Delete, "old"), step(Create, "new")]);
    // So does a change in place.
    assert_eq!(choir(&[("a", 1), ("b", 1)], &[("a", 2)]), [step(Delete, "b"), step(Update, "a")]);
    // Two that would have to change at once are made anew.
    let steps = choir(&[("a", 1), ("b", 1)], &[("a", 2), ("b", 2)]);
    let actions: Vec<_> = steps.iter().map(|(action, _)| *action).collect();
    assert_eq!(actions, [DeleteReplaced, DeleteReplaced, CreateReplacement, CreateReplacement], "{steps:?}");
}

#[test]
fn two_that_swap_what_only_one_can_have_are_both_deleted_first() {
    let topology = |ranges: [u32; 2]| {
        let topology = Topology::new("laws", Environment::new("test"));
        for (name, range) in ["a", "b"].into_iter().zip(ranges) {
            let thing = Thing { size: 0, shape: 0, range: Some(range), uses: Vec::new() };
            topology.region::<ApSouth1>().add(name, thing);
        }
        topology
    };
    let mut world = World::default();
    for ranges in [[1, 2], [2, 1]] {
        let plan = world.plan(&topology(ranges)).expect("plans");
        world.run(&plan);
        assert!(world.plan(&topology(ranges)).expect("plans").is_empty());
    }
}

#[test]
fn a_protected_object_outlives_its_code_and_refuses_replacement() {
    let mut sketches = [one(0, 0, 0, false, &[])];
    sketches[0].protect = true;
    let world = applied(&sketches);
    assert!(world.plan(&topology(&[])).expect_err("protected").to_string().contains("is protected"));
    sketches[0].shape = 1;
    assert!(world.plan(&topology(&sketches)).expect_err("protected").to_string().contains("`shape` would replace it"));
    sketches[0].shape = 0;
    sketches[0].protect = false;
    let plan = world.plan(&topology(&sketches)).expect("removing the protection is recorded");
    assert_eq!(plan.steps.iter().map(|step| step.action).collect::<Vec<_>>(), [Action::Record]);
}

#[test]
fn formerly_moves_without_touching_the_object() {
    let world = applied(&[one(0, 0, 0, true, &[])]);
    let topology = Topology::new("laws", Environment::new("test"));
    let thing = Thing { size: 0, shape: 0, range: Some(0), uses: Vec::new() };
    let renamed = Options::new().formerly("ap-south-1/test.thing:n0");
    topology.region::<ApSouth1>().add_with("new", renamed, thing);
    let plan = world.plan(&topology).expect("plans");
    assert_eq!(plan.steps.iter().map(|step| step.action).collect::<Vec<_>>(), [Action::Move]);
}

#[test]
fn what_was_deleted_or_changed_in_aws_is_planned_with_the_reason() {
    let world = applied(&[one(0, 0, 0, false, &[]), one(1, 0, 0, false, &[])]);
    let topology = topology(&[one(0, 0, 0, false, &[]), one(1, 0, 0, false, &[])]);
    let mut objects = world.state.objects.values();
    let (lost, changed) = (objects.next().expect("two"), objects.next().expect("two"));
    let mut observed = changed.recorded();
    observed.fields.insert("size".to_owned(), Value::from(7));
    let seen = Observations {
        objects: BTreeMap::from([(lost.token.clone(), None), (changed.token.clone(), Some(observed))]),
        lookups: BTreeMap::new(),
    };
    let lowered = topology.lower().expect("no problems");
    let plan = plan::apply(&lowered, &world.state, &seen, &Choice::default()).expect("plans");
    let text = plan.to_string();
    assert!(text.contains("(was deleted in AWS)") && text.contains("size: 7 → 0  (changed in AWS)"), "{text}");
    assert_eq!(plan.gone.len(), 1);
}

#[test]
fn only_takes_what_the_chosen_resource_needs_and_says_what_is_left_out() {
    let sketches = [one(0, 0, 0, false, &[]), one(1, 0, 0, false, &[0]), one(2, 0, 0, false, &[])];
    let lowered = topology(&sketches).lower().expect("no problems");
    let only = |text: &str| Choice { only: vec![text.parse().expect("an address")] };
    let state = State::default();
    let seen = Observations::default();
    let plan = plan::apply(&lowered, &state, &seen, &only("ap-south-1/test.thing:n1")).expect("plans");
    assert_eq!(plan.steps.len(), 2);
    assert!(plan.warnings[0].starts_with("1 other step left out"), "{:?}", plan.warnings);
    assert!(plan::apply(&lowered, &state, &seen, &only("ap-south-1/test.thing:nope")).is_err());
}

#[test]
fn every_field_says_what_a_change_means() {
    assert_eq!(THING.field("size").map(|field| field.change), Some(Change::Update));
    let (recorded, want) = (Fields::new(), Fields::from([("shape".to_owned(), Value::from(1))]));
    let have = Baseline { recorded: &recorded, observed: None };
    assert!(plan::resolved_deltas(&THING, &want, have)[0].replaces);
}
