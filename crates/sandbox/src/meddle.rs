//! Hands that meddle: changes behind the engine's back, as somebody makes them in AWS's console.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use landfall_core::{Address, Attributes, Context, Fault, Fields, Pace, PlaceCode, TAGS, Tags, Value, state::Token};

use crate::{
    draw::Draw,
    fields,
    mint::Subject,
    object::{Key, Object, Phase, Thing},
    sandbox::Sandbox,
    wording,
    world::World,
};

/// Which object a hand means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The newest one made for an address.
    Address(Address),
    /// The one that AWS names by an id or an ARN.
    Id(String),
}

impl From<&Address> for Which {
    fn from(address: &Address) -> Self {
        Self::Address(address.clone())
    }
}
impl From<Address> for Which {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}
impl From<&str> for Which {
    /// An address where the text is one, else an id.
    fn from(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Id(text.to_owned()), Self::Address)
    }
}
impl From<&Object> for Which {
    fn from(object: &Object) -> Self {
        Self::Id(object.id.clone())
    }
}

/// What a hand can't do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeddleError {
    /// There is no such object.
    #[error("the sandbox has no {0}")]
    Absent(String),
    /// The kind is none of those that the sandbox was made with.
    #[error("the sandbox does not serve {0}; make it with the kinds of that layer")]
    UnknownKind(String),
    /// AWS would refuse it.
    #[error("{0}")]
    Refused(String),
}

/// Hands in the world of a sandbox; from [`Sandbox::meddle`]. What they do takes no time and is in no call log.
#[derive(Debug)]
pub struct Meddler<'s> {
    sandbox: &'s Sandbox,
}

impl Sandbox {
    /// Hands that change and delete things behind the engine's back.
    pub fn meddle(&self) -> Meddler<'_> {
        Meddler { sandbox: self }
    }

    /// Places an object that no topology owns: what a `lookup` finds. Returns it with everything AWS reports.
    ///
    /// `attributes` are kept as given; those that are left out are minted in AWS's form. Fields may be incomplete,
    /// as only an owner needs them all.
    ///
    /// # Errors
    /// [`MeddleError::UnknownKind`]; [`MeddleError::Refused`] when its id exists.
    pub fn seed_object(
        &self,
        kind: &str,
        place: PlaceCode,
        mut fields: Fields,
        mut attributes: Attributes,
    ) -> Result<Object, MeddleError> {
        let served = self.inner.served.get(kind).ok_or_else(|| MeddleError::UnknownKind(kind.to_owned()))?;
        let (mut world, now) = self.inner.world();
        let nth = world.number();
        let cx = nobody(served.kind.name, place, nth)?;
        let tags = fields.remove(TAGS).and_then(|tags| serde_json::from_value(tags).ok());
        let draw = Draw::new(world.rules.seed).with("seeded").with(kind).with(place.as_str()).nth(nth);
        let forms = served.forms.as_ref().map_err(|why| MeddleError::Refused(why.clone()))?;
        let subject = Subject { cx: &cx, account: &world.rules.account, fields: &fields, draw };
        let mut all = Attributes::new();
        for form in forms {
            let value = attributes.remove(form.name).unwrap_or_else(|| form.mint(&subject, &all));
            all.insert(form.name.to_owned(), value);
        }
        let id = all.get("id").and_then(Value::as_str).unwrap_or_default();
        if world.by_id(kind, place, id).is_some() {
            return Err(MeddleError::Refused(wording::exists(served.kind, "id", id)));
        }
        let key = world.insert(Thing {
            kind: served.kind,
            place,
            origin: None,
            fields,
            attributes: all,
            tags: tags.unwrap_or_default(),
            phase: Phase::Ready,
            created_at: now,
            updates: 0,
            uses: Vec::new(),
            used_by: BTreeSet::new(),
        });
        world.thing(key).map(|thing| thing.view(now)).ok_or_else(|| MeddleError::Absent(kind.to_owned()))
    }
}

impl Meddler<'_> {
    /// Changes a field; also one that AWS itself can't change, as if the object had been made anew under its name.
    ///
    /// # Errors
    /// [`MeddleError::Absent`]; [`MeddleError::Refused`] when the field does not exist or can't hold the value.
    pub fn set_field(&self, which: impl Into<Which>, field: &str, value: impl Into<Value>) -> Result<(), MeddleError> {
        let which = which.into();
        let (mut world, _) = self.sandbox.inner.world();
        let key = find(&world, &which)?;
        let Some(thing) = world.thing(key) else { return Err(which.absent()) };
        let mut fields = thing.fields.clone();
        fields.insert(field.to_owned(), value.into());
        fields::validate(thing.kind, &fields).map_err(MeddleError::Refused)?;
        let (attributes, uses) = (thing.attributes.clone(), thing.uses.clone());
        world.change(key, fields, attributes, uses);
        Ok(())
    }

    /// Writes a tag.
    ///
    /// # Errors
    /// [`MeddleError::Absent`]; [`MeddleError::Refused`] for a kind that takes no tags.
    pub fn set_tag(
        &self,
        which: impl Into<Which>,
        tag: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<(), MeddleError> {
        self.with_tags(which, |tags| drop(tags.insert(tag.into(), value.into())))
    }

    /// Removes a tag, if it is there.
    ///
    /// # Errors
    /// [`MeddleError::Absent`]; [`MeddleError::Refused`] for a kind that takes no tags.
    pub fn remove_tag(&self, which: impl Into<Which>, tag: &str) -> Result<(), MeddleError> {
        self.with_tags(which, |tags| drop(tags.remove(tag)))
    }

    fn with_tags(&self, which: impl Into<Which>, change: impl FnOnce(&mut Tags)) -> Result<(), MeddleError> {
        let which = which.into();
        let (mut world, _) = self.sandbox.inner.world();
        let key = find(&world, &which)?;
        let Some(thing) = world.thing_mut(key) else { return Err(which.absent()) };
        if !thing.kind.taggable {
            return Err(MeddleError::Refused(format!("{} takes no tags", thing.kind.name)));
        }
        change(&mut thing.tags);
        Ok(())
    }

    /// Deletes an object at once.
    ///
    /// # Errors
    /// [`MeddleError::Absent`]; [`MeddleError::Refused`] while others depend on it, as AWS refuses people, too.
    pub fn delete(&self, which: impl Into<Which>) -> Result<(), MeddleError> {
        let which = which.into();
        let (mut world, _) = self.sandbox.inner.world();
        let key = find(&world, &which)?;
        let Some(thing) = world.thing(key) else { return Err(which.absent()) };
        if !thing.used_by.is_empty() {
            let why = wording::in_use(thing.kind.name, thing.id(), &world.dependents(thing));
            return Err(MeddleError::Refused(why));
        }
        world.remove(key);
        Ok(())
    }

    /// Deletes an object and everything that depends on it, at once; returns what is gone, dependents first.
    ///
    /// # Errors
    /// [`MeddleError::Absent`].
    pub fn delete_with_dependents(&self, which: impl Into<Which>) -> Result<Vec<Object>, MeddleError> {
        let (mut world, now) = self.sandbox.inner.world();
        let key = find(&world, &which.into())?;
        let mut order = Vec::new();
        collect(&world, key, &mut order);
        let gone = order.iter().filter_map(|key| world.thing(*key)).map(|thing| thing.view(now)).collect();
        for key in order {
            world.remove(key);
        }
        Ok(gone)
    }
}

/// An object and all that depends on it, dependents first.
fn collect(world: &World, key: Key, order: &mut Vec<Key>) {
    if order.contains(&key) {
        return;
    }
    let dependents = world.thing(key).map(|thing| thing.used_by.clone()).unwrap_or_default();
    for dependent in dependents {
        collect(world, dependent, order);
    }
    order.push(key);
}

fn find(world: &World, which: &Which) -> Result<Key, MeddleError> {
    let found = match which {
        Which::Address(address) => world
            .things()
            .filter(|(_, thing)| thing.origin.as_ref().is_some_and(|origin| origin.address == *address))
            .last(),
        Which::Id(id) => world
            .things()
            .find(|(_, thing)| thing.id() == id || thing.attributes.get("arn").and_then(Value::as_str) == Some(id)),
    };
    found.map(|(key, _)| key).ok_or_else(|| which.absent())
}

impl Which {
    fn absent(&self) -> MeddleError {
        MeddleError::Absent(match self {
            Self::Address(address) => format!("object at {address}"),
            Self::Id(id) => format!("object `{id}`"),
        })
    }
}

/// What a seeded object is minted by: nobody declared it.
fn nobody(kind: &str, place: PlaceCode, nth: u64) -> Result<Context, MeddleError> {
    let address = format!("{place}/{kind}:seeded-{nth}");
    let mut token = [0; 16];
    token[..8].copy_from_slice(&nth.to_le_bytes());
    Ok(Context {
        topology: "seeded".to_owned(),
        environment: "sandbox".to_owned(),
        address: address.parse().map_err(|_| MeddleError::UnknownKind(kind.to_owned()))?,
        place,
        token: Token::from_random(token),
        tags: Tags::new(),
        timeout: Duration::ZERO,
        pace: Arc::new(Timeless),
    })
}

/// The pace of what takes no time.
struct Timeless;

#[async_trait]
impl Pace for Timeless {
    async fn pause(&self, _: Duration) -> Result<(), Fault> {
        Ok(())
    }

    fn waiting(&self, _: &str) {}
}
