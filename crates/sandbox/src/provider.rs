//! The provider: one for every kind, over the world.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use landfall_core::{Attributes, Context, Fault, FaultKind, Locator, Observed, Provider, provider::Desired};

use crate::{
    calls::{Op, Outcome},
    fault_schedule::{Fate, Moment},
    object::{Key, Status, Thing},
    sandbox::Inner,
    standing, wording,
    world::Served,
};

/// Serves one kind from the world.
#[derive(Clone)]
pub(crate) struct Simulated {
    pub(crate) served: Arc<Served>,
    pub(crate) inner: Arc<Inner>,
}

#[async_trait]
impl Provider for Simulated {
    async fn observe(&self, cx: &Context, locator: Locator<'_>) -> Result<Option<Observed>, Fault> {
        let look = match locator {
            Locator::Id(id) => Look::Id(id.to_owned()),
            Locator::Token(_) => Look::Token,
        };
        if self.inner.runtime.is_current() {
            return self.look(cx, &look).await;
        }
        let (own, cx) = (self.clone(), cx.clone());
        self.carried(async move { own.look(&cx, &look).await }).await
    }

    async fn reconcile(&self, cx: &Context, want: &Desired, have: Option<&Observed>) -> Result<Attributes, Fault> {
        if self.inner.runtime.is_current() {
            return match have {
                None => self.create(cx, want).await,
                Some(have) => self.update(cx, want, have).await,
            };
        }
        let (own, cx, want, have) = (self.clone(), cx.clone(), want.clone(), have.cloned());
        self.carried(async move {
            match have {
                None => own.create(&cx, &want).await,
                Some(have) => own.update(&cx, &want, &have).await,
            }
        })
        .await
    }

    async fn delete(&self, cx: &Context, have: &Observed) -> Result<(), Fault> {
        if self.inner.runtime.is_current() {
            return self.remove(cx, have.id()).await;
        }
        let (own, cx, id) = (self.clone(), cx.clone(), have.id().to_owned());
        self.carried(async move { own.remove(&cx, &id).await }).await
    }
}

enum Look {
    Id(String),
    Token,
}

impl Simulated {
    /// Runs an operation in virtual time, wherever its caller runs. Where the process ends that it belongs to, it
    /// never returns.
    async fn carried<T: Send + 'static>(
        &self,
        operation: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        match self.inner.runtime.carry(operation).await {
            Some(result) => result,
            None => std::future::pending().await,
        }
    }

    async fn look(&self, cx: &Context, look: &Look) -> Result<Option<Observed>, Fault> {
        let op = if matches!(look, Look::Id(_)) { Op::Read } else { Op::Find };
        let call = self.begin(cx, op).await?;
        let found = self.seen(cx, look);
        let found = self.effect_done(&call).await.map(|()| found);
        self.end(&call, found).await
    }

    fn seen(&self, cx: &Context, look: &Look) -> Option<Observed> {
        let kind = self.served.kind;
        let (world, now) = self.inner.world();
        let key = match look {
            Look::Id(id) => world.by_id(kind.name, cx.place, id),
            Look::Token => world.by_token(&cx.token),
        };
        let thing = key.and_then(|key| world.thing(key));
        let seen = thing.filter(|thing| world.is_seen(thing, wording::service(kind.name), now));
        match (seen, look) {
            (None, Look::Id(id)) => standing::observe(&self.served, &world.rules, cx, id),
            (seen, _) => seen.map(Thing::observed),
        }
    }

    async fn create(&self, cx: &Context, want: &Desired) -> Result<Attributes, Fault> {
        let call = self.begin(cx, Op::Create).await?;
        let created = {
            let (mut world, now) = self.inner.world();
            world.create(&self.served, cx, want, now)
        };
        let attributes = match created {
            Ok(key) => self.settled(&call, cx, key, "become available").await,
            Err(fault) => Err(fault),
        };
        self.end(&call, attributes).await
    }

    async fn update(&self, cx: &Context, want: &Desired, have: &Observed) -> Result<Attributes, Fault> {
        let call = self.begin(cx, Op::Update).await?;
        let attributes = self.change(&call, cx, want, have).await;
        self.end(&call, attributes).await
    }

    async fn change(&self, call: &Running, cx: &Context, want: &Desired, have: &Observed) -> Result<Attributes, Fault> {
        let (kind, id) = (self.served.kind, have.id());
        let absent = || Fault::not_yet(call.op.operation(kind), wording::not_found(kind.name, "id", id));
        let key = self.inner.world().0.by_id(kind.name, cx.place, id).ok_or_else(absent)?;
        // An object that is still being created, or changed by somebody else, takes no change.
        self.wait(call, cx, key, "become available", |status| {
            !matches!(status, Some(Status::Pending | Status::Updating))
        })
        .await?;
        {
            let (mut world, now) = self.inner.world();
            let thing = world.thing(key).ok_or_else(absent)?;
            if thing.status(now) == Status::Deleting {
                return Err(Fault::not_yet(call.op.operation(kind), wording::not_ready(kind.name, id, "deleting")));
            }
            world.update(&self.served, cx, want, &have.fields, key, now)?;
        }
        self.settled(call, cx, key, "be changed").await
    }

    async fn remove(&self, cx: &Context, id: &str) -> Result<(), Fault> {
        let call = self.begin(cx, Op::Delete).await?;
        let removed = self.take_away(&call, cx, id).await;
        self.end(&call, removed).await
    }

    async fn take_away(&self, call: &Running, cx: &Context, id: &str) -> Result<(), Fault> {
        let kind = self.served.kind;
        let Some(key) = self.inner.world().0.by_id(kind.name, cx.place, id) else { return Ok(()) };
        let idle = |status| !matches!(status, Some(Status::Pending | Status::Updating));
        self.wait(call, cx, key, "become deletable", idle).await?;
        {
            let (mut world, now) = self.inner.world();
            if world.thing(key).is_some_and(|thing| thing.status(now) != Status::Deleting) {
                world.delete(&self.served, cx, key, now)?;
            }
        }
        self.effect_done(call).await?;
        self.wait(call, cx, key, "be deleted", |status| status.is_none()).await
    }

    /// The attributes of an object once it can be used.
    async fn settled(&self, call: &Running, cx: &Context, key: Key, what: &str) -> Result<Attributes, Fault> {
        self.effect_done(call).await?;
        let busy = |status| matches!(status, Some(Status::Pending | Status::Updating));
        self.wait(call, cx, key, what, |status| !busy(status)).await?;
        let (world, _) = self.inner.world();
        let thing = world.thing(key).ok_or_else(|| {
            let message = format!("somebody deleted it while it was about to {what}");
            Fault::new(FaultKind::Fatal, call.op.operation(self.served.kind), message)
        })?;
        Ok(thing.attributes.clone())
    }

    /// Lets time pass until an object is as it should be, as a waiter does.
    async fn wait(
        &self,
        call: &Running,
        cx: &Context,
        key: Key,
        what: &str,
        done: impl Fn(Option<Status>) -> bool,
    ) -> Result<(), Fault> {
        let mut told = false;
        loop {
            let remaining = {
                let (world, now) = self.inner.world();
                let thing = world.thing(key);
                if done(thing.map(|thing| thing.status(now))) {
                    return Ok(());
                }
                let Some(thing) = thing else { return Ok(()) };
                thing.settled_at().saturating_sub(now)
            };
            let kind = self.served.kind.name;
            let left = cx.timeout.saturating_sub(self.inner.runtime.now().saturating_sub(call.began));
            if left.is_zero() {
                let message = format!("still not so after {} s; raise `timeout`", cx.timeout.as_secs());
                return Err(Fault::new(FaultKind::TimedOut, format!("waiting for {kind} to {what}"), message));
            }
            if !told {
                cx.pace.waiting(&format!("{kind} to {what}"));
                told = true;
            }
            self.pause(cx, remaining.min(left)).await?;
        }
    }

    /// Pauses by the caller's pace, and by the clock where that let no time pass.
    async fn pause(&self, cx: &Context, duration: Duration) -> Result<(), Fault> {
        let end = self.inner.runtime.now() + duration;
        cx.pace.pause(duration).await?;
        tokio::time::sleep(end.saturating_sub(self.inner.runtime.now())).await;
        Ok(())
    }

    async fn begin(&self, cx: &Context, op: Op) -> Result<Running, Fault> {
        let Some(mut call) = self.open(cx, op) else { return std::future::pending().await };
        if call.fate.killed == Some(Moment::Before) {
            return self.inner.kill().await;
        }
        if !call.fate.delay.is_zero() {
            let delay = self.inner.world().0.scaled(call.fate.delay);
            self.pause(cx, delay).await?;
        }
        match call.fate.refused.take() {
            Some(fault) => self.end(&call, Err(fault)).await,
            None => Ok(call),
        }
    }

    /// Writes the call to the log; `None` once the process has ended.
    fn open(&self, cx: &Context, op: Op) -> Option<Running> {
        let (mut world, now) = self.inner.world();
        if world.killed {
            return None;
        }
        let (number, fate) = world.begin(self.served.kind, cx, op, now);
        Some(Running { op, number, began: now, fate })
    }

    /// After the effect began: the answer may be lost, the process may end.
    async fn effect_done(&self, call: &Running) -> Result<(), Fault> {
        if call.fate.killed == Some(Moment::During) {
            return self.inner.kill().await;
        }
        if call.fate.lost {
            let message = "the connection was closed before the answer came";
            return Err(Fault::new(FaultKind::Unavailable, call.op.operation(self.served.kind), message));
        }
        Ok(())
    }

    async fn end<T: Told>(&self, call: &Running, result: Result<T, Fault>) -> Result<T, Fault> {
        if call.fate.killed.is_some() {
            return self.inner.kill().await;
        }
        let outcome = match &result {
            Ok(value) => value.outcome(),
            Err(fault) => Outcome::Failed(fault.clone()),
        };
        let (mut world, now) = self.inner.world();
        world.finish(call.number, now, outcome);
        result
    }
}

/// A call under way.
struct Running {
    op: Op,
    number: u64,
    began: Duration,
    fate: Fate,
}

/// What the log says of a success.
trait Told {
    fn outcome(&self) -> Outcome {
        Outcome::Done
    }
}
impl Told for () {}
impl Told for Attributes {}
impl Told for Running {}
impl Told for Option<Observed> {
    fn outcome(&self) -> Outcome {
        if self.is_some() { Outcome::Done } else { Outcome::Absent }
    }
}
