//! Limits: how much one executor does at once, and how fast it calls each service.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    ops::Add,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use landfall_core::PlaceCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// How fast operations may begin, per service and place.
///
/// An operation (one create, read, update or delete) is a few API calls. After a throttle the rate of that
/// service in that place is halved, and it recovers by a quarter every 20 s without another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    default: Rate,
    services: BTreeMap<String, Rate>,
}

/// One rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Operations per second, in the long run.
    pub per_second: f64,
    /// Operations that may begin at once after a pause; at least 1.
    pub burst: u32,
}

impl Rates {
    /// The same rate for every service.
    pub fn all(rate: Rate) -> Self {
        Self { default: rate, services: BTreeMap::new() }
    }

    /// Another rate for a service, by AWS's prefix: `route53`.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>, rate: Rate) -> Self {
        self.services.insert(service.into(), rate);
        self
    }

    fn of(&self, service: &str) -> Rate {
        self.services.get(service).copied().unwrap_or(self.default)
    }
}

impl Default for Rates {
    /// What AWS's documented quotas bear with room for others: 20 per second and bursts of 40, fewer where a
    /// whole account shares little (Route 53 takes 5 requests per second, IAM about 15, CloudFront and the
    /// control planes of databases and certificates a handful).
    fn default() -> Self {
        let rate = |per_second, burst| Rate { per_second, burst };
        Self::all(rate(20.0, 40))
            .service("route53", rate(4.0, 5))
            .service("iam", rate(10.0, 15))
            .service("cloudfront", rate(5.0, 5))
            .service("acm", rate(5.0, 5))
            .service("rds", rate(10.0, 10))
            .service("elasticache", rate(10.0, 10))
            .service("wafv2", rate(5.0, 5))
            .service("elasticloadbalancing", rate(10.0, 20))
            .service("kms", rate(5.0, 10))
    }
}

/// What all runs of one executor share.
pub(crate) struct Limits {
    slots: Arc<Semaphore>,
    rates: Rates,
    buckets: Mutex<BTreeMap<(String, PlaceCode), Bucket>>,
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, RuntimeClock, NoOpMiddleware<Moment>>;

/// The token bucket of one service in one place.
struct Bucket {
    full: Rate,
    per_second: f64,
    limiter: Limiter,
    changed: Instant,
}

const SETTLE: Duration = Duration::from_secs(2);
const RECOVER: Duration = Duration::from_secs(20);
const SLOWEST: f64 = 0.2;

impl Limits {
    pub(crate) fn new(parallelism: usize, rates: Rates) -> Self {
        let slots = Arc::new(Semaphore::new(parallelism.clamp(1, Semaphore::MAX_PERMITS)));
        Self { slots, rates, buckets: Mutex::default() }
    }

    /// One of the places that work at the same time; given back when dropped.
    pub(crate) async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        self.slots.clone().acquire_owned().await.ok()
    }

    pub(crate) fn slots(&self) -> &Arc<Semaphore> {
        &self.slots
    }

    /// Waits until an operation of the kind may begin.
    pub(crate) async fn turn(&self, kind: &str, place: PlaceCode) {
        while let Err(wait) = self.try_turn(kind, place) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes the turn of an operation of the kind.
    ///
    /// # Errors
    /// How long to wait before it may begin.
    pub(crate) fn try_turn(&self, kind: &str, place: PlaceCode) -> Result<(), Duration> {
        let mut buckets = self.buckets();
        let bucket = self.bucket(&mut buckets, kind, place);
        bucket.recover();
        bucket.limiter.check().map_err(|until| until.wait_time_from(RuntimeClock.now()).max(Duration::from_millis(1)))
    }

    /// Learns from a throttle.
    pub(crate) fn throttled(&self, kind: &str, place: PlaceCode) {
        let mut buckets = self.buckets();
        self.bucket(&mut buckets, kind, place).slow_down();
    }

    fn buckets(&self) -> MutexGuard<'_, BTreeMap<(String, PlaceCode), Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket<'b>(
        &self,
        buckets: &'b mut BTreeMap<(String, PlaceCode), Bucket>,
        kind: &str,
        place: PlaceCode,
    ) -> &'b mut Bucket {
        let service = service(kind);
        buckets.entry((service.to_owned(), place)).or_insert_with(|| Bucket::new(self.rates.of(service)))
    }
}

/// The service of a kind, by AWS's prefix.
pub(crate) fn service(kind: &str) -> &str {
    kind.split('.').next().unwrap_or(kind)
}

impl Bucket {
    fn new(full: Rate) -> Self {
        let limiter = limiter(full.per_second, full.burst);
        Self { full, per_second: full.per_second, limiter, changed: Instant::now() }
    }

    /// Halves the rate, once for all the throttles of one moment.
    fn slow_down(&mut self) {
        let full = self.full.per_second;
        if self.per_second < full && self.changed.elapsed() < SETTLE {
            return;
        }
        self.set((self.per_second / 2.0).max(SLOWEST.min(full)));
    }

    fn recover(&mut self) {
        if self.per_second < self.full.per_second && self.changed.elapsed() >= RECOVER {
            self.set((self.per_second * 1.25).min(self.full.per_second));
        }
    }

    fn set(&mut self, per_second: f64) {
        let whole = per_second >= self.full.per_second;
        self.per_second = per_second;
        self.limiter = limiter(per_second, if whole { self.full.burst } else { 1 });
        self.changed = Instant::now();
    }
}

fn limiter(per_second: f64, burst: u32) -> Limiter {
    let period = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::from_secs(1));
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(period.max(Duration::from_nanos(1))).unwrap_or(Quota::per_second(burst));
    RateLimiter::direct_with_clock(quota.allow_burst(burst), RuntimeClock)
}

/// The clock of the runtime, which a test or the sandbox may pause.
#[derive(Debug, Clone, Copy, Default)]
struct RuntimeClock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(Instant);

impl Clock for RuntimeClock {
    type Instant = Moment;

    fn now(&self) -> Moment {
        Moment(Instant::now())
    }
}

impl Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + Duration::from(nanos))
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::new(1, Rates::all(Rate { per_second: 10.0, burst: 5 }))
    }

    async fn time_of(limits: &Limits, turns: usize) -> Duration {
        let began = Instant::now();
        for _ in 0..turns {
            limits.turn("ec2.vpc", PlaceCode::global()).await;
        }
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_the_rest_comes_at_the_rate() {
        let limits = limits();
        assert_eq!(time_of(&limits, 5).await, Duration::ZERO);
        let rest = time_of(&limits, 20).await.as_secs_f64();
        assert!((1.9..2.2).contains(&rest), "{rest}");
    }

    #[tokio::test(start_paused = true)]
    async fn services_and_places_do_not_slow_each_other() {
        let limits = limits();
        let busy = time_of(&limits, 25).await;
        assert!(busy > Duration::from_secs(1));
        let began = Instant::now();
        limits.turn("iam.role", PlaceCode::global()).await;
        limits.turn("ec2.vpc", "eu-west-2".parse().unwrap()).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_halves_the_rate_and_time_restores_it() {
        let limits = limits();
        time_of(&limits, 5).await;
        for _ in 0..10 {
            limits.throttled("ec2.vpc", PlaceCode::global());
        }
        let slow = time_of(&limits, 21).await.as_secs_f64();
        assert!((3.9..4.3).contains(&slow), "{slow}");
        for _ in 0..5 {
            tokio::time::sleep(RECOVER).await;
            time_of(&limits, 1).await;
        }
        time_of(&limits, 5).await;
        let again = time_of(&limits, 20).await.as_secs_f64();
        assert!((1.9..2.2).contains(&again), "{again}");
    }
}
