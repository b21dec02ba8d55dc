//! The log as it is read: checkpoint and segments.

use std::sync::Arc;

use landfall_core::{
    Fault, State,
    state::{Entry, Revision},
    store::StoreError,
};
use tokio::task::JoinSet;

use super::{
    guard::Guard,
    objects::{Objects, When},
    sealed::{self, CheckpointHead, SegmentHead},
};

const CHECKPOINT: &str = "checkpoint.json";

/// How many objects are read at once.
const AT_ONCE: usize = 16;

/// A log and who guards it.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) objects: Objects,
    pub(super) guard: Arc<dyn Guard>,
}

/// Where a log ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail {
    /// Number of the last segment, 0 when there is none.
    pub(super) segment: u64,
    /// Fencing number of that segment.
    pub(super) fence: u64,
    /// Writer of that segment.
    pub(super) writer: String,
    /// The state after it.
    pub(super) state: State,
    /// The last segment that the checkpoint holds.
    pub(super) checkpoint: u64,
}

impl Log {
    /// A fault of a call as the error of a store.
    pub(super) fn failed(&self, action: &'static str, name: &str) -> impl FnOnce(Fault) -> StoreError {
        let location = self.objects.url(name);
        move |fault| StoreError::Io { action, location, source: Box::new(fault) }
    }

    fn damaged(&self, name: &str, revision: Revision, why: impl Into<String>) -> StoreError {
        StoreError::Damaged { location: self.objects.url(name), revision, why: why.into() }
    }

    /// Reads the log from its checkpoint, or from its beginning; with what a person should know.
    pub(super) async fn tail(&self) -> Result<(Tail, Vec<String>), StoreError> {
        let mut warnings = Vec::new();
        let mut tail = Tail::default();
        if let Some(object) = self.objects.get(CHECKPOINT).await.map_err(self.failed("read", CHECKPOINT))? {
            match checkpoint(&object.bytes) {
                Ok(found) => tail = found,
                Err(why) => {
                    let url = self.objects.url(CHECKPOINT);
                    warnings.push(format!("{url} can't be read ({why}); the whole log was read instead"));
                }
            }
        }
        self.follow(&mut tail).await?;
        Ok((tail, warnings))
    }

    /// Reads on from a tail to the end of the log.
    pub(super) async fn follow(&self, tail: &mut Tail) -> Result<(), StoreError> {
        // Together with the last segment that is known: a log that was cut off is noticed.
        let from = tail.segment.saturating_sub(1);
        let mut names = self.names(from).await?;
        if tail.segment > 0 {
            if names.is_empty() {
                let why = "segments that were read before are missing";
                return Err(self.damaged("log/", tail.state.revision, why));
            }
            names.remove(0);
        }
        for names in names.chunks(AT_ONCE) {
            for (bytes, name) in self.fetch(names).await?.iter().zip(names) {
                self.extend(tail, name, bytes)?;
            }
        }
        Ok(())
    }

    /// Entries up to a revision.
    pub(super) async fn entries(&self, up_to: Option<Revision>) -> Result<Vec<Entry>, StoreError> {
        let limit = up_to.and_then(|revision| usize::try_from(revision).ok()).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        for names in self.names(0).await?.chunks(AT_ONCE) {
            if entries.len() >= limit {
                break;
            }
            for (bytes, name) in self.fetch(names).await?.iter().zip(names) {
                let next = entries.len() as Revision + 1;
                let (head, more) = sealed::open_segment(bytes).map_err(|why| self.damaged(name, next, why))?;
                if head.first != next {
                    return Err(self.damaged(name, next, format!("it begins with entry {}", head.first)));
                }
                entries.extend(more);
            }
        }
        entries.truncate(limit);
        Ok(entries)
    }

    /// Names of the segments after one, none of them missing.
    async fn names(&self, segment: u64) -> Result<Vec<String>, StoreError> {
        let found = self.guard.after(segment).await.map_err(self.failed("list", "log/"))?;
        let mut names = Vec::with_capacity(found.len());
        for ((number, name), expected) in found.into_iter().zip(segment + 1..) {
            if number != expected {
                return Err(self.damaged(&name, 0, format!("segment {expected}, which comes before it, is missing")));
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Contents of objects, in order.
    async fn fetch(&self, names: &[String]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut reads = JoinSet::new();
        for (position, name) in names.iter().enumerate() {
            let (objects, name) = (self.objects.clone(), name.clone());
            reads.spawn(async move { (position, objects.get(&name).await) });
        }
        let mut contents = vec![Vec::new(); names.len()];
        while let Some(read) = reads.join_next().await {
            let (position, read) = read.map_err(|error| StoreError::Io {
                action: "read",
                location: self.objects.url("log/"),
                source: error.into(),
            })?;
            let name = &names[position];
            let object = read.map_err(self.failed("read", name))?;
            contents[position] = object.ok_or_else(|| self.damaged(name, 0, "it is missing"))?.bytes;
        }
        Ok(contents)
    }

    /// Adds a segment to a tail, if it follows.
    pub(super) fn extend(&self, tail: &mut Tail, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let next = tail.state.revision + 1;
        let damaged = |why: String| self.damaged(name, next, why);
        let (head, entries) = sealed::open_segment(bytes).map_err(damaged)?;
        let SegmentHead { segment, fence, writer, first, .. } = head;
        if (segment, first) != (tail.segment + 1, next) {
            return Err(self.damaged(name, next, format!("it is segment {segment} and begins with entry {first}")));
        }
        if fence < tail.fence || (fence == tail.fence && writer != tail.writer) {
            return Err(self.damaged(name, next, "its writer's lease had been taken over"));
        }
        for entry in entries {
            let broken = |source| StoreError::Broken { location: self.objects.url(name), source };
            tail.state.apply(entry).map_err(broken)?;
        }
        (tail.segment, tail.fence, tail.writer) = (segment, fence, writer);
        Ok(())
    }

    /// Writes the state down, so that the next reader need not read the whole log. The log is complete without it: a
    /// failure is only logged.
    pub(super) async fn checkpoint(&self, tail: &mut Tail) {
        let head = CheckpointHead { segment: tail.segment, fence: tail.fence, writer: tail.writer.clone() };
        let sealed = serde_json::to_string(&tail.state).and_then(|state| sealed::seal(&head, &state));
        let written = match sealed {
            Ok(bytes) => self.objects.put(CHECKPOINT, bytes, When::Always).await.map(drop).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match written {
            Ok(()) => tail.checkpoint = tail.segment,
            Err(error) => tracing::warn!(%error, "no checkpoint was written"),
        }
    }
}

fn checkpoint(bytes: &[u8]) -> Result<Tail, String> {
    let (head, body) = sealed::open::<CheckpointHead>(bytes)?;
    let state = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let CheckpointHead { segment, fence, writer } = head;
    Ok(Tail { segment, fence, writer, state, checkpoint: segment })
}
