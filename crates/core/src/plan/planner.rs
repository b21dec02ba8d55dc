//! The planner: a pure function of topology, state and observations.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use crate::{
    address::Address,
    attributes::{Attributes, Fields, Value},
    exclusive::{self, Claim},
    expr::Expr,
    kind::Kind,
    plan::{
        Action, Choice, Delta, Goal, Observations, Plan, Reason, Step, StepIndex,
        difference::{Baseline, deltas},
        link::uses,
        order,
    },
    problem::{Problem, Problems},
    state::{Object, State, Token, digest},
    topology::{Declaration, Lowered},
};

/// Plans to make AWS as declared.
///
/// # Errors
/// Every problem at once: protected objects that would go, lookups that found nothing, replacements that AWS
/// can't do in any order, addresses in `choice` that name nothing.
pub fn apply(lowered: &Lowered, state: &State, seen: &Observations, choice: &Choice) -> Result<Plan, Problems> {
    let mut planner = Planner::new(lowered, state, seen);
    let steps = planner.arrange();
    let mut problems = planner.problems;
    let (steps, unsettled, mut warnings) = settled(steps, state);
    let (steps, left_out) = choose(steps, choice, &mut problems, |address| {
        lowered.get(address).is_some() || state.current(address).is_some()
    });
    warnings.extend(left_out);
    let changing: BTreeSet<_> = steps.iter().map(|step| &step.address).collect();
    let unchanged = lowered
        .declarations
        .iter()
        .filter(|declaration| declaration.lookup.is_none() && !changing.contains(&declaration.address))
        .count();
    Problems::new(problems).or(Plan {
        topology: lowered.topology.clone(),
        environment: lowered.environment.clone(),
        goal: Goal::Apply,
        base: state.revision,
        gone: gone(state, seen),
        steps,
        unchanged,
        unsettled,
        warnings,
    })
}

/// Plans to delete everything in the state, except what is protected and what that needs; what is retained is forgotten,
/// with what it uses.
///
/// Needs no code: kinds, edges and options come from the state.
///
/// # Errors
/// Addresses in `choice` that name nothing in the state.
pub fn destroy(state: &State, seen: &Observations, choice: &Choice) -> Result<Plan, Problems> {
    let gone = gone(state, seen);
    let is_gone = |token: &Token| matches!(seen.objects.get(token), Some(None));
    let protected = protected(state, is_gone);
    let retained = retained(state, is_gone);
    let mut warnings = Vec::new();
    let mut steps = Vec::new();
    let mut unmade: HashMap<&Token, StepIndex> = HashMap::new();
    for object in by_address(state).into_iter().filter(|object| !is_gone(&object.token)) {
        if protected.contains(&object.token) {
            let why =
                if object.keep.protect && !object.deposed { "it is protected" } else { "something protected needs it" };
            warnings.push(format!("{} stays: {why}", object.address));
            continue;
        }
        unmade.insert(&object.token, steps.len());
        let reason = if object.deposed { Reason::Deposed } else { Reason::Destroyed };
        let stays = retained.contains(&object.token);
        if stays && !object.keep.retain {
            warnings.push(format!("{} stays in AWS: something that is retained uses it", object.address));
        }
        steps.push(removal(object, if stays { Action::Forget } else { Action::Delete }, Some(reason)));
    }
    for object in state.objects.values() {
        let Some(&own) = unmade.get(&object.token) else { continue };
        for &used in object.dependencies.iter().filter_map(|token| unmade.get(token)) {
            match (steps[own].action, steps[used].action) {
                // The last to be forgotten is what keeps the others, in case the run ends halfway.
                (Action::Forget, Action::Forget) => steps[own].after.insert(used),
                (Action::Forget, _) => continue,
                _ => steps[used].after.insert(own),
            };
        }
    }
    let mut problems = Vec::new();
    let steps = order::sort(steps).unwrap_or_else(|(steps, rings)| {
        problems.extend(rings.iter().map(|ring| tangle(&steps, ring)));
        Vec::new()
    });
    let (steps, unsettled, not_settled) = settled(steps, state);
    let (steps, left_out) = choose(steps, choice, &mut problems, |address| state.current(address).is_some());
    warnings.extend(not_settled.into_iter().chain(left_out));
    Problems::new(problems).or(Plan {
        topology: state.topology.clone(),
        environment: state.environment.clone(),
        goal: Goal::Destroy,
        base: state.revision,
        gone,
        steps,
        unchanged: protected.len(),
        unsettled,
        warnings,
    })
}

fn gone(state: &State, seen: &Observations) -> Vec<Token> {
    let missing = seen.objects.iter().filter(|(_, observed)| observed.is_none());
    missing.map(|(token, _)| token.clone()).filter(|token| state.objects.contains_key(token)).collect()
}

/// The objects of a state in an order that does not depend on their random tokens, last address first.
fn by_address(state: &State) -> Vec<&Object> {
    let mut objects: Vec<_> = state.objects.values().collect();
    objects.sort_by(|a, b| (&b.address, b.deposed).cmp(&(&a.address, a.deposed)));
    objects
}

/// Protected objects, with everything they depend on.
fn protected(state: &State, is_gone: impl Fn(&Token) -> bool) -> BTreeSet<&Token> {
    let mut found = BTreeSet::new();
    let is_protected = |object: &&Object| object.keep.protect && !object.deposed;
    let mut open: Vec<&Object> = state.objects.values().filter(is_protected).collect();
    while let Some(object) = open.pop() {
        if !is_gone(&object.token) && found.insert(&object.token) {
            open.extend(object.dependencies.iter().filter_map(|token| state.objects.get(token)));
        }
    }
    found
}

/// Retained objects, with everything that they use in AWS.
fn retained(state: &State, is_gone: impl Fn(&Token) -> bool) -> BTreeSet<&Token> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Object> = state.objects.values().filter(|object| object.keep.retain).collect();
    while let Some(object) = open.pop() {
        if !is_gone(&object.token) && found.insert(&object.token) {
            let dependencies = object.dependencies.iter().filter_map(|token| state.objects.get(token));
            open.extend(dependencies.filter(|used| uses(object, used)));
        }
    }
    found
}

/// Leaves out what touches objects with an open call, and what waits for that; the steps are sorted.
fn settled(steps: Vec<Step>, state: &State) -> (Vec<Step>, Vec<Address>, Vec<String>) {
    if state.open.is_empty() {
        return (steps, Vec::new(), Vec::new());
    }
    let addresses: BTreeSet<&Address> = state.open.values().map(|(_, object)| &object.address).collect();
    let used: BTreeSet<&Token> = state.open.values().flat_map(|(_, object)| &object.dependencies).collect();
    let mut left_out = vec![false; steps.len()];
    for (position, step) in steps.iter().enumerate() {
        let deletes_used = step.action.deletes() && step.token.as_ref().is_some_and(|token| used.contains(token));
        left_out[position] =
            addresses.contains(&step.address) || deletes_used || step.after.iter().any(|&before| left_out[before]);
    }
    let mut warnings: Vec<_> = state
        .open
        .values()
        .map(|(operation, object)| {
            format!(
                "{} is left out: an interrupted {operation} of it is not settled; the next run asks again",
                object.address
            )
        })
        .collect();
    let waiting = steps.iter().zip(&left_out).filter(|(step, out)| **out && !addresses.contains(&step.address)).count();
    if waiting > 0 {
        warnings.push(format!("{waiting} step{} that would have to wait for it left out too", plural(waiting)));
    }
    let order: Vec<_> = (0..steps.len()).filter(|&position| !left_out[position]).collect();
    let unsettled = addresses.into_iter().cloned().collect();
    (order::renumber(steps, &order), unsettled, warnings)
}

/// Keeps the chosen steps and those they wait for; says what is left out.
fn choose(
    steps: Vec<Step>,
    choice: &Choice,
    problems: &mut Vec<Problem>,
    exists: impl Fn(&Address) -> bool,
) -> (Vec<Step>, Vec<String>) {
    if choice.only.is_empty() {
        return (steps, Vec::new());
    }
    for address in choice.only.iter().filter(|address| !exists(address)) {
        problems.push(Problem::at(
            address,
            "nothing of that address is declared or recorded",
            "list addresses with `state list`",
        ));
    }
    let only: BTreeSet<&Address> = choice.only.iter().collect();
    let mut wanted: BTreeSet<StepIndex> = BTreeSet::new();
    let mut open: Vec<StepIndex> =
        (0..steps.len()).filter(|&position| only.contains(&steps[position].address)).collect();
    while let Some(position) = open.pop() {
        if wanted.insert(position) {
            open.extend(&steps[position].after);
        }
    }
    let left_out = steps.len() - wanted.len();
    let order: Vec<_> = wanted.into_iter().collect();
    let steps = order::renumber(steps, &order);
    let warning =
        format!("{left_out} other step{} left out: the platform is not as declared afterwards", plural(left_out));
    (steps, if left_out > 0 { vec![warning] } else { Vec::new() })
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn tangle(steps: &[Step], ring: &[StepIndex]) -> Problem {
    let names: Vec<_> =
        ring.iter().map(|&position| format!("{} {}", verb(steps[position].action), steps[position].address)).collect();
    let first = ring.first().map(|&position| steps[position].address.clone());
    Problem {
        address: first,
        cause: format!("no order of these steps is possible, each waits for the next: {}", names.join(", ")),
        mend: "AWS allows only one object with these settings at a time: change the setting that has to be unique \
               (a range, a name) as well, go through a free value in an apply of its own, or say `formerly` if it is \
               the same resource under a new address"
            .to_owned(),
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create | Action::CreateReplacement => "create",
        Action::Update => "update",
        Action::Delete | Action::DeleteReplaced => "delete",
        Action::Forget => "forget",
        Action::Move => "move",
        Action::Record => "record",
    }
}

/// A step that ends an object.
fn removal(object: &Object, action: Action, reason: Option<Reason>) -> Step {
    Step {
        address: object.address.clone(),
        kind: object.kind.clone(),
        place: object.place,
        action,
        reason,
        token: Some(object.token.clone()),
        deltas: Vec::new(),
        fields: BTreeMap::new(),
        secrets: Vec::new(),
        observed: None,
        dependencies: Vec::new(),
        keep: object.keep,
        timeout: object.keep.timeout.unwrap_or(crate::topology::DEFAULT_TIMEOUT),
        after: BTreeSet::new(),
    }
}

/// What is wrong with an object that a declaration claims by `formerly`.
fn misnamed(own: &Declaration, object: &Object) -> Option<Problem> {
    let (kind, place) = (&object.kind, object.place);
    let cause = if *kind != own.kind.name {
        format!("`formerly` names {}, which is of another kind, {kind}", object.address)
    } else if place != own.place {
        format!("`formerly` names {}, which lives in {place}, and nothing moves between places", object.address)
    } else {
        return None;
    };
    Some(Problem::at(&own.address, cause, "remove it: then the new object is created and the old one deleted"))
}

/// What happens to one declared resource.
#[derive(Debug)]
pub(super) enum Fate {
    Lookup(Attributes),
    Keep,
    Record,
    Update(Vec<Delta>),
    Create,
    Replace(Vec<Delta>),
}

impl Fate {
    /// Whether a step brings the declared fields about.
    pub(super) fn brings_about(&self) -> bool {
        matches!(self, Self::Update(_) | Self::Create | Self::Replace(_))
    }
}

pub(super) struct Planner<'a> {
    pub(super) lowered: &'a Lowered,
    pub(super) state: &'a State,
    seen: &'a Observations,
    /// The object behind each declaration, unless it is gone.
    pub(super) old: Vec<Option<&'a Object>>,
    /// The declaration behind each object.
    pub(super) claimed: HashMap<&'a Token, usize>,
    /// Declarations whose object was found gone.
    lost: BTreeSet<usize>,
    /// Objects by the groups in which they may exclude each other.
    pub(super) groups: HashMap<Claim, Vec<&'a Object>>,
    /// What becomes of each declaration, and its fields as far as they are known, where a step brings them about.
    pub(super) fates: Vec<(Fate, Resolved)>,
    /// Declarations whose object could be changed, if another did not have to be changed before it and after it.
    pub(super) anew: BTreeSet<usize>,
    /// Objects that must be gone before their successors can exist.
    pub(super) leave_first: BTreeSet<&'a Token>,
    pub(super) problems: Vec<Problem>,
    /// How many of the problems no decision makes.
    given: usize,
}

/// Fields of a declaration, with the values that are known before the run.
pub(super) type Resolved = BTreeMap<String, Expr>;

/// Steps by what they work on.
pub(super) struct Done<'a> {
    /// The step that gives the object of each declaration its new address.
    pub(super) moved: Vec<Option<StepIndex>>,
    /// The step that creates, updates or records each declaration.
    pub(super) made: Vec<Option<StepIndex>>,
    /// The step that ends each object.
    pub(super) unmade: HashMap<&'a Token, StepIndex>,
}

impl<'a> Planner<'a> {
    fn new(lowered: &'a Lowered, state: &'a State, seen: &'a Observations) -> Self {
        let mut lost = BTreeSet::new();
        let mut problems = Vec::new();
        let mut heirs: BTreeMap<&Address, &Address> = BTreeMap::new();
        let mut old = Vec::with_capacity(lowered.declarations.len());
        for (position, own) in lowered.declarations.iter().enumerate() {
            let mut renamed = own.lifecycle.formerly.iter().filter(|from| lowered.get(from).is_none());
            let former = renamed.find_map(|from| Some((from, state.current(from)?)));
            let object = match (state.current(&own.address), former) {
                (current, None) => current,
                (Some(current), Some((from, former))) => {
                    // Left in, it would be taken for this one as soon as this one is gone.
                    if misnamed(own, former).is_none() {
                        problems.push(Problem::at(
                            &own.address,
                            format!("`formerly` names {from}, which exists beside it"),
                            "remove it: then the other is deleted",
                        ));
                    }
                    Some(current)
                }
                (None, Some((from, former))) => {
                    let problem = misnamed(own, former).or_else(|| {
                        let first = heirs.insert(from, &own.address)?;
                        Some(Problem::at(
                            &own.address,
                            format!("`formerly` names {from}, and so does {first}"),
                            "keep it at the one that the object goes to",
                        ))
                    });
                    let fits = problem.is_none();
                    problems.extend(problem);
                    fits.then_some(former)
                }
            };
            let is_gone = object.is_some_and(|object| matches!(seen.objects.get(&object.token), Some(None)));
            if is_gone {
                lost.insert(position);
            }
            old.push(object.filter(|_| !is_gone && own.lookup.is_none()));
        }
        let behind = old.iter().enumerate();
        let claimed = behind.filter_map(|(position, object)| Some((&(*object)?.token, position))).collect();
        let mut planner = Self {
            lowered,
            state,
            seen,
            old,
            claimed,
            lost,
            groups: HashMap::new(),
            fates: Vec::with_capacity(lowered.declarations.len()),
            anew: BTreeSet::new(),
            leave_first: BTreeSet::new(),
            given: problems.len(),
            problems,
        };
        let groups = planner.by_claim(|kind, object| {
            exclusive::group(kind, object.place, |field| planner.value_there(kind, object, field))
        });
        planner.groups = groups;
        planner
    }

    /// All steps, in an order that AWS takes; none, and a problem, where there is no such order.
    ///
    /// Where steps wait for each other in a ring, something in it is decided otherwise, and everything anew: each
    /// round takes time in proportion to the topology, and opens every ring that it finds.
    fn arrange(&mut self) -> Vec<Step> {
        loop {
            self.decide();
            let steps = self.steps();
            let (steps, rings) = match order::sort(steps) {
                Ok(steps) => return steps,
                Err(tangled) => tangled,
            };
            let users = self.users();
            let closed: Vec<_> = rings.iter().filter(|ring| !self.open(&steps, ring, &users)).collect();
            if !closed.is_empty() {
                self.problems.extend(closed.into_iter().map(|ring| tangle(&steps, ring)));
                return Vec::new();
            }
        }
    }

    /// Decides the fate of every declaration, dependencies first.
    fn decide(&mut self) {
        self.problems.truncate(self.given);
        self.fates.clear();
        for (position, own) in self.lowered.declarations.iter().enumerate() {
            let resolved: BTreeMap<_, _> = own
                .fields
                .iter()
                .map(|(name, expr)| {
                    (name.clone(), expr.resolve(&|address: &Address, name: &str| self.value(address, name)))
                })
                .collect();
            let (fate, resolved) = self.fate(position, own, resolved);
            let brings_about = fate.brings_about();
            self.fates.push((fate, if brings_about { resolved } else { Resolved::new() }));
        }
        self.decide_who_leaves_first();
    }

    fn fate(&mut self, position: usize, own: &Declaration, mut resolved: Resolved) -> (Fate, Resolved) {
        if let Some(id) = &own.lookup {
            let found = self.seen.lookups.get(&own.address).cloned();
            if found.is_none() {
                let cause = format!("there is no {} `{id}` in {}", own.kind.name, own.place);
                self.problems.push(Problem::at(
                    &own.address,
                    cause,
                    "look up an id that exists, or declare the resource",
                ));
            }
            return (Fate::Lookup(found.unwrap_or_default()), resolved);
        }
        let Some(object) = self.old[position] else { return (Fate::Create, resolved) };
        let Some(recorded) = self.recorded(own, object) else { return (Fate::Keep, resolved) };
        let observed = self.observed(object);
        for name in &own.lifecycle.ignore {
            let there = observed.and_then(|fields| fields.get(name)).or_else(|| recorded.get(name));
            if let Some(there) = there {
                resolved.insert(name.clone(), Expr::from(there.clone()));
            }
        }
        let compared = self.digested(own.kind, &resolved);
        let deltas = deltas(own.kind, &compared, Baseline { recorded: &recorded, observed });
        let fate = if deltas.is_empty() && self.state.incomplete.contains(&object.token) {
            // It was found after an interrupted create: an update waits until others can use it.
            Fate::Update(deltas)
        } else if deltas.is_empty() {
            if self.needs_record(own, object) { Fate::Record } else { Fate::Keep }
        } else if deltas.iter().any(|delta| delta.replaces)
            || self.anew.contains(&position)
            || self.is_entangled(position, &resolved, object)
        {
            if object.keep.protect || own.lifecycle.keep.protect {
                let one = deltas.iter().any(|delta| delta.replaces);
                let at_fault = deltas.iter().filter(|delta| delta.replaces || !one);
                let fields: Vec<_> = at_fault.map(|delta| format!("`{}`", delta.field)).collect();
                self.problems.push(Problem::at(
                    &own.address,
                    format!("it is protected, and a change of {} would replace it", fields.join(", ")),
                    "undo the change, or remove `protect` in an apply of its own",
                ));
            }
            Fate::Replace(deltas)
        } else {
            Fate::Update(deltas)
        };
        (fate, resolved)
    }

    /// The recorded fields, in the form of the kind's present version.
    fn recorded(&mut self, own: &Declaration, object: &'a Object) -> Option<Cow<'a, Fields>> {
        if object.version > own.kind.version {
            let cause = format!("its fields were stored by a newer version of {}", own.kind.name);
            self.problems.push(Problem::at(
                &own.address,
                cause,
                "use the version of the program that applied it, or a newer one",
            ));
            return None;
        }
        Some(migrated(own.kind, object))
    }

    fn observed(&self, object: &Object) -> Option<&'a Fields> {
        self.seen.objects.get(&object.token).and_then(Option::as_ref).map(|observed| &observed.fields)
    }

    /// What another declaration reports, as far as it is known before the run.
    fn value(&self, address: &Address, name: &str) -> Option<Value> {
        let position = self.lowered.declarations.position(address)?;
        let kind = self.lowered.declarations[position].kind;
        match &self.fates.get(position)?.0 {
            Fate::Lookup(attributes) => attributes.get(name).cloned(),
            Fate::Keep | Fate::Record => self.attribute(position, name),
            Fate::Update(_) if kind.attribute(name).is_some_and(|attribute| attribute.stable) => {
                self.attribute(position, name)
            }
            Fate::Update(_) | Fate::Create | Fate::Replace(_) => None,
        }
    }

    fn attribute(&self, position: usize, name: &str) -> Option<Value> {
        let object = self.old[position]?;
        let observed = self.seen.objects.get(&object.token).and_then(Option::as_ref);
        observed.and_then(|observed| observed.attributes.get(name)).or_else(|| object.attributes.get(name)).cloned()
    }

    /// Secret fields as their digests, which is what the state holds of them.
    fn digested<'r>(&self, kind: &Kind, resolved: &'r Resolved) -> Cow<'r, Resolved> {
        let mut compared = Cow::Borrowed(resolved);
        for field in kind.fields.iter().filter(|field| field.secret) {
            if let Some(value) = compared.get(field.name).and_then(Expr::known).filter(|value| !value.is_null()) {
                let digest = Expr::from(digest(&self.state.digest_key, &value));
                compared.to_mut().insert(field.name.to_owned(), digest);
            }
        }
        compared
    }

    /// Whether options or edges changed while the fields did not.
    fn needs_record(&self, own: &Declaration, object: &Object) -> bool {
        let mut edges = BTreeSet::new();
        for position in own.dependencies().into_iter().filter_map(|it| self.lowered.declarations.position(it)) {
            match self.fates[position].0 {
                Fate::Create | Fate::Replace(_) => return true,
                Fate::Lookup(_) => {}
                Fate::Keep | Fate::Record | Fate::Update(_) => {
                    edges.extend(self.old[position].map(|object| &object.token));
                }
            }
        }
        !edges.into_iter().eq(&object.dependencies) || own.lifecycle.keep != object.keep
    }

    /// Decides which replaced objects must be gone before their successors can exist: they would share what AWS allows
    /// only once, or the old one uses something that itself must go first. Those that rings of steps demand are
    /// decided already.
    fn decide_who_leaves_first(&mut self) {
        let all = &self.lowered.declarations;
        for (position, own) in all.iter().enumerate() {
            let ((Fate::Replace(_), resolved), Some(object)) = (&self.fates[position], self.old[position]) else {
                continue;
            };
            let shares = || exclusive::clash(own.kind, &known(resolved), &self.there(own.kind, object));
            let uses_one = || {
                let used = own.dependencies().into_iter().filter_map(|address| self.old[all.position(address)?]);
                let mut used = used.filter(|used| object.dependencies.contains(&used.token));
                used.any(|used| self.leave_first.contains(&used.token))
            };
            if self.anew.contains(&position) || shares() || uses_one() {
                self.leave_first.insert(&object.token);
            }
        }
    }

    /// Whether the object and another can't be changed in either order: each as wanted can't exist beside the other
    /// as it is. Then both go, and both are made anew.
    fn is_entangled(&self, position: usize, resolved: &Resolved, object: &Object) -> bool {
        let own = &self.lowered.declarations[position];
        let Some(excludes) = own.kind.excludes else { return false };
        let group = exclusive::group(own.kind, own.place, |field| resolved.get(field).and_then(Expr::known));
        let Some(others) = group.and_then(|group| self.groups.get(&group)) else { return false };
        let (wanted, there) = (known(resolved), self.there(own.kind, object));
        others.iter().filter(|other| other.token != object.token).any(|other| {
            excludes(&wanted, &self.there(own.kind, other))
                && self.claimed.get(&other.token).is_some_and(|&rival| excludes(&self.wanted(rival, other), &there))
        })
    }

    /// The fields of an object as far as anybody knows: as observed, where they were, and otherwise as recorded.
    pub(super) fn there(&self, kind: &Kind, object: &'a Object) -> Cow<'a, Fields> {
        let mut there = migrated(kind, object);
        if let Some(observed) = self.observed(object) {
            there.to_mut().extend(observed.clone());
        }
        there
    }

    /// One of these fields.
    pub(super) fn value_there(&self, kind: &Kind, object: &Object, field: &str) -> Option<Value> {
        let observed = self.observed(object).and_then(|observed| observed.get(field));
        observed.or(migrated(kind, object).get(field)).cloned()
    }

    /// The objects that exist, of declared kinds, by something that they claim.
    pub(super) fn by_claim<C: IntoIterator<Item = Claim>>(
        &self,
        claims: impl Fn(&'static Kind, &'a Object) -> C,
    ) -> HashMap<Claim, Vec<&'a Object>> {
        let kinds = self.lowered.declarations.iter().map(|own| own.kind);
        let kinds: HashMap<&str, &'static Kind> = kinds.map(|kind| (kind.name, kind)).collect();
        let mut found: HashMap<Claim, Vec<&'a Object>> = HashMap::new();
        for object in self.state.objects.values().filter(|object| !self.is_gone(object)) {
            let Some(kind) = kinds.get(&*object.kind) else { continue };
            for claim in claims(kind, object) {
                found.entry(claim).or_default().push(object);
            }
        }
        found
    }

    fn is_gone(&self, object: &Object) -> bool {
        matches!(self.seen.objects.get(&object.token), Some(None))
    }

    /// The fields that a declaration wants for its object, as far as they are known.
    fn wanted(&self, position: usize, object: &Object) -> Fields {
        match self.fates.get(position) {
            Some((fate, resolved)) if fate.brings_about() => known(resolved),
            Some(_) => object.fields.clone(),
            None => {
                let fields = self.lowered.declarations[position].fields.iter();
                let resolve = |expr: &Expr| expr.resolve(&|address: &Address, name: &str| self.value(address, name));
                known(&fields.map(|(name, expr)| (name.clone(), resolve(expr))).collect())
            }
        }
    }

    /// All steps with their edges, not yet sorted.
    fn steps(&mut self) -> Vec<Step> {
        let lowered = self.lowered;
        let mut steps = Vec::new();
        let count = lowered.declarations.len();
        let mut done = Done { moved: vec![None; count], made: vec![None; count], unmade: HashMap::new() };
        for (position, own) in lowered.declarations.iter().enumerate() {
            self.declared_steps(position, own, &mut steps, &mut done);
        }
        for (position, own) in lowered.declarations.iter().enumerate().rev() {
            if let (Fate::Replace(_), Some(object)) = (&self.fates[position].0, self.old[position]) {
                let action = if object.keep.retain { Action::Forget } else { Action::DeleteReplaced };
                done.unmade.insert(&object.token, steps.len());
                let address = own.address.clone();
                steps.push(Step { address, timeout: own.lifecycle.timeout, ..removal(object, action, None) });
            }
        }
        for object in self.undeclared() {
            let reason = if object.deposed { Reason::Deposed } else { Reason::NotDeclared };
            let action = if object.keep.retain { Action::Forget } else { Action::Delete };
            if object.keep.protect && !object.keep.retain && !object.deposed {
                self.problems.push(Problem::at(
                    &object.address,
                    "it is protected, and the program does not declare it any more",
                    "declare it again without `protect`, apply, and then remove it",
                ));
            }
            done.unmade.insert(&object.token, steps.len());
            steps.push(removal(object, action, Some(reason)));
        }
        self.link(&mut steps, &done);
        steps
    }

    fn declared_steps(&mut self, position: usize, own: &Declaration, steps: &mut Vec<Step>, done: &mut Done<'_>) {
        let object = self.old[position];
        if let Some(object) = object.filter(|object| object.address != own.address) {
            done.moved[position] = Some(steps.len());
            let reason = Reason::Formerly(object.address.clone());
            let step = Step { address: own.address.clone(), ..removal(object, Action::Move, Some(reason)) };
            steps.push(step);
        }
        let (fate, resolved) = &mut self.fates[position];
        let mut fields = std::mem::take(resolved);
        let (action, deltas) = match fate {
            Fate::Lookup(_) | Fate::Keep => return,
            Fate::Record => (Action::Record, Vec::new()),
            Fate::Update(deltas) => (Action::Update, std::mem::take(deltas)),
            Fate::Create => (Action::Create, initial(own.kind, &fields)),
            Fate::Replace(deltas) => (Action::CreateReplacement, std::mem::take(deltas)),
        };
        let secret = |name: &str, _: &mut Expr| own.kind.field(name).is_some_and(|field| field.secret);
        let secrets = fields.extract_if(.., |name, value| secret(name, value)).map(|(name, _)| name).collect();
        let observed = object.and_then(|object| self.seen.objects.get(&object.token)?.as_ref()).filter(|observed| {
            object.is_some_and(|object| **observed != object.recorded()) && action == Action::Update
        });
        let owned = |address: &&Address| self.lowered.get(address).is_some_and(|own| own.lookup.is_none());
        done.made[position] = Some(steps.len());
        steps.push(Step {
            address: own.address.clone(),
            kind: own.kind.name.to_owned(),
            place: own.place,
            action,
            reason: self.reason(position),
            token: object
                .filter(|_| action != Action::Create && action != Action::CreateReplacement)
                .map(|o| o.token.clone()),
            deltas,
            fields,
            secrets,
            observed: observed.cloned(),
            dependencies: own.dependencies().into_iter().filter(owned).cloned().collect(),
            keep: own.lifecycle.keep,
            timeout: own.lifecycle.timeout,
            after: done.moved[position].into_iter().collect(),
        });
    }

    fn reason(&self, position: usize) -> Option<Reason> {
        let interrupted = self.old[position].is_some_and(|object| self.state.incomplete.contains(&object.token));
        match (self.lost.contains(&position), interrupted) {
            (true, _) => Some(Reason::DeletedOutside),
            (false, true) => Some(Reason::Interrupted),
            (false, false) => None,
        }
    }

    /// Objects of the state behind no declaration.
    fn undeclared(&self) -> Vec<&'a Object> {
        by_address(self.state)
            .into_iter()
            .filter(|object| !self.claimed.contains_key(&object.token) && !self.is_gone(object))
            .collect()
    }
}

/// Everything that a create sets, as deltas from nothing.
fn initial(kind: &Kind, fields: &Resolved) -> Vec<Delta> {
    let nothing = Fields::new();
    deltas(kind, fields, Baseline { recorded: &nothing, observed: None })
        .into_iter()
        .map(|delta| Delta { replaces: false, ..delta })
        .collect()
}

/// The fields whose values are known.
pub(super) fn known(resolved: &Resolved) -> Fields {
    resolved.iter().filter_map(|(name, expr)| Some((name.clone(), expr.known()?))).collect()
}

/// The recorded fields, in the form of the kind's present version.
fn migrated<'o>(kind: &Kind, object: &'o Object) -> Cow<'o, Fields> {
    if object.version == kind.version {
        return Cow::Borrowed(&object.fields);
    }
    let stored = Value::Object(object.fields.clone().into_iter().collect());
    match (kind.migrate)(object.version, stored) {
        Value::Object(fields) => Cow::Owned(fields.into_iter().collect()),
        _ => Cow::Borrowed(&object.fields),
    }
}
