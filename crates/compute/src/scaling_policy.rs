//! Scaling policy: when an auto scaling group grows and shrinks.

use landfall_core::{
    AnyRegion, Attribute, Handle, Input, Kind, Ref, Region, Resource,
    check::Site,
    join,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::{
    auto_scaling_group::AutoScalingGroup, check::part, load_balancer::LoadBalancer, target_group::TargetGroup,
};

/// Desired settings of a scaling policy. AWS knows it by a name derived from its address.
///
/// API: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html>
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ScalingPolicy<R: Region> {
    /// The group. A change replaces the policy.
    pub group: Ref<AutoScalingGroup<R>>,
    /// Which of the two `policy` is. A change replaces the policy: AWS does not turn the one into the other.
    pub policy_type: PolicyType,
    /// When it grows and shrinks. A change updates the policy.
    pub policy: Policy,
    /// Seconds until a new instance counts in the metric; `None`: the group's `default_instance_warmup_seconds`. A
    /// change updates the policy.
    pub estimated_instance_warmup_seconds: Option<u32>,
}

#[bon::bon]
impl<R: Region> ScalingPolicy<R> {
    /// Amazon Resource Name: what an alarm names as its action.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Name that AWS knows it by.
    pub const NAME: Attribute<Self> = Attribute::new("name");

    /// A policy of a group.
    #[builder]
    pub fn new(
        /// The group. A change replaces the policy.
        #[builder(into)]
        group: Ref<AutoScalingGroup<R>>,
        /// When it grows and shrinks: a [`TargetTracking`] or a [`StepScaling`]. A change updates the policy; one
        /// from the one to the other replaces it.
        #[builder(into)]
        policy: Policy,
        /// Seconds until a new instance counts in the metric; `None`: the group's
        /// `default_instance_warmup_seconds`. A change updates the policy.
        estimated_instance_warmup_seconds: Option<u32>,
    ) -> Self {
        Self { group, policy_type: policy.policy_type(), policy, estimated_instance_warmup_seconds }
    }
}

/// The two ways in which a group grows and shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyType {
    /// It keeps a metric near a value.
    TargetTracking,
    /// It changes by steps.
    StepScaling,
}

/// When a group grows and shrinks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// It keeps a metric near a value; AWS makes the alarms for it.
    TargetTracking(TargetTracking),
    /// It changes by steps when an alarm of one's own goes off, which names the policy's ARN as its action.
    StepScaling(StepScaling),
}

/// Keeping a metric near a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetTracking {
    /// The metric.
    pub metric: PredefinedMetric,
    /// Its value: percent of CPU, bytes, or requests per target and minute.
    pub target_value: f64,
    /// Whether it may only grow.
    pub disable_scale_in: bool,
}

/// A metric that AWS keeps for every group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredefinedMetric {
    /// Average use of CPU over the group, in percent.
    AverageCpuUtilization,
    /// Average bytes in per minute and instance.
    AverageNetworkIn,
    /// Average bytes out per minute and instance.
    AverageNetworkOut,
    /// Requests per minute and target, with AWS's label of load balancer and target group:
    /// `app/NAME/ID/targetgroup/NAME/ID`.
    AlbRequestCountPerTarget(Input<String>),
}

/// Changing by steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct StepScaling {
    /// What the numbers of the steps mean.
    pub adjustment_type: AdjustmentType,
    /// Steps by how far the metric is from the alarm's threshold, without gaps or overlaps.
    #[builder(with = FromIterator::from_iter)]
    pub steps: Vec<StepAdjustment>,
    /// Fewest instances that a change in percent moves; `None`: one.
    pub min_adjustment_magnitude: Option<u32>,
    /// How the metric's values in a period become one; default the average.
    #[builder(default)]
    pub metric_aggregation_type: MetricAggregationType,
}

/// What the numbers of steps mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentType {
    /// So many instances more or less.
    ChangeInCapacity,
    /// So many percent more or less.
    PercentChangeInCapacity,
    /// Exactly so many instances.
    ExactCapacity,
}

/// How a metric's values in a period become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricAggregationType {
    /// Their average.
    #[default]
    Average,
    /// Their least.
    Minimum,
    /// Their greatest.
    Maximum,
}

/// One step, for a metric between two distances from the alarm's threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepAdjustment {
    /// Distance from which it holds; `None`: any below the upper one.
    pub lower_bound: Option<f64>,
    /// Distance up to which it holds; `None`: any above the lower one.
    pub upper_bound: Option<f64>,
    /// The change.
    pub adjustment: i32,
}

impl TargetTracking {
    /// Keeps a metric near a value, by growing and shrinking.
    pub fn of(metric: PredefinedMetric, target_value: f64) -> Self {
        Self { metric, target_value, disable_scale_in: false }
    }

    /// Keeps the average use of CPU near so many percent.
    pub fn cpu(percent: f64) -> Self {
        Self::of(PredefinedMetric::AverageCpuUtilization, percent)
    }

    /// Keeps the requests that each target gets in a minute near a number.
    ///
    /// Declare the policy [after](landfall_core::Options::after) the listener or rule that forwards to the target
    /// group: AWS refuses the metric while no request can reach it.
    pub fn requests<R: Region>(
        load_balancer: Handle<LoadBalancer<R>>,
        target_group: Handle<TargetGroup<R>>,
        per_minute: f64,
    ) -> Self {
        let label = join![load_balancer.get(LoadBalancer::ARN_SUFFIX), "/", target_group.get(TargetGroup::ARN_SUFFIX)];
        Self::of(PredefinedMetric::AlbRequestCountPerTarget(label), per_minute)
    }

    /// The same, but only growing.
    #[must_use]
    pub fn scale_out_only(mut self) -> Self {
        self.disable_scale_in = true;
        self
    }
}

impl Policy {
    /// Which of the two it is.
    pub fn policy_type(&self) -> PolicyType {
        match self {
            Self::TargetTracking(_) => PolicyType::TargetTracking,
            Self::StepScaling(_) => PolicyType::StepScaling,
        }
    }
}

impl From<TargetTracking> for Policy {
    fn from(policy: TargetTracking) -> Self {
        Self::TargetTracking(policy)
    }
}

impl From<StepScaling> for Policy {
    fn from(policy: StepScaling) -> Self {
        Self::StepScaling(policy)
    }
}

/// What AWS reports of a scaling policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingPolicyAttributes {
    /// Names of the group and the policy, joined by `|`.
    pub id: String,
    /// Amazon Resource Name: what an alarm names as its action.
    pub arn: String,
    /// Name derived from the address.
    pub name: String,
}

impl<R: Region> Resource for ScalingPolicy<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("group"),
        Field::replaces("policy_type"),
        Field::updates("policy"),
        Field::updates("estimated_instance_warmup_seconds"),
    ],
    attributes: &[
        Reported::stable("id", "{field.group}|{name}"),
        Reported::stable(
            "arn",
            "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}:autoScalingGroupName/{field.group}:policyName/{name}",
        ),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    actions: Actions {
        create: &["autoscaling:PutScalingPolicy", "cloudwatch:PutMetricAlarm"],
        read: &["autoscaling:DescribePolicies"],
        update: &["autoscaling:PutScalingPolicy", "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"],
        delete: &["autoscaling:DeletePolicy", "cloudwatch:DeleteAlarms"],
    },
    check,
    ..Kind::of::<ScalingPolicy<AnyRegion>>("autoscaling.policy")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let policy = site.own.fields.get("policy");
    let target = part(policy, &["target_tracking", "target_value"]).and_then(|value| value.as_f64());
    if let Some(target) = target {
        let cpu =
            part(policy, &["target_tracking", "metric"]).is_some_and(|metric| metric == "average_cpu_utilization");
        if target <= 0.0 || (cpu && target > 100.0) {
            problems.push(format!("`policy` aims at {target}; use more than 0, and at most 100 for percent of CPU"));
        }
    }
    let metric = |field| part(field, &["target_tracking", "metric"]);
    let rival = site.earlier_siblings().find(|other| {
        other.fields.get("group") == site.own.fields.get("group")
            && metric(policy).is_some_and(|own| Some(own) == metric(other.fields.get("policy")))
    });
    if let Some(rival) = rival {
        problems.push(format!("`policy` tracks the same metric as {}; AWS takes one policy for each", rival.address));
    }
    let steps = part(policy, &["step_scaling", "steps"]);
    if let Some(steps) = steps.and_then(|steps| serde_json::from_value::<Vec<StepAdjustment>>(steps).ok()) {
        problems.extend(step_problem(&steps));
    }
    let percent = part(policy, &["step_scaling", "adjustment_type"]);
    let magnitude = part(policy, &["step_scaling", "min_adjustment_magnitude"]);
    if magnitude.is_some_and(|value| !value.is_null())
        && percent.is_some_and(|kind| kind != "percent_change_in_capacity")
    {
        problems.push(
            "`policy` has `min_adjustment_magnitude`, which goes with percent_change_in_capacity only".to_owned(),
        );
    }
    problems
}

/// AWS wants steps that cover one side of the threshold each, without gaps or overlaps.
fn step_problem(steps: &[StepAdjustment]) -> Option<String> {
    if steps.is_empty() {
        return Some("`policy` has no steps".to_owned());
    }
    let mut sorted = steps.to_vec();
    let low = |step: &StepAdjustment| step.lower_bound.unwrap_or(f64::NEG_INFINITY);
    let high = |step: &StepAdjustment| step.upper_bound.unwrap_or(f64::INFINITY);
    sorted.sort_by(|a, b| low(a).total_cmp(&low(b)));
    if sorted.iter().any(|step| low(step) >= high(step)) {
        return Some("`policy` has a step whose lower bound is not below its upper one".to_owned());
    }
    let touching =
        |pair: &[StepAdjustment]| pair[0].upper_bound.is_some() && pair[0].upper_bound == pair[1].lower_bound;
    if !sorted.windows(2).all(touching) {
        return Some("`policy` has steps with a gap or an overlap; let each begin where another ends".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_touch_each_other() {
        let step = |lower_bound, upper_bound| StepAdjustment { lower_bound, upper_bound, adjustment: 1 };
        let check = |steps: &[StepAdjustment], expected: Option<&str>| {
            let found = step_problem(steps);
            match expected {
                None => assert_eq!(found, None, "{steps:?}"),
                Some(why) => assert!(found.as_ref().is_some_and(|found| found.contains(why)), "{steps:?}: {found:?}"),
            }
        };
        check(&[step(Some(0.0), None)], None);
        check(&[step(Some(10.0), None), step(Some(0.0), Some(10.0))], None);
        check(&[step(None, Some(-10.0)), step(Some(-10.0), Some(0.0))], None);
        check(&[], Some("no steps"));
        check(&[step(Some(10.0), Some(0.0))], Some("not below"));
        check(&[step(Some(0.0), Some(10.0)), step(Some(20.0), None)], Some("gap"));
        check(&[step(Some(0.0), Some(10.0)), step(Some(5.0), None)], Some("gap"));
        check(&[step(Some(0.0), None), step(Some(5.0), None)], Some("gap"));
    }
}
