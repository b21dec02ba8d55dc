//! Reading: objects and lookups as they are in AWS, many at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
};

use landfall_core::{
    Address, Attributes, Fault, Locator, Lowered, Observed, Plan, Tags,
    provider::Desired,
    state::{Object, Token},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{sync::OwnedSemaphorePermit, task::JoinSet};

use crate::{
    error::Error,
    event::Event,
    run::readable,
    stop::Level,
    subject::{Subject, tags_of},
    tools::Tools,
};

/// Something to read.
struct Read<K> {
    key: K,
    subject: Subject,
    by: By,
}

enum By {
    Id(String),
    /// By the token, for an object whose id was never recorded.
    Token(Box<Desired>),
}

/// Reads objects of the state.
///
/// # Errors
/// [`Error::Unreadable`] with everything that could not be read; [`Error::Stopped`].
pub(crate) async fn objects<'o>(
    tools: &Tools,
    objects: impl IntoIterator<Item = &'o Object>,
    seed: u64,
) -> Result<BTreeMap<Token, Option<Observed>>, Error> {
    let objects: Vec<&Object> = objects.into_iter().collect();
    let mut found = once(tools, &objects, seed).await?;
    let absent: Vec<&Object> =
        objects.into_iter().filter(|object| found.get(&object.token) == Some(&None) && object.id().is_some()).collect();
    if !absent.is_empty() {
        // What was made a moment ago may not show in every read yet, and must not be taken for gone.
        let delay = tools.retry.read_after_write;
        tools.events.emit(Event::LookingAgain { absent: absent.len(), delay });
        tokio::select! {
            biased;
            () = tools.stop.reached(Level::Finish) => return Err(Error::Stopped),
            () = tokio::time::sleep(delay) => {}
        }
        found.extend(once(tools, &absent, seed.wrapping_add(1)).await?);
    }
    Ok(found)
}

async fn once(tools: &Tools, objects: &[&Object], seed: u64) -> Result<BTreeMap<Token, Option<Observed>>, Error> {
    let mut reads = Vec::new();
    let mut faults = Vec::new();
    for object in objects {
        match tools.subject(&object.address, &object.kind, object.place, &object.token, tags_of(&object.fields)) {
            Ok(subject) => reads.push(Read { key: object.token.clone(), subject, by: by(object) }),
            Err(fault) => faults.push((object.address.clone(), fault)),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Unreadable { faults });
    }
    all(tools, reads, seed).await
}

fn by(object: &Object) -> By {
    match object.id() {
        Some(id) => By::Id(id.to_owned()),
        None => By::Token(Box::new(Desired { fields: readable(object), references: Vec::new() })),
    }
}

/// Reads what a topology looks up.
///
/// # Errors
/// As [`objects`].
pub(crate) async fn lookups(
    tools: &Tools,
    lowered: &Lowered,
    wanted: impl Fn(&Address) -> bool,
    seed: u64,
) -> Result<BTreeMap<Address, Attributes>, Error> {
    let mut reads = Vec::new();
    let mut faults = Vec::new();
    for own in lowered.declarations.iter().filter(|own| wanted(&own.address)) {
        let Some(id) = &own.lookup else { continue };
        // Nothing of ours: no object has the token of zeros.
        let token = Token::from_random([0; 16]);
        match tools.subject(&own.address, own.kind.name, own.place, &token, Tags::new()) {
            Ok(subject) => reads.push(Read { key: own.address.clone(), subject, by: By::Id(id.clone()) }),
            Err(fault) => faults.push((own.address.clone(), fault)),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Unreadable { faults });
    }
    let found = all(tools, reads, seed).await?;
    Ok(found.into_iter().filter_map(|(address, observed)| Some((address, observed?.attributes))).collect())
}

async fn all<K: Ord + Send + 'static>(
    tools: &Tools,
    reads: Vec<Read<K>>,
    seed: u64,
) -> Result<BTreeMap<K, Option<Observed>>, Error> {
    let total = reads.len();
    if total == 0 {
        return Ok(BTreeMap::new());
    }
    tools.events.emit(Event::Refreshing { total });
    let mut random = StdRng::seed_from_u64(seed);
    let mut readers = JoinSet::new();
    let mut reads = reads.into_iter().peekable();
    let mut slot = pin!(tools.limits.slot());
    let mut found = BTreeMap::new();
    let mut faults: Vec<(Address, Fault)> = Vec::new();
    while reads.peek().is_some() || !readers.is_empty() {
        let read = tokio::select! {
            biased;
            () = tools.stop.reached(Level::Finish) => return Err(Error::Stopped),
            Some(read) = readers.join_next() => read,
            granted = &mut slot, if reads.peek().is_some() => {
                slot.set(tools.limits.slot());
                let (Some(slot), Some(read)) = (granted, reads.next()) else { return Err(Error::Shutdown) };
                readers.spawn(one(read, slot, random.random()));
                continue;
            }
        };
        match read {
            Ok((key, address, result)) => {
                let done = found.len() + faults.len() + 1;
                tools.events.emit(Event::Refreshed { address: address.clone(), done, total });
                match result {
                    Ok(observed) => drop(found.insert(key, observed)),
                    Err(fault) => faults.push((address, fault)),
                }
            }
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(Error::Shutdown),
            },
        }
    }
    if faults.is_empty() {
        return Ok(found);
    }
    faults.sort_by(|a, b| a.0.cmp(&b.0));
    Err(Error::Unreadable { faults })
}

async fn one<K>(
    read: Read<K>,
    _slot: OwnedSemaphorePermit,
    seed: u64,
) -> (K, Address, Result<Option<Observed>, Fault>) {
    let Read { key, subject, by } = read;
    let result = match &by {
        By::Id(id) => subject.read(Locator::Id(id), seed).await,
        By::Token(want) => subject.read(Locator::Token(want), seed).await,
    };
    (key, subject.address, result)
}

/// Lookups whose values a run needs for its secrets: all others are in the plan already.
pub(crate) fn lookups_of_secrets(lowered: &Lowered, plan: &Plan) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    for step in &plan.steps {
        let Some(own) = lowered.get(&step.address).filter(|_| !step.secrets.is_empty()) else { continue };
        for expr in step.secrets.iter().filter_map(|name| own.fields.get(name)) {
            expr.references(&mut |address, _| found.extend([address.clone()]));
        }
    }
    found
}
