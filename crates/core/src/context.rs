//! The context of one operation on one object: all that a provider knows besides the fields.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};

use crate::{
    address::Address,
    attributes::Tags,
    fault::{Fault, FaultKind},
    place::PlaceCode,
    state::Token,
    tags::{self, TagChanges},
};

/// What a provider's operation knows besides the fields of its object.
#[derive(Clone)]
pub struct Context {
    /// Name of the topology.
    pub topology: String,
    /// Its environment.
    pub environment: String,
    /// The resource in the topology.
    pub address: Address,
    /// Where it lives.
    pub place: PlaceCode,
    /// Unique id of the object, durable in the state before the object is created.
    pub token: Token,
    /// Tags that the user declared for the object.
    pub tags: Tags,
    /// Longest time the operation may take.
    pub timeout: Duration,
    /// Time and progress of the run.
    pub pace: Arc<dyn Pace>,
}

/// Time and progress, as the engine gives them to a provider.
///
/// # Guarantees
/// [`pause`](Self::pause) returns early, with [`FaultKind::Stopped`], when the run is told to leave.
#[async_trait]
pub trait Pace: Send + Sync {
    /// Lets time pass.
    async fn pause(&self, duration: Duration) -> Result<(), Fault>;

    /// Says what the operation waits for, for people who watch.
    fn waiting(&self, what: &str);
}

/// How to poll for something: delays grow by half from `first` to `max`, up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Delay after the first look.
    pub first: Duration,
    /// Longest delay between two looks.
    pub max: Duration,
    /// Longest time of all.
    pub total: Duration,
}

impl Wait {
    /// For things that become visible within seconds, as IAM roles do.
    pub const SECONDS: Self = Self::new(1, 5, 120);
    /// For things that take a minute or some: NAT gateways, load balancers.
    pub const MINUTES: Self = Self::new(5, 15, 20 * 60);
    /// For databases, caches and distributions.
    pub const LONG: Self = Self::new(10, 30, 60 * 60);

    const fn new(first: u64, max: u64, total: u64) -> Self {
        Self { first: Duration::from_secs(first), max: Duration::from_secs(max), total: Duration::from_secs(total) }
    }
}

impl Context {
    /// The region whose API serves the object: `us-east-1` for what is global.
    pub fn region(&self) -> &'static str {
        self.place.api_region()
    }

    /// All tags of the object at its creation: the user's and Landfall's own, by which it is found again.
    pub fn all_tags(&self) -> Tags {
        let mut all = self.tags.clone();
        all.extend(tags::own(&self.topology, &self.environment, &self.address, &self.token));
        all
    }

    /// Whether an object with these tags is the one of this context's token.
    pub fn owns(&self, tags: &Tags) -> bool {
        tags.get(tags::TOKEN).is_some_and(|token| *token == self.token.to_string())
    }

    /// What changes the tags of an object to those declared.
    pub fn tag_changes(&self, have: &Tags) -> TagChanges {
        TagChanges::between(&self.tags, have)
    }

    /// A name for the object that no other generation or topology has: lower-case letters, digits and single
    /// hyphens, a letter first, at most `max` characters (at least 20).
    ///
    /// It ends in part of the token, so that a replacement can exist beside its predecessor and an
    /// interrupted create is found by it.
    pub fn physical_name(&self, max: usize) -> String {
        let scopes = self.address.scope().split_once('/').map_or("", |(_, scopes)| scopes);
        let long = format!("{}-{}-{scopes}-{}", self.topology, self.environment, self.address.name());
        let words = long.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let readable = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
        let suffix = self.token.short();
        let room = max.saturating_sub(suffix.len() + 1);
        let readable = readable[..readable.len().min(room)].trim_end_matches('-');
        format!("{readable}-{suffix}")
    }

    /// Looks until `look` finds something, pausing in between; says what it waits for.
    ///
    /// # Errors
    /// The fault of a look that fails for good; [`FaultKind::TimedOut`] after `wait.total` or the timeout of
    /// the resource, whichever is shorter; [`FaultKind::Stopped`] when the run is told to leave.
    pub async fn wait<T, F, Fut>(&self, what: &str, wait: Wait, mut look: F) -> Result<T, Fault>
    where
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<Option<T>, Fault>> + Send,
    {
        let total = wait.total.min(self.timeout);
        let delays = ExponentialBuilder::default()
            .with_min_delay(wait.first)
            .with_max_delay(wait.max)
            .with_factor(1.5)
            .without_max_times()
            .build();
        let mut waited = Duration::ZERO;
        for delay in delays {
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(fault) if matches!(fault.kind, FaultKind::Throttled | FaultKind::NotYet) => {}
                Err(fault) => return Err(fault),
            }
            if waited + delay > total {
                break;
            }
            self.pace.waiting(what);
            self.pace.pause(delay).await?;
            waited += delay;
        }
        Err(Fault::new(
            FaultKind::TimedOut,
            format!("waiting for {what}"),
            format!("still not so after {} s; raise `timeout` if AWS needs longer", total.as_secs()),
        ))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("address", &self.address).field("token", &self.token).finish_non_exhaustive()
    }
}
