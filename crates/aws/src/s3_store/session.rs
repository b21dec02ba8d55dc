//! Sessions: the time from the begin of a lease to its end.

use std::time::Duration;

use landfall_core::{
    Fault,
    state::Entry,
    store::{Lease, Owner, StoreError},
};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{
    guard::{Record, Version},
    log::Tail,
    open::{Opened, SPARE},
    sealed::{SegmentHead, seal_segment},
};

/// Time after which a lease that nobody renews expires.
pub const TTL: Duration = Duration::from_mins(1);

/// Segments after which the state is written down while a run goes on, and when it ends.
const CHECKPOINT_EVERY: u64 = 200;
const CHECKPOINT_AT_END: u64 = 10;

/// First and longest pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a heartbeat is tried; the next one comes soon.
const RENEW_WITHIN: Duration = Duration::from_secs(10);

/// How often the lease is tried while others change it.
const ATTEMPTS: usize = 10;

/// What the holder of a lease knows.
#[derive(Debug)]
pub(super) struct Session {
    record: Record,
    version: Version,
    /// When the record was last written, at the latest.
    renewed: Instant,
    tail: Tail,
    end: End,
    /// What a person should know of how the log was read.
    warnings: Vec<String>,
}

/// What a session knows of the log's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is the tail.
    Known,
    /// An append was broken off, or ended in an error.
    Unknown,
    /// Another writer's segment follows the tail.
    Taken,
}

/// How an attempt to write ended that others may have come before.
enum Raced<T> {
    Won(T),
    Lost,
}

impl Session {
    pub(super) async fn acquire(opened: &Opened, owner: &Owner) -> Result<Self, StoreError> {
        let exists = opened.exists().await?;
        let mut session = Self::take(opened, owner).await?;
        let begun = session.begin(opened, exists).await;
        if let Err(error) = begun {
            // A refused owner holds no lease; where even that fails, it expires.
            let _ = session.give_back(opened).await;
            return Err(error);
        }
        Ok(session)
    }

    /// Takes the lease; the log knows nothing of it yet.
    async fn take(opened: &Opened, owner: &Owner) -> Result<Self, StoreError> {
        for _ in 0..ATTEMPTS {
            let found = opened.record().await?;
            if let Some((Record { owner: Some(owner), .. }, _)) =
                found.as_ref().filter(|(record, _)| opened.is_alive(record))
            {
                return Err(StoreError::Locked { location: opened.log.objects.url(""), owner: owner.clone() });
            }
            let fence = found.as_ref().map_or(0, |(record, _)| record.fence) + 1;
            let record = Record {
                fence,
                writer: Uuid::new_v4().to_string(),
                owner: Some(owner.clone()),
                expires: opened.clock.now() + TTL.as_secs(),
            };
            let renewed = Instant::now();
            let from = found.map(|(_, version)| version);
            if let Raced::Won(version) = swap(opened, from, &record, renewed + RENEW_WITHIN).await? {
                return Ok(Self {
                    record,
                    version,
                    renewed,
                    tail: Tail::default(),
                    end: End::Known,
                    warnings: Vec::new(),
                });
            }
        }
        Err(busy(opened))
    }

    /// Makes sure that whoever had the lease before can append no more, and reads the log to its end.
    async fn begin(&mut self, opened: &Opened, exists: bool) -> Result<(), StoreError> {
        if !exists && !opened.exists().await? {
            self.create(opened).await?;
        }
        (self.tail, self.warnings) = opened.log.tail().await?;
        self.fence(opened).await
    }

    /// Writes the header of a new log, where it can be kept.
    async fn create(&self, opened: &Opened) -> Result<(), StoreError> {
        let location = || opened.log.objects.url("");
        let segments = opened.log.guard.after(0).await.map_err(opened.log.failed("list", "log/"))?;
        if !segments.is_empty() {
            let location = opened.log.objects.url("header.json");
            return Err(StoreError::Damaged { location, revision: 0, why: "it is missing".to_owned() });
        }
        let works = opened.log.guard.works(&self.version, &encode(opened, &self.record)?).await;
        if !works.map_err(opened.log.failed("write", "lease.json"))? {
            let why = "its service ignores the conditions of writes (If-None-Match, If-Match), so two runs could \
                       overwrite each other; keep the lease in DynamoDB, with `?lease_table=TABLE`";
            return Err(StoreError::Unusable { location: location(), why: why.to_owned() });
        }
        opened.header.write(&opened.log).await?;
        if opened.exists().await? {
            return Ok(());
        }
        Err(StoreError::Unusable { location: location(), why: "what was written to it can't be read".to_owned() })
    }

    /// Puts an empty segment where the last owner would put its next one.
    async fn fence(&mut self, opened: &Opened) -> Result<(), StoreError> {
        loop {
            if self.tail.fence >= self.record.fence {
                return Err(lost(opened));
            }
            let bytes = self.segment(opened, &[])?;
            if let Raced::Won(()) = self.put(opened, &bytes).await? {
                let Record { fence, writer, .. } = &self.record;
                (self.tail.fence, self.tail.writer) = (*fence, writer.clone());
                self.tail.segment += 1;
                return Ok(());
            }
            opened.log.follow(&mut self.tail).await?;
        }
    }

    pub(super) fn lease(&self) -> Lease {
        Lease { fence: self.record.fence, ttl: TTL }
    }

    /// The log as far as it was read and written.
    pub(super) fn read(&self) -> Option<(Tail, Vec<String>)> {
        (self.end == End::Known).then(|| (self.tail.clone(), self.warnings.clone()))
    }

    pub(super) async fn renew(&mut self, opened: &Opened) -> Result<(), StoreError> {
        self.prolong(opened).await?;
        // A machine that was asleep learns by the answer what time it is.
        if opened.clock.now() > self.record.expires - TTL.as_secs() + SPARE {
            self.prolong(opened).await
        } else {
            Ok(())
        }
    }

    async fn prolong(&mut self, opened: &Opened) -> Result<(), StoreError> {
        let mut record = self.record.clone();
        record.expires = opened.clock.now() + TTL.as_secs();
        let now = Instant::now();
        match swap(opened, Some(self.version.clone()), &record, now + RENEW_WITHIN).await? {
            Raced::Won(version) => {
                (self.record, self.version, self.renewed) = (record, version, now);
                Ok(())
            }
            Raced::Lost => Err(lost(opened)),
        }
    }

    pub(super) async fn release(&mut self, opened: &Opened) -> Result<(), StoreError> {
        if self.end == End::Known && self.tail.segment >= self.tail.checkpoint + CHECKPOINT_AT_END {
            opened.log.checkpoint(&mut self.tail).await;
        }
        self.give_back(opened).await
    }

    async fn give_back(&mut self, opened: &Opened) -> Result<(), StoreError> {
        let record = Record { owner: None, expires: opened.clock.now(), ..self.record.clone() };
        match swap(opened, Some(self.version.clone()), &record, Instant::now() + RENEW_WITHIN).await? {
            Raced::Won(_) => Ok(()),
            Raced::Lost => Err(lost(opened)),
        }
    }

    pub(super) async fn append(&mut self, opened: &Opened, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        match self.end {
            End::Known => {}
            End::Taken => return Err(lost(opened)),
            End::Unknown => {
                let source = "an earlier write failed; the next run reads what is there".into();
                return Err(StoreError::Io { action: "write", location: opened.log.objects.url("log/"), source });
            }
        }
        if self.renewed.elapsed() >= TTL {
            // This process stood still: somebody may have come meanwhile.
            self.renew(opened).await?;
        }
        self.end = End::Unknown;
        let bytes = self.segment(opened, entries)?;
        for entry in entries {
            let broken = |source| StoreError::Broken { location: opened.log.objects.url(""), source };
            self.tail.state.apply(entry.clone()).map_err(broken)?;
        }
        if let Raced::Lost = self.put(opened, &bytes).await? {
            self.end = End::Taken;
            return Err(lost(opened));
        }
        self.tail.segment += 1;
        self.end = End::Known;
        if self.tail.segment >= self.tail.checkpoint + CHECKPOINT_EVERY {
            opened.log.checkpoint(&mut self.tail).await;
        }
        Ok(())
    }

    /// The segment after the tail, with these entries.
    fn segment(&self, opened: &Opened, entries: &[Entry]) -> Result<Vec<u8>, StoreError> {
        let head = SegmentHead {
            segment: self.tail.segment + 1,
            fence: self.record.fence,
            writer: self.record.writer.clone(),
            first: self.tail.state.revision + 1,
            entries: entries.len() as u64,
        };
        seal_segment(&head, entries).map_err(|error| unwritable(opened, error))
    }

    /// Puts the segment after the tail. Whatever becomes of an attempt, this one is in the log in the end or another.
    async fn put(&self, opened: &Opened, bytes: &[u8]) -> Result<Raced<()>, StoreError> {
        let log = &opened.log;
        let segment = self.tail.segment + 1;
        let mut patience = Patience::until(self.renewed + TTL);
        loop {
            let fault = match log.guard.put(segment, &self.record.writer, bytes).await {
                Ok(true) => return Ok(Raced::Won(())),
                Ok(false) => None,
                Err(fault) if fault.kind.is_transient() => Some(fault),
                Err(fault) => return Err(log.failed("write", "log/")(fault)),
            };
            // Either there is one, maybe ours of an attempt before, or nobody knows: what is there tells.
            let fault = match log.guard.get(segment).await {
                Ok(Some(found)) if found == bytes => return Ok(Raced::Won(())),
                Ok(Some(_)) => return Ok(Raced::Lost),
                Ok(None) => fault,
                Err(other) => Some(other),
            };
            if !patience.pause().await {
                let fault = fault.unwrap_or_else(|| Fault::not_yet("s3:PutObject", "the segment is there, and is not"));
                return Err(log.failed("write", "log/")(fault));
            }
        }
    }

    /// Ends the lease of that number, if it has not ended.
    pub(super) async fn revoke(opened: &Opened, fence: u64) -> Result<(), StoreError> {
        if !opened.exists().await? {
            return Ok(());
        }
        for _ in 0..ATTEMPTS {
            let Some((record, version)) = opened.record().await? else { return Ok(()) };
            if record.fence != fence || record.owner.is_none() {
                return Ok(());
            }
            let record = Record {
                fence: fence + 1,
                writer: Uuid::new_v4().to_string(),
                owner: None,
                expires: opened.clock.now(),
            };
            let renewed = Instant::now();
            if let Raced::Won(version) = swap(opened, Some(version), &record, renewed + RENEW_WITHIN).await? {
                let (tail, _) = opened.log.tail().await?;
                let mut session = Self { record, version, renewed, tail, end: End::Known, warnings: Vec::new() };
                return match session.fence(opened).await {
                    // Somebody has taken the lease already, and ended the one before in doing so.
                    Err(StoreError::LeaseLost { .. }) => Ok(()),
                    result => result,
                };
            }
        }
        Err(busy(opened))
    }
}

fn lost(opened: &Opened) -> StoreError {
    StoreError::LeaseLost { location: opened.log.objects.url("") }
}

fn busy(opened: &Opened) -> StoreError {
    let why = "others change its lease all the time; try again".to_owned();
    StoreError::Unusable { location: opened.log.objects.url("lease.json"), why }
}

fn unwritable(opened: &Opened, error: serde_json::Error) -> StoreError {
    StoreError::Io { action: "write", location: opened.log.objects.url(""), source: error.into() }
}

fn encode(opened: &Opened, record: &Record) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|error| unwritable(opened, error))
}

/// Replaces the lease's record. Whatever becomes of an attempt, the record is this one in the end or another.
async fn swap(
    opened: &Opened,
    mut from: Option<Version>,
    record: &Record,
    until: Instant,
) -> Result<Raced<Version>, StoreError> {
    let failed = || opened.log.failed("write", "lease.json");
    let text = encode(opened, record)?;
    let mut patience = Patience::until(until);
    loop {
        let fault = match opened.log.guard.swap(from.as_ref(), &text).await {
            Ok(Some(version)) => return Ok(Raced::Won(version)),
            Ok(None) => None,
            Err(fault) if fault.kind.is_transient() => Some(fault),
            Err(fault) => return Err(failed()(fault)),
        };
        match opened.record().await {
            Ok(Some((found, version))) if found == *record => return Ok(Raced::Won(version)),
            // An earlier attempt of ours came through late: it is ours all the same.
            Ok(Some((found, version))) if found.writer == record.writer && found.owner.is_some() => {
                from = Some(version);
            }
            Ok(found) if found.as_ref().map(|(_, version)| version) == from.as_ref() => {}
            Ok(_) => return Ok(Raced::Lost),
            Err(error) if fault.is_none() => return Err(error),
            Err(_) => {}
        }
        if !patience.pause().await {
            return Err(failed()(
                fault.unwrap_or_else(|| Fault::not_yet("s3:PutObject", "the lease is what was read, and is not")),
            ));
        }
    }
}

/// Pauses that grow, until there is no more time.
struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    fn until(until: Instant) -> Self {
        Self { until, pause: PAUSE }
    }

    /// Waits; `false` when there is no more time to try again.
    async fn pause(&mut self) -> bool {
        if Instant::now() + self.pause >= self.until {
            return false;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}
