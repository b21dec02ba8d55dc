//! The edges of a plan: what each step has to wait for.

use std::collections::{HashMap, HashSet};

use crate::{
    address::Address,
    attributes::{Fields, Value},
    exclusive::{self, Claim},
    expr::Expr,
    kind::{Exclusive, Kind},
    plan::{
        Action, After, Step, StepIndex,
        planner::{Done, Fate, Planner, known},
    },
    problem::Problem,
    state::{Object, Token},
    topology::Declaration,
};

/// Objects by what they depend on.
type Users<'a> = HashMap<&'a Token, Vec<&'a Object>>;

/// A declaration whose step brings about something that it may have to itself.
struct Taker<'a> {
    own: &'a Declaration,
    step: StepIndex,
    /// Its object, where that changes in place.
    object: Option<&'a Object>,
    /// Its fields once the step is done, as far as they are known.
    wanted: Fields,
}

impl<'a> Planner<'a> {
    pub(super) fn link(&mut self, steps: &mut [Step], done: &Done<'a>) {
        self.link_uses(steps, done);
        self.link_ends(steps, done);
        self.link_generations(steps, done);
        self.link_claims(steps, done);
    }

    /// What is used is made before what uses it.
    fn link_uses(&self, steps: &mut [Step], done: &Done<'a>) {
        for (own, user) in self.lowered.declarations.iter().zip(&done.made) {
            let Some(user) = *user else { continue };
            let makers = own.dependencies().into_iter().filter_map(|address| {
                let maker = done.made[self.lowered.declarations.position(address)?];
                maker.filter(|maker| *maker != user)
            });
            steps[user].after.extend(makers);
        }
    }

    /// What is deleted waits for everything that used it: to be deleted too, or to point elsewhere.
    ///
    /// The state does not tell whether a field or `after` made a dependency. A change in place is waited for only when
    /// it changes something that came from the other object, as nothing else makes it let go; a record is never, for
    /// it makes no call; and what is forgotten goes on using what it uses.
    fn link_ends(&mut self, steps: &mut [Step], done: &Done<'a>) {
        for object in self.state.objects.values() {
            let unmade = done.unmade.get(&object.token).copied();
            let Some(end) = unmade.or_else(|| done.made[*self.claimed.get(&object.token)?]) else { continue };
            for token in &object.dependencies {
                let (Some(used), Some(&removal)) = (self.state.objects.get(token), done.unmade.get(token)) else {
                    continue;
                };
                let waits = match steps[end].action {
                    Action::Record => false,
                    Action::Update => lets_go(&steps[end], used),
                    Action::Forget => {
                        if steps[removal].action.deletes() && uses(object, used) {
                            self.problems.push(kept_in_use(used, object));
                        }
                        false
                    }
                    _ => removal != end,
                };
                if waits {
                    steps[removal].after.insert(end);
                }
            }
        }
    }

    /// Successor and predecessor, one before the other.
    fn link_generations(&self, steps: &mut [Step], done: &Done<'a>) {
        for (position, made) in done.made.iter().enumerate() {
            let (Fate::Replace(_), Some(object)) = (&self.fates[position].0, self.old[position]) else { continue };
            let (Some(successor), predecessor) = (*made, done.unmade[&object.token]) else { continue };
            if self.leave_first.contains(&object.token) {
                steps[predecessor].after.extend(done.moved[position]);
                steps[successor].after.insert(predecessor);
            } else {
                steps[predecessor].after.insert(successor);
            }
        }
    }

    /// What takes something that only one object can have waits until the one that has it lets go of it.
    fn link_claims(&mut self, steps: &mut [Step], done: &Done<'a>) {
        let takers = self.takers(steps, done);
        if takers.is_empty() {
            return;
        }
        let holders = self.by_claim(|kind, object| {
            let claims = exclusive::claims(kind, object.place, |field| self.value_there(kind, object, field));
            claims.map(|(_, claim)| claim).collect::<Vec<_>>()
        });
        let mut taken: HashMap<Claim, &Address> = HashMap::new();
        for taker in takers {
            let mut obstacles = self.excluders(&taker);
            for (rule, claim) in self.claims(&taker) {
                obstacles.extend(holders.get(&claim).into_iter().flatten().map(|holder| (*holder, Some(rule))));
                if let Some(first) = taken.insert(claim, &taker.own.address) {
                    self.problems.push(exclusive::double(&taker.own.address, rule, first));
                }
            }
            for (holder, rule) in obstacles {
                match self.parting(holder, &taker, steps, done) {
                    Some(before) => drop(steps[taker.step].after.insert(before)),
                    None => self.problems.push(stays(taker.own, holder, rule, done.unmade.contains_key(&holder.token))),
                }
            }
        }
    }

    /// Declarations that are to have something which only one object can have, and did not have it all along.
    fn takers(&self, steps: &[Step], done: &Done<'a>) -> Vec<Taker<'a>> {
        let all = self.lowered.declarations.iter().zip(&done.made).enumerate();
        let mut takers = Vec::new();
        for (position, (own, made)) in all {
            let Some(step) = made.filter(|_| self.fates[position].0.brings_about()) else { continue };
            let object = self.old[position].filter(|_| steps[step].action == Action::Update);
            let mut ruled = own.kind.exclusive.iter().flat_map(|rule| rule.fields);
            let changed = object.is_none() || ruled.any(|field| changes(&steps[step], field));
            if own.kind.excludes.is_some() || (changed && !own.kind.exclusive.is_empty()) {
                let wanted = self.outcome(own.kind, &steps[step], object);
                takers.push(Taker { own, step, object, wanted });
            }
        }
        takers
    }

    /// What a taker claims and did not have yet.
    fn claims(&self, taker: &Taker<'a>) -> Vec<(&'static Exclusive, Claim)> {
        let Taker { own, object, wanted, .. } = taker;
        let had = exclusive::claims(own.kind, own.place, |field| self.value_there(own.kind, (*object)?, field));
        let had: HashSet<_> = had.map(|(_, claim)| claim).collect();
        let claims = exclusive::claims(own.kind, own.place, |field| wanted.get(field).cloned());
        claims.filter(|(_, claim)| !had.contains(claim)).collect()
    }

    /// Objects beside which a taker can't be, where fields alone don't tell it.
    fn excluders(&self, taker: &Taker<'a>) -> Vec<(&'a Object, Option<&'static Exclusive>)> {
        let Taker { own, object, wanted, .. } = taker;
        let Some(excludes) = own.kind.excludes else { return Vec::new() };
        let group = exclusive::group(own.kind, own.place, |field| wanted.get(field).cloned());
        let Some(others) = group.and_then(|group| self.groups.get(&group)) else { return Vec::new() };
        let there = object.map(|object| self.there(own.kind, object));
        let others = others.iter().filter(|other| object.is_none_or(|object| object.token != other.token));
        let excluding = others.filter(|other| {
            let other = self.there(own.kind, other);
            excludes(wanted, &other) && !there.as_ref().is_some_and(|there| excludes(there, &other))
        });
        excluding.map(|other| (*other, None)).collect()
    }

    /// The step after which an object is no obstacle to a taker any more.
    fn parting(&self, holder: &'a Object, taker: &Taker<'_>, steps: &[Step], done: &Done<'a>) -> Option<StepIndex> {
        if let Some(&removal) = done.unmade.get(&holder.token) {
            return steps[removal].action.deletes().then_some(removal);
        }
        let change = done.made[*self.claimed.get(&holder.token)?]?;
        let kind = taker.own.kind;
        let stays = steps[change].action != Action::Update
            || exclusive::clash(kind, &taker.wanted, &self.outcome(kind, &steps[change], Some(holder)));
        (!stays).then_some(change)
    }

    /// Fields of an object once a step is done, as far as they are known.
    fn outcome(&self, kind: &Kind, step: &Step, object: Option<&'a Object>) -> Fields {
        let Some(object) = object else { return known(&step.fields) };
        let mut fields = self.there(kind, object).into_owned();
        for (name, value) in step.fields.iter().filter(|(name, _)| changes(step, name)) {
            match Expr::known(value) {
                Some(value) => fields.insert(name.clone(), value),
                None => fields.remove(name),
            };
        }
        fields
    }

    /// Objects by what they depend on.
    pub(super) fn users(&self) -> Users<'a> {
        let mut users = Users::new();
        for object in self.state.objects.values() {
            for used in &object.dependencies {
                users.entry(used).or_default().push(object);
            }
        }
        users
    }

    /// Decides otherwise about something in a ring of steps: an object goes before its successor comes, or one that
    /// another waits for is not changed but made anew. Returns whether there was something to decide.
    pub(super) fn open(&mut self, steps: &[Step], ring: &[StepIndex], users: &Users<'_>) -> bool {
        let next = ring.iter().cycle().skip(1);
        let links: Vec<_> = ring.iter().zip(next).map(|(&step, &before)| (&steps[step], &steps[before])).collect();
        let free = |step: &Step| {
            let position = self.lowered.declarations.position(&step.address)?;
            let object = self.old[position].filter(|object| !self.is_held(position, object, users))?;
            Some((position, object))
        };
        let first = links.iter().find_map(|(step, before)| {
            let last = step.action == Action::DeleteReplaced && before.action == Action::CreateReplacement;
            free(before).filter(|_| last && step.address == before.address)
        });
        if let Some((_, object)) = first {
            return self.leave_first.insert(&object.token);
        }
        let anew = links.iter().find_map(|(step, before)| {
            let rivals = step.action.brings_about() && before.action == Action::Update;
            let rivals = rivals && !step.dependencies.contains(&before.address);
            let kept = |keep: crate::options::Keep| keep.protect || keep.retain;
            free(before).filter(|(_, object)| rivals && !kept(before.keep) && !kept(object.keep))
        });
        anew.is_some_and(|(position, _)| self.anew.insert(position))
    }

    /// Whether something that stays uses an object and its successor, so that it can't go before that comes.
    fn is_held(&self, position: usize, object: &Object, users: &Users<'_>) -> bool {
        let address = &self.lowered.declarations[position].address;
        users.get(&object.token).into_iter().flatten().any(|user| {
            let Some(&user_position) = self.claimed.get(&user.token) else { return false };
            let stays = matches!(self.fates[user_position].0, Fate::Keep | Fate::Record | Fate::Update(_));
            let depends = || self.lowered.declarations[user_position].dependencies().contains(&address);
            stays && depends() && uses(user, object)
        })
    }
}

/// The problem of an object that would be deleted while a retained one uses it.
fn kept_in_use(used: &Object, retained: &Object) -> Problem {
    let cause = format!("it would be deleted, but {} uses it, which `retain` leaves in AWS", retained.address);
    Problem::at(&used.address, cause, "give it `retain` too, or remove that of the other, in an apply of its own")
}

/// The problem of a taker beside an object that stays.
fn stays(own: &Declaration, holder: &Object, rule: Option<&Exclusive>, retained: bool) -> Problem {
    let replaced = holder.address == own.address;
    let other = if replaced { "the object that it replaces" } else { holder.address.as_str() };
    let why = if retained { "which `retain` leaves in AWS" } else { "which stays as it is" };
    let cause = match rule {
        Some(rule) => format!("it needs the same {rule} as {other}, {why}, and AWS allows each only once"),
        None => format!("AWS does not take it beside {other}, {why}"),
    };
    let mend =
        if retained { "change it here, or remove `retain` in an apply of its own" } else { "change one of them" };
    Problem::at(&own.address, cause, mend)
}

/// Whether a step changes a field.
fn changes(step: &Step, field: &str) -> bool {
    step.deltas.iter().any(|delta| delta.field.split('.').next() == Some(field))
}

/// Whether a change in place replaces something that came from another object: any text that AWS reported of it.
fn lets_go(step: &Step, used: &Object) -> bool {
    let told: Vec<_> = used.attributes.values().filter_map(text).collect();
    step.deltas.iter().any(|delta| {
        delta.after == After::Secret || delta.before.as_ref().is_some_and(|before| mentions(before, &told))
    })
}

/// Whether an object uses another in AWS: one of its fields names the other's id, or an ARN of it.
pub(super) fn uses(object: &Object, used: &Object) -> bool {
    let names = used
        .attributes
        .iter()
        .filter(|(name, value)| *name == "id" || value.as_str().is_some_and(|value| value.starts_with("arn:")));
    let names: Vec<_> = names.filter_map(|(_, value)| text(value)).collect();
    object.fields.values().any(|value| mentions(value, &names))
}

/// Whether a value holds one of the texts, in whatever case.
fn mentions(value: &Value, texts: &[String]) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| mentions(item, texts)),
        Value::Object(members) => members.values().any(|member| mentions(member, texts)),
        scalar => text(scalar).is_some_and(|value| texts.iter().any(|text| value.contains(text))),
    }
}

/// A scalar as texts are compared: lower case, no dot at the end.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim_end_matches('.').to_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
