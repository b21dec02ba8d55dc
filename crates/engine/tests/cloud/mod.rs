//! A tiny deterministic cloud with one kind, that can fail, lose answers and be killed with its caller.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "shared by the test binaries, each of which uses a part")]

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use landfall_core::{
    ApSouth1, Attribute, Context, Environment, Fault, FaultKind, Handle, Input, Kind, Live, Options, Providers, Ref,
    Resource, State, Tags, Topology, TypedProvider,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
    state::{Entry, Revision, Token},
    store::{Holder, Lease, Loaded, Owner, Store, StoreError},
};
use landfall_engine::{Executor, MemoryStore};
use serde::{Deserialize, Serialize};
use tokio::{sync::Notify, time::Instant};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thing {
    /// In place.
    pub size: u32,
    /// Replaces.
    pub shape: u32,
    /// Replaces; only one object may have it at a time.
    pub range: Option<u32>,
    /// In place; only one object may have it at a time.
    pub port: Option<u32>,
    pub uses: Vec<Ref<Thing>>,
    pub label: Option<Input<String>>,
    pub password: Option<String>,
}

impl Thing {
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    pub const VERSION: Attribute<Self> = Attribute::new("version");

    pub fn new(size: u32) -> Self {
        Self { size, shape: 0, range: None, port: None, uses: Vec::new(), label: None, password: None }
    }

    pub fn uses(mut self, handles: &[Handle<Self>]) -> Self {
        self.uses = handles.iter().map(|handle| (*handle).into()).collect();
        self
    }
}

impl Resource for Thing {
    type At = ApSouth1;
    fn kind() -> &'static Kind {
        &THING
    }
}

pub static THING: Kind = Kind {
    fields: &[
        Field::updates("size"),
        Field::replaces("shape"),
        Field::replaces("range"),
        Field::updates("port"),
        Field::updates("uses"),
        Field::updates("label"),
        Field::updates("password").secret(),
    ],
    attributes: &[
        Reported::stable("id", "thing-{hex:8}"),
        Reported::stable("arn", "arn:aws:test:::{attribute.id}"),
        Reported::changing("version", "{digits:3}"),
    ],
    identity: Identity::TagOnCreate,
    exclusive: &[
        Exclusive { fields: &["range"], within: Within::Place },
        Exclusive { fields: &["port"], within: Within::Place },
    ],
    taggable: true,
    actions: Actions {
        create: &["test:CreateThing"],
        read: &["test:DescribeThings"],
        update: &["test:ModifyThing"],
        delete: &["test:DeleteThing"],
    },
    ..Kind::of::<Thing>("test.thing")
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    pub id: String,
    pub arn: String,
    pub version: u32,
}

/// An object in the cloud.
#[derive(Debug, Clone)]
pub struct Made {
    pub token: Token,
    pub address: String,
    pub thing: Thing,
    pub tags: Tags,
    pub version: u32,
    /// When finding it by its token shows it.
    pub visible: Instant,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fail {
    /// Without any effect.
    Refuse(FaultKind),
    /// After its whole effect: the answer is lost.
    Lose,
    /// A create or update that brings about a part and fails.
    Half(FaultKind),
    /// Its worker dies.
    Panic,
}

#[derive(Default)]
pub struct World {
    pub objects: BTreeMap<String, Made>,
    pub calls: Vec<String>,
    /// By operation and address name, with how often still.
    pub fails: BTreeMap<(&'static str, String), (Fail, usize)>,
    /// Faults of every n-th call, for random runs: see [`Cloud::chance`].
    pub chaos: Option<u64>,
    pub duplicates: usize,
    pub in_flight: usize,
    pub most_in_flight: usize,
    /// Time of each create, update and delete; by address name where it differs.
    pub takes: Duration,
    pub takes_for: BTreeMap<String, Duration>,
    /// How late a find by token sees an object.
    pub late: Duration,
    next: u32,
    counter: u64,
}

#[derive(Clone, Default)]
pub struct Cloud {
    pub world: Arc<Mutex<World>>,
    pub fuse: Fuse,
}

/// Kills the process (for the caller: hangs for ever) at the n-th effect.
#[derive(Clone, Default)]
pub struct Fuse(Arc<Mutex<FuseState>>, Arc<Notify>);

#[derive(Default)]
struct FuseState {
    left: Option<usize>,
    used: usize,
    dead: bool,
}

impl Fuse {
    pub fn arm(&self, left: Option<usize>) {
        *self.0.lock().unwrap() = FuseState { left, used: 0, dead: false };
    }

    pub fn used(&self) -> usize {
        self.0.lock().unwrap().used
    }

    pub async fn blown(&self) {
        loop {
            let notified = self.1.notified();
            if self.0.lock().unwrap().dead {
                return;
            }
            notified.await;
        }
    }

    pub async fn tick(&self) {
        let dead = {
            let mut state = self.0.lock().unwrap();
            state.used += 1;
            match &mut state.left {
                Some(0) => state.dead = true,
                Some(left) => *left -= 1,
                None => {}
            }
            state.dead
        };
        if dead {
            self.1.notify_waiters();
            self.1.notify_one();
            pending::<()>().await;
        }
    }
}

struct InFlight(Arc<Mutex<World>>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).in_flight -= 1;
    }
}

impl Cloud {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn providers(&self) -> Providers {
        let mut providers = Providers::new();
        providers.add_typed(self.clone());
        providers
    }

    pub fn executor(&self) -> Executor {
        Executor::builder().providers(self.providers()).seed(1).owner("test@here").build()
    }

    /// Fails a call on the resource of that name so often.
    pub fn fail(&self, operation: &'static str, name: &str, fail: Fail, times: usize) {
        self.world().fails.insert((operation, name.to_owned()), (fail, times));
    }

    /// What a crash of the caller means for the cloud: time starts anew, and what was made last is seen late.
    pub fn reboot(&self) {
        let mut world = self.world();
        let visible = Instant::now() + world.late;
        world.in_flight = 0;
        for made in world.objects.values_mut() {
            made.visible = visible;
        }
    }

    pub fn tokens(&self) -> BTreeSet<Token> {
        self.world().objects.values().map(|made| made.token.clone()).collect()
    }

    pub fn named(&self, name: &str) -> Option<Made> {
        self.world().objects.values().find(|made| made.address.ends_with(&format!(":{name}"))).cloned()
    }

    pub fn calls(&self, prefix: &str) -> usize {
        self.world().calls.iter().filter(|call| call.starts_with(prefix)).count()
    }

    fn begin(&self, operation: &'static str, cx: &Context) -> (InFlight, Option<Fail>, Duration) {
        let mut world = self.world();
        let name = cx.address.name().to_owned();
        world.calls.push(format!("{operation} {name}"));
        world.in_flight += 1;
        world.most_in_flight = world.most_in_flight.max(world.in_flight);
        let takes = world.takes_for.get(&name).copied().unwrap_or(world.takes);
        let mut fail = None;
        if let Some((planned, times)) = world.fails.get_mut(&(operation, name))
            && *times > 0
        {
            *times -= 1;
            fail = Some(*planned);
        }
        if fail.is_none() {
            fail = world.chance(operation);
        }
        drop(world);
        (InFlight(self.world.clone()), fail, takes)
    }

    fn live(made: &Made, id: &str) -> Live<Thing, Attributes> {
        Live { resource: made.thing.clone(), attributes: attributes(id, made.version), tags: made.tags.clone() }
    }

    fn fault(kind: FaultKind, operation: &str) -> Fault {
        Fault::new(kind, operation, "as the test wants it")
    }
}

impl World {
    /// A seeded fault of about every sixth call.
    fn chance(&mut self, operation: &str) -> Option<Fail> {
        let seed = self.chaos?;
        self.counter += 1;
        let mut x =
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(self.counter.wrapping_mul(0xBF58_476D_1CE4_E5B9));
        x ^= x >> 31;
        x = x.wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^= x >> 29;
        if x % 6 != 0 {
            return None;
        }
        Some(match (x / 6) % 6 {
            0 => Fail::Refuse(FaultKind::Throttled),
            1 => Fail::Refuse(FaultKind::NotYet),
            2 => Fail::Refuse(FaultKind::Unavailable),
            3 | 4 if operation != "read" => Fail::Lose,
            5 if operation != "read" => Fail::Half(FaultKind::Unavailable),
            _ => return None,
        })
    }

    fn check(&self, thing: &Thing, own: Option<&str>) -> Result<(), Fault> {
        for used in &thing.uses {
            if !self.objects.contains_key(used.id()) {
                return Err(Fault::new(FaultKind::Invalid, "test:CreateThing", format!("there is no {}", used.id())));
            }
        }
        let others = || self.objects.iter().filter(|(id, _)| own != Some(id.as_str())).map(|(_, made)| &made.thing);
        let taken =
            |what: fn(&Thing) -> Option<u32>| what(thing).is_some() && others().any(|it| what(it) == what(thing));
        if taken(|it| it.range) || taken(|it| it.port) {
            return Err(Fault::new(FaultKind::Invalid, "test:CreateThing", "the range or the port is taken"));
        }
        Ok(())
    }
}

fn attributes(id: &str, version: u32) -> Attributes {
    Attributes { id: id.to_owned(), arn: format!("arn:aws:test:::{id}"), version }
}

#[async_trait]
impl TypedProvider for Cloud {
    type Resource = Thing;
    type Attributes = Attributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<Live<Thing, Attributes>>, Fault> {
        let (_flight, fail, _) = self.begin("read", cx);
        if let Some(Fail::Refuse(kind)) = fail {
            return Err(Self::fault(kind, "test:DescribeThings"));
        }
        let now = Instant::now();
        let world = self.world();
        Ok(world.objects.get(id).filter(|made| made.visible <= now).map(|made| Self::live(made, id)))
    }

    async fn find(&self, cx: &Context, _: &Thing) -> Result<Option<Live<Thing, Attributes>>, Fault> {
        let (_flight, fail, _) = self.begin("read", cx);
        if let Some(Fail::Refuse(kind)) = fail {
            return Err(Self::fault(kind, "test:DescribeThings"));
        }
        let now = Instant::now();
        let world = self.world();
        let found = world.objects.iter().find(|(_, made)| made.token == cx.token && made.visible <= now);
        Ok(found.map(|(id, made)| Self::live(made, id)))
    }

    async fn create(&self, cx: &Context, want: &Thing) -> Result<Attributes, Fault> {
        let (_flight, fail, takes) = self.begin("create", cx);
        self.fuse.tick().await;
        match fail {
            Some(Fail::Refuse(kind)) => return Err(Self::fault(kind, "test:CreateThing")),
            Some(Fail::Panic) => panic!("as the test wants it"),
            _ => {}
        }
        let id = {
            let mut world = self.world();
            world.check(want, None)?;
            if world.objects.values().any(|made| made.token == cx.token) {
                world.duplicates += 1;
            }
            world.next += 1;
            let id = format!("thing-{:08x}", world.next);
            let mut thing = want.clone();
            if let Some(Fail::Half(_)) = fail {
                thing.size = 0;
            }
            let visible = Instant::now() + world.late;
            let (token, address, tags) = (cx.token.clone(), cx.address.to_string(), cx.all_tags());
            world.objects.insert(id.clone(), Made { token, address, thing, tags, version: 1, visible });
            id
        };
        self.fuse.tick().await;
        if takes > Duration::ZERO {
            cx.pace.waiting("the thing to be ready");
            cx.pace.pause(takes).await?;
        }
        match fail {
            Some(Fail::Lose) => Err(Self::fault(FaultKind::Unavailable, "test:CreateThing")),
            Some(Fail::Half(kind)) => Err(Self::fault(kind, "test:TagThing")),
            _ => Ok(attributes(&id, 1)),
        }
    }

    async fn update(&self, cx: &Context, want: &Thing, have: &Live<Thing, Attributes>) -> Result<Attributes, Fault> {
        let (_flight, fail, takes) = self.begin("update", cx);
        self.fuse.tick().await;
        if let Some(Fail::Refuse(kind)) = fail {
            return Err(Self::fault(kind, "test:ModifyThing"));
        }
        let id = have.attributes.id.clone();
        let version = {
            let mut world = self.world();
            world.check(want, Some(&id))?;
            let made = world.objects.get_mut(&id).ok_or_else(|| Self::fault(FaultKind::Invalid, "test:ModifyThing"))?;
            assert_eq!((want.shape, want.range), (made.thing.shape, made.thing.range), "an update replaces nothing");
            made.thing.size = want.size;
            if !matches!(fail, Some(Fail::Half(_))) {
                made.thing = want.clone();
                let own = made.tags.iter().filter(|(key, _)| key.starts_with("landfall:"));
                let own: Tags = own.map(|(key, value)| (key.clone(), value.clone())).collect();
                made.tags = cx.tags.clone().into_iter().chain(own).collect();
            }
            made.version += 1;
            made.version
        };
        self.fuse.tick().await;
        if takes > Duration::ZERO {
            cx.pace.pause(takes).await?;
        }
        match fail {
            Some(Fail::Lose) => Err(Self::fault(FaultKind::Unavailable, "test:ModifyThing")),
            Some(Fail::Half(kind)) => Err(Self::fault(kind, "test:TagThing")),
            _ => Ok(attributes(&id, version)),
        }
    }

    async fn delete(&self, cx: &Context, have: &Live<Thing, Attributes>) -> Result<(), Fault> {
        let (_flight, fail, takes) = self.begin("delete", cx);
        self.fuse.tick().await;
        if let Some(Fail::Refuse(kind)) = fail {
            return Err(Self::fault(kind, "test:DeleteThing"));
        }
        let id = &have.attributes.id;
        {
            let mut world = self.world();
            let user = world.objects.values().find(|made| made.thing.uses.iter().any(|used| used.id() == id));
            assert!(user.is_none(), "{id} is deleted while {user:?} uses it");
            world.objects.remove(id);
        }
        self.fuse.tick().await;
        if takes > Duration::ZERO {
            cx.pace.pause(takes).await?;
        }
        match fail {
            Some(Fail::Lose | Fail::Half(_)) => Err(Self::fault(FaultKind::Unavailable, "test:DeleteThing")),
            _ => Ok(()),
        }
    }
}

/// A memory store that counts its appends as effects, may refuse them, and whose appends take a moment.
#[derive(Clone)]
pub struct Fused {
    pub store: MemoryStore,
    pub fuse: Fuse,
    pub refuse_after: Arc<Mutex<Option<usize>>>,
    pub appends: Arc<Mutex<Vec<usize>>>,
}

impl Fused {
    pub fn new(cloud: &Cloud) -> Self {
        Self::over(MemoryStore::new(), cloud)
    }

    pub fn over(store: MemoryStore, cloud: &Cloud) -> Self {
        Self { store, fuse: cloud.fuse.clone(), refuse_after: Arc::default(), appends: Arc::default() }
    }

    pub fn after_crash(&self) -> Self {
        Self { store: self.store.after_crash(), ..self.clone() }
    }

    pub fn shared(&self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Store for Fused {
    async fn acquire(&self, owner: &Owner) -> Result<Lease, StoreError> {
        self.store.acquire(owner).await
    }
    async fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        self.store.renew(lease).await
    }
    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.store.release(lease).await
    }
    async fn append(&self, lease: &Lease, entries: &[Entry]) -> Result<(), StoreError> {
        self.fuse.tick().await;
        if let Some(left) = &mut *self.refuse_after.lock().unwrap() {
            if *left == 0 {
                let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
                return Err(StoreError::Io { action: "write", location: "test".into(), source });
            }
            *left -= 1;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.appends.lock().unwrap().push(entries.len());
        self.store.append(lease, entries).await?;
        self.fuse.tick().await;
        Ok(())
    }
    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        self.store.holder().await
    }
    async fn revoke(&self, fence: u64) -> Result<(), StoreError> {
        self.store.revoke(fence).await
    }
    async fn load(&self) -> Result<Loaded, StoreError> {
        self.store.load().await
    }
    async fn entries(&self, up_to: Option<Revision>) -> Result<Vec<Entry>, StoreError> {
        self.store.entries(up_to).await
    }
    fn location(&self) -> String {
        "test".into()
    }
}

pub fn topology() -> Topology {
    Topology::new("laws", Environment::new("test"))
}

/// One resource of a random topology; it uses and waits for earlier ones.
#[derive(Debug, Clone)]
pub struct Sketch {
    pub name: usize,
    pub size: u32,
    pub shape: u32,
    pub range: Option<u32>,
    pub port: Option<u32>,
    pub password: Option<u32>,
    pub uses: Vec<usize>,
    pub after: Vec<usize>,
    pub retain: bool,
    pub formerly: Option<usize>,
}

/// The topology of the sketches, of two that want the same the later without it.
pub fn sketched(sketches: &[Sketch]) -> Topology {
    let topology = topology();
    let scope = topology.region::<ApSouth1>();
    let (mut names, mut heirs) = (BTreeSet::new(), BTreeSet::new());
    let (mut ranges, mut ports) = (BTreeSet::new(), BTreeSet::new());
    let mut handles: Vec<Handle<Thing>> = Vec::new();
    for sketch in sketches.iter().filter(|sketch| names.insert(sketch.name)) {
        let earlier = |positions: &[usize]| -> Vec<Handle<Thing>> {
            let positions = positions.iter().filter(|_| !handles.is_empty());
            let mut found: Vec<_> = positions.map(|earlier| handles[earlier % handles.len()]).collect();
            found.dedup();
            found
        };
        let uses = earlier(&sketch.uses);
        let label = uses.first().map(|used| used.get(Thing::ARN));
        let thing = Thing {
            size: sketch.size + 1,
            shape: sketch.shape,
            range: sketch.range.filter(|range| ranges.insert(*range)),
            port: sketch.port.filter(|port| ports.insert(*port)),
            label,
            password: sketch.password.map(|number| format!("hunter{number}")),
            ..Thing::new(0).uses(&uses)
        };
        let mut options = earlier(&sketch.after).into_iter().fold(Options::new(), Options::after);
        if sketch.retain {
            options = options.retain();
        }
        if let Some(former) = sketch.formerly.filter(|former| heirs.insert(*former)) {
            options = options.formerly(format!("ap-south-1/test.thing:n{former}"));
        }
        handles.push(scope.add_with(&format!("n{}", sketch.name), options, thing));
    }
    topology
}

/// Removes from the cloud what was retained and then forgotten, which ends without a call, as its new owner does.
pub async fn hand_over(cloud: &Cloud, store: &Fused) {
    let mut state = State::default();
    for entry in store.entries(None).await.expect("reads") {
        if let Entry::Gone { token } = &entry
            && !state.open.contains_key(token)
        {
            cloud.world().objects.retain(|_, made| made.token != *token);
        }
        state.apply(entry).expect("entries follow from each other");
    }
}

/// Everything in the cloud is in the state and the other way round, nothing twice, nothing open.
pub fn assert_in_step(cloud: &Cloud, state: &State) {
    let recorded: BTreeSet<Token> = state.objects.keys().cloned().collect();
    assert_eq!(cloud.tokens(), recorded, "orphans or phantoms");
    assert_eq!(cloud.world().duplicates, 0, "something was made twice");
    assert_eq!(cloud.world().objects.len(), recorded.len(), "one token, two objects");
    assert!(state.open.is_empty(), "unsettled: {:?}", state.open);
}
