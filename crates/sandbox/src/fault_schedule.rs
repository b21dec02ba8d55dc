//! Fault schedules: what goes wrong, when, by seed.

use std::{collections::BTreeMap, time::Duration};

use landfall_core::{Address, Fault, FaultKind, Kind, PlaceCode};

use crate::{calls::Op, draw::Draw, wording::service};

/// What goes wrong with the calls of a sandbox; nothing by default.
///
/// Shares are drawn by the seed from the address, the operation and the attempt, so that the same program meets
/// the same faults in whatever order its calls run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultSchedule {
    shares: Vec<(Trouble, f64)>,
    at_calls: BTreeMap<u64, Trouble>,
    outages: Vec<Outage>,
    denied: Vec<String>,
    rates: BTreeMap<String, Rate>,
}

/// How many calls of a service a place answers before it throttles.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate {
    per_second: f64,
    burst: f64,
}

/// What is left of a rate.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bucket {
    used: f64,
    at: Duration,
}

/// One thing that goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused for being one too many; it has no effect.
    Throttle,
    /// The service answers 503; it has no effect.
    Unavailable,
    /// It has its effect, and the answer never comes.
    LoseResponse,
    /// It takes that much longer.
    Slow(Duration),
    /// The process ends: no call answers any more until the sandbox is [revived](crate::Sandbox::revive).
    Kill(Moment),
}

/// When in the course of a call the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the call has an effect.
    Before,
    /// After the effect began, while what is created, changed or deleted is not ready.
    During,
    /// After all is done, before the caller hears of it.
    After,
}

/// A time in which a service or a region does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    service: Option<String>,
    region: Option<String>,
    from: Duration,
    to: Duration,
}

impl Outage {
    /// Of a service, in every region: `Outage::service("rds")`.
    pub fn service(service: impl Into<String>) -> Self {
        Self { service: Some(service.into()), region: None, from: Duration::ZERO, to: Duration::MAX }
    }

    /// Of a region. Global services answer from `us-east-1`.
    pub fn region(region: impl Into<String>) -> Self {
        Self { service: None, region: Some(region.into()), from: Duration::ZERO, to: Duration::MAX }
    }

    /// Only where that service serves that region.
    #[must_use]
    pub fn of_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// When it begins, in virtual time; from the start unless said.
    #[must_use]
    pub fn from(mut self, from: Duration) -> Self {
        self.from = from;
        self
    }

    /// When it is over; never unless said.
    #[must_use]
    pub fn to(mut self, to: Duration) -> Self {
        self.to = to;
        self
    }

    fn covers(&self, service: &str, region: &str, now: Duration) -> bool {
        self.service.as_deref().is_none_or(|out| out == service)
            && self.region.as_deref().is_none_or(|out| out == region)
            && (self.from..self.to).contains(&now)
    }
}

impl FaultSchedule {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Lets something go wrong with a share of all calls, 0 to 1.
    #[must_use]
    pub fn share(mut self, trouble: Trouble, share: f64) -> Self {
        self.shares.push((trouble, share));
        self
    }

    /// Lets something go wrong with the call of that number in the log.
    #[must_use]
    pub fn at_call(mut self, number: u64, trouble: Trouble) -> Self {
        self.at_calls.insert(number, trouble);
        self
    }

    /// Adds an outage.
    #[must_use]
    pub fn outage(mut self, outage: Outage) -> Self {
        self.outages.push(outage);
        self
    }

    /// Denies an IAM action to the caller: `ec2:CreateSubnet`, `ec2:Create*`, `rds:*`.
    #[must_use]
    pub fn deny(mut self, action: impl Into<String>) -> Self {
        self.denied.push(action.into());
        self
    }

    /// Throttles the calls of a service in each place beyond so many per second, as AWS's token buckets do: `burst`
    /// at once after a pause.
    #[must_use]
    pub fn at_most(mut self, service: impl Into<String>, per_second: f64, burst: u32) -> Self {
        self.rates.insert(service.into(), Rate { per_second, burst: f64::from(burst) });
        self
    }

    /// What becomes of a call.
    pub(crate) fn fate(&self, call: &Asked<'_>, seed: Draw, bucket: &mut Bucket) -> Fate {
        let mut fate = Fate::default();
        let operation = || call.op.operation(call.kind);
        if let Some(action) = self.denied_action(call.op.actions(call.kind)) {
            let message = format!("AccessDenied: User is not authorized to perform: {action}");
            fate.refused = Some(Fault::new(FaultKind::Denied, action, message));
            return fate;
        }
        let (service, region) = (service(call.kind.name), call.place.api_region());
        if self.outages.iter().any(|outage| outage.covers(service, region, call.now)) {
            let message = format!("503 Service Unavailable: {service} in {region} does not answer");
            fate.refused = Some(Fault::new(FaultKind::Unavailable, operation(), message));
            return fate;
        }
        if let Some(rate) = self.rates.get(service)
            && !bucket.take(*rate, call.now)
        {
            fate.refused = Some(throttled(operation()));
            return fate;
        }
        let draw = seed.with(call.address.as_str()).with(call.op.as_str()).nth(call.attempt);
        let drawn = self.shares.iter().enumerate();
        let drawn =
            drawn.filter(|(n, (_, share))| draw.nth(*n as u64).happens(*share)).map(|(_, (trouble, _))| trouble);
        for trouble in self.at_calls.get(&call.number).into_iter().chain(drawn) {
            match trouble {
                Trouble::Throttle => fate.refused = Some(throttled(operation())),
                Trouble::Unavailable => {
                    let message = "503 Service Unavailable";
                    fate.refused = Some(Fault::new(FaultKind::Unavailable, operation(), message));
                }
                Trouble::LoseResponse => fate.lost = true,
                Trouble::Slow(longer) => fate.delay = fate.delay.max(*longer),
                Trouble::Kill(moment) => fate.killed = Some(*moment),
            }
        }
        fate
    }

    fn denied_action(&self, needed: &[&'static str]) -> Option<&'static str> {
        let denied = |action: &str| {
            self.denied.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(start) => action.starts_with(start),
                None => action == pattern,
            })
        };
        needed.iter().copied().find(|action| denied(action))
    }
}

fn throttled(operation: String) -> Fault {
    Fault::new(FaultKind::Throttled, operation, "ThrottlingException: Rate exceeded")
}

impl Bucket {
    /// Takes one call from the bucket, if there is one left.
    fn take(&mut self, rate: Rate, now: Duration) -> bool {
        let refilled = now.saturating_sub(self.at).as_secs_f64() * rate.per_second;
        let used = (self.used - refilled).max(0.0);
        let answered = used + 1.0 <= rate.burst;
        *self = Self { used: if answered { used + 1.0 } else { used }, at: now };
        answered
    }
}

/// A call about which the schedule is asked.
pub(crate) struct Asked<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) address: &'a Address,
    pub(crate) place: PlaceCode,
    pub(crate) op: Op,
    pub(crate) number: u64,
    /// How often this operation was asked for at this address before.
    pub(crate) attempt: u64,
    pub(crate) now: Duration,
}

/// What becomes of a call.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Fate {
    /// It is refused with this fault, without an effect.
    pub(crate) refused: Option<Fault>,
    pub(crate) delay: Duration,
    pub(crate) lost: bool,
    pub(crate) killed: Option<Moment>,
}

#[cfg(test)]
mod tests {
    use landfall_core::{Global, Resource, kind::Actions};
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Role {}

    impl Resource for Role {
        type At = Global;
        fn kind() -> &'static Kind {
            &KIND
        }
    }

    static KIND: Kind = Kind {
        actions: Actions {
            create: &["iam:CreateRole", "iam:TagRole"],
            read: &["iam:GetRole"],
            update: &[],
            delete: &["iam:DeleteRole"],
        },
        ..Kind::of::<Role>("iam.role")
    };

    fn fate(faults: &FaultSchedule, op: Op, number: u64, seconds: u64) -> Fate {
        let address = "global/iam.role:web".parse().expect("an address");
        let place = PlaceCode::global();
        let now = Duration::from_secs(seconds);
        let asked = Asked { kind: &KIND, address: &address, place, op, number, attempt: number, now };
        faults.fate(&asked, Draw::new(1), &mut Bucket::default())
    }

    fn refused(faults: &FaultSchedule, op: Op, seconds: u64) -> Option<(FaultKind, String)> {
        fate(faults, op, 1, seconds).refused.map(|fault| (fault.kind, fault.operation))
    }

    #[test]
    fn denials_name_the_action_that_lacks() {
        let check = |denied, op, expected: Option<&str>| {
            let faults = FaultSchedule::none().deny(denied);
            let expected = expected.map(|action| (FaultKind::Denied, action.to_owned()));
            assert_eq!(refused(&faults, op, 0), expected, "{denied}");
        };
        check("iam:TagRole", Op::Create, Some("iam:TagRole"));
        check("iam:TagRole", Op::Delete, None);
        check("iam:Create*", Op::Create, Some("iam:CreateRole"));
        check("iam:*", Op::Find, Some("iam:GetRole"));
        check("iam:GetRole", Op::Create, None);
    }

    #[test]
    fn outages_have_a_service_a_region_and_a_time() {
        let check = |outage: Outage, seconds, expected: bool| {
            let faults = FaultSchedule::none().outage(outage.clone());
            assert_eq!(refused(&faults, Op::Create, seconds).is_some(), expected, "{outage:?} at {seconds}");
        };
        check(Outage::service("iam"), 0, true);
        check(Outage::service("ec2"), 0, false);
        check(Outage::region("us-east-1"), 0, true);
        check(Outage::region("ap-south-1"), 0, false);
        check(Outage::service("iam").of_region("ap-south-1"), 0, false);
        let minute = Outage::service("iam").from(Duration::from_mins(1)).to(Duration::from_mins(2));
        check(minute.clone(), 59, false);
        check(minute.clone(), 60, true);
        check(minute, 120, false);
    }

    #[test]
    fn a_trouble_meets_its_call_and_shares_meet_some() {
        let faults = FaultSchedule::none().at_call(3, Trouble::Kill(Moment::During)).share(Trouble::Throttle, 0.25);
        assert_eq!(fate(&faults, Op::Create, 3, 0).killed, Some(Moment::During));
        assert_eq!(fate(&faults, Op::Create, 4, 0).killed, None);
        let throttled = (0..1000).filter(|n| fate(&faults, Op::Create, *n, 0).refused.is_some()).count();
        assert!((200..300).contains(&throttled), "{throttled} of 1000");
    }

    #[test]
    fn a_bucket_answers_a_burst_and_then_so_many_per_second() {
        let rate = Rate { per_second: 2.0, burst: 3.0 };
        let mut bucket = Bucket::default();
        let mut answered = |seconds: f64| bucket.take(rate, Duration::from_secs_f64(seconds));
        assert_eq!([0.0, 0.0, 0.0, 0.0].map(&mut answered), [true, true, true, false]);
        assert_eq!([0.4, 0.5, 0.6, 1.0].map(&mut answered), [false, true, false, true]);
        assert_eq!([9.0, 9.0, 9.0, 9.0].map(&mut answered), [true, true, true, false]);
    }
}
