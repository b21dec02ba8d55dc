//! Laws of plans whose resources contend for what AWS allows only once, run against a cloud that refuses what AWS does.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use landfall_core::{
    Address, AnyRegion, Environment, Fields, Handle, Kind, Options, Plan, Problems, Ref, Resource, State, Topology,
    Value,
    kind::{Change, Exclusive, Field, Reach, Reported, Within},
    plan::{self, Action, Choice, Observations, Step},
    provider::Observed,
    state::{Entry, Object, Operation, Token},
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Thing {
    /// In place.
    size: u32,
    /// Replaces.
    shape: u32,
    /// Replaces; one in a place has it.
    range: Option<u32>,
    /// In place; one in a place has it.
    port: Option<u32>,
    /// Replaces; one in the world has it.
    bucket: Option<u32>,
    /// Replaces.
    stage: Option<u32>,
    /// In place; all on a stage sing the same.
    song: u32,
    uses: Vec<Ref<Thing>>,
}

impl Resource for Thing {
    type At = AnyRegion;
    fn kind() -> &'static Kind {
        &THING
    }
}

static THING: Kind = Kind {
    fields: &[
        Field::updates("size"),
        Field::replaces("shape"),
        Field::replaces("range"),
        Field::updates("port"),
        Field::replaces("bucket"),
        Field::replaces("stage"),
        Field::updates("song"),
        Field::updates("uses").reach(Reach::Anywhere),
    ],
    attributes: &[Reported::stable("id", "thing-{hex:8}")],
    exclusive: &[
        Exclusive { fields: &["range"], within: Within::Place },
        Exclusive { fields: &["port"], within: Within::Place },
        Exclusive { fields: &["bucket"], within: Within::World },
    ],
    excludes: Some(excludes),
    excludes_among: &["stage"],
    taggable: true,
    ..Kind::of::<Thing>("test.thing")
};

fn excludes(new: &Fields, there: &Fields) -> bool {
    let stage = new.get("stage").filter(|stage| !stage.is_null());
    stage.is_some() && stage == there.get("stage") && new.get("song") != there.get("song")
}

const PLACES: [&str; 2] = ["ap-south-1", "eu-west-2"];

/// One resource of a random topology; `uses` and `after` are earlier ones.
#[derive(Debug, Clone, Default)]
struct Sketch {
    name: usize,
    place: usize,
    thing: Thing,
    uses: Vec<usize>,
    after: Vec<usize>,
    retain: bool,
    protect: bool,
    formerly: Option<usize>,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let scarce = || prop::option::weighted(0.4, 0..4_u32);
    let thing = (0..2_u32, 0..2_u32, scarce(), scarce(), scarce(), prop::option::weighted(0.2, 0..2_u32)).prop_map(
        |(size, shape, range, port, bucket, stage)| Thing {
            size,
            shape,
            range,
            port,
            bucket,
            stage,
            ..Thing::default()
        },
    );
    let others = || prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(0..8_usize, 1..3)];
    let options = (prop::bool::weighted(0.15), prop::bool::weighted(0.05), prop::option::weighted(0.15, 0..8_usize));
    (0..8_usize, 0..2_usize, thing, others(), others(), options).prop_map(
        |(name, place, thing, uses, after, (retain, protect, formerly))| {
            let place = usize::from(place == 1 && name % 2 == 0);
            Sketch { name, place, thing, uses, after, retain, protect, formerly }
        },
    )
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    prop::collection::vec(sketch(), 0..9)
}

/// The topology of the sketches, of two that contend the later without what both want; `song` is sung everywhere.
fn topology(sketches: &[Sketch], song: u32) -> Topology {
    let topology = Topology::new("laws", Environment::new("test"));
    let mut names = BTreeSet::new();
    let mut taken = BTreeSet::new();
    let mut heirs = BTreeSet::new();
    let mut handles: Vec<Handle<Thing>> = Vec::new();
    for sketch in sketches.iter().filter(|sketch| names.insert((sketch.name, sketch.place))) {
        let earlier = |positions: &[usize]| -> BTreeSet<usize> {
            let count = handles.len();
            positions.iter().filter(|_| count > 0).map(|position| position % count).collect()
        };
        let mut thing = Thing { song, ..sketch.thing.clone() };
        let mut take = |what: &'static str, place: usize, value: &mut Option<u32>| {
            *value = value.filter(|value| taken.insert((what, place, *value)));
        };
        take("range", sketch.place, &mut thing.range);
        take("port", sketch.place, &mut thing.port);
        take("bucket", 0, &mut thing.bucket);
        thing.uses = earlier(&sketch.uses).into_iter().map(|position| handles[position].into()).collect();
        let mut options = earlier(&sketch.after).into_iter().fold(Options::new(), |it, at| it.after(handles[at]));
        if sketch.retain {
            options = options.retain();
        }
        if sketch.protect {
            options = options.protect();
        }
        if let Some(former) = sketch.formerly.filter(|former| heirs.insert((*former, sketch.place))) {
            options = options.formerly(format!("{}/test.thing:n{former}", PLACES[sketch.place]));
        }
        let scope = topology.any_region(PLACES[sketch.place].parse().expect("a region"));
        handles.push(scope.add_with(&format!("n{}", sketch.name), options, thing));
    }
    topology
}

/// Something that exists in the cloud.
#[derive(Debug, Clone)]
struct Real {
    place: String,
    fields: Fields,
}

/// AWS and the state, as a run of a plan leaves them; panics where AWS would refuse.
#[derive(Default)]
struct World {
    state: State,
    cloud: BTreeMap<String, Real>,
    minted: u8,
}

impl World {
    fn plan(&self, topology: &Topology) -> Result<Plan, Problems> {
        let lowered = topology.lower().expect("no problems");
        plan::apply(&lowered, &self.state, &Observations::default(), &Choice::default())
    }

    fn destroy(&self) -> Plan {
        plan::destroy(&self.state, &Observations::default(), &Choice::default()).expect("destroys")
    }

    fn applied(topology: &Topology) -> Self {
        let mut world = Self::default();
        let plan = world.plan(topology).expect("what is new contends with nothing");
        world.run(&plan, 0);
        world
    }

    /// Runs a plan in one of the orders that its edges allow.
    fn run(&mut self, plan: &Plan, seed: usize) {
        self.run_some(plan, plan.steps.len(), seed);
    }

    /// Runs so many steps of a plan.
    fn run_some(&mut self, plan: &Plan, count: usize, mut seed: usize) {
        let mut done = BTreeSet::new();
        while done.len() < count {
            let ready = |step: &usize| !done.contains(step) && plan.steps[*step].after.is_subset(&done);
            let ready: Vec<_> = (0..plan.steps.len()).filter(ready).collect();
            let next = ready[seed % ready.len()];
            seed = seed.rotate_right(3) ^ next;
            self.step(&plan.steps[next]);
            done.insert(next);
        }
    }

    fn step(&mut self, step: &Step) {
        let token = || step.token.clone().expect("names its object");
        match step.action {
            Action::Create | Action::CreateReplacement | Action::Update => self.bring_about(step),
            Action::Delete | Action::DeleteReplaced => {
                let id = token().to_string();
                let user = self.cloud.values().find(|real| used(&real.fields).any(|used| used == id));
                assert!(user.is_none(), "{} is deleted while {user:?} uses it", step.address);
                assert!(!step.keep.protect && !step.keep.retain, "{} is to be kept", step.address);
                self.cloud.remove(&id).expect("what is deleted exists");
                self.log(Entry::Gone { token: token() });
            }
            Action::Forget => self.log(Entry::Gone { token: token() }),
            Action::Move => self.log(Entry::Moved { token: token(), to: step.address.clone() }),
            Action::Record => {
                let dependencies = self.tokens(&step.dependencies);
                self.log(Entry::Kept { token: token(), keep: step.keep, dependencies });
            }
        }
    }

    fn bring_about(&mut self, step: &Step) {
        let value = |address: &Address, name: &str| self.state.current(address)?.attributes.get(name).cloned();
        let resolved = step.fields.iter().map(|(name, expr)| (name.clone(), expr.resolve(&value)));
        let fields: Fields =
            resolved.map(|(name, expr)| (name, expr.known().expect("known when its turn comes"))).collect();
        let operation = if step.action == Action::Update { Operation::Update } else { Operation::Create };
        let token = step.token.clone().unwrap_or_else(|| {
            self.minted += 1;
            Token::from_random([self.minted; 16])
        });
        let id = token.to_string();
        assert_eq!(self.cloud.contains_key(&id), operation == Operation::Update, "{}", step.address);
        for used in used(&fields) {
            assert!(self.cloud.contains_key(used), "{} uses {used}, which does not exist", step.address);
        }
        for (other, there) in self.cloud.iter().filter(|(other, _)| **other != id) {
            let same = |field| fields.get(field).is_some_and(|value| !value.is_null() && there.fields[field] == *value);
            let here = there.place == step.place.as_str();
            let clash = here && (same("range") || same("port") || excludes(&fields, &there.fields)) || same("bucket");
            assert!(!clash, "{} with {fields:?} clashes with {other}, {there:?}", step.address);
        }
        if let Some(there) = self.cloud.get(&id) {
            for field in THING.fields.iter().filter(|field| field.change == Change::Replace) {
                assert_eq!(there.fields[field.name], fields[field.name], "{} is changed in place", step.address);
            }
        }
        self.cloud.insert(id.clone(), Real { place: step.place.to_string(), fields: fields.clone() });
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
        self.log(Entry::Intent { operation, object: Box::new(object) });
        self.log(Entry::Done { token, attributes: BTreeMap::from([("id".to_owned(), id.into())]), fields: None });
    }

    /// Retained things that were forgotten are somebody else's, who removes them.
    fn hand_over(&mut self) {
        let own: BTreeSet<_> = self.state.objects.keys().map(ToString::to_string).collect();
        self.cloud.retain(|id, _| own.contains(id));
    }

    fn tokens(&self, addresses: &[Address]) -> BTreeSet<Token> {
        addresses.iter().map(|address| self.state.current(address).expect("exists").token.clone()).collect()
    }

    fn log(&mut self, entry: Entry) {
        self.state.apply(entry).expect("entries follow from each other");
    }
}

fn used(fields: &Fields) -> impl Iterator<Item = &str> {
    fields.get("uses").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn a_plan_is_a_problem_or_runs_in_any_order_that_its_edges_allow(
        first in sketches(),
        second in sketches(),
        songs in (0..2_u32, 0..2_u32),
        seed in any::<usize>(),
    ) {
        let mut world = World::applied(&topology(&first, songs.0));
        prop_assert!(world.plan(&topology(&first, songs.0)).expect("plans").is_empty());
        let topology = topology(&second, songs.1);
        match world.plan(&topology) {
            Ok(plan) => {
                world.run(&plan, seed);
                let again = world.plan(&topology).expect("what was applied can be planned");
                prop_assert!(again.is_empty(), "second plan: {again}");
            }
            Err(problems) => {
                for problem in &problems {
                    prop_assert!(!problem.cause.is_empty() && !problem.mend.is_empty());
                }
            }
        }
        world.hand_over();
        let destroy = world.destroy();
        world.run(&destroy, seed);
    }

    #[test]
    fn a_run_that_ended_anywhere_is_completed_by_the_next(
        first in sketches(),
        second in sketches(),
        songs in (0..2_u32, 0..2_u32),
        end in any::<prop::sample::Index>(),
        seed in any::<usize>(),
    ) {
        let mut world = World::applied(&topology(&first, songs.0));
        let topology = topology(&second, songs.1);
        let Ok(plan) = world.plan(&topology) else { return Ok(()) };
        world.run_some(&plan, end.index(plan.steps.len() + 1), seed);
        let rest = world.plan(&topology).expect("what was possible is not impossible halfway");
        world.run(&rest, seed);
        prop_assert!(world.plan(&topology).expect("plans").is_empty());
        world.hand_over();
        let plan = world.destroy();
        world.run_some(&plan, end.index(plan.steps.len() + 1), seed);
        let rest = world.destroy();
        world.run(&rest, seed);
    }
}

fn named(name: usize, thing: Thing) -> Sketch {
    Sketch { name, thing, ..Sketch::default() }
}

fn port(name: usize, port: u32) -> Sketch {
    named(name, Thing { port: Some(port), ..Thing::default() })
}

fn range(name: usize, range: u32) -> Sketch {
    named(name, Thing { range: Some(range), ..Thing::default() })
}

/// What is done to come from some sketches to others; checked in many of the orders that the plan allows.
fn steps(before: &[Sketch], after: &[Sketch]) -> Vec<String> {
    let (before, after) = (topology(before, 0), topology(after, 0));
    for seed in 0..64 {
        let mut world = World::applied(&before);
        let plan = world.plan(&after).expect("plans");
        world.run(&plan, seed);
        assert!(world.plan(&after).expect("plans").is_empty());
    }
    let plan = World::applied(&before).plan(&after).expect("plans");
    plan.steps.iter().map(|step| format!("{:?} {}", step.action, step.address.name())).collect()
}

fn problems(before: &[Sketch], after: &[Sketch]) -> String {
    World::applied(&topology(before, 0)).plan(&topology(after, 0)).expect_err("a problem").to_string()
}

#[test]
fn a_name_that_is_unique_in_the_world_is_given_up_in_one_region_before_another_takes_it() {
    let bucket = |place| Sketch { place, ..named(0, Thing { bucket: Some(1), ..Thing::default() }) };
    assert_eq!(steps(&[bucket(0)], &[bucket(1)]), ["Delete n0", "Create n0"]);
    // What is unique in a place is free in another.
    let range = |place| Sketch { place, ..range(0, 1) };
    let plan = World::applied(&topology(&[range(0)], 0)).plan(&topology(&[range(1)], 0)).expect("plans");
    assert!(plan.steps.iter().all(|step| step.after.is_empty()), "{plan}");
}

#[test]
fn a_change_in_place_frees_what_another_takes() {
    assert_eq!(steps(&[port(1, 80)], &[port(0, 80), port(1, 8080)]), ["Update n1", "Create n0"]);
    assert_eq!(steps(&[port(0, 80), port(1, 81)], &[port(0, 81)]), ["Delete n1", "Update n0"]);
    assert_eq!(steps(&[port(0, 80), port(1, 81)], &[port(0, 81), port(1, 82)]), ["Update n1", "Update n0"]);
    // One that goes for another reason, and is succeeded elsewhere.
    let reshaped = Sketch { thing: Thing { shape: 1, ..port(1, 82).thing }, ..port(1, 82) };
    let expected = ["CreateReplacement n1", "DeleteReplaced n1", "Update n0"];
    assert_eq!(steps(&[port(0, 80), port(1, 81)], &[port(0, 81), reshaped]), expected);
}

#[test]
fn of_those_that_exchange_what_only_one_can_have_one_is_made_anew() {
    let expected = ["DeleteReplaced n1", "Update n0", "CreateReplacement n1"];
    assert_eq!(steps(&[port(0, 80), port(1, 81)], &[port(0, 81), port(1, 80)]), expected);
    // Not one that others use.
    let expected = ["DeleteReplaced n0", "Update n1", "CreateReplacement n0"];
    let user = Sketch { uses: vec![1], ..named(2, Thing::default()) };
    let both = |one, other| [port(0, one), port(1, other), user.clone()];
    assert_eq!(steps(&both(80, 81), &both(81, 80)), expected);
    // Nor one that is protected or retained.
    let kept = |port| Sketch { protect: true, ..port };
    assert_eq!(steps(&[port(0, 80), kept(port(1, 81))], &[port(0, 81), kept(port(1, 80))]), expected);
    let text = problems(&[kept(port(0, 80)), kept(port(1, 81))], &[kept(port(0, 81)), kept(port(1, 80))]);
    assert!(text.contains("no order of these steps is possible") && text.contains("through a free value"), "{text}");
}

#[test]
fn no_more_is_deleted_first_than_has_to_be() {
    // A chain needs no gap.
    let steps_of_chain = steps(&[range(0, 1), range(1, 2)], &[range(0, 2), range(1, 3)]);
    let expected = ["CreateReplacement n1", "DeleteReplaced n1", "CreateReplacement n0", "DeleteReplaced n0"];
    assert_eq!(steps_of_chain, expected);
    // A ring is opened at one place, and not at one that others use.
    let user = Sketch { uses: vec![0], ..named(3, Thing::default()) };
    let ring = |ranges: [u32; 3]| [range(0, ranges[0]), range(1, ranges[1]), range(2, ranges[2]), user.clone()];
    let (before, after) = (topology(&ring([0, 1, 2]), 0), topology(&ring([1, 2, 0]), 0));
    let text = World::applied(&before).plan(&after).expect("plans").to_string();
    assert_eq!(text.matches("(deleted first)").count(), 1, "{text}");
    assert!(text.contains("± test.thing:n0  (successor first)"), "{text}");
    steps(&ring([0, 1, 2]), &ring([1, 2, 0]));
}

#[test]
fn what_is_retained_goes_on_having_what_only_one_can_have() {
    let retained = |sketch: Sketch| Sketch { retain: true, ..sketch };
    let reshaped = Sketch { thing: Thing { shape: 1, ..range(0, 1).thing }, ..range(0, 1) };
    let text = problems(&[retained(range(0, 1))], &[retained(reshaped)]);
    assert!(text.contains("it needs the same `range` as the object that it replaces, which `retain` leaves"), "{text}");
    assert!(text.contains("remove `retain` in an apply of its own"), "{text}");
    let text = problems(&[retained(range(0, 1))], &[range(1, 1)]);
    assert!(text.contains("the same `range` as ap-south-1/test.thing:n0, which `retain` leaves"), "{text}");
    assert_eq!(steps(&[retained(range(0, 1))], &[range(1, 2)]), ["Create n1", "Forget n0"]);
}

#[test]
fn what_is_retained_keeps_what_it_uses() {
    let user = Sketch { retain: true, uses: vec![0], ..named(1, Thing::default()) };
    let text = problems(&[named(0, Thing::default()), user.clone()], &[]);
    assert!(
        text.contains("it would be deleted, but ap-south-1/test.thing:n1 uses it, which `retain` leaves"),
        "{text}"
    );
    // What it only waited for goes.
    let waiter = Sketch { retain: true, after: vec![0], ..named(1, Thing::default()) };
    assert_eq!(steps(&[named(0, Thing::default()), waiter.clone()], &[]).len(), 2);

    let world = World::applied(&topology(&[named(0, Thing::default()), user, named(2, Thing::default())], 0));
    let plan = world.destroy();
    let steps: Vec<_> = plan.steps.iter().map(|step| format!("{:?} {}", step.action, step.address.name())).collect();
    assert_eq!(steps, ["Delete n2", "Forget n0", "Forget n1"]);
    assert_eq!(plan.warnings, ["ap-south-1/test.thing:n0 stays in AWS: something that is retained uses it"]);
}

#[test]
fn what_only_waits_for_another_does_not_hold_it() {
    let base = |shape| Sketch { thing: Thing { shape, ..range(0, 1).thing }, ..range(0, 1) };
    let waiter = |size| Sketch { after: vec![0], ..named(1, Thing { size, ..Thing::default() }) };
    let expected = ["DeleteReplaced n0", "CreateReplacement n0"];
    assert_eq!(steps(&[base(0), waiter(0)], &[base(1), waiter(0)])[..2], expected);
    assert_eq!(steps(&[base(0), waiter(0)], &[base(1), waiter(1)]), [&expected[..], &["Update n1"]].concat());
    let user = Sketch { uses: vec![0], ..named(1, Thing::default()) };
    assert!(problems(&[base(0), user.clone()], &[base(1), user]).contains("no order of these steps is possible"));
}

#[test]
fn an_object_that_moves_and_must_go_first_is_moved_before() {
    let moved = Sketch { thing: Thing { shape: 1, ..range(1, 1).thing }, formerly: Some(0), ..range(1, 1) };
    assert_eq!(steps(&[range(0, 1)], &[moved]), ["Move n1", "DeleteReplaced n1", "CreateReplacement n1"]);
}

#[test]
fn a_former_address_that_is_still_taken_is_a_problem() {
    let renamed = Sketch { formerly: Some(0), ..range(1, 1) };
    let text = problems(&[range(0, 0), range(1, 1)], &[renamed]);
    assert!(text.contains("`formerly` names ap-south-1/test.thing:n0, which exists beside it"), "{text}");
}

#[test]
fn what_was_changed_in_aws_has_what_was_observed() {
    let world = World::applied(&topology(&[port(0, 80)], 0));
    let object = world.state.objects.values().next().expect("one");
    let mut there: Observed = object.recorded();
    there.fields.insert("port".to_owned(), 81.into());
    let seen =
        Observations { objects: BTreeMap::from([(object.token.clone(), Some(there))]), ..Observations::default() };
    let lowered = topology(&[port(0, 80), port(1, 81)], 0).lower().expect("no problems");
    let plan = plan::apply(&lowered, &world.state, &seen, &Choice::default()).expect("plans");
    let steps: Vec<_> = plan.steps.iter().map(|step| (step.action, step.address.name())).collect();
    assert_eq!(steps, [(Action::Update, "n0"), (Action::Create, "n1")]);
    assert_eq!(plan.steps[1].after, BTreeSet::from([0]));
}

/// How often fields of an object were read, and how often two were compared.
static READ: AtomicUsize = AtomicUsize::new(0);
static COMPARED: AtomicUsize = AtomicUsize::new(0);

/// A thing of an older version, so that reading it is noticed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Counted {
    number: u32,
    pair: u32,
}

impl Resource for Counted {
    type At = AnyRegion;
    fn kind() -> &'static Kind {
        &COUNTED
    }
}

static COUNTED: Kind = Kind {
    version: 2,
    fields: &[Field::replaces("number"), Field::replaces("pair")],
    exclusive: &[Exclusive { fields: &["number"], within: Within::Place }],
    excludes: Some(|_, _| {
        COMPARED.fetch_add(1, Ordering::Relaxed);
        false
    }),
    excludes_among: &["pair"],
    taggable: true,
    migrate: |_, fields| {
        READ.fetch_add(1, Ordering::Relaxed);
        fields
    },
    ..Kind::of::<Counted>("test.counted")
};

#[test]
fn work_grows_with_the_number_of_resources_and_not_with_its_square() {
    let topology = |count: u32, tag: &str| {
        let topology = Topology::new("laws", Environment::new("test"));
        topology.tag("for", tag);
        let scope = topology.any_region("ap-south-1".parse().expect("a region"));
        for number in 0..count {
            scope.add(&format!("n{number}"), Counted { number, pair: number / 2 });
        }
        topology
    };
    let work = |count: u32| {
        let mut state = State::default();
        let lowered = topology(count, "one").lower().expect("no problems");
        for (number, own) in (0_u32..).zip(&lowered.declarations) {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            let token = Token::from_random(bytes);
            let known = own.fields.iter().map(|(name, expr)| (name.clone(), expr.known().expect("known")));
            let object = Object {
                address: own.address.clone(),
                kind: own.kind.name.to_owned(),
                version: 1,
                place: own.place,
                attributes: BTreeMap::from([("id".to_owned(), token.to_string().into())]),
                token,
                fields: known.collect(),
                dependencies: BTreeSet::new(),
                keep: own.lifecycle.keep,
                deposed: false,
            };
            state.apply(Entry::Adopted { object: Box::new(object) }).expect("follows");
        }
        let lowered = topology(count, "two").lower().expect("no problems");
        READ.store(0, Ordering::Relaxed);
        COMPARED.store(0, Ordering::Relaxed);
        let plan = plan::apply(&lowered, &state, &Observations::default(), &Choice::default()).expect("plans");
        assert_eq!(plan.calls().count(), count as usize);
        (READ.load(Ordering::Relaxed), COMPARED.load(Ordering::Relaxed))
    };
    let (few, many) = (work(200), work(2000));
    assert_eq!((few.0 * 10, few.1 * 10), many);
    assert!(many.0 < 2000 * 20 && many.1 < 2000 * 5, "{many:?}");
}
