//! Scaling policies on EC2 Auto Scaling.

use async_trait::async_trait;
use aws_sdk_autoscaling::types::{
    MetricType, PredefinedMetricSpecification, ScalingPolicy as Reply, StepAdjustment as WireStep,
    TargetTrackingConfiguration,
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, Tags, TypedProvider};

use super::{
    AutoScaling,
    elb::{to_i32, to_u32},
    passing::passing,
};
use crate::scaling_policy::{
    AdjustmentType, MetricAggregationType, Policy, PredefinedMetric, ScalingPolicy, ScalingPolicyAttributes,
    StepAdjustment, StepScaling, TargetTracking,
};

pub(super) struct Provider(pub(super) AutoScaling);

type LivePolicy = Live<ScalingPolicy<AnyRegion>, ScalingPolicyAttributes>;

const DESCRIBE: &str = "autoscaling:DescribePolicies";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = ScalingPolicy<AnyRegion>;
    type Attributes = ScalingPolicyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LivePolicy>, Fault> {
        let Some((group, name)) = id.split_once('|') else { return Ok(None) };
        let call = self.0.of(cx).describe_policies().auto_scaling_group_name(group).policy_names(name);
        let Some(reply) = found(DESCRIBE, call.send().await)? else { return Ok(None) };
        reply.scaling_policies.unwrap_or_default().into_iter().next().map(live).transpose()
    }

    async fn find(&self, cx: &Context, want: &ScalingPolicy<AnyRegion>) -> Result<Option<LivePolicy>, Fault> {
        self.read(cx, &id(want.group.id(), &cx.physical_name(255))).await
    }

    async fn create(&self, cx: &Context, want: &ScalingPolicy<AnyRegion>) -> Result<ScalingPolicyAttributes, Fault> {
        self.put(cx, want, &cx.physical_name(255)).await
    }

    async fn update(
        &self,
        cx: &Context,
        want: &ScalingPolicy<AnyRegion>,
        have: &LivePolicy,
    ) -> Result<ScalingPolicyAttributes, Fault> {
        let settings =
            |policy: &ScalingPolicy<AnyRegion>| (policy.policy.clone(), policy.estimated_instance_warmup_seconds);
        if settings(want) == settings(&have.resource) {
            return Ok(have.attributes.clone());
        }
        self.put(cx, want, &have.attributes.name).await
    }

    async fn delete(&self, cx: &Context, have: &LivePolicy) -> Result<(), Fault> {
        let call = self.0.of(cx).delete_policy().auto_scaling_group_name(have.resource.group.id());
        let reply = call.policy_name(&have.attributes.name).send().await;
        absent_is_done("autoscaling:DeletePolicy", reply)
    }
}

impl Provider {
    /// One call makes a policy and changes it: AWS replaces all of its settings.
    async fn put(
        &self,
        cx: &Context,
        want: &ScalingPolicy<AnyRegion>,
        name: &str,
    ) -> Result<ScalingPolicyAttributes, Fault> {
        let group = want.group.id();
        let call = self.0.of(cx).put_scaling_policy().auto_scaling_group_name(group).policy_name(name);
        let call = call.set_estimated_instance_warmup(want.estimated_instance_warmup_seconds.map(to_i32));
        let call = match &want.policy {
            Policy::TargetTracking(tracking) => {
                call.policy_type("TargetTrackingScaling").target_tracking_configuration(to_tracking(tracking))
            }
            Policy::StepScaling(steps) => call
                .policy_type("StepScaling")
                .adjustment_type(to_adjustment_type(steps.adjustment_type))
                .metric_aggregation_type(to_aggregation(steps.metric_aggregation_type))
                .set_min_adjustment_magnitude(steps.min_adjustment_magnitude.map(to_i32))
                .set_step_adjustments(Some(steps.steps.iter().map(to_step).collect())),
        };
        // A target group counts as reachable some seconds after a listener forwards to it.
        let reply = call.send().await.map_err(fault("autoscaling:PutScalingPolicy"));
        let reply = reply.map_err(passing(&["does not route traffic to"]))?;
        let id = id(group, name);
        match reply.policy_arn {
            Some(arn) => Ok(ScalingPolicyAttributes { id, arn, name: name.to_owned() }),
            // The SDK takes the ARN for optional: what the answer lacks, a read has.
            None => match self.read(cx, &id).await? {
                Some(live) => Ok(live.attributes),
                None => Err(Fault::not_yet(DESCRIBE, "the policy is not visible yet")),
            },
        }
    }
}

fn id(group: &str, name: &str) -> String {
    format!("{group}|{name}")
}

fn to_tracking(tracking: &TargetTracking) -> TargetTrackingConfiguration {
    let metric = PredefinedMetricSpecification::builder();
    let metric = match &tracking.metric {
        PredefinedMetric::AverageCpuUtilization => metric.predefined_metric_type(MetricType::AsgAverageCpuUtilization),
        PredefinedMetric::AverageNetworkIn => metric.predefined_metric_type(MetricType::AsgAverageNetworkIn),
        PredefinedMetric::AverageNetworkOut => metric.predefined_metric_type(MetricType::AsgAverageNetworkOut),
        PredefinedMetric::AlbRequestCountPerTarget(label) => {
            metric.predefined_metric_type(MetricType::AlbRequestCountPerTarget).resource_label(label.value())
        }
    };
    TargetTrackingConfiguration::builder()
        .predefined_metric_specification(metric.build())
        .target_value(tracking.target_value)
        .disable_scale_in(tracking.disable_scale_in)
        .build()
}

fn from_tracking(reply: TargetTrackingConfiguration) -> Result<TargetTracking, Fault> {
    let metric = reply.predefined_metric_specification;
    let label = || metric.as_ref().and_then(|metric| metric.resource_label()).unwrap_or_default().into();
    let kind = metric.as_ref().and_then(|metric| metric.predefined_metric_type());
    Ok(TargetTracking {
        metric: match kind {
            Some(MetricType::AsgAverageCpuUtilization) => PredefinedMetric::AverageCpuUtilization,
            Some(MetricType::AsgAverageNetworkIn) => PredefinedMetric::AverageNetworkIn,
            Some(MetricType::AsgAverageNetworkOut) => PredefinedMetric::AverageNetworkOut,
            Some(MetricType::AlbRequestCountPerTarget) => PredefinedMetric::AlbRequestCountPerTarget(label()),
            _ => return Err(unknown("it tracks a metric that is not known here")),
        },
        target_value: reply.target_value.ok_or_else(|| Fault::incomplete(DESCRIBE, "TargetValue"))?,
        disable_scale_in: reply.disable_scale_in.unwrap_or_default(),
    })
}

fn unknown(why: &str) -> Fault {
    Fault::new(FaultKind::Fatal, DESCRIBE, why)
}

fn to_adjustment_type(kind: AdjustmentType) -> &'static str {
    match kind {
        AdjustmentType::ChangeInCapacity => "ChangeInCapacity",
        AdjustmentType::PercentChangeInCapacity => "PercentChangeInCapacity",
        AdjustmentType::ExactCapacity => "ExactCapacity",
    }
}

fn to_aggregation(kind: MetricAggregationType) -> &'static str {
    match kind {
        MetricAggregationType::Average => "Average",
        MetricAggregationType::Minimum => "Minimum",
        MetricAggregationType::Maximum => "Maximum",
    }
}

fn to_step(step: &StepAdjustment) -> WireStep {
    WireStep::builder()
        .set_metric_interval_lower_bound(step.lower_bound)
        .set_metric_interval_upper_bound(step.upper_bound)
        .scaling_adjustment(step.adjustment)
        .build()
}

fn from_steps(reply: &Reply) -> Result<StepScaling, Fault> {
    let steps = reply.step_adjustments().iter().map(|step| StepAdjustment {
        lower_bound: step.metric_interval_lower_bound(),
        upper_bound: step.metric_interval_upper_bound(),
        adjustment: step.scaling_adjustment().unwrap_or_default(),
    });
    Ok(StepScaling {
        adjustment_type: match reply.adjustment_type() {
            Some("ChangeInCapacity") => AdjustmentType::ChangeInCapacity,
            Some("PercentChangeInCapacity") => AdjustmentType::PercentChangeInCapacity,
            Some("ExactCapacity") => AdjustmentType::ExactCapacity,
            _ => return Err(unknown("it adjusts in a way that is not known here")),
        },
        steps: steps.collect(),
        min_adjustment_magnitude: to_u32(reply.min_adjustment_magnitude()),
        metric_aggregation_type: match reply.metric_aggregation_type() {
            Some("Minimum") => MetricAggregationType::Minimum,
            Some("Maximum") => MetricAggregationType::Maximum,
            _ => MetricAggregationType::Average,
        },
    })
}

fn live(reply: Reply) -> Result<LivePolicy, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    let policy = match reply.policy_type() {
        Some("TargetTrackingScaling") => {
            let tracking = reply.target_tracking_configuration.clone();
            Policy::TargetTracking(from_tracking(tracking.ok_or_else(|| missing("TargetTrackingConfiguration"))?)?)
        }
        Some("StepScaling") => Policy::StepScaling(from_steps(&reply)?),
        _ => return Err(unknown("it is neither a tracking nor a step policy")),
    };
    let group = reply.auto_scaling_group_name.ok_or_else(|| missing("AutoScalingGroupName"))?;
    let name = reply.policy_name.ok_or_else(|| missing("PolicyName"))?;
    Ok(Live {
        resource: ScalingPolicy {
            group: Ref::existing(&group),
            policy_type: policy.policy_type(),
            policy,
            estimated_instance_warmup_seconds: to_u32(reply.estimated_instance_warmup),
        },
        attributes: ScalingPolicyAttributes {
            id: id(&group, &name),
            arn: reply.policy_arn.ok_or_else(|| missing("PolicyARN"))?,
            name,
        },
        tags: Tags::new(),
    })
}
