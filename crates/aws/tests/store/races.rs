//! Writers that race, stand still, crash and are unlocked, over a network that loses, delays and repeats.

use std::{
    collections::BTreeMap,
    ops::AddAssign,
    sync::{Arc, Mutex},
    time::Duration,
};

use landfall_aws::{S3Location, S3Store};
use landfall_core::{
    State,
    state::Entry,
    store::{Lease, Store, StoreError},
};
use landfall_store_conformance::{owner, ran};
use tokio::time::{Instant, sleep, timeout};

use crate::service::{Draw, Service, Weather};

const WRITERS: u64 = 3;

/// How long the writers write, in virtual time.
const FOR: Duration = Duration::from_mins(25);

/// What a writer learned of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Learned {
    /// It is durable.
    Durable,
    /// The lease is lost, so it never will be.
    Refused,
    /// Nothing: an error, or the writer died.
    Nothing,
}

#[derive(Debug, Clone)]
struct Attempt {
    /// Under which lease: its place in the book.
    session: usize,
    /// Its entries' numbers.
    entries: Vec<u64>,
    /// Moments, counted over all writers.
    begun: u64,
    ended: u64,
    learned: Learned,
}

/// One lease.
#[derive(Debug, Clone)]
struct Taken {
    fence: u64,
    /// Moment at which its holder had it.
    at: u64,
    /// Entries that the holder found in the log then, as far as it could read.
    found: Option<u64>,
}

/// What all writers did.
#[derive(Debug, Default)]
struct Book {
    moment: u64,
    entries: u64,
    sessions: Vec<Taken>,
    attempts: Vec<Attempt>,
}

impl Book {
    fn moment(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    leases: u64,
    durable: u64,
    refused: u64,
    unknown: u64,
    /// Of those unknown, how many were in the log.
    landed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.leases += other.leases;
        self.durable += other.durable;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.landed += other.landed;
    }
}

fn location(table: Option<&str>) -> S3Location {
    let mut location: S3Location = "s3://races/state?region=eu-west-2".parse().unwrap();
    location.lease_table = table.map(str::to_owned);
    location
}

struct Writer {
    service: Service,
    table: Option<&'static str>,
    draw: Draw,
    book: Arc<Mutex<Book>>,
}

impl Writer {
    async fn process(&self) -> S3Store {
        S3Store::new(&self.service.connect().await, location(self.table), "twin", "prod")
    }

    async fn run(mut self, until: Instant) {
        let mut store = self.process().await;
        while Instant::now() < until {
            match store.acquire(&owner("a")).await {
                Ok(lease) => {
                    if self.hold(&store, &lease).await {
                        continue;
                    }
                    // The process is gone.
                    store = self.process().await;
                }
                Err(StoreError::Locked { .. }) if self.draw.below(12) == 0 => {
                    // Somebody is impatient, and ends a lease that is alive.
                    if let Ok(Some(holder)) = store.holder().await {
                        let _ = store.revoke(holder.fence).await;
                    }
                }
                Err(StoreError::Locked { .. } | StoreError::LeaseLost { .. } | StoreError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            sleep(self.draw.millis(30_000)).await;
        }
    }

    /// Writes as long as it can; whether the process is still alive.
    async fn hold(&mut self, store: &S3Store, lease: &Lease) -> bool {
        let at = self.book.lock().unwrap().moment();
        let found = store.load().await.ok().map(|loaded| loaded.state.revision);
        let session = {
            let mut book = self.book.lock().unwrap();
            book.sessions.push(Taken { fence: lease.fence, at, found });
            book.sessions.len() - 1
        };
        loop {
            match self.draw.below(20) {
                0 => return store.release(lease.clone()).await.is_ok() || self.draw.below(2) == 0,
                1 => return false,
                2 => sleep(self.draw.millis(150_000)).await,
                3..8 => {
                    if matches!(store.renew(lease).await, Err(StoreError::LeaseLost { .. })) {
                        return true;
                    }
                }
                _ => match self.append(store, lease, session).await {
                    Learned::Durable => {}
                    Learned::Refused => return true,
                    Learned::Nothing => return self.draw.below(2) == 0,
                },
            }
            sleep(self.draw.millis(8_000)).await;
        }
    }

    async fn append(&mut self, store: &S3Store, lease: &Lease, session: usize) -> Learned {
        let mut attempt = {
            let mut book = self.book.lock().unwrap();
            let first = book.entries;
            book.entries += 1 + self.draw.below(3);
            let (entries, begun) = ((first..book.entries).collect(), book.moment());
            Attempt { session, entries, begun, ended: 0, learned: Learned::Nothing }
        };
        let entries: Vec<Entry> = attempt.entries.iter().map(|number| ran(*number)).collect();
        // A process may die in the middle.
        let patience = if self.draw.below(15) == 0 { self.draw.millis(600) } else { Duration::from_mins(10) };
        attempt.learned = match timeout(patience, store.append(lease, &entries)).await {
            Ok(Ok(())) => Learned::Durable,
            Ok(Err(StoreError::LeaseLost { .. })) => Learned::Refused,
            Ok(Err(StoreError::Io { .. })) | Err(_) => Learned::Nothing,
            Ok(Err(error)) => panic!("{error}"),
        };
        let mut book = self.book.lock().unwrap();
        attempt.ended = book.moment();
        let learned = attempt.learned;
        book.attempts.push(attempt);
        learned
    }
}

/// One race from a seed.
fn race(seed: u64, table: Option<&'static str>) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let service = Service::new(seed);
        let book = Arc::new(Mutex::new(Book::default()));
        service.weather(Weather::Foul);
        let until = Instant::now() + FOR;
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..WRITERS {
            let draw = Draw::new(seed * 31 + number);
            let writer = Writer { service: service.clone(), table, draw, book: Arc::clone(&book) };
            writers.spawn(writer.run(until));
        }
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
        // What is late has come by now.
        sleep(Duration::from_mins(5)).await;
        service.weather(Weather::Fair);
        let store = S3Store::new(&service.connect().await, location(table), "twin", "prod");
        let log = store.entries(None).await.unwrap();
        let loaded = store.load().await.unwrap();
        assert_eq!((loaded.state, loaded.warnings), (State::fold(log.clone()).unwrap(), Vec::new()));
        let lease = store.acquire(&owner("last")).await.unwrap();
        store.append(&lease, &[ran(u64::MAX)]).await.unwrap();
        let book = book.lock().unwrap();
        verify(&log, &book)
    })
}

/// Nothing is lost, doubled, or comes after all; groups are whole; owners don't interleave; a new owner sees
/// everything that those before it ever wrote; what was durable before something else began comes before it.
fn verify(log: &[Entry], book: &Book) -> Tally {
    let mut positions: BTreeMap<u64, usize> = BTreeMap::new();
    for (position, entry) in log.iter().enumerate() {
        let Entry::Run { at, .. } = entry else { panic!("{entry:?}") };
        assert!(positions.insert(*at, position).is_none(), "entry {at} is there twice");
    }
    let mut tally = Tally { leases: book.sessions.len() as u64, ..Tally::default() };
    let mut there: Vec<(usize, &Attempt)> = Vec::new();
    for attempt in &book.attempts {
        let found: Vec<_> = attempt.entries.iter().filter_map(|number| positions.get(number).copied()).collect();
        match attempt.learned {
            Learned::Durable => {
                tally.durable += 1;
                assert_eq!(found.len(), attempt.entries.len(), "durable, and lost: {attempt:?}");
            }
            Learned::Refused => {
                tally.refused += 1;
                assert!(found.is_empty(), "refused, and there: {attempt:?}");
            }
            Learned::Nothing => {
                tally.unknown += 1;
                tally.landed += u64::from(!found.is_empty());
                assert!(found.is_empty() || found.len() == attempt.entries.len(), "torn: {attempt:?}");
            }
        }
        assert!(found.windows(2).all(|pair| pair[1] == pair[0] + 1), "not in one piece: {attempt:?} at {found:?}");
        there.extend(found.first().map(|first| (*first, attempt)));
    }
    there.sort_by_key(|(first, _)| *first);
    for (position, attempt) in &there {
        let fence = book.sessions[attempt.session].fence;
        for newer in book.sessions.iter().filter(|taken| taken.fence > fence) {
            let position = *position as u64;
            assert!(
                newer.found.is_none_or(|found| position < found),
                "{newer:?} did not see {attempt:?} at {position}"
            );
            let began_late = attempt.begun > newer.at && attempt.learned == Learned::Durable;
            assert!(!began_late, "a stale owner wrote after {newer:?}: {attempt:?}");
        }
    }
    let mut order: Vec<usize> = there.iter().map(|(_, attempt)| attempt.session).collect();
    order.dedup();
    let count = order.len();
    order.sort_unstable();
    order.dedup();
    assert_eq!(order.len(), count, "owners interleave: {there:#?}");
    let mut latest_begin = 0;
    for (_, attempt) in &there {
        // Everything before this one in the log had begun when this one ended.
        if attempt.learned == Learned::Durable {
            assert!(latest_begin < attempt.ended, "came before what had ended: {attempt:?}");
        }
        latest_begin = latest_begin.max(attempt.begun);
    }
    tally
}

fn races(name: &str, count: u64, table: Option<&'static str>) {
    // More of them: LANDFALL_RACES=500.
    let count = std::env::var("LANDFALL_RACES").ok().and_then(|count| count.parse().ok()).unwrap_or(count);
    let mut tally = Tally::default();
    for seed in 0..count {
        let one = std::panic::catch_unwind(|| race(seed, table));
        tally += one.unwrap_or_else(|panic| {
            eprintln!("{name}: seed {seed}");
            std::panic::resume_unwind(panic)
        });
    }
    eprintln!("{name}: {count} races, {tally:?}");
    // The races are about something.
    let Tally { leases, durable, refused, unknown, .. } = tally;
    assert!(leases > 8 * count && durable > 8 * count && refused > count && unknown > count / 2, "{tally:?}");
}

#[test]
fn writers_never_interleave_in_a_bucket() {
    races("bucket", 12, None);
}

#[test]
fn writers_never_interleave_with_a_table() {
    races("table", 8, Some("locks"));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ignores_conditions_is_refused_unless_a_table_guards() {
    let service = Service::new(1);
    service.ignore_conditions();
    let aws = service.connect().await;
    let store = S3Store::new(&aws, location(None), "twin", "prod");
    for _ in 0..2 {
        let error = store.acquire(&owner("a")).await.unwrap_err();
        assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains("?lease_table=TABLE"), "{error}");
        assert_eq!(store.holder().await.unwrap(), None, "a refused owner holds no lease");
    }
    let store = S3Store::new(&aws, location(Some("locks")), "twin", "prod");
    let lease = store.acquire(&owner("a")).await.unwrap();
    store.append(&lease, &[ran(1)]).await.unwrap();
    assert_eq!(store.entries(None).await.unwrap(), [ran(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_slept_goes_on_when_nobody_came_and_stops_when_somebody_did() {
    let service = Service::new(2);
    let store = S3Store::new(&service.connect().await, location(None), "twin", "prod");
    let lease = store.acquire(&owner("sleeper")).await.unwrap();
    sleep(Duration::from_mins(30)).await;
    store.append(&lease, &[ran(1)]).await.unwrap();
    assert!(store.holder().await.unwrap().unwrap().alive, "the append renewed the lease");
    sleep(Duration::from_mins(30)).await;
    let other = S3Store::new(&service.connect().await, location(None), "twin", "prod");
    let taken = other.acquire(&owner("other")).await.unwrap();
    let refused = store.append(&lease, &[ran(2)]).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost { .. })), "{refused:?}");
    other.append(&taken, &[ran(3)]).await.unwrap();
    assert_eq!(other.entries(None).await.unwrap(), [ran(1), ran(3)]);
}

#[tokio::test(start_paused = true)]
async fn a_crashed_owners_lease_expires_by_itself() {
    let service = Service::new(3);
    let store = S3Store::new(&service.connect().await, location(None), "twin", "prod");
    store.acquire(&owner("crashed")).await.unwrap();
    drop(store);
    let next = S3Store::new(&service.connect().await, location(None), "twin", "prod");
    let begun = Instant::now();
    while let Err(error) = next.acquire(&owner("next")).await {
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        sleep(Duration::from_secs(1)).await;
    }
    let waited = begun.elapsed().as_secs();
    assert!((58..=70).contains(&waited), "{waited} s");
}
