//! The lifecycle that every kind passes, on any cloud.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use landfall_aws::tap::{Access, Effect, Outcome, Rule, Tap};
use landfall_core::{
    Address, Attributes, Context, Declaration, Environment, Fault, FaultKind, Fields, Kind, Locator, Lowered, Observed,
    Provider, Providers, TAGS, Tags, Topology, Value,
    kind::Identity,
    plan::{After, Baseline, resolved_deltas},
    provider::{Desired, Reference},
    state::Token,
};

use crate::{
    case::{Case, Variant},
    pace::Hurried,
};

/// What a kind does not do as it must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    what: String,
}

impl Failure {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// Runs the lifecycle of a case: create, read, update, delete, absent, and a create interrupted at every call.
///
/// Without a tap, what can only be seen on the wire is left out: that a second update calls only reads, and the
/// interruptions.
///
/// # Errors
/// The first thing that is not as it must be. Objects made so far stay then.
pub async fn lifecycle(providers: &Providers, tap: Option<&Tap>, case: &Case) -> Result<(), Failure> {
    let first = declare(case, Variant::First)?;
    let second = declare(case, Variant::Updated)?;
    let mut world = World { providers, tap, lowered: &first, made: Vec::new() };
    for declaration in &first.declarations {
        world.create(declaration).await?;
    }
    world.changes_nothing().await?;
    world.lowered = &second;
    let mut changed = false;
    for declaration in &second.declarations {
        changed |= world.update(declaration).await? && declaration.kind.name == case.kind;
    }
    let kind = first.declarations.iter().map(|it| it.kind).find(|kind| kind.name == case.kind);
    let updates = kind.is_some_and(|kind| kind.taggable || kind.fields.iter().any(is_updatable));
    if updates && !changed {
        return Err(Failure::new("`Variant::Updated` changes no field of the object under test"));
    }
    world.changes_nothing().await?;
    world.delete_down_to(0).await?;
    if let Some(tap) = tap {
        interrupted(providers, tap, case, &first).await?;
    }
    Ok(())
}

fn is_updatable(field: &landfall_core::kind::Field) -> bool {
    field.change == landfall_core::kind::Change::Update
}

fn declare(case: &Case, variant: Variant) -> Result<Lowered, Failure> {
    let topology = Topology::new("conformance", Environment::new("test"));
    (case.declare)(&topology, variant);
    let lowered = topology.lower().map_err(|problems| Failure::new(format!("{variant:?} has {problems}")))?;
    if lowered.declarations.iter().all(|declaration| declaration.kind.name != case.kind) {
        return Err(Failure::new(format!("{variant:?} declares no {}", case.kind)));
    }
    Ok(lowered)
}

/// For every N: the answer to the N-th change of the create is lost, and the next run makes it good.
async fn interrupted(providers: &Providers, tap: &Tap, case: &Case, first: &Lowered) -> Result<(), Failure> {
    let position = first.declarations.iter().rposition(|declaration| declaration.kind.name == case.kind);
    let Some(position) = position else { return Ok(()) };
    let mut world = World { providers, tap: Some(tap), lowered: first, made: Vec::new() };
    for declaration in &first.declarations[..position] {
        world.create(declaration).await?;
    }
    let declaration = &first.declarations[position];
    for lost in 0.. {
        let step = format!("create of {} with the answer to change {} lost", declaration.address, lost + 1);
        let at = |what: String| Failure::new(format!("{step}: {what}"));
        let mut object = world.object(declaration)?;
        tap.clear_calls();
        tap.add(Rule::new(Effect::LoseResponse).access(Access::Change).after(lost).times(1));
        let result = object.provider.reconcile(&object.cx, &object.want, None).await;
        tap.clear_rules();
        let was_lost = tap.calls().iter().any(|call| matches!(call.outcome, Outcome::Lost(_)));
        match &result {
            Err(fault) if was_lost && fault.kind == FaultKind::Unavailable => {}
            Err(fault) if !fault.kind.is_transient() || was_lost => {
                return Err(at(format!("it gave {:?} ({fault}) instead of `Unavailable`", fault.kind)));
            }
            Ok(_) | Err(_) => {}
        }
        let found = object.observe(Locator::Token(&object.want)).await?;
        let have = found.as_ref();
        object.attributes = object.reconcile(have).await.map_err(|failure| {
            let how = if have.is_some() { "it was found, and its update" } else { "it was not found, and its create" };
            at(format!("{how} failed: {failure}"))
        })?;
        object.check().await.map_err(|failure| at(failure.to_string()))?;
        object.delete().await.map_err(|failure| at(failure.to_string()))?;
        if object.observe(Locator::Token(&object.want)).await?.is_some() {
            return Err(at("a second object was made: its token still finds one after the delete".into()));
        }
        if !was_lost {
            break;
        }
    }
    world.delete_down_to(0).await
}

/// What a case has made so far.
struct World<'a> {
    providers: &'a Providers,
    tap: Option<&'a Tap>,
    lowered: &'a Lowered,
    made: Vec<Object<'a>>,
}

/// One object that was made, or is about to be.
struct Object<'a> {
    kind: &'static Kind,
    provider: &'a Arc<dyn Provider>,
    cx: Context,
    want: Desired,
    attributes: Attributes,
    observed: Observed,
    owned: bool,
}

impl<'a> World<'a> {
    /// An object of a declaration under a new token, with everything resolved that it refers to.
    fn object(&self, declaration: &Declaration) -> Result<Object<'a>, Failure> {
        let kind = declaration.kind;
        let provider = self.providers.provider(kind.name);
        let provider = provider.ok_or_else(|| Failure::new(format!("{} has no provider", kind.name)))?;
        let want = self.resolve(declaration)?;
        let tags = want.fields.get(TAGS).cloned().unwrap_or_else(|| serde_json::json!({}));
        let tags: Tags = serde_json::from_value(tags)
            .map_err(|error| Failure::new(format!("{}: tags: {error}", declaration.address)))?;
        let cx = Context {
            topology: self.lowered.topology.clone(),
            environment: self.lowered.environment.clone(),
            address: declaration.address.clone(),
            place: declaration.place,
            token: Token::from_random(uuid::Uuid::new_v4().into_bytes()),
            tags,
            timeout: declaration.lifecycle.timeout,
            pace: Arc::new(Hurried),
        };
        let (attributes, observed) = (Attributes::new(), Observed::default());
        Ok(Object { kind, provider, cx, want, attributes, observed, owned: declaration.lookup.is_none() })
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

    async fn create(&mut self, declaration: &Declaration) -> Result<(), Failure> {
        let mut object = self.object(declaration)?;
        if let Some(id) = &declaration.lookup {
            let found = object.observe(Locator::Id(id)).await?;
            object.observed = found.ok_or_else(|| object.failure(&format!("`{id}` was not found")))?;
            object.attributes = object.observed.attributes.clone();
            self.made.push(object);
            return Ok(());
        }
        if object.observe(Locator::Token(&object.want)).await?.is_some() {
            return Err(object.failure("its token finds something before it is created"));
        }
        object.attributes = object.reconcile(None).await?;
        object.check().await?;
        self.made.push(object);
        Ok(())
    }

    /// Brings an object to what `declaration` says now; whether anything differed.
    async fn update(&mut self, declaration: &Declaration) -> Result<bool, Failure> {
        let position = self.made.iter().position(|object| object.cx.address == declaration.address);
        let Some(position) = position else {
            return self.create(declaration).await.map(|()| true);
        };
        if !self.made[position].owned {
            return Ok(false);
        }
        let fresh = self.object(declaration)?;
        let object = &mut self.made[position];
        let before = std::mem::replace(&mut object.want, fresh.want);
        object.cx.tags = fresh.cx.tags;
        let baseline = Baseline { recorded: &before.fields, observed: Some(&object.observed.fields) };
        let deltas = resolved_deltas(object.kind, &object.want.fields, baseline);
        if let Some(delta) = deltas.iter().find(|delta| delta.replaces) {
            let what = format!("`Variant::Updated` changes `{}`, which needs a new object", delta.field);
            return Err(object.failure(&what));
        }
        if deltas.is_empty() {
            return Ok(false);
        }
        let have = object.observed.clone();
        let after = object.reconcile(Some(&have)).await?;
        for stable in object.kind.attributes.iter().filter(|reported| reported.stable) {
            let (before, after) = (object.attributes.get(stable.name), after.get(stable.name));
            if before != after {
                let what = format!("an update changed the stable `{}` from {before:?} to {after:?}", stable.name);
                return Err(object.failure(&what));
            }
        }
        object.attributes = after;
        object.check().await?;
        Ok(true)
    }

    /// Reconciles everything as it is: only reads may be called.
    async fn changes_nothing(&mut self) -> Result<(), Failure> {
        for object in self.made.iter().filter(|object| object.owned) {
            if let Some(tap) = self.tap {
                tap.clear_calls();
            }
            object.reconcile(Some(&object.observed)).await?;
            let changes = self.tap.map(Tap::changes).unwrap_or_default();
            if let Some(call) = changes.first() {
                return Err(object.failure(&format!("an update without a difference called {call}\n{}", call.body)));
            }
        }
        Ok(())
    }

    /// Deletes in reverse order until `count` objects are left.
    async fn delete_down_to(&mut self, count: usize) -> Result<(), Failure> {
        while self.made.len() > count {
            let Some(object) = self.made.pop() else { break };
            if object.owned {
                object.delete().await?;
            }
        }
        Ok(())
    }
}

impl Object<'_> {
    fn failure(&self, what: &str) -> Failure {
        Failure::new(format!("{}: {what}", self.cx.address))
    }

    async fn observe(&self, locator: Locator<'_>) -> Result<Option<Observed>, Failure> {
        let how = match locator {
            Locator::Id(_) => "reading it",
            Locator::Token(_) => "finding it by its token",
        };
        let observed = self.again(async || self.provider.observe(&self.cx, locator).await).await;
        observed.map_err(|fault| self.failure(&format!("{how}: {fault}")))
    }

    async fn reconcile(&self, have: Option<&Observed>) -> Result<Attributes, Failure> {
        let how = if have.is_some() { "updating it" } else { "creating it" };
        let made = self.again(async || self.provider.reconcile(&self.cx, &self.want, have).await).await;
        made.map_err(|fault| self.failure(&format!("{how}: {fault}")))
    }

    /// Calls until it works, fails for good, or has failed too often: what the engine does.
    async fn again<T>(&self, call: impl AsyncFn() -> Result<T, Fault>) -> Result<T, Fault> {
        let mut left = 40;
        loop {
            match call().await {
                Err(fault) if left > 0 && fault.kind.is_transient() && fault.kind != FaultKind::Unavailable => {
                    left -= 1;
                    self.cx.pace.pause(Duration::from_secs(5)).await?;
                }
                result => return result,
            }
        }
    }

    /// Reads the object as it is now and compares it with what was wanted.
    async fn check(&mut self) -> Result<(), Failure> {
        let lacking = self.kind.attributes.iter().map(|reported| reported.name);
        let lacking: Vec<_> = lacking.filter(|name| !self.attributes.contains_key(*name)).collect();
        if !lacking.is_empty() {
            return Err(self.failure(&format!("it does not report {}", lacking.join(", "))));
        }
        let id = self.attributes.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if id.is_empty() {
            return Err(self.failure("its id is empty"));
        }
        let observed = self.observe(Locator::Id(&id)).await?;
        self.observed = observed.ok_or_else(|| self.failure(&format!("its id `{id}` finds nothing")))?;
        for stable in self.kind.attributes.iter().filter(|reported| reported.stable) {
            let (told, read) = (self.attributes.get(stable.name), self.observed.attributes.get(stable.name));
            if told != read {
                return Err(
                    self.failure(&format!("`{}` was reported as {told:?} and is read as {read:?}", stable.name))
                );
            }
        }
        if let Some(differences) = differences(self.kind, &self.want.fields, &self.observed.fields) {
            return Err(self.failure(&format!("what is read is not what was wanted:{differences}")));
        }
        match self.observe(Locator::Token(&self.want)).await? {
            Some(found) if found.id() == id => {}
            Some(found) => return Err(self.failure(&format!("its token finds `{}` instead of `{id}`", found.id()))),
            None => return Err(self.failure("its token finds nothing")),
        }
        self.check_stranger().await
    }

    /// An object of ours is not mistaken for that of another token.
    async fn check_stranger(&self) -> Result<(), Failure> {
        if self.kind.identity == Identity::NaturalKey {
            return Ok(());
        }
        let mut stranger = self.cx.clone();
        stranger.token = Token::from_random(uuid::Uuid::new_v4().into_bytes());
        let found = self.again(async || self.provider.observe(&stranger, Locator::Token(&self.want)).await).await;
        match found.map_err(|fault| self.failure(&format!("finding another token: {fault}")))? {
            Some(_) => Err(self.failure("another token finds it too")),
            None => Ok(()),
        }
    }

    async fn delete(&self) -> Result<(), Failure> {
        let id = self.attributes.get("id").and_then(Value::as_str).unwrap_or_default();
        for attempt in ["deleting it", "deleting it a second time"] {
            let deleted = self.again(async || self.provider.delete(&self.cx, &self.observed).await).await;
            deleted.map_err(|fault| self.failure(&format!("{attempt}: {fault}")))?;
            if self.observe(Locator::Id(id)).await?.is_some() {
                return Err(self.failure(&format!("{attempt}: its id `{id}` still finds it")));
            }
        }
        if self.observe(Locator::Token(&self.want)).await?.is_some() {
            return Err(self.failure("its token still finds something after the delete"));
        }
        Ok(())
    }
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
