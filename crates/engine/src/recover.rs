//! Recovery: what an interrupted run left open is settled by asking AWS, before anything else.

use std::time::Duration;

use landfall_core::{
    Address, Fault, FaultKind, Observed,
    plan::merge,
    provider::Desired,
    state::{Entry, Object, Operation},
};
use rand::Rng;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    error::Error,
    event::Event,
    run::{migrated, readable},
    session::Session,
    stop::Level,
    subject::{Subject, tags_of},
    tools::Tools,
};

/// How long a service that does not answer is asked again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Settles every open intent: found objects are adopted, the others never happened. Returns the objects that AWS gives
/// no answer about, as when a region is down: their intents stay open, and plans leave them out.
///
/// # Errors
/// When the run is told to stop, or the log can't be written.
pub(crate) async fn recover(session: &mut Session, tools: &Tools) -> Result<Vec<(Address, Fault)>, Error> {
    let open: Vec<(Operation, Object)> = session.state.open.values().cloned().collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    tools.events.emit(Event::Recovering { open: open.len() });
    let mut faults = Vec::new();
    let mut askers = JoinSet::new();
    for (operation, object) in open {
        let subject =
            tools.subject(&object.address, &object.kind, object.place, &object.token, tags_of(&object.fields));
        let seed: u64 = session.random.random();
        match subject {
            Ok(mut subject) => {
                // Elsewhere there is work to do.
                subject.tools.retry.unavailable = subject.tools.retry.unavailable.min(PATIENCE);
                askers.spawn(ask(subject, operation, object, seed));
            }
            Err(fault) => faults.push((object.address, fault)),
        }
    }
    let mut entries = Vec::new();
    loop {
        let answer = tokio::select! {
            biased;
            // Who has not answered yet is asked by the next run.
            () = tools.stop.reached(Level::Finish) => break,
            answer = askers.join_next() => answer,
        };
        let Some(answer) = answer else { break };
        match answer {
            Ok((operation, object, Ok(found))) => {
                let (address, exists) = (object.address.clone(), found.is_some());
                tools.events.emit(Event::Settled { address, operation, exists });
                entries.extend(settled(session, tools, operation, &object, found));
            }
            Ok((_, object, Err(fault))) => faults.push((object.address, fault)),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(Error::Shutdown),
            },
        }
    }
    if !entries.is_empty() {
        session.record_durably(entries).await?;
    }
    if tools.stop.is_requested() {
        return Err(Error::Stopped);
    }
    faults.sort_by(|a, b| a.0.cmp(&b.0));
    for (address, fault) in &faults {
        tools.events.emit(Event::Unsettled { address: address.clone(), fault: fault.clone() });
    }
    Ok(faults)
}

type Answer = (Operation, Object, Result<Option<Observed>, Fault>);

async fn ask(subject: Subject, operation: Operation, object: Object, seed: u64) -> Answer {
    let _slot = subject.tools.limits.slot().await;
    let want = Desired { fields: readable(&object), references: Vec::new() };
    let found = match (operation, object.id()) {
        // The call may still have been on its way when the run ended: the wait begins now.
        (Operation::Create, _) | (_, None) => subject.find_for_good(&want, Instant::now(), seed).await,
        (Operation::Update, Some(id)) => subject.reread(id, Some(&want), seed).await,
        (Operation::Delete, Some(id)) => subject.reread(id, None, seed).await,
    };
    (operation, object, found)
}

/// What the log says of a call whose outcome is known now.
fn settled(
    session: &Session,
    tools: &Tools,
    operation: Operation,
    object: &Object,
    found: Option<Observed>,
) -> Vec<Entry> {
    let token = object.token.clone();
    let failed = |what: &str| Entry::Failed {
        token: object.token.clone(),
        fault: Fault::new(FaultKind::Stopped, format!("{operation} {}", object.kind), what),
    };
    match (operation, found) {
        (Operation::Create, None) => vec![failed("the run was interrupted before the object was made")],
        (Operation::Create, Some(found)) => {
            let fields = Some(merge(&object.fields, &found.fields));
            vec![Entry::Done { token, attributes: found.attributes, fields }]
        }
        (Operation::Update | Operation::Delete, None) => vec![Entry::Gone { token }],
        (Operation::Delete, Some(_)) => vec![failed("the run was interrupted; the next plan deletes it again")],
        (Operation::Update, Some(found)) => {
            let mut entries = vec![failed("the run was interrupted; the next plan does what is missing")];
            let old = session.state.objects.get(&token);
            let kind = tools.providers.kind(&object.kind);
            // What was wanted before is the baseline: the next plan compares the program with what is there.
            if let Some((old, kind)) = old.zip(kind).filter(|(old, kind)| old.version == kind.version) {
                let fields = merge(&migrated(kind, old), &found.fields);
                entries.push(Entry::Observed { token, fields, attributes: found.attributes, version: None });
            }
            entries
        }
    }
}
