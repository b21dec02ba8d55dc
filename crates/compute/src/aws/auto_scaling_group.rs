//! Auto scaling groups on EC2 Auto Scaling.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_autoscaling::{
    Client,
    types::{AutoScalingGroup as Reply, LaunchTemplateSpecification, LifecycleState, ScalingActivityStatusCode, Tag},
};
use aws_sdk_ec2::types::Filter;
use landfall_aws::{absent_is_done, fault};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, TypedProvider, Wait, tags};

use super::{
    AutoScaling, Ec2,
    elb::{to_i32, to_u32},
    instance_refresh,
};
use crate::auto_scaling_group::{
    AutoScalingGroup, AutoScalingGroupAttributes, HealthCheckType, InstanceRefresh, LaunchTemplateVersion,
    TerminationPolicy,
};

pub(super) struct Provider {
    pub(super) auto_scaling: AutoScaling,
    pub(super) ec2: Ec2,
}

type LiveGroup = Live<AutoScalingGroup<AnyRegion>, AutoScalingGroupAttributes>;

const DESCRIBE: &str = "autoscaling:DescribeAutoScalingGroups";

/// The metrics of a group without a warm pool.
const METRICS: [&str; 8] = [
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
];

#[async_trait]
impl TypedProvider for Provider {
    type Resource = AutoScalingGroup<AnyRegion>;
    type Attributes = AutoScalingGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGroup>, Fault> {
        describe(&self.auto_scaling.of(cx), id).await?.filter(is_staying).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &AutoScalingGroup<AnyRegion>) -> Result<Option<LiveGroup>, Fault> {
        let found = self.read(cx, &cx.physical_name(255)).await?;
        Ok(found.filter(|found| cx.owns(&found.tags)))
    }

    async fn create(
        &self,
        cx: &Context,
        want: &AutoScalingGroup<AnyRegion>,
    ) -> Result<AutoScalingGroupAttributes, Fault> {
        let client = self.auto_scaling.of(cx);
        let name = cx.physical_name(255);
        let call = client
            .create_auto_scaling_group()
            .auto_scaling_group_name(&name)
            .launch_template(to_specification(&want.launch_template))
            .vpc_zone_identifier(ids(&want.subnets).join(","))
            .set_target_group_arns(Some(ids(&want.target_groups)).filter(|groups| !groups.is_empty()))
            .min_size(to_i32(want.min_size))
            .max_size(to_i32(want.max_size))
            .set_desired_capacity(want.desired_capacity.map(to_i32))
            .health_check_type(to_health_check_type(want.health_check_type))
            .health_check_grace_period(to_i32(want.health_check_grace_period_seconds))
            .set_default_instance_warmup(want.default_instance_warmup_seconds.map(to_i32))
            .set_termination_policies(Some(to_policies(&want.termination_policies)))
            .set_tags(Some(cx.all_tags().into_iter().map(|(key, value)| to_tag(&name, key, value)).collect()));
        call.send().await.map_err(fault("autoscaling:CreateAutoScalingGroup"))?;
        if want.metrics_collection {
            collect_metrics(&client, &name).await?;
        }
        if want.wait_for_capacity {
            in_service(&client, cx, &name, want).await?;
        }
        let group = describe(&client, &name).await?;
        attributes(&group.ok_or_else(|| Fault::not_yet(DESCRIBE, "the group is not visible yet"))?)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &AutoScalingGroup<AnyRegion>,
        have: &LiveGroup,
    ) -> Result<AutoScalingGroupAttributes, Fault> {
        let client = self.auto_scaling.of(cx);
        let (name, now) = (&have.attributes.id, &have.resource);
        update_settings(&client, name, want, now).await?;
        update_target_groups(&client, name, want, now).await?;
        match (want.metrics_collection, now.metrics_collection) {
            (true, false) => collect_metrics(&client, name).await?,
            (false, true) => {
                let call = client.disable_metrics_collection().auto_scaling_group_name(name);
                call.send().await.map_err(fault("autoscaling:DisableMetricsCollection"))?;
            }
            _ => {}
        }
        // The tags go first, so that new instances get them.
        update_tags(&client, cx, name, have).await?;
        if want.launch_template != now.launch_template {
            let version = to_specification(&want.launch_template);
            match &want.instance_refresh {
                InstanceRefresh::Rolling(preferences) => {
                    instance_refresh::run(&client, cx, name, version, preferences).await?;
                }
                InstanceRefresh::Off => {
                    let call = client.update_auto_scaling_group().auto_scaling_group_name(name);
                    let reply = call.launch_template(version).send().await;
                    reply.map_err(fault("autoscaling:UpdateAutoScalingGroup"))?;
                }
            }
        }
        if want.wait_for_capacity {
            in_service(&client, cx, name, want).await?;
        }
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        let client = self.auto_scaling.of(cx);
        let name = &have.attributes.id;
        let reply = client.delete_auto_scaling_group().auto_scaling_group_name(name).force_delete(true).send().await;
        if let Err(fault) = absent_is_done("autoscaling:DeleteAutoScalingGroup", reply) {
            // A group that is going already refuses to be deleted.
            if describe(&client, name).await?.is_none_or(|group| is_staying(&group)) {
                return Err(fault);
            }
        }
        let gone = || async { Ok(describe(&client, name).await?.is_none().then_some(())) };
        cx.wait("the group to disappear", Wait::LONG, gone).await?;
        instances_gone(&self.ec2.of(cx), cx, name).await
    }
}

/// A group that is being deleted has a status that says so.
fn is_staying(group: &Reply) -> bool {
    group.status().is_none()
}

fn ids<T>(references: &[Ref<T>]) -> Vec<String> {
    references.iter().map(|reference| reference.id().to_owned()).collect()
}

fn set<T>(references: &[Ref<T>]) -> BTreeSet<&str> {
    references.iter().map(Ref::id).collect()
}

fn to_specification(version: &LaunchTemplateVersion<AnyRegion>) -> LaunchTemplateSpecification {
    let specification = LaunchTemplateSpecification::builder().launch_template_id(version.template.id());
    specification.version(version.version.value()).build()
}

fn to_health_check_type(kind: HealthCheckType) -> &'static str {
    match kind {
        HealthCheckType::Ec2 => "EC2",
        HealthCheckType::Elb => "ELB",
    }
}

const POLICIES: [(TerminationPolicy, &str); 6] = [
    (TerminationPolicy::Default, "Default"),
    (TerminationPolicy::OldestLaunchTemplate, "OldestLaunchTemplate"),
    (TerminationPolicy::OldestInstance, "OldestInstance"),
    (TerminationPolicy::NewestInstance, "NewestInstance"),
    (TerminationPolicy::ClosestToNextInstanceHour, "ClosestToNextInstanceHour"),
    (TerminationPolicy::AllocationStrategy, "AllocationStrategy"),
];

fn to_policies(policies: &[TerminationPolicy]) -> Vec<String> {
    let name = |policy: &TerminationPolicy| POLICIES.iter().find(|(known, _)| known == policy);
    policies.iter().filter_map(name).map(|(_, name)| (*name).to_owned()).collect()
}

fn from_policies(names: &[String]) -> Vec<TerminationPolicy> {
    let policy = |name: &String| POLICIES.iter().find(|(_, known)| known == name);
    names.iter().filter_map(policy).map(|(policy, _)| *policy).collect()
}

/// Instances get the tags too, except those that name one object.
fn to_tag(group: &str, key: String, value: String) -> Tag {
    let propagate = key != tags::TOKEN && key != tags::ADDRESS;
    let tag = Tag::builder().resource_type("auto-scaling-group").resource_id(group);
    tag.key(key).value(value).propagate_at_launch(propagate).build()
}

async fn describe(client: &Client, name: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_auto_scaling_groups().auto_scaling_group_names(name).send().await;
    let reply = reply.map_err(fault(DESCRIBE))?;
    Ok(reply.auto_scaling_groups.unwrap_or_default().into_iter().next())
}

async fn collect_metrics(client: &Client, name: &str) -> Result<(), Fault> {
    let call = client.enable_metrics_collection().auto_scaling_group_name(name).granularity("1Minute");
    let reply = call.set_metrics(Some(METRICS.map(str::to_owned).to_vec())).send().await;
    reply.map(drop).map_err(fault("autoscaling:EnableMetricsCollection"))
}

async fn update_settings(
    client: &Client,
    name: &str,
    want: &AutoScalingGroup<AnyRegion>,
    now: &AutoScalingGroup<AnyRegion>,
) -> Result<(), Fault> {
    let mut call = client.update_auto_scaling_group().auto_scaling_group_name(name);
    let mut differs = false;
    let mut set_if = |condition: bool| {
        differs |= condition;
        condition
    };
    if set_if(set(&want.subnets) != set(&now.subnets)) {
        call = call.vpc_zone_identifier(ids(&want.subnets).join(","));
    }
    if set_if((want.min_size, want.max_size) != (now.min_size, now.max_size)) {
        call = call.min_size(to_i32(want.min_size)).max_size(to_i32(want.max_size));
    }
    if set_if(want.desired_capacity.is_some() && want.desired_capacity != now.desired_capacity) {
        call = call.set_desired_capacity(want.desired_capacity.map(to_i32));
    }
    if set_if(want.health_check_type != now.health_check_type) {
        call = call.health_check_type(to_health_check_type(want.health_check_type));
    }
    if set_if(want.health_check_grace_period_seconds != now.health_check_grace_period_seconds) {
        call = call.health_check_grace_period(to_i32(want.health_check_grace_period_seconds));
    }
    if set_if(want.default_instance_warmup_seconds != now.default_instance_warmup_seconds) {
        // -1 takes the setting back.
        call = call.default_instance_warmup(want.default_instance_warmup_seconds.map_or(-1, to_i32));
    }
    if set_if(want.termination_policies != now.termination_policies) {
        call = call.set_termination_policies(Some(to_policies(&want.termination_policies)));
    }
    if differs {
        call.send().await.map_err(fault("autoscaling:UpdateAutoScalingGroup"))?;
    }
    Ok(())
}

async fn update_target_groups(
    client: &Client,
    name: &str,
    want: &AutoScalingGroup<AnyRegion>,
    now: &AutoScalingGroup<AnyRegion>,
) -> Result<(), Fault> {
    let (wanted, there) = (set(&want.target_groups), set(&now.target_groups));
    let only =
        |a: &BTreeSet<&str>, b: &BTreeSet<&str>| a.difference(b).map(|arn| (*arn).to_owned()).collect::<Vec<_>>();
    let (attach, detach) = (only(&wanted, &there), only(&there, &wanted));
    if !attach.is_empty() {
        let call = client.attach_load_balancer_target_groups().auto_scaling_group_name(name);
        let reply = call.set_target_group_arns(Some(attach)).send().await;
        reply.map_err(fault("autoscaling:AttachLoadBalancerTargetGroups"))?;
    }
    if !detach.is_empty() {
        let call = client.detach_load_balancer_target_groups().auto_scaling_group_name(name);
        let reply = call.set_target_group_arns(Some(detach)).send().await;
        reply.map_err(fault("autoscaling:DetachLoadBalancerTargetGroups"))?;
    }
    Ok(())
}

async fn update_tags(client: &Client, cx: &Context, name: &str, have: &LiveGroup) -> Result<(), Fault> {
    let changes = cx.tag_changes(&have.tags);
    if !changes.remove.is_empty() {
        let tags = changes
            .remove
            .into_iter()
            .map(|key| Tag::builder().resource_type("auto-scaling-group").resource_id(name).key(key).build());
        let reply = client.delete_tags().set_tags(Some(tags.collect())).send().await;
        reply.map_err(fault("autoscaling:DeleteTags"))?;
    }
    if !changes.set.is_empty() {
        let tags = changes.set.into_iter().map(|(key, value)| to_tag(name, key, value));
        let reply = client.create_or_update_tags().set_tags(Some(tags.collect())).send().await;
        reply.map_err(fault("autoscaling:CreateOrUpdateTags"))?;
    }
    Ok(())
}

/// Waits until as many instances as wanted are in service; tells why none start when they don't.
async fn in_service(
    client: &Client,
    cx: &Context,
    name: &str,
    want: &AutoScalingGroup<AnyRegion>,
) -> Result<(), Fault> {
    let enough = want.desired_capacity.unwrap_or(want.min_size) as usize;
    let waited = cx
        .wait("instances to be in service", Wait::MINUTES, || async {
            let group = describe(client, name).await?;
            let instances = group.and_then(|group| group.instances).unwrap_or_default();
            let serving = instances.iter().filter(|one| one.lifecycle_state() == Some(&LifecycleState::InService));
            Ok((serving.count() >= enough).then_some(()))
        })
        .await;
    match waited {
        Err(late) if late.kind == FaultKind::TimedOut => match last_failure(client, name).await? {
            Some(why) => Err(Fault { message: format!("{}: {why}", late.message), ..late }),
            None => Err(late),
        },
        other => other,
    }
}

/// What EC2 said to the last attempt to start an instance, if that failed.
async fn last_failure(client: &Client, name: &str) -> Result<Option<String>, Fault> {
    let reply = client.describe_scaling_activities().auto_scaling_group_name(name).max_records(10).send().await;
    let reply = reply.map_err(fault("autoscaling:DescribeScalingActivities"))?;
    let failed = |status: Option<&ScalingActivityStatusCode>| {
        matches!(status, Some(ScalingActivityStatusCode::Failed | ScalingActivityStatusCode::Cancelled))
    };
    let activity = reply.activities().iter().find(|activity| failed(activity.status_code()));
    Ok(activity.and_then(|activity| activity.status_message()).map(str::to_owned))
}

/// A group that is deleted by force does not wait for its instances; until those are gone, the security groups and
/// subnets that they are in can't go, and a database has clients.
async fn instances_gone(client: &aws_sdk_ec2::Client, cx: &Context, group: &str) -> Result<(), Fault> {
    let of_group = Filter::builder().name("tag:aws:autoscaling:groupName").values(group).build();
    let states = ["pending", "running", "shutting-down", "stopping", "stopped"].map(str::to_owned).to_vec();
    let there = Filter::builder().name("instance-state-name").set_values(Some(states)).build();
    cx.wait("instances of the group to terminate", Wait::LONG, || async {
        let call = client.describe_instances().filters(of_group.clone()).filters(there.clone());
        let reply = call.send().await.map_err(fault("ec2:DescribeInstances"))?;
        // Pages may be empty although others follow.
        Ok((reply.reservations().is_empty() && reply.next_token().is_none()).then_some(()))
    })
    .await
}

fn live(group: Reply) -> Result<LiveGroup, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    let attributes = attributes(&group)?;
    let collected = |name: &&str| group.enabled_metrics().iter().any(|metric| metric.metric() == Some(*name));
    let metrics_collection = METRICS.iter().all(collected);
    let template = group.launch_template.ok_or_else(|| missing("LaunchTemplate"))?;
    let tags = group.tags.unwrap_or_default().into_iter();
    let subnets = group.vpc_zone_identifier.unwrap_or_default();
    let subnets = subnets.split(',').map(str::trim).filter(|subnet| !subnet.is_empty());
    Ok(Live {
        tags: tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect(),
        resource: AutoScalingGroup {
            launch_template: LaunchTemplateVersion {
                template: Ref::existing(template.launch_template_id.ok_or_else(|| missing("LaunchTemplateId"))?),
                version: template.version.unwrap_or_else(|| "$Default".to_owned()).into(),
            },
            subnets: subnets.map(Ref::existing).collect(),
            target_groups: group.target_group_arns.unwrap_or_default().into_iter().map(Ref::existing).collect(),
            min_size: to_u32(group.min_size).ok_or_else(|| missing("MinSize"))?,
            max_size: to_u32(group.max_size).ok_or_else(|| missing("MaxSize"))?,
            desired_capacity: to_u32(group.desired_capacity),
            health_check_type: match group.health_check_type.as_deref() {
                Some(kind) if kind.split(',').any(|kind| kind.trim() == "ELB") => HealthCheckType::Elb,
                _ => HealthCheckType::Ec2,
            },
            health_check_grace_period_seconds: to_u32(group.health_check_grace_period).unwrap_or_default(),
            default_instance_warmup_seconds: to_u32(group.default_instance_warmup),
            termination_policies: from_policies(&group.termination_policies.unwrap_or_default()),
            metrics_collection,
            instance_refresh: InstanceRefresh::default(),
            wait_for_capacity: true,
        },
        attributes,
    })
}

fn attributes(group: &Reply) -> Result<AutoScalingGroupAttributes, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    let name = group.auto_scaling_group_name().ok_or_else(|| missing("AutoScalingGroupName"))?;
    Ok(AutoScalingGroupAttributes {
        id: name.to_owned(),
        arn: group.auto_scaling_group_arn().ok_or_else(|| missing("AutoScalingGroupARN"))?.to_owned(),
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn termination_policies_are_read_back_in_their_order() {
        let policies = [TerminationPolicy::OldestInstance, TerminationPolicy::Default];
        assert_eq!(from_policies(&to_policies(&policies)), policies);
        assert!(POLICIES.iter().all(|(policy, _)| from_policies(&to_policies(&[*policy])) == [*policy]));
    }
}
