//! The world: every object of one simulated account, with the indexes that keep its rules fast.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use landfall_core::{
    Address, Attributes, Context, Fields, Kind, PlaceCode, Value,
    exclusive::{self, Claim},
    kind::Exclusive,
    state::Token,
};

use crate::{
    calls::{Call, Op, Outcome},
    draw::Draw,
    fault_schedule::{Asked, Bucket, Fate, FaultSchedule},
    late_reads::LateReads,
    mint::Form,
    object::{Key, Phase, Thing},
    quotas::Quotas,
    timing::{Tail, Times},
    wording::service,
};

/// A kind with what is derived from it once.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) kind: &'static Kind,
    /// Forms of its attributes, or what is wrong with them.
    pub(crate) forms: Result<Vec<Form>, String>,
    pub(crate) times: Times,
}

/// What a world is made with.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) seed: u64,
    pub(crate) account: String,
    pub(crate) tail: Tail,
    pub(crate) time_scale: f64,
    pub(crate) late_reads: LateReads,
    pub(crate) quotas: Quotas,
}

/// Every object of one simulated account.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) faults: FaultSchedule,
    pub(crate) calls: Vec<Call>,
    /// Whether a kill point was met: nothing answers any more.
    pub(crate) killed: bool,
    things: BTreeMap<Key, Thing>,
    next: u64,
    kinds: BTreeMap<&'static str, OfKind>,
    tokens: HashMap<Token, Key>,
    /// Deletions under way, by when they are over.
    leaving: BTreeSet<(Duration, Key)>,
    /// How often something was asked for: what draws are numbered by.
    attempts: HashMap<(Address, &'static str), u64>,
    /// Calls lately answered, by service and place.
    buckets: HashMap<(&'static str, PlaceCode), Bucket>,
}

/// The objects of one kind.
#[derive(Debug)]
struct OfKind {
    kind: &'static Kind,
    members: BTreeMap<PlaceCode, BTreeSet<Key>>,
    /// By the values of their attributes: ids, ARNs, names.
    values: HashMap<String, BTreeSet<Key>>,
    /// By what they claim for themselves, and by the group in which they may exclude each other.
    claims: HashMap<Claim, BTreeSet<Key>>,
}

impl World {
    pub(crate) fn new(rules: Rules, faults: FaultSchedule, kinds: impl Iterator<Item = &'static Kind>) -> Self {
        Self {
            rules,
            faults,
            calls: Vec::new(),
            killed: false,
            things: BTreeMap::new(),
            next: 0,
            kinds: kinds.map(|kind| (kind.name, OfKind::new(kind))).collect(),
            tokens: HashMap::new(),
            leaving: BTreeSet::new(),
            attempts: HashMap::new(),
            buckets: HashMap::new(),
        }
    }

    /// Removes what is gone at a time; called before anything else.
    pub(crate) fn advance(&mut self, now: Duration) {
        while let Some(&(until, key)) = self.leaving.first()
            && until <= now
        {
            self.remove(key);
        }
    }

    /// Writes a call to the log and asks the schedule what becomes of it.
    pub(crate) fn begin(&mut self, kind: &'static Kind, cx: &Context, op: Op, now: Duration) -> (u64, Fate) {
        let number = self.calls.len() as u64 + 1;
        let attempt = self.attempt(&cx.address, op.as_str());
        let (address, place) = (cx.address.clone(), cx.place);
        let asked = Asked { kind, address: &address, place, op, number, attempt, now };
        let bucket = self.buckets.entry((service(kind.name), place)).or_default();
        let fate = self.faults.fate(&asked, Draw::new(self.rules.seed).with("fault"), bucket);
        let kind = kind.name;
        self.calls.push(Call { number, at: now, took: None, kind, address, place, op, outcome: Outcome::Open });
        (number, fate)
    }

    /// Writes to the log what came of a call.
    pub(crate) fn finish(&mut self, number: u64, now: Duration, outcome: Outcome) {
        let position = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if let Some(call) = self.calls.get_mut(position) {
            (call.took, call.outcome) = (Some(now.saturating_sub(call.at)), outcome);
        }
    }

    /// Counts how often something was done at an address, from 0.
    pub(crate) fn attempt(&mut self, address: &Address, what: &'static str) -> u64 {
        let count = self.attempts.entry((address.clone(), what)).or_default();
        *count += 1;
        *count - 1
    }

    /// The number that the next object gets.
    pub(crate) fn number(&self) -> u64 {
        self.next
    }

    /// The kind of that name, when the world serves it.
    pub(crate) fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.kinds.get(name).map(|of_kind| of_kind.kind)
    }

    pub(crate) fn thing(&self, key: Key) -> Option<&Thing> {
        self.things.get(&key)
    }

    pub(crate) fn thing_mut(&mut self, key: Key) -> Option<&mut Thing> {
        self.things.get_mut(&key)
    }

    /// Every object, in the order of creation.
    pub(crate) fn things(&self) -> impl Iterator<Item = (Key, &Thing)> {
        self.things.iter().map(|(key, thing)| (*key, thing))
    }

    pub(crate) fn by_token(&self, token: &Token) -> Option<Key> {
        self.tokens.get(token).copied()
    }

    /// Objects of a kind of which an attribute has a value, in any place.
    pub(crate) fn by_attribute<'w>(
        &'w self,
        kind: &str,
        attribute: &'w str,
        value: &'w str,
    ) -> impl Iterator<Item = (Key, &'w Thing)> {
        let keys = self.kinds.get(kind).and_then(|of_kind| of_kind.values.get(value));
        keys.into_iter().flatten().filter_map(move |key| {
            let thing = self.things.get(key)?;
            (thing.attributes.get(attribute).and_then(Value::as_str) == Some(value)).then_some((*key, thing))
        })
    }

    /// The object that AWS's API names by an id in a place.
    pub(crate) fn by_id(&self, kind: &str, place: PlaceCode, id: &str) -> Option<Key> {
        let here = |(key, thing): (Key, &Thing)| (thing.place == place).then_some(key);
        self.by_attribute(kind, "id", id).find_map(here).or_else(|| self.by_attribute(kind, "arn", id).find_map(here))
    }

    /// How many objects of a kind a place has.
    pub(crate) fn count(&self, kind: &str, place: PlaceCode) -> usize {
        self.kinds.get(kind).and_then(|of_kind| of_kind.members.get(&place)).map_or(0, BTreeSet::len)
    }

    /// Whether a new object is seen by a service at a time.
    pub(crate) fn is_seen(&self, thing: &Thing, reader: &str, now: Duration) -> bool {
        thing.origin.is_none() || now >= thing.created_at + self.lag(thing.kind.name, reader)
    }

    /// How long a new object of a kind is not seen by a service.
    pub(crate) fn lag(&self, kind: &str, reader: &str) -> Duration {
        self.scaled(self.rules.late_reads.lag(service(kind), reader))
    }

    /// A duration in the time of this world.
    pub(crate) fn scaled(&self, duration: Duration) -> Duration {
        duration.mul_f64(self.rules.time_scale)
    }

    /// Who holds what a kind allows only once, other than `own`, with the rule.
    pub(crate) fn holder(
        &self,
        kind: &'static Kind,
        place: PlaceCode,
        fields: &Fields,
        own: Option<Key>,
    ) -> Option<(&'static Exclusive, &Thing)> {
        let of_kind = self.kinds.get(kind.name)?;
        exclusive::claims(kind, place, |field| fields.get(field).cloned()).find_map(|(rule, claim)| {
            let holder = of_kind.claims.get(&claim)?.iter().find(|holder| Some(**holder) != own)?;
            Some((rule, self.things.get(holder)?))
        })
    }

    /// An object beside which one with these fields can't be, other than `own`.
    pub(crate) fn excluder(
        &self,
        kind: &'static Kind,
        place: PlaceCode,
        fields: &Fields,
        own: Option<Key>,
    ) -> Option<&Thing> {
        let excludes = kind.excludes?;
        let group = exclusive::group(kind, place, |field| fields.get(field).cloned())?;
        let members = self.kinds.get(kind.name)?.claims.get(&group)?;
        let others = members.iter().filter(|key| Some(**key) != own).filter_map(|key| self.things.get(key));
        others.into_iter().find(|thing| excludes(fields, &thing.fields))
    }

    pub(crate) fn insert(&mut self, thing: Thing) -> Key {
        let key = Key(self.next);
        self.next += 1;
        if let Some(origin) = &thing.origin {
            self.tokens.insert(origin.token.clone(), key);
        }
        for (_, used) in &thing.uses {
            if let Some(used) = self.things.get_mut(used) {
                used.used_by.insert(key);
            }
        }
        let of_kind = self.kinds.entry(thing.kind.name).or_insert_with(|| OfKind::new(thing.kind));
        of_kind.members.entry(thing.place).or_default().insert(key);
        of_kind.index(key, &thing);
        self.things.insert(key, thing);
        key
    }

    /// Changes what an object is made of, and the indexes with it.
    pub(crate) fn change(&mut self, key: Key, fields: Fields, attributes: Attributes, uses: Vec<(String, Key)>) {
        let Some(thing) = self.things.get_mut(&key) else { return };
        let before: BTreeSet<Key> = thing.uses.iter().map(|(_, used)| *used).collect();
        let after: BTreeSet<Key> = uses.iter().map(|(_, used)| *used).collect();
        let of_kind = self.kinds.entry(thing.kind.name).or_insert_with(|| OfKind::new(thing.kind));
        of_kind.unindex(key, thing);
        (thing.fields, thing.attributes, thing.uses) = (fields, attributes, uses);
        of_kind.index(key, thing);
        for dropped in before.difference(&after) {
            if let Some(used) = self.things.get_mut(dropped) {
                used.used_by.remove(&key);
            }
        }
        for added in after.difference(&before) {
            if let Some(used) = self.things.get_mut(added) {
                used.used_by.insert(key);
            }
        }
    }

    /// Begins a deletion that is over at a time.
    pub(crate) fn leave(&mut self, key: Key, until: Duration) {
        if let Some(thing) = self.things.get_mut(&key) {
            thing.phase = Phase::Deleting { until };
            self.leaving.insert((until, key));
        }
    }

    /// Removes an object at once.
    pub(crate) fn remove(&mut self, key: Key) {
        let Some(thing) = self.things.remove(&key) else { return };
        if let Phase::Deleting { until } = thing.phase {
            self.leaving.remove(&(until, key));
        }
        if let Some(origin) = &thing.origin {
            self.tokens.remove(&origin.token);
        }
        for (_, used) in &thing.uses {
            if let Some(used) = self.things.get_mut(used) {
                used.used_by.remove(&key);
            }
        }
        if let Some(of_kind) = self.kinds.get_mut(thing.kind.name) {
            if let Some(members) = of_kind.members.get_mut(&thing.place) {
                members.remove(&key);
            }
            of_kind.unindex(key, &thing);
        }
    }
}

impl OfKind {
    fn new(kind: &'static Kind) -> Self {
        Self { kind, members: BTreeMap::new(), values: HashMap::new(), claims: HashMap::new() }
    }

    fn index(&mut self, key: Key, thing: &Thing) {
        for value in thing.attributes.values().filter_map(Value::as_str) {
            self.values.entry(value.to_owned()).or_default().insert(key);
        }
        for claim in claims(thing) {
            self.claims.entry(claim).or_default().insert(key);
        }
    }

    fn unindex(&mut self, key: Key, thing: &Thing) {
        for value in thing.attributes.values().filter_map(Value::as_str) {
            if let Some(keys) = self.values.get_mut(value) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.values.remove(value);
                }
            }
        }
        for claim in claims(thing) {
            if let Some(keys) = self.claims.get_mut(&claim) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.claims.remove(&claim);
                }
            }
        }
    }
}

/// What an object is found by when another wants to be beside it.
fn claims(thing: &Thing) -> impl Iterator<Item = Claim> {
    let value = |field: &str| thing.fields.get(field).cloned();
    let group = exclusive::group(thing.kind, thing.place, value);
    exclusive::claims(thing.kind, thing.place, value).map(|(_, claim)| claim).chain(group)
}
