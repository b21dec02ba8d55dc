//! What a case has made so far, and each operation on it with all that must hold afterwards.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use landfall_core::{
    Address, Attributes, Context, Declaration, Fault, FaultKind, Fields, Kind, Locator, Lowered, Observed, Provider,
    TAGS, Tags, Value,
    kind::Identity,
    plan::{After, Baseline, merge, resolved_deltas},
    provider::{Desired, Reference},
    state::Token,
};

use crate::{lifecycle::Stage, line::Line};

/// What a kind does not do as it must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    what: String,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }

    /// The same failure, with what had happened before.
    pub(crate) fn after(self, what: &str) -> Self {
        Self { what: format!("{what}: {}", self.what) }
    }
}

/// What a case has made so far.
pub(crate) struct World<'a> {
    pub(crate) stage: &'a Stage<'a>,
    topology: &'a Lowered,
    made: Vec<Object<'a>>,
}

/// One object that was made, or is about to be.
pub(crate) struct Object<'a> {
    kind: &'static Kind,
    provider: &'a Arc<dyn Provider>,
    line: &'a dyn Line,
    cx: Context,
    pub(crate) want: Desired,
    /// Fields as last brought about: with what AWS does not tell.
    recorded: Fields,
    attributes: Attributes,
    pub(crate) observed: Observed,
    owned: bool,
}

impl<'a> World<'a> {
    pub(crate) fn new(stage: &'a Stage<'a>, topology: &'a Lowered) -> Self {
        Self { stage, topology, made: Vec::new() }
    }

    /// An object of a declaration under a new token, with everything resolved that it refers to.
    pub(crate) fn object(&self, declaration: &Declaration) -> Result<Object<'a>, Failure> {
        let kind = declaration.kind;
        let provider = self.stage.providers.provider(kind.name);
        let provider = provider.ok_or_else(|| Failure::new(format!("{} has no provider", kind.name)))?;
        let want = self.resolve(declaration)?;
        let cx = Context {
            topology: self.topology.topology.clone(),
            environment: self.topology.environment.clone(),
            address: declaration.address.clone(),
            place: declaration.place,
            token: fresh_token(),
            tags: tags(&want)?,
            timeout: declaration.lifecycle.timeout,
            pace: Arc::clone(&self.stage.pace),
        };
        let (attributes, observed) = (Attributes::new(), Observed::default());
        let owned = declaration.lookup.is_none();
        let recorded = want.fields.clone();
        Ok(Object { kind, provider, line: self.stage.line, cx, want, recorded, attributes, observed, owned })
    }

    /// The same object under a token that every run has.
    pub(crate) fn object_of_every_run(&self, declaration: &Declaration) -> Result<Object<'a>, Failure> {
        let mut object = self.object(declaration)?;
        object.cx.token = Token::from_random([0x5a; 16]);
        Ok(object)
    }

    /// Makes another declaration what an object is to become.
    pub(crate) fn retarget(&self, object: &mut Object<'a>, declaration: &Declaration) -> Result<(), Failure> {
        object.want = self.resolve(declaration)?;
        object.cx.tags = tags(&object.want)?;
        Ok(())
    }

    fn resolve(&self, declaration: &Declaration) -> Result<Desired, Failure> {
        let known: BTreeMap<&Address, &Attributes> =
            self.made.iter().map(|object| (&object.cx.address, &object.attributes)).collect();
        let lookup = |address: &Address, attribute: &str| known.get(address)?.get(attribute).cloned();
        let mut want = Desired::default();
        for (name, expr) in &declaration.fields {
            let value = expr.resolve(&lookup).known();
            let value = value.ok_or_else(|| {
                let text = serde_json::to_string(expr).unwrap_or_default();
                Failure::new(format!("{}: `{name}` stays unknown: {text}", declaration.address))
            })?;
            want.fields.insert(name.clone(), value);
            expr.references(&mut |address, attribute| {
                let value = lookup(address, attribute);
                want.references.push(Reference {
                    field: name.clone(),
                    kind: address.kind().to_owned(),
                    attribute: attribute.to_owned(),
                    value: value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
                });
            });
        }
        Ok(want)
    }

    /// Creates the object of a declaration, or reads the one that it looks up.
    pub(crate) async fn create(&mut self, declaration: &Declaration) -> Result<(), Failure> {
        let mut object = self.object(declaration)?;
        if let Some(id) = &declaration.lookup {
            let found = object.observe(Locator::Id(id)).await?;
            object.observed = found.ok_or_else(|| object.failure(&format!("`{id}` was not found")))?;
            object.attributes = object.observed.attributes.clone();
            self.made.push(object);
            return Ok(());
        }
        if !object.is_state() && object.observe(Locator::Token(&object.want)).await?.is_some() {
            return Err(object.failure("its token finds something before it is created"));
        }
        let attributes = object.reconcile(None).await?;
        object.settle(attributes).await?;
        self.made.push(object);
        Ok(())
    }

    /// Creates the object of a declaration unless it was made.
    pub(crate) async fn create_if_new(&mut self, declaration: &Declaration) -> Result<(), Failure> {
        if self.made.iter().any(|object| object.cx.address == declaration.address) {
            return Ok(());
        }
        self.create(declaration).await
    }

    /// Brings an object to what a declaration says now, where that differs.
    pub(crate) async fn update(&mut self, declaration: &Declaration) -> Result<(), Failure> {
        let position = self.made.iter().position(|object| object.cx.address == declaration.address);
        let Some(position) = position else {
            return self.create(declaration).await;
        };
        let fresh = self.object(declaration)?;
        let object = &mut self.made[position];
        if !object.owned {
            return Ok(());
        }
        let before = std::mem::replace(&mut object.want, fresh.want);
        object.cx.tags = fresh.cx.tags;
        let baseline = Baseline { recorded: &before.fields, observed: Some(&object.observed.fields) };
        let deltas = resolved_deltas(object.kind, &object.want.fields, baseline);
        if let Some(delta) = deltas.iter().find(|delta| delta.replaces) {
            let what = format!("`Variant::Updated` changes `{}`, which needs a new object", delta.field);
            return Err(object.failure(&what));
        }
        if deltas.is_empty() {
            return Ok(());
        }
        let have = object.observed.clone();
        let attributes = object.reconcile(Some(&have)).await?;
        for stable in object.kind.attributes.iter().filter(|reported| reported.stable) {
            let (before, after) = (object.attributes.get(stable.name), attributes.get(stable.name));
            if before != after {
                let what = format!("an update changed the stable `{}` from {before:?} to {after:?}", stable.name);
                return Err(object.failure(&what));
            }
        }
        object.settle(attributes).await
    }

    /// Reconciles everything as it is: only reads may be called.
    pub(crate) async fn changes_nothing(&self) -> Result<(), Failure> {
        for object in self.made.iter().filter(|object| object.owned) {
            object.line.begin();
            if object.line.changes().is_none() {
                return Ok(());
            }
            object.reconcile(Some(&object.observed)).await?;
            if let Some(call) = object.line.changes().unwrap_or_default().first() {
                return Err(object.failure(&format!("an update without a difference called {call}")));
            }
        }
        Ok(())
    }

    /// Deletes everything in reverse order.
    pub(crate) async fn delete_all(mut self) -> Result<(), Failure> {
        while let Some(object) = self.made.pop() {
            if object.owned {
                object.delete().await?;
            }
        }
        Ok(())
    }
}

impl Object<'_> {
    pub(crate) fn failure(&self, what: &str) -> Failure {
        Failure::new(format!("{}: {what}", self.cx.address))
    }

    /// Whether it is a state of something else that its kind waits for, as an issued certificate is: it may hold
    /// before it is declared, and no call ends it.
    fn is_state(&self) -> bool {
        self.kind.actions.delete.is_empty()
    }

    /// What was observed, completed by what AWS does not tell: what the engine hands to a provider.
    fn over_recorded(&self, observed: &Observed) -> Observed {
        Observed { fields: merge(&self.recorded, &observed.fields), attributes: observed.attributes.clone() }
    }

    /// Takes over what a reconcile reported, unseen.
    pub(crate) fn report(&mut self, attributes: Attributes) {
        self.attributes = attributes;
    }

    fn id(&self) -> &str {
        self.attributes.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) async fn observe(&self, locator: Locator<'_>) -> Result<Option<Observed>, Failure> {
        let how = match locator {
            Locator::Id(_) => "reading it",
            Locator::Token(_) => "finding it by its token",
        };
        self.line.begin();
        let observed = again(&self.cx, || self.provider.observe(&self.cx, locator)).await;
        self.declares(how, &[self.kind.actions.read, self.kind.actions.create])?;
        observed.map_err(|fault| self.failure(&format!("{how}: {fault}")))
    }

    /// Reads it by its id; it must be there.
    pub(crate) async fn read(&self) -> Result<Observed, Failure> {
        let observed = self.observe(Locator::Id(self.id())).await?;
        observed.ok_or_else(|| self.failure(&format!("its id `{}` finds nothing", self.id())))
    }

    /// Reads it after an update whose answer was lost, as the engine does: by its id, or as it was wanted where an
    /// update may give it another id.
    pub(crate) async fn reread(&self) -> Result<Observed, Failure> {
        if self.kind.attribute("id").is_none_or(|id| id.stable) {
            return self.read().await;
        }
        let observed = match self.observe(Locator::Id(self.id())).await? {
            None => self.observe(Locator::Token(&self.want)).await?,
            found => found,
        };
        observed.ok_or_else(|| self.failure("neither its id nor what was wanted finds it"))
    }

    /// One attempt to create or update it.
    pub(crate) async fn try_reconcile(&self, have: Option<&Observed>) -> Result<Attributes, Fault> {
        let have = have.map(|have| self.over_recorded(have));
        self.provider.reconcile(&self.cx, &self.want, have.as_ref()).await
    }

    pub(crate) async fn reconcile(&self, have: Option<&Observed>) -> Result<Attributes, Failure> {
        let (how, actions) = match have {
            None => ("creating it", self.kind.actions.create),
            Some(_) => ("updating it", self.kind.actions.update),
        };
        self.line.begin();
        let have = have.map(|have| self.over_recorded(have));
        let made = again(&self.cx, || self.provider.reconcile(&self.cx, &self.want, have.as_ref())).await;
        self.declares(how, &[actions, self.kind.actions.read])?;
        made.map_err(|fault| self.failure(&format!("{how}: {fault}")))
    }

    /// One attempt to delete it.
    pub(crate) async fn try_delete(&self) -> Result<(), Fault> {
        self.provider.delete(&self.cx, &self.over_recorded(&self.observed)).await
    }

    /// Deletes it, and once more; nothing of it is left.
    pub(crate) async fn delete(&self) -> Result<(), Failure> {
        let have = self.over_recorded(&self.observed);
        for attempt in ["deleting it", "deleting it a second time"] {
            self.line.begin();
            let deleted = again(&self.cx, || self.provider.delete(&self.cx, &have)).await;
            self.declares(attempt, &[self.kind.actions.delete, self.kind.actions.read])?;
            deleted.map_err(|fault| self.failure(&format!("{attempt}: {fault}")))?;
            if !self.is_state() && self.observe(Locator::Id(self.id())).await?.is_some() {
                return Err(self.failure(&format!("{attempt}: its id `{}` still finds it", self.id())));
            }
        }
        if !self.is_state() && self.observe(Locator::Token(&self.want)).await?.is_some() {
            return Err(self.failure("its token still finds something after the delete"));
        }
        Ok(())
    }

    /// Takes over what a reconcile reported: it is complete, and what is read is what was wanted.
    pub(crate) async fn settle(&mut self, attributes: Attributes) -> Result<(), Failure> {
        self.attributes = attributes;
        self.recorded = self.want.fields.clone();
        let lacking = self.kind.attributes.iter().map(|reported| reported.name);
        let lacking: Vec<_> = lacking.filter(|name| !self.attributes.contains_key(*name)).collect();
        if !lacking.is_empty() {
            return Err(self.failure(&format!("it does not report {}", lacking.join(", "))));
        }
        if self.id().is_empty() {
            return Err(self.failure("its id is empty"));
        }
        self.observed = self.read().await?;
        for stable in self.kind.attributes.iter().filter(|reported| reported.stable) {
            let (told, read) = (self.attributes.get(stable.name), self.observed.attributes.get(stable.name));
            if told != read {
                return Err(
                    self.failure(&format!("`{}` was reported as {told:?} and is read as {read:?}", stable.name))
                );
            }
        }
        self.agrees()?;
        match self.observe(Locator::Token(&self.want)).await? {
            Some(found) if found.id() == self.id() => {}
            Some(found) => {
                return Err(self.failure(&format!("its token finds `{}` instead of `{}`", found.id(), self.id())));
            }
            None => return Err(self.failure("its token finds nothing")),
        }
        self.is_not_mistaken().await
    }

    /// What was read is what was wanted.
    pub(crate) fn agrees(&self) -> Result<(), Failure> {
        match differences(self.kind, &self.want.fields, &self.observed.fields) {
            Some(differences) => Err(self.failure(&format!("what is read is not what was wanted:{differences}"))),
            None => Ok(()),
        }
    }

    /// It is not what another token finds.
    async fn is_not_mistaken(&self) -> Result<(), Failure> {
        if self.kind.identity == Identity::NaturalKey {
            return Ok(());
        }
        let stranger = Context { token: fresh_token(), ..self.cx.clone() };
        let found = again(&self.cx, || self.provider.observe(&stranger, Locator::Token(&self.want))).await;
        match found.map_err(|fault| self.failure(&format!("finding another token: {fault}")))? {
            Some(_) => Err(self.failure("another token finds it too")),
            None => Ok(()),
        }
    }

    /// The kind lists every action that an operation called: policies are made of them.
    fn declares(&self, how: &str, actions: &[&[&str]]) -> Result<(), Failure> {
        let called = self.line.actions();
        let mut missing: Vec<_> = called
            .iter()
            .filter(|action| !actions.iter().any(|listed| listed.contains(&action.as_str())))
            .map(String::as_str)
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        Err(self.failure(&format!("{how} called {}, which the kind's `actions` don't list", missing.join(", "))))
    }
}

/// Calls until it works, fails for good, or has failed too often: what the engine does.
async fn again<T, F>(cx: &Context, call: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut left = 40;
    loop {
        match call().await {
            Err(fault) if left > 0 && fault.kind.is_transient() && fault.kind != FaultKind::Unavailable => {
                left -= 1;
                cx.pace.pause(Duration::from_secs(5)).await?;
            }
            result => return result,
        }
    }
}

fn fresh_token() -> Token {
    Token::from_random(uuid::Uuid::new_v4().into_bytes())
}

fn tags(want: &Desired) -> Result<Tags, Failure> {
    let tags = want.fields.get(TAGS).cloned().unwrap_or_else(|| serde_json::json!({}));
    serde_json::from_value(tags).map_err(|error| Failure::new(format!("tags: {error}")))
}

/// What differs, a line for each field.
fn differences(kind: &Kind, want: &Fields, have: &Fields) -> Option<String> {
    let deltas = resolved_deltas(kind, want, Baseline { recorded: want, observed: Some(have) });
    let mut text = String::new();
    for delta in &deltas {
        let before = delta.before.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
        let after = match &delta.after {
            After::Field(expr) => expr.known().map_or_else(|| "unknown".to_owned(), |value| value.to_string()),
            After::Secret => "a secret".to_owned(),
        };
        let _ = write!(text, "\n      {}: read {before}, wanted {after}", delta.field);
    }
    (!text.is_empty()).then_some(text)
}
