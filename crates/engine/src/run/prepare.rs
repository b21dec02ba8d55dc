//! Preparing: a planned step becomes a call, now that everything it refers to is known.

use std::collections::{BTreeMap, BTreeSet};

use landfall_core::{
    Address, Attributes, Declaration, Fault, FaultKind, Fields, Kind, Lowered, Observed, State, Value,
    expr::Expr,
    plan::{Action, Baseline, Step, merge, resolved_deltas},
    provider::{Desired, Reference},
    state::{Entry, Object, Operation, Token, digest},
};

use super::worker::Job;
use crate::{
    subject::{Subject, tags_of},
    tools::Tools,
};

/// What a step turns out to be.
pub(super) enum Prepared {
    /// A call, whose intent is recorded first.
    Call(Box<Job>),
    /// Something that only the state needs to know; nothing at all when empty.
    Record(Vec<Entry>),
}

/// What a step is prepared from.
pub(super) struct Site<'a> {
    pub(super) tools: &'a Tools,
    pub(super) lowered: &'a Lowered,
    pub(super) lookups: &'a BTreeMap<Address, Attributes>,
    pub(super) state: &'a State,
}

impl Site<'_> {
    /// Prepares a step; `token` is the one a create gives its object, `seed` the one of the jitter.
    ///
    /// # Errors
    /// When the step can't be done, or would do something else than planned.
    pub(super) fn prepare(&self, step: &Step, token: Token, seed: u64) -> Result<Prepared, Fault> {
        match step.action {
            Action::Create | Action::CreateReplacement => self.create(step, token, seed),
            Action::Update => self.update(step, seed),
            Action::Delete | Action::DeleteReplaced => self.delete(step, seed),
            Action::Forget => Ok(Prepared::Record(match self.object(step) {
                Ok(object) => vec![Entry::Gone { token: object.token.clone() }],
                Err(_) => Vec::new(),
            })),
            Action::Move => {
                let token = self.object(step)?.token.clone();
                Ok(Prepared::Record(vec![Entry::Moved { token, to: step.address.clone() }]))
            }
            Action::Record => Ok(Prepared::Record(vec![self.kept(step, self.object(step)?)])),
        }
    }

    fn create(&self, step: &Step, token: Token, seed: u64) -> Result<Prepared, Fault> {
        let fields = self.resolved(step)?;
        let subject = self.tools.subject(&step.address, &step.kind, step.place, &token, tags_of(&fields))?;
        let object = Object {
            address: step.address.clone(),
            kind: step.kind.clone(),
            version: subject.kind.version,
            place: step.place,
            token,
            fields: self.digested(subject.kind, &fields),
            attributes: Attributes::new(),
            dependencies: self.tokens(step),
            keep: step.keep,
            deposed: false,
        };
        let have = Observed::default();
        Ok(Prepared::Call(self.job(step, subject, Operation::Create, object, fields, have, seed)))
    }

    fn update(&self, step: &Step, seed: u64) -> Result<Prepared, Fault> {
        let old = self.object(step)?;
        let mut fields = self.resolved(step)?;
        let subject = self.tools.subject(&step.address, &step.kind, step.place, &old.token, tags_of(&fields))?;
        let kind = subject.kind;
        let recorded = migrated(kind, old);
        self.keep_ignored_secrets(step, kind, &recorded, &mut fields);
        let want = self.digested(kind, &fields);
        let observed = step.observed.as_ref();
        let have = Baseline { recorded: &recorded, observed: observed.map(|observed| &observed.fields) };
        let deltas = resolved_deltas(kind, &want, have);
        // What an interrupted create left is as wanted only once an update has made sure that it is ready.
        if deltas.is_empty() && !self.state.incomplete.contains(&old.token) {
            return Ok(Prepared::Record(self.unchanged(step, old, want, kind.version)));
        }
        if let Some(delta) = deltas.iter().find(|delta| delta.replaces) {
            return Err(Fault::new(
                FaultKind::Invalid,
                "comparing with the plan",
                format!(
                    "the plan said update, but `{}` turned out to need a new object; plan again to see it",
                    delta.field
                ),
            ));
        }
        let object = Object {
            address: step.address.clone(),
            version: kind.version,
            fields: want,
            dependencies: self.tokens(step),
            keep: step.keep,
            ..old.clone()
        };
        let there = observed.map_or_else(|| recorded.clone(), |observed| merge(&recorded, &observed.fields));
        let attributes = observed.map_or(&old.attributes, |observed| &observed.attributes).clone();
        let have = Observed { fields: self.readable(kind, there, &fields), attributes };
        Ok(Prepared::Call(self.job(step, subject, Operation::Update, object, fields, have, seed)))
    }

    fn delete(&self, step: &Step, seed: u64) -> Result<Prepared, Fault> {
        let Ok(old) = self.object(step) else { return Ok(Prepared::Record(Vec::new())) };
        let subject = self.tools.subject(&step.address, &step.kind, step.place, &old.token, tags_of(&old.fields))?;
        let fields = migrated(subject.kind, old);
        let have = Observed {
            fields: self.readable(subject.kind, fields, &Fields::new()),
            attributes: old.attributes.clone(),
        };
        let job = self.job(step, subject, Operation::Delete, old.clone(), Fields::new(), have, seed);
        Ok(Prepared::Call(job))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a job, each made by its caller")]
    fn job(
        &self,
        step: &Step,
        subject: Subject,
        operation: Operation,
        object: Object,
        fields: Fields,
        have: Observed,
        seed: u64,
    ) -> Box<Job> {
        let references = self.references(step, &fields);
        let desired = Desired { fields: without_digests(fields), references };
        // A month is longer than anything in AWS takes, and short enough to add to any instant.
        let timeout = step.timeout.min(std::time::Duration::from_hours(24 * 30));
        Box::new(Job { subject, operation, object, desired, have, timeout, seed })
    }

    /// The object of a step.
    fn object(&self, step: &Step) -> Result<&Object, Fault> {
        step.token.as_ref().and_then(|token| self.state.objects.get(token)).ok_or_else(|| {
            Fault::new(FaultKind::Invalid, "comparing with the plan", "the state does not hold the object any more")
        })
    }

    /// The current tokens of what the step's object refers to.
    fn tokens(&self, step: &Step) -> BTreeSet<Token> {
        let current = step.dependencies.iter().filter_map(|address| self.state.current(address));
        current.map(|object| object.token.clone()).collect()
    }

    fn kept(&self, step: &Step, object: &Object) -> Entry {
        Entry::Kept { token: object.token.clone(), keep: step.keep, dependencies: self.tokens(step) }
    }

    /// What an update that has nothing to change records.
    fn unchanged(&self, step: &Step, old: &Object, want: Fields, version: u32) -> Vec<Entry> {
        let mut entries = Vec::new();
        if want != old.fields || version != old.version {
            let attributes = step.observed.as_ref().map_or(&old.attributes, |observed| &observed.attributes).clone();
            let version = Some(version);
            entries.push(Entry::Observed { token: old.token.clone(), fields: want, attributes, version });
        }
        if old.keep != step.keep || old.dependencies != self.tokens(step) {
            entries.push(self.kept(step, old));
        }
        entries
    }

    /// The step's fields with every expression a value, secrets in plain.
    fn resolved(&self, step: &Step) -> Result<Fields, Fault> {
        let mut fields = Fields::new();
        for (name, expr) in &step.fields {
            fields.insert(name.clone(), self.value(name, expr)?);
        }
        for name in &step.secrets {
            let expr = self.declaration(step).and_then(|own| own.fields.get(name)).ok_or_else(|| {
                Fault::new(
                    FaultKind::Invalid,
                    format!("taking the secret `{name}` from the program"),
                    "the program does not declare it any more; plan again",
                )
            })?;
            fields.insert(name.clone(), self.value(name, expr)?);
        }
        Ok(fields)
    }

    fn value(&self, field: &str, expr: &Expr) -> Result<Value, Fault> {
        let resolved = expr.resolve(&|address: &Address, name: &str| self.attribute(address, name).cloned());
        resolved.known().ok_or_else(|| {
            let mut missing = Vec::new();
            resolved.references(&mut |address, name| missing.push(format!("`{name}` of {address}")));
            Fault::new(
                FaultKind::Invalid,
                format!("resolving `{field}`"),
                format!("AWS did not report {}", missing.join(", ")),
            )
        })
    }

    fn attribute(&self, address: &Address, name: &str) -> Option<&Value> {
        let attributes = self.state.current(address).map(|object| &object.attributes);
        attributes.or_else(|| self.lookups.get(address))?.get(name)
    }

    fn declaration(&self, step: &Step) -> Option<&Declaration> {
        self.lowered.get(&step.address).filter(|own| own.kind.name == step.kind)
    }

    /// What the fields refer to. A plan holds the values that it knew; which references they came from, the
    /// program still says.
    fn references(&self, step: &Step, fields: &Fields) -> Vec<Reference> {
        let mut found = Vec::new();
        for name in fields.keys() {
            let declared = self.declaration(step).and_then(|own| own.fields.get(name));
            let Some(expr) = declared.or_else(|| step.fields.get(name)) else { continue };
            expr.references(&mut |address, attribute| {
                let value = self.attribute(address, attribute).and_then(Value::as_str);
                let looked_up = || self.lowered.get(address)?.lookup.as_deref().filter(|_| attribute == "id");
                if let Some(value) = value.or_else(looked_up) {
                    found.push(reference(name, address.kind(), attribute, value));
                }
            });
            expr.existing(&mut |kind, id| {
                let attribute = if id.starts_with("arn:") { "arn" } else { "id" };
                found.push(reference(name, kind, attribute, id));
            });
        }
        found
    }

    /// The fields as the state holds them.
    fn digested(&self, kind: &Kind, fields: &Fields) -> Fields {
        let mut fields = fields.clone();
        for field in kind.fields.iter().filter(|field| field.secret) {
            if let Some(value) = fields.get_mut(field.name).filter(|value| !value.is_null() && !is_digest(value)) {
                *value = digest(&self.state.digest_key, value);
            }
        }
        fields
    }

    /// Recorded fields in a form that the resource's type reads: a digest where the secret is still the wanted
    /// one becomes that secret, any other becomes a text that no secret equals.
    fn readable(&self, kind: &Kind, mut recorded: Fields, want: &Fields) -> Fields {
        for field in kind.fields.iter().filter(|field| field.secret) {
            let Some(value) = recorded.get_mut(field.name) else { continue };
            let wanted = want.get(field.name).filter(|wanted| digest(&self.state.digest_key, wanted) == *value);
            if let Some(wanted) = wanted {
                *value = wanted.clone();
            }
        }
        without_digests(recorded)
    }

    /// A secret that the resource ignores stays what it was, as far as anybody can tell.
    fn keep_ignored_secrets(&self, step: &Step, kind: &Kind, recorded: &Fields, fields: &mut Fields) {
        let Some(own) = self.declaration(step) else { return };
        for name in own.lifecycle.ignore.iter().filter(|name| kind.field(name).is_some_and(|field| field.secret)) {
            if let Some(there) = recorded.get(name) {
                fields.insert(name.clone(), there.clone());
            }
        }
    }
}

fn reference(field: &str, kind: &str, attribute: &str, value: &str) -> Reference {
    Reference {
        field: field.to_owned(),
        kind: kind.to_owned(),
        attribute: attribute.to_owned(),
        value: value.to_owned(),
    }
}

const DIGEST: &str = "$digest";

fn is_digest(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(DIGEST))
}

/// Fields with the text of each digest instead of the digest, which the type of a secret can't read.
pub(crate) fn without_digests(mut fields: Fields) -> Fields {
    for value in fields.values_mut().filter(|value| is_digest(value)) {
        *value = value[DIGEST].clone();
    }
    fields
}

/// The recorded fields in the form of the kind's present version.
pub(crate) fn migrated(kind: &Kind, object: &Object) -> Fields {
    if object.version >= kind.version {
        return object.fields.clone();
    }
    let stored = Value::Object(object.fields.clone().into_iter().collect());
    match (kind.migrate)(object.version, stored) {
        Value::Object(fields) => fields.into_iter().collect(),
        _ => object.fields.clone(),
    }
}
