//! The planner: a pure function of topology, state and observations.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    address::Address,
    attributes::{Attributes, Fields, Value},
    expr::Expr,
    kind::Kind,
    plan::{
        Action, Choice, Delta, Goal, Observations, Plan, Reason, Step, StepIndex,
        difference::{Baseline, deltas},
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
    planner.decide();
    let steps = planner.steps();
    let mut problems = std::mem::take(&mut planner.problems);
    let steps = match order::sort(steps) {
        Ok(steps) => steps,
        Err((steps, ring)) => {
            problems.push(tangle(&steps, &ring));
            Vec::new()
        }
    };
    let (steps, warnings) = choose(steps, choice, &mut problems, |address| {
        planner.index.contains_key(address) || state.current(address).is_some()
    });
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
        warnings,
    })
}

/// Plans to delete everything in the state, except what is protected and what that needs.
///
/// Needs no code: kinds, edges and options come from the state.
///
/// # Errors
/// Addresses in `choice` that name nothing in the state.
pub fn destroy(state: &State, seen: &Observations, choice: &Choice) -> Result<Plan, Problems> {
    let gone = gone(state, seen);
    let protected = protected(state, &gone);
    let mut warnings = Vec::new();
    let mut steps = Vec::new();
    let mut unmade = BTreeMap::new();
    for object in by_address(state).into_iter().filter(|object| !gone.contains(&object.token)) {
        if protected.contains(&object.token) {
            let why = if object.keep.protect { "it is protected" } else { "something protected needs it" };
            warnings.push(format!("{} stays: {why}", object.address));
            continue;
        }
        unmade.insert(object.token.clone(), steps.len());
        let reason = if object.deposed { Reason::Deposed } else { Reason::Destroyed };
        steps.push(removal(object, if object.keep.retain { Action::Forget } else { Action::Delete }, Some(reason)));
    }
    for object in state.objects.values() {
        let Some(&own) = unmade.get(&object.token) else { continue };
        for used in object.dependencies.iter().filter_map(|token| unmade.get(token)) {
            steps[*used].after.insert(own);
        }
    }
    let mut problems = Vec::new();
    let steps = order::sort(steps).unwrap_or_else(|(steps, ring)| {
        problems.push(tangle(&steps, &ring));
        Vec::new()
    });
    let (steps, left_out) = choose(steps, choice, &mut problems, |address| state.current(address).is_some());
    warnings.extend(left_out);
    Problems::new(problems).or(Plan {
        topology: state.topology.clone(),
        environment: state.environment.clone(),
        goal: Goal::Destroy,
        base: state.revision,
        gone,
        steps,
        unchanged: protected.len(),
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
fn protected(state: &State, gone: &[Token]) -> BTreeSet<Token> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Object> = state.objects.values().filter(|object| object.keep.protect).collect();
    while let Some(object) = open.pop() {
        if !gone.contains(&object.token) && found.insert(object.token.clone()) {
            open.extend(object.dependencies.iter().filter_map(|token| state.objects.get(token)));
        }
    }
    found
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
    let mut wanted: BTreeSet<StepIndex> = BTreeSet::new();
    let mut open: Vec<StepIndex> =
        (0..steps.len()).filter(|&position| choice.only.contains(&steps[position].address)).collect();
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
               (a range, a name) as well, or say `formerly` if it is the same resource under a new address"
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
        timeout: crate::topology::DEFAULT_TIMEOUT,
        after: BTreeSet::new(),
    }
}

/// What happens to one declared resource.
#[derive(Debug)]
enum Fate {
    Lookup(Attributes),
    Keep,
    Record,
    Update(Vec<Delta>),
    Create,
    Replace { deltas: Vec<Delta>, delete_first: bool },
}

struct Planner<'a> {
    lowered: &'a Lowered,
    state: &'a State,
    seen: &'a Observations,
    index: BTreeMap<&'a Address, usize>,
    /// The object behind each declaration, unless it is gone.
    old: Vec<Option<&'a Object>>,
    /// Declarations whose object was found gone.
    lost: BTreeSet<usize>,
    resolved: Vec<BTreeMap<String, Expr>>,
    fates: Vec<Fate>,
    problems: Vec<Problem>,
}

impl<'a> Planner<'a> {
    fn new(lowered: &'a Lowered, state: &'a State, seen: &'a Observations) -> Self {
        let index: BTreeMap<_, _> =
            lowered.declarations.iter().enumerate().map(|(position, own)| (&own.address, position)).collect();
        let mut lost = BTreeSet::new();
        let mut old = Vec::with_capacity(lowered.declarations.len());
        for (position, own) in lowered.declarations.iter().enumerate() {
            let renamed = || own.lifecycle.formerly.iter().filter(|from| !index.contains_key(from));
            let object = state.current(&own.address).or_else(|| renamed().find_map(|address| state.current(address)));
            let is_gone = object.is_some_and(|object| matches!(seen.objects.get(&object.token), Some(None)));
            if is_gone {
                lost.insert(position);
            }
            old.push(object.filter(|_| !is_gone && own.lookup.is_none()));
        }
        let problems = state.open.values().map(|(operation, object)| {
            Problem::at(
                &object.address,
                format!("an interrupted {operation} is not settled"),
                "recover before planning",
            )
        });
        let problems = problems.collect();
        Self { lowered, state, seen, index, old, lost, resolved: Vec::new(), fates: Vec::new(), problems }
    }

    /// Decides the fate of every declaration, dependencies first.
    fn decide(&mut self) {
        for (position, own) in self.lowered.declarations.iter().enumerate() {
            let resolved: BTreeMap<_, _> = own
                .fields
                .iter()
                .map(|(name, expr)| {
                    (name.clone(), expr.resolve(&|address: &Address, name: &str| self.value(address, name)))
                })
                .collect();
            let (fate, resolved) = self.fate(position, own, resolved);
            self.resolved.push(resolved);
            self.fates.push(fate);
        }
    }

    fn fate(
        &mut self,
        position: usize,
        own: &Declaration,
        mut resolved: BTreeMap<String, Expr>,
    ) -> (Fate, BTreeMap<String, Expr>) {
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
        } else if deltas.iter().any(|delta| delta.replaces) || self.is_entangled(position, &resolved, &recorded) {
            if object.keep.protect && own.lifecycle.keep.protect {
                let one = deltas.iter().any(|delta| delta.replaces);
                let at_fault = deltas.iter().filter(|delta| delta.replaces || !one);
                let fields: Vec<_> = at_fault.map(|delta| format!("`{}`", delta.field)).collect();
                self.problems.push(Problem::at(
                    &own.address,
                    format!("it is protected, and a change of {} would replace it", fields.join(", ")),
                    "undo the change, or remove `protect` in an apply of its own",
                ));
            }
            let delete_first = self.must_go_first(position, object, &resolved, &recorded, &deltas);
            Fate::Replace { deltas, delete_first }
        } else {
            Fate::Update(deltas)
        };
        (fate, resolved)
    }

    /// The recorded fields, in the form of the kind's present version.
    fn recorded(&mut self, own: &Declaration, object: &Object) -> Option<Fields> {
        if object.version > own.kind.version {
            let cause = format!("its fields were stored by a newer version of {}", own.kind.name);
            self.problems.push(Problem::at(
                &own.address,
                cause,
                "use the version of the program that applied it, or a newer one",
            ));
            return None;
        }
        if object.version == own.kind.version {
            return Some(object.fields.clone());
        }
        let stored = Value::Object(object.fields.clone().into_iter().collect());
        match (own.kind.migrate)(object.version, stored) {
            Value::Object(fields) => Some(fields.into_iter().collect()),
            _ => Some(object.fields.clone()),
        }
    }

    fn observed(&self, object: &Object) -> Option<&'a Fields> {
        self.seen.objects.get(&object.token).and_then(Option::as_ref).map(|observed| &observed.fields)
    }

    /// What another declaration reports, as far as it is known before the run.
    fn value(&self, address: &Address, name: &str) -> Option<Value> {
        let position = *self.index.get(address)?;
        let kind = self.lowered.declarations[position].kind;
        match self.fates.get(position)? {
            Fate::Lookup(attributes) => attributes.get(name).cloned(),
            Fate::Keep | Fate::Record => self.attribute(position, name),
            Fate::Update(_) if kind.attribute(name).is_some_and(|attribute| attribute.stable) => {
                self.attribute(position, name)
            }
            Fate::Update(_) | Fate::Create | Fate::Replace { .. } => None,
        }
    }

    fn attribute(&self, position: usize, name: &str) -> Option<Value> {
        let object = self.old[position]?;
        let observed = self.seen.objects.get(&object.token).and_then(Option::as_ref);
        observed.and_then(|observed| observed.attributes.get(name)).or_else(|| object.attributes.get(name)).cloned()
    }

    /// Secret fields as their digests, which is what the state holds of them.
    fn digested(&self, kind: &Kind, resolved: &BTreeMap<String, Expr>) -> BTreeMap<String, Expr> {
        let mut compared = resolved.clone();
        for field in kind.fields.iter().filter(|field| field.secret) {
            if let Some(value) = compared.get(field.name).and_then(Expr::known).filter(|value| !value.is_null()) {
                compared.insert(field.name.to_owned(), Expr::from(digest(&self.state.digest_key, &value)));
            }
        }
        compared
    }

    /// Whether options or edges changed while the fields did not.
    fn needs_record(&self, own: &Declaration, object: &Object) -> bool {
        let mut edges = BTreeSet::new();
        for position in own.dependencies().iter().filter_map(|address| self.index.get(address)) {
            match self.fates[*position] {
                Fate::Create | Fate::Replace { .. } => return true,
                Fate::Lookup(_) => {}
                Fate::Keep | Fate::Record | Fate::Update(_) => {
                    edges.extend(self.old[*position].map(|object| object.token.clone()));
                }
            }
        }
        edges != object.dependencies || own.lifecycle.keep != object.keep
    }

    /// Whether the old object must be gone before its successor can exist: they would share what AWS allows
    /// only once, another new object needs what the old one has, or the old one uses something that itself must go
    /// first.
    fn must_go_first(
        &self,
        position: usize,
        object: &Object,
        resolved: &BTreeMap<String, Expr>,
        recorded: &Fields,
        deltas: &[Delta],
    ) -> bool {
        let kind = self.lowered.declarations[position].kind;
        let unchanged = |field: &&str| {
            recorded.get(*field).is_some_and(|value| !value.is_null())
                && !deltas.iter().any(|delta| delta.field.split('.').next() == Some(*field))
        };
        let shares = kind.exclusive.iter().any(|exclusive| exclusive.fields.iter().all(unchanged));
        shares
            || kind.excludes.is_some_and(|excludes| excludes(&known(resolved), recorded))
            || self.rivals(position).any(|rival| clash(kind, &self.wanted(rival), recorded))
            || self.fates.iter().zip(&self.old).any(|(fate, old)| {
                matches!(fate, Fate::Replace { delete_first: true, .. })
                    && old.is_some_and(|used| object.dependencies.contains(&used.token))
            })
    }

    /// Whether the object and another can't be changed in either order: each as wanted can't exist beside the other
    /// as it is. Then both go, and both are made anew.
    fn is_entangled(&self, position: usize, resolved: &BTreeMap<String, Expr>, recorded: &Fields) -> bool {
        let Some(excludes) = self.lowered.declarations[position].kind.excludes else { return false };
        let own = known(resolved);
        self.rivals(position).any(|rival| {
            self.old[rival].is_some_and(|there| excludes(&own, &there.fields))
                && excludes(&self.wanted(rival), recorded)
        })
    }

    /// Other declarations that may need what only one object can have.
    fn rivals(&self, position: usize) -> impl Iterator<Item = usize> {
        let all = &self.lowered.declarations;
        let own = &all[position];
        let unique = !own.kind.exclusive.is_empty() || own.kind.excludes.is_some();
        let same = move |other: &Declaration| {
            unique && other.kind.name == own.kind.name && other.place == own.place && other.lookup.is_none()
        };
        (0..all.len()).filter(move |&other| other != position && same(&all[other]))
    }

    /// The fields that a declaration wants, as far as they are known.
    fn wanted(&self, position: usize) -> Fields {
        if let Some(resolved) = self.resolved.get(position) {
            return known(resolved);
        }
        let fields = self.lowered.declarations[position].fields.iter();
        let resolved = fields.map(|(name, expr)| {
            (name.clone(), expr.resolve(&|address: &Address, name: &str| self.value(address, name)))
        });
        known(&resolved.collect())
    }

    /// All steps with their edges, not yet sorted.
    fn steps(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut made: BTreeMap<&Address, StepIndex> = BTreeMap::new();
        let mut unmade: BTreeMap<&Token, StepIndex> = BTreeMap::new();
        for (position, own) in self.lowered.declarations.iter().enumerate() {
            self.declared_steps(position, own, &mut steps, &mut made);
        }
        for (position, own) in self.lowered.declarations.iter().enumerate().rev() {
            if let (Fate::Replace { .. }, Some(object)) = (&self.fates[position], self.old[position]) {
                let action = if object.keep.retain { Action::Forget } else { Action::DeleteReplaced };
                unmade.insert(&object.token, steps.len());
                steps.push(Step { timeout: own.lifecycle.timeout, ..removal(object, action, None) });
            }
        }
        for object in self.undeclared() {
            let reason = if object.deposed { Reason::Deposed } else { Reason::NotDeclared };
            let action = if object.keep.retain { Action::Forget } else { Action::Delete };
            if object.keep.protect && !object.keep.retain {
                self.problems.push(Problem::at(
                    &object.address,
                    "it is protected, and the program does not declare it any more",
                    "declare it again without `protect`, apply, and then remove it",
                ));
            }
            unmade.insert(&object.token, steps.len());
            steps.push(removal(object, action, Some(reason)));
        }
        self.link(&mut steps, &made, &unmade);
        steps
    }

    fn declared_steps(
        &self,
        position: usize,
        own: &'a Declaration,
        steps: &mut Vec<Step>,
        made: &mut BTreeMap<&'a Address, StepIndex>,
    ) {
        let object = self.old[position];
        let mut moved = None;
        if let Some(object) = object.filter(|object| object.address != own.address) {
            moved = Some(steps.len());
            let reason = Reason::Formerly(object.address.clone());
            let step = Step { address: own.address.clone(), ..removal(object, Action::Move, Some(reason)) };
            steps.push(step);
        }
        let (action, deltas) = match &self.fates[position] {
            Fate::Lookup(_) | Fate::Keep => return,
            Fate::Record => (Action::Record, Vec::new()),
            Fate::Update(deltas) => (Action::Update, deltas.clone()),
            Fate::Create => (Action::Create, self.initial(position, own)),
            Fate::Replace { deltas, .. } => (Action::CreateReplacement, deltas.clone()),
        };
        let (fields, secrets) = if action.brings_about() {
            let secret = |name: &String| own.kind.field(name).is_some_and(|field| field.secret);
            let (secrets, fields): (Vec<_>, Vec<_>) =
                self.resolved[position].clone().into_iter().partition(|(name, _)| secret(name));
            (fields.into_iter().collect(), secrets.into_iter().map(|(name, _)| name).collect())
        } else {
            (BTreeMap::new(), Vec::new())
        };
        let observed = object.and_then(|object| self.seen.objects.get(&object.token)?.as_ref()).filter(|observed| {
            object.is_some_and(|object| **observed != object.recorded()) && action == Action::Update
        });
        let owned = |address: &&Address| {
            self.index.get(*address).is_some_and(|&position| self.lowered.declarations[position].lookup.is_none())
        };
        made.insert(&own.address, steps.len());
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
            after: moved.into_iter().collect(),
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

    /// Everything that a create sets, as deltas from nothing.
    fn initial(&self, position: usize, own: &Declaration) -> Vec<Delta> {
        let nothing = Fields::new();
        deltas(own.kind, &self.resolved[position], Baseline { recorded: &nothing, observed: None })
            .into_iter()
            .map(|delta| Delta { replaces: false, ..delta })
            .collect()
    }

    /// Objects of the state behind no declaration.
    fn undeclared(&self) -> Vec<&'a Object> {
        let claimed = self.claimed();
        by_address(self.state)
            .into_iter()
            .filter(|object| !claimed.contains_key(&object.token))
            .filter(|object| !matches!(self.seen.objects.get(&object.token), Some(None)))
            .collect()
    }

    /// The declaration behind each object.
    fn claimed(&self) -> BTreeMap<&'a Token, usize> {
        let behind = self.old.iter().enumerate();
        behind.filter_map(|(position, object)| Some((&(*object)?.token, position))).collect()
    }

    fn link(&self, steps: &mut [Step], made: &BTreeMap<&Address, StepIndex>, unmade: &BTreeMap<&Token, StepIndex>) {
        // What is used is made before what uses it.
        for own in &self.lowered.declarations {
            let Some(&user) = made.get(&own.address) else { continue };
            let makers = own.dependencies().into_iter().filter_map(|address| made.get(address));
            steps[user].after.extend(makers.copied().filter(|&maker| maker != user));
        }
        let claimed = self.claimed();
        // What is deleted waits for everything that used it: to be deleted too, or to point elsewhere.
        for object in self.state.objects.values() {
            let leaves = unmade.get(&object.token).or_else(|| {
                let position = *claimed.get(&object.token)?;
                made.get(&self.lowered.declarations[position].address)
            });
            let Some(&leaves) = leaves else { continue };
            for used in object.dependencies.iter().filter_map(|token| unmade.get(token)) {
                if *used != leaves {
                    steps[*used].after.insert(leaves);
                }
            }
        }
        // Successor and predecessor, one before the other.
        for (position, own) in self.lowered.declarations.iter().enumerate() {
            let (Fate::Replace { delete_first, .. }, Some(object)) = (&self.fates[position], self.old[position]) else {
                continue;
            };
            let (successor, predecessor) = (made[&own.address], unmade[&object.token]);
            if *delete_first {
                steps[successor].after.insert(predecessor);
            } else {
                steps[predecessor].after.insert(successor);
            }
        }
        self.link_rivals(steps, made, unmade);
    }

    /// What can't exist beside something that goes, or that changes, waits for that.
    fn link_rivals(
        &self,
        steps: &mut [Step],
        made: &BTreeMap<&Address, StepIndex>,
        unmade: &BTreeMap<&Token, StepIndex>,
    ) {
        let claimed = self.claimed();
        for (position, own) in self.lowered.declarations.iter().enumerate() {
            let fate = &self.fates[position];
            let anew = matches!(fate, Fate::Create | Fate::Replace { .. });
            let Some(&waits) = made.get(&own.address).filter(|_| anew || matches!(fate, Fate::Update(_))) else {
                continue;
            };
            if own.kind.exclusive.is_empty() && own.kind.excludes.is_none() {
                continue;
            }
            let wanted = self.wanted(position);
            let excluded =
                |object: &Object| own.kind.excludes.is_some_and(|excludes| excludes(&wanted, &object.fields));
            let others = self.state.objects.values().filter(|object| {
                object.kind == own.kind.name
                    && object.place == own.place
                    && self.old[position].is_none_or(|predecessor| predecessor.token != object.token)
            });
            for object in others {
                let before = match (unmade.get(&object.token), claimed.get(&object.token)) {
                    (Some(removal), _) if (anew && clash(own.kind, &wanted, &object.fields)) || excluded(object) => {
                        Some(*removal)
                    }
                    (None, Some(&other)) if matches!(self.fates[other], Fate::Update(_)) && excluded(object) => {
                        made.get(&self.lowered.declarations[other].address).copied()
                    }
                    _ => None,
                };
                steps[waits].after.extend(before);
            }
        }
    }
}

/// The fields whose values are known.
fn known(resolved: &BTreeMap<String, Expr>) -> Fields {
    resolved.iter().filter_map(|(name, expr)| Some((name.clone(), expr.known()?))).collect()
}

/// Whether an object with the wanted fields can't be made while one with the others exists.
fn clash(kind: &Kind, wanted: &Fields, there: &Fields) -> bool {
    let same = |field: &&str| {
        let value = wanted.get(*field).filter(|value| !value.is_null());
        value.is_some() && value == there.get(*field)
    };
    kind.exclusive.iter().any(|exclusive| exclusive.fields.iter().all(same))
        || kind.excludes.is_some_and(|excludes| excludes(wanted, there))
}
