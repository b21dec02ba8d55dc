//! Retrying: when a call that failed is made again.

use std::{collections::BTreeMap, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use landfall_core::FaultKind;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::time::Instant;

/// How long, and how often, the engine repeats calls that failed with a transient fault.
///
/// Delays double from `first` to `longest`; of each a random part is waited (full jitter). Besides the limits
/// here, a step never takes longer than its resource's timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, bon::Builder)]
pub struct RetryPolicy {
    /// Longest first delay; default 1 s.
    #[builder(default = Duration::from_secs(1))]
    pub first: Duration,
    /// Longest delay; default 20 s.
    #[builder(default = Duration::from_secs(20))]
    pub longest: Duration,
    /// How long to go on while AWS says that there are too many calls; default 10 min.
    #[builder(default = Duration::from_mins(10))]
    pub throttled: Duration,
    /// How long to go on while something is not visible or ready yet; default 3 min. A delete goes on for as long
    /// as `blocked` says: what is deleted may still be on its way up.
    #[builder(default = Duration::from_mins(3))]
    pub not_yet: Duration,
    /// How long to go on while something still depends on what is deleted; default 15 min.
    #[builder(default = Duration::from_mins(15))]
    pub blocked: Duration,
    /// How long to go on while a service does not answer; default 5 min.
    #[builder(default = Duration::from_mins(5))]
    pub unavailable: Duration,
    /// How long an object may exist before AWS's reads show it: only after that time is it believed that an
    /// interrupted create made nothing; default 10 s.
    #[builder(default = Duration::from_secs(10))]
    pub read_after_write: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl RetryPolicy {
    /// The policy of deletes.
    pub(crate) fn patient(self) -> Self {
        Self { not_yet: self.not_yet.max(self.blocked), ..self }
    }

    fn limit(&self, kind: FaultKind) -> Option<Duration> {
        match kind {
            FaultKind::Throttled => Some(self.throttled),
            FaultKind::NotYet => Some(self.not_yet),
            FaultKind::Blocked => Some(self.blocked),
            FaultKind::Unavailable => Some(self.unavailable),
            _ => None,
        }
    }

    pub(crate) fn backoff(&self, seed: u64, deadline: Instant) -> Backoff {
        Backoff { policy: *self, deadline, random: StdRng::seed_from_u64(seed), series: BTreeMap::new() }
    }
}

/// Faults of one kind in a row.
struct Series {
    since: Instant,
    /// When the call was last made again.
    last: Instant,
    delays: ExponentialBackoff,
}

/// The delays of one call.
pub(crate) struct Backoff {
    policy: RetryPolicy,
    deadline: Instant,
    random: StdRng,
    series: BTreeMap<&'static str, Series>,
}

impl Backoff {
    /// The delay before the next attempt, `None` when there should be none.
    pub(crate) fn next(&mut self, kind: FaultKind) -> Option<Duration> {
        let limit = self.policy.limit(kind)?;
        let now = Instant::now();
        let begin = || {
            let delays = ExponentialBuilder::default()
                .with_min_delay(self.policy.first)
                .with_max_delay(self.policy.longest)
                .without_max_times();
            Series { since: now, last: now, delays: delays.build() }
        };
        let series = self.series.entry(name(kind)).or_insert_with(begin);
        // A call that went on for longer than any delay did not fail at once: the series is over.
        if now.duration_since(series.last) > self.policy.longest {
            *series = begin();
        }
        let part = self.random.random_range(0.0..=1.0);
        let delay = series.delays.next()?.mul_f64(part).max(Duration::from_millis(1));
        series.last = now + delay;
        let within = now.duration_since(series.since).saturating_add(delay) <= limit;
        (within && series.last <= self.deadline).then_some(delay)
    }
}

fn name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Throttled => "throttled",
        FaultKind::NotYet => "not_yet",
        FaultKind::Blocked => "blocked",
        _ => "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn total(kind: FaultKind, deadline: Duration) -> (usize, Duration) {
        let began = Instant::now();
        let mut backoff = RetryPolicy::default().backoff(7, began + deadline);
        let mut attempts = 0;
        while let Some(delay) = backoff.next(kind) {
            assert!(delay <= Duration::from_secs(20));
            tokio::time::sleep(delay).await;
            attempts += 1;
        }
        (attempts, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn delays_end_at_the_limit_of_the_fault_or_of_the_step() {
        let hour = Duration::from_hours(1);
        let minute = Duration::from_mins(1);
        let (attempts, time) = total(FaultKind::NotYet, hour).await;
        assert!(time > Duration::from_mins(2) && time <= Duration::from_mins(3), "{time:?}");
        assert!((15..60).contains(&attempts), "{attempts}");
        assert!(total(FaultKind::Blocked, hour).await.1 > Duration::from_mins(14));
        assert!(total(FaultKind::Blocked, minute).await.1 <= minute);
        for fatal in [FaultKind::Invalid, FaultKind::Denied, FaultKind::Fatal, FaultKind::TimedOut, FaultKind::Stopped]
        {
            assert_eq!(total(fatal, hour).await.0, 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_that_comes_back_much_later_begins_a_new_series() {
        let mut backoff = RetryPolicy::default().backoff(7, Instant::now() + Duration::from_hours(2));
        assert!(backoff.next(FaultKind::NotYet).is_some());
        tokio::time::sleep(Duration::from_mins(40)).await;
        assert!(backoff.next(FaultKind::NotYet).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_seed_gives_the_same_delays() {
        let deadline = Instant::now() + Duration::from_hours(1);
        let series = |seed| {
            let mut backoff = RetryPolicy::default().backoff(seed, deadline);
            (0..5).map(|_| backoff.next(FaultKind::Throttled)).collect::<Vec<_>>()
        };
        assert_eq!(series(1), series(1));
        assert_ne!(series(1), series(2));
    }
}
