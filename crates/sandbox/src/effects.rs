//! Effects: what a create, an update and a delete do to the world, by AWS's rules.

use std::{collections::BTreeSet, time::Duration};

use landfall_core::{
    Attributes, Context, Fault, FaultKind, Fields, Kind, TAGS, Tags, Value,
    kind::{Change, Within},
    provider::Desired,
    state::Operation,
    tags::TagChanges,
};

use crate::{
    calls::Op,
    draw::Draw,
    fields,
    mint::Subject,
    object::{Key, Origin, Phase, Status, Thing},
    references,
    timing::Tail,
    wording,
    world::{Served, World},
};

impl World {
    /// Begins a creation; the same token gives the same object, and never a second one.
    pub(crate) fn create(
        &mut self,
        served: &Served,
        cx: &Context,
        want: &Desired,
        now: Duration,
    ) -> Result<Key, Fault> {
        let kind = served.kind;
        let operation = Op::Create.operation(kind);
        if let Some(key) = self.by_token(&cx.token) {
            return self.repeated(key, kind, want, &operation, now);
        }
        let forms = served.forms.as_ref().map_err(|why| Fault::new(FaultKind::Fatal, &operation, why))?;
        fields::validate(kind, &want.fields).map_err(|why| invalid(&operation, why))?;
        let uses = references::resolve(self, kind, cx.place, want, &operation, now)?;
        let own: Fields = fields::without_tags(&want.fields);
        self.check_exclusive(kind, cx, &own, None, &operation, now)?;
        self.check_quota(kind, cx, &operation)?;

        let nth = self.attempt(&cx.address, "minted");
        let draw = self.draw(cx, "mint").nth(nth);
        let subject = Subject { cx, account: &self.rules.account, fields: &own, draw };
        let mut attributes = Attributes::new();
        for form in forms {
            let value = form.mint(&subject, &attributes);
            attributes.insert(form.name.to_owned(), value);
        }
        let id = attributes.get("id").and_then(Value::as_str).unwrap_or_default();
        if let Some(thing) = self.by_id(kind.name, cx.place, id).and_then(|key| self.thing(key)) {
            return Err(taken(kind, cx, "id", thing, &operation, now));
        }
        // A create returns no sooner than the service's own reads show the object, as its waiter does.
        let takes = self.takes(served, cx, Operation::Create).max(self.lag(kind.name, wording::service(kind.name)));
        let tags = if kind.taggable { all_tags(cx, want) } else { Tags::new() };
        let origin = Origin {
            topology: cx.topology.clone(),
            environment: cx.environment.clone(),
            address: cx.address.clone(),
            token: cx.token.clone(),
        };
        Ok(self.insert(Thing {
            kind,
            place: cx.place,
            origin: Some(origin),
            fields: own,
            attributes,
            tags,
            phase: Phase::Pending { until: now + takes },
            created_at: now,
            updates: 0,
            uses,
            used_by: BTreeSet::new(),
        }))
    }

    fn repeated(
        &self,
        key: Key,
        kind: &'static Kind,
        want: &Desired,
        operation: &str,
        now: Duration,
    ) -> Result<Key, Fault> {
        let Some(thing) = self.thing(key) else { return Err(Fault::not_yet(operation, "")) };
        if thing.kind.name != kind.name {
            let message = format!("IdempotentParameterMismatch: the token was used for a {}", thing.kind.name);
            return Err(invalid(operation, message));
        }
        if let Some(field) = fields::changed(kind, &want.fields, &thing.fields, &thing.fields).first() {
            let message = format!("IdempotentParameterMismatch: the token was used with another `{}`", field.name);
            return Err(invalid(operation, message));
        }
        match thing.status(now) {
            Status::Deleting => Err(Fault::not_yet(operation, wording::not_ready(kind.name, thing.id(), "deleting"))),
            Status::Pending | Status::Ready | Status::Updating => Ok(key),
        }
    }

    /// Begins a change in place, given the fields that the caller knows; returns whether there was something to
    /// change.
    pub(crate) fn update(
        &mut self,
        served: &Served,
        cx: &Context,
        want: &Desired,
        known: &Fields,
        key: Key,
        now: Duration,
    ) -> Result<bool, Fault> {
        let kind = served.kind;
        let operation = Op::Update.operation(kind);
        let forms = served.forms.as_ref().map_err(|why| Fault::new(FaultKind::Fatal, &operation, why))?;
        let Some(thing) = self.thing(key) else { return Ok(false) };
        let changed = fields::changed(kind, &want.fields, known, &thing.fields);
        if let Some(field) = changed.iter().find(|field| field.change == Change::Replace) {
            let message = format!(
                "InvalidParameterCombination: `{}` of {} can't be changed after its creation",
                field.name,
                thing.label()
            );
            return Err(invalid(&operation, message));
        }
        let tag_changes = if kind.taggable {
            TagChanges::between(&declared_tags(cx, want), &thing.tags)
        } else {
            TagChanges::default()
        };
        if changed.is_empty() && tag_changes.is_empty() {
            return Ok(false);
        }
        let mut after = thing.fields.clone();
        for field in &changed {
            if let Some(value) = want.fields.get(field.name) {
                after.insert(field.name.to_owned(), value.clone());
            }
        }
        fields::validate(kind, &after).map_err(|why| invalid(&operation, why))?;
        self.check_exclusive(kind, cx, &after, Some(key), &operation, now)?;
        let mut uses = references::resolve(self, kind, cx.place, want, &operation, now)?;
        // A field that is not managed keeps what it refers to.
        let managed = |name: &str| want.fields.get(name).is_some_and(|value| !value.is_null());
        uses.extend(thing.uses.iter().filter(|(field, _)| !managed(field)).cloned());

        let updates = thing.updates + 1;
        let draw = self.draw(cx, "update").nth(updates);
        let subject = Subject { cx, account: &self.rules.account, fields: &after, draw };
        let mut attributes = thing.attributes.clone();
        for form in forms.iter().filter(|form| !form.stable) {
            let value = form.renew(&subject, &attributes);
            attributes.insert(form.name.to_owned(), value);
        }
        let takes = self.takes(served, cx, Operation::Update);
        self.change(key, after, attributes, uses);
        if let Some(thing) = self.thing_mut(key) {
            thing.updates = updates;
            thing.phase = Phase::Updating { until: now + takes };
            thing.tags.extend(tag_changes.set);
            thing.tags.retain(|tag, _| !tag_changes.remove.contains(tag));
        }
        Ok(true)
    }

    /// Begins a deletion.
    pub(crate) fn delete(&mut self, served: &Served, cx: &Context, key: Key, now: Duration) -> Result<(), Fault> {
        let Some(thing) = self.thing(key) else { return Ok(()) };
        if !thing.used_by.is_empty() {
            let message = wording::in_use(thing.kind.name, thing.id(), &self.dependents(thing));
            return Err(Fault::new(FaultKind::Blocked, Op::Delete.operation(served.kind), message));
        }
        let takes = self.takes(served, cx, Operation::Delete);
        self.leave(key, now + takes);
        self.advance(now);
        Ok(())
    }

    /// What people read of the objects that refer to one.
    pub(crate) fn dependents(&self, thing: &Thing) -> Vec<String> {
        thing.used_by.iter().filter_map(|key| self.thing(*key)).map(Thing::label).collect()
    }

    fn check_exclusive(
        &self,
        kind: &'static Kind,
        cx: &Context,
        own: &Fields,
        key: Option<Key>,
        operation: &str,
        now: Duration,
    ) -> Result<(), Fault> {
        if let Some(other) = self.excluder(kind, cx.place, own, key) {
            return Err(taken(kind, cx, "place", other, operation, now));
        }
        let Some((rule, holder)) = self.holder(kind, cx.place, own, key) else { return Ok(()) };
        let what = match rule.within {
            Within::Place => rule.to_string(),
            Within::World => format!("{rule} (unique in all of AWS)"),
        };
        Err(taken(kind, cx, &what, holder, operation, now))
    }

    fn check_quota(&self, kind: &'static Kind, cx: &Context, operation: &str) -> Result<(), Fault> {
        match self.rules.quotas.of(kind.name) {
            Some(limit) if self.count(kind.name, cx.place) >= limit => {
                Err(invalid(operation, wording::quota(kind.name, limit, cx.place.as_str())))
            }
            _ => Ok(()),
        }
    }

    fn takes(&mut self, served: &Served, cx: &Context, operation: Operation) -> Duration {
        let draw = match self.rules.tail {
            Tail::Median | Tail::P90 => Draw::new(self.rules.seed),
            Tail::Drawn => {
                let nth = self.attempt(&cx.address, "timed");
                self.draw(cx, "time").nth(nth)
            }
        };
        self.scaled(served.times.take(operation, self.rules.tail, draw))
    }

    /// A draw for something of one resource of one topology.
    fn draw(&self, cx: &Context, what: &str) -> Draw {
        let draw = Draw::new(self.rules.seed).with(what);
        draw.with(&cx.topology).with(&cx.environment).with(cx.address.as_str())
    }
}

fn invalid(operation: &str, message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Invalid, operation, message)
}

/// What a create hears whose name is in use: again later where that is about to end, never where it is another's.
fn taken(kind: &'static Kind, cx: &Context, what: &str, holder: &Thing, operation: &str, now: Duration) -> Fault {
    let message = wording::exists(kind, what, &holder.label());
    let ours = |topology: &str, environment: &str| topology == cx.topology && environment == cx.environment;
    let fault = match (&holder.origin, holder.status(now)) {
        (_, Status::Deleting) => FaultKind::NotYet,
        (Some(origin), _) if ours(&origin.topology, &origin.environment) => FaultKind::Invalid,
        _ => FaultKind::Taken,
    };
    Fault::new(fault, operation, message)
}

/// The tags that the declaration wants.
fn declared_tags(cx: &Context, want: &Desired) -> Tags {
    let wanted = want.fields.get(TAGS).and_then(|tags| serde_json::from_value(tags.clone()).ok());
    wanted.unwrap_or_else(|| cx.tags.clone())
}

fn all_tags(cx: &Context, want: &Desired) -> Tags {
    let mut tags = cx.all_tags();
    tags.extend(declared_tags(cx, want));
    tags
}
