//! Inspection: what is in the world, and whether it fits what a state knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use landfall_core::{Address, PlaceCode, State, state};

use crate::{
    object::{Object, Thing},
    sandbox::Sandbox,
};

impl Sandbox {
    /// Every object, in the order of creation; also those that are being deleted.
    pub fn objects(&self) -> Vec<Object> {
        let (world, now) = self.inner.world();
        world.things().map(|(_, thing)| thing.view(now)).collect()
    }

    /// The objects of one kind: `ec2.subnet`.
    pub fn objects_of(&self, kind: &str) -> Vec<Object> {
        self.objects().into_iter().filter(|object| object.kind == kind).collect()
    }

    /// The objects of one place.
    pub fn objects_in(&self, place: PlaceCode) -> Vec<Object> {
        self.objects().into_iter().filter(|object| object.place == place).collect()
    }

    /// The newest object made for an address.
    pub fn object_at(&self, address: &Address) -> Option<Object> {
        let (world, now) = self.inner.world();
        let made_for = |thing: &Thing| thing.origin.as_ref().is_some_and(|origin| origin.address == *address);
        world.things().filter(|(_, thing)| made_for(thing)).last().map(|(_, thing)| thing.view(now))
    }

    /// How many objects there are.
    pub fn count(&self) -> usize {
        self.inner.world().0.things().count()
    }

    /// How many objects of one kind there are.
    pub fn count_of(&self, kind: &str) -> usize {
        self.inner.world().0.things().filter(|(_, thing)| thing.kind.name == kind).count()
    }

    /// Whether there is nothing but what was [seeded](Self::seed_object).
    pub fn is_empty(&self) -> bool {
        self.inner.world().0.things().all(|(_, thing)| thing.origin.is_none())
    }

    /// Fails a test when something is left that a topology made.
    ///
    /// # Panics
    /// With the list of what is left.
    #[track_caller]
    pub fn assert_empty(&self) {
        let left: Vec<_> = self.objects().into_iter().filter(|object| object.origin.is_some()).collect();
        assert!(left.is_empty(), "left in the sandbox, {} in all:\n{}", left.len(), lines(&left));
    }

    /// Addresses at which more than one object exists: after a run is done, something was made twice.
    pub fn duplicates(&self) -> BTreeMap<Address, Vec<Object>> {
        let mut by_origin: BTreeMap<_, Vec<Object>> = BTreeMap::new();
        for object in self.objects() {
            if let Some(origin) = &object.origin {
                let key = (origin.topology.clone(), origin.environment.clone(), origin.address.clone());
                by_origin.entry(key).or_default().push(object);
            }
        }
        let doubled = by_origin.into_iter().filter(|(_, objects)| objects.len() > 1);
        doubled.map(|((_, _, address), objects)| (address, objects)).collect()
    }

    /// What the world has and the state doesn't know, and the other way round.
    pub fn orphans(&self, state: &State) -> Orphans {
        let objects = self.objects();
        let tokens: BTreeSet<_> =
            objects.iter().filter_map(|object| object.origin.as_ref()).map(|origin| origin.token.clone()).collect();
        let unknown = objects.into_iter().filter(|object| {
            object.origin.as_ref().is_some_and(|origin| {
                origin.topology == state.topology
                    && origin.environment == state.environment
                    && !state.objects.contains_key(&origin.token)
            })
        });
        let missing = state.objects.values().filter(|object| !tokens.contains(&object.token)).cloned();
        Orphans { unknown: unknown.collect(), missing: missing.collect() }
    }

    /// Fails a test when the world and the state differ in which objects exist, or an address has two of them.
    ///
    /// # Panics
    /// With the lists of what is too much and what is missing.
    #[track_caller]
    pub fn assert_agrees_with(&self, state: &State) {
        let orphans = self.orphans(state);
        assert!(orphans.is_empty(), "{orphans}");
        let doubled: Vec<Object> = self.duplicates().into_values().flatten().collect();
        assert!(doubled.is_empty(), "made twice:\n{}", lines(&doubled));
    }
}

/// Where a world and a state differ in which objects exist.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Orphans {
    /// Objects of the state's topology that the state doesn't know.
    pub unknown: Vec<Object>,
    /// Objects of the state that don't exist.
    pub missing: Vec<state::Object>,
}

impl Orphans {
    /// Whether both know the same objects.
    pub fn is_empty(&self) -> bool {
        self.unknown.is_empty() && self.missing.is_empty()
    }
}

impl fmt::Display for Orphans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.unknown.is_empty() {
            writeln!(f, "in the cloud and not in the state:\n{}", lines(&self.unknown))?;
        }
        if !self.missing.is_empty() {
            let missing: Vec<_> = self.missing.iter().map(|object| format!("  {}", object.address)).collect();
            writeln!(f, "in the state and not in the cloud:\n{}", missing.join("\n"))?;
        }
        Ok(())
    }
}

fn lines(objects: &[Object]) -> String {
    objects.iter().map(|object| format!("  {object}")).collect::<Vec<_>>().join("\n")
}
