//! Auto scaling group: keeps as many instances of a launch template as demand needs, over availability zones.

use landfall_core::{
    AnyRegion, Attribute, Handle, Input, Kind, Ref, Region, Resource,
    check::Site,
    expr::Expr,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_netlayer::Subnet;
use serde::{Deserialize, Serialize};

use crate::{
    check::{items, members, number, one_vpc, part, targets_of},
    launch_template::LaunchTemplate,
    target_group::TargetGroup,
};

/// Desired settings of an auto scaling group. AWS knows it by a name derived from its address.
///
/// Its tags go to its instances too. Deleting it terminates them.
///
/// API: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct AutoScalingGroup<R: Region> {
    /// What instances are made from: a handle stands for the template's current version. A change updates the group
    /// in the way that `instance_refresh` says.
    #[builder(into)]
    pub launch_template: LaunchTemplateVersion<R>,
    /// Subnets for the instances, which spread evenly over their zones. A change updates the group.
    #[builder(with = |subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>| {
        subnets.into_iter().map(Into::into).collect()
    })]
    pub subnets: Vec<Ref<Subnet<R>>>,
    /// Target groups in which the instances are registered; default none. A change updates the group.
    #[builder(default, with = |groups: impl IntoIterator<Item = impl Into<Ref<TargetGroup<R>>>>| {
        groups.into_iter().map(Into::into).collect()
    })]
    pub target_groups: Vec<Ref<TargetGroup<R>>>,
    /// Fewest instances. A change updates the group.
    pub min_size: u32,
    /// Most instances. A change updates the group.
    pub max_size: u32,
    /// Instances wanted now; `None` leaves that to scaling policies, starting with the fewest. A change updates the
    /// group.
    pub desired_capacity: Option<u32>,
    /// By what an instance is replaced as unhealthy; default also by the load balancer. A change updates the group.
    #[builder(default)]
    pub health_check_type: HealthCheckType,
    /// Seconds in which a new instance is not judged yet; default 300. A change updates the group.
    #[builder(default = 300)]
    pub health_check_grace_period_seconds: u32,
    /// Seconds until a new instance counts in the metrics by which the group scales and in an instance refresh;
    /// `None`: as AWS does, the grace period or each policy's own. A change updates the group.
    pub default_instance_warmup_seconds: Option<u32>,
    /// Which instance goes first when the group shrinks; default AWS's own order. A change updates the group.
    #[builder(default = vec![TerminationPolicy::Default], with = FromIterator::from_iter)]
    pub termination_policies: Vec<TerminationPolicy>,
    /// Whether CloudWatch gets the group's own metrics (sizes, instances by state), which cost nothing; default
    /// true. A change updates the group.
    #[builder(default = true)]
    pub metrics_collection: bool,
    /// What happens to running instances when the launch template changes; default they are replaced in turn. AWS
    /// does not keep it; a change alone does nothing.
    #[builder(default)]
    #[serde(default)]
    pub instance_refresh: InstanceRefresh,
    /// Whether a create or an update waits until as many instances as wanted are in service in the group; default
    /// true. They count once EC2 has started them: whether they answer the load balancer is seen
    /// only after the grace period. AWS does not keep it; a change alone does nothing.
    #[builder(default = true)]
    #[serde(default = "yes")]
    pub wait_for_capacity: bool,
}

fn yes() -> bool {
    true
}

/// A launch template and the version of it that a group uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct LaunchTemplateVersion<R: Region> {
    /// The template.
    pub template: Ref<LaunchTemplate<R>>,
    /// Number of the version. A number instead of `$Latest` lets a plan see that instances have to be replaced.
    pub version: Input<String>,
}

impl<R: Region> From<Handle<LaunchTemplate<R>>> for LaunchTemplateVersion<R> {
    fn from(template: Handle<LaunchTemplate<R>>) -> Self {
        Self { template: template.into(), version: template.get(LaunchTemplate::DEFAULT_VERSION) }
    }
}

/// By what an instance is replaced as unhealthy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HealthCheckType {
    /// By EC2's status checks alone.
    Ec2,
    /// Also by the health checks of its target groups.
    #[default]
    Elb,
}

/// Which instance goes first when a group shrinks. The zone with the most instances is chosen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminationPolicy {
    /// Those of the oldest template version first, then the one closest to its next billing hour.
    Default,
    /// One of the oldest template version.
    OldestLaunchTemplate,
    /// The oldest.
    OldestInstance,
    /// The newest.
    NewestInstance,
    /// One closest to its next billing hour.
    ClosestToNextInstanceHour,
    /// One that brings the group closer to its allocation strategy.
    AllocationStrategy,
}

/// What happens to running instances when the launch template changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceRefresh {
    /// They are replaced in turn; the update ends when all are, and fails when AWS gives up.
    Rolling(RefreshPreferences),
    /// They stay; only new ones are made from the new version.
    Off,
}

impl Default for InstanceRefresh {
    fn default() -> Self {
        Self::Rolling(RefreshPreferences::default())
    }
}

/// How instances are replaced in turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct RefreshPreferences {
    /// Least share of the wanted instances that serves all the time, 0 to 100; default 100.
    #[builder(default = 100)]
    pub min_healthy_percentage: u8,
    /// Greatest share, 100 to 200, at most 100 above the least; default 110: at least one new instance starts
    /// before an old one goes.
    #[builder(default = 110)]
    pub max_healthy_percentage: u8,
    /// Seconds until a new instance counts as ready; `None`: the group's `default_instance_warmup_seconds`.
    pub instance_warmup_seconds: Option<u32>,
    /// Whether AWS goes back to the old version when the refresh fails; default false. Not with an image by
    /// parameter, which AWS can't go back to.
    #[builder(default)]
    pub auto_rollback: bool,
}

impl Default for RefreshPreferences {
    fn default() -> Self {
        Self::builder().build()
    }
}

/// What AWS reports of an auto scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoScalingGroupAttributes {
    /// Its name, derived from the address, by which the API and CloudWatch name it.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// The name once more.
    pub name: String,
}

impl<R: Region> AutoScalingGroup<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Its name: dimension `AutoScalingGroupName` of CloudWatch metrics.
    pub const NAME: Attribute<Self> = Attribute::new("name");
}

impl<R: Region> Resource for AutoScalingGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("launch_template"),
        Field::updates("subnets").set(),
        Field::updates("target_groups").set(),
        Field::updates("min_size"),
        Field::updates("max_size"),
        Field::updates("desired_capacity"),
        Field::updates("health_check_type"),
        Field::updates("health_check_grace_period_seconds"),
        Field::updates("default_instance_warmup_seconds"),
        Field::updates("termination_policies"),
        Field::updates("metrics_collection"),
        Field::updates("instance_refresh").write_only(),
        Field::updates("wait_for_capacity").write_only(),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable(
            "arn",
            "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}:autoScalingGroupName/{name}",
        ),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &[
            "autoscaling:CreateAutoScalingGroup",
            "autoscaling:CreateOrUpdateTags",
            "autoscaling:EnableMetricsCollection",
            "autoscaling:DescribeScalingActivities",
            "ec2:RunInstances",
            "ec2:CreateTags",
            "iam:CreateServiceLinkedRole",
            "iam:PassRole",
            "ssm:GetParameters",
        ],
        read: &["autoscaling:DescribeAutoScalingGroups"],
        update: &[
            "autoscaling:UpdateAutoScalingGroup",
            "autoscaling:AttachLoadBalancerTargetGroups",
            "autoscaling:DetachLoadBalancerTargetGroups",
            "autoscaling:EnableMetricsCollection",
            "autoscaling:DisableMetricsCollection",
            "autoscaling:DescribeInstanceRefreshes",
            "autoscaling:StartInstanceRefresh",
            "autoscaling:CancelInstanceRefresh",
            "autoscaling:DescribeScalingActivities",
            "autoscaling:CreateOrUpdateTags",
            "autoscaling:DeleteTags",
            "ec2:RunInstances",
            "ec2:CreateTags",
            "iam:PassRole",
            "ssm:GetParameters",
        ],
        delete: &["autoscaling:DeleteAutoScalingGroup", "ec2:DescribeInstances"],
    },
    timing: "aws_autoscaling_group",
    check,
    ..Kind::of::<AutoScalingGroup<AnyRegion>>("autoscaling.group")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let (min, max) = (number(site, "min_size"), number(site, "max_size"));
    if let (Some(min), Some(max)) = (min, max) {
        if min > max {
            problems.push(format!("`min_size` {min} is more than `max_size` {max}"));
        } else if let Some(desired) = number(site, "desired_capacity")
            && !(min..=max).contains(&desired)
        {
            problems.push(format!("`desired_capacity` {desired} is outside {min} to {max}, the sizes of the group"));
        }
    }
    let field = |name: &str| site.own.fields.get(name);
    if items(field("subnets"), &[]).is_some_and(<[Expr]>::is_empty) {
        problems.push("`subnets` is empty; name one per availability zone".to_owned());
    }
    if items(field("termination_policies"), &[]).is_some_and(<[Expr]>::is_empty) {
        problems.push("`termination_policies` is empty; leave it out for AWS's own order".to_owned());
    }
    let attached = items(field("target_groups"), &[]).is_some_and(|groups| !groups.is_empty());
    if !attached && site.known("health_check_type").is_some_and(|kind| kind == "ELB") {
        problems.push("`health_check_type` is ELB without `target_groups`; use EC2, or name target groups".to_owned());
    }
    let groups = site.targets("launch_template").into_iter().flat_map(|it| targets_of(site, it, "security_groups"));
    let groups: Vec<_> = groups.map(|group| ("launch_template", group)).collect();
    problems.extend(one_vpc(&[members(site, "subnets"), members(site, "target_groups"), groups].concat()));
    let preferences = part(field("instance_refresh"), &["rolling"]);
    let preferences: Option<RefreshPreferences> = preferences.and_then(|value| serde_json::from_value(value).ok());
    if let Some(preferences) = preferences {
        problems.extend(refresh_problems(&preferences, site));
    }
    problems
}

fn refresh_problems(preferences: &RefreshPreferences, site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let (min, max) = (preferences.min_healthy_percentage, preferences.max_healthy_percentage);
    if min > 100 || !(100..=200).contains(&max) || max - min > 100 {
        problems.push(format!(
            "`instance_refresh` keeps {min} % to {max} % healthy; AWS takes 0 to 100 and 100 to 200, at most 100 apart"
        ));
    } else if min == 100 && max == 100 {
        problems.push("`instance_refresh` keeps exactly 100 % healthy, so that no instance can go; lower one end or raise the other".to_owned());
    }
    let templates = site.targets("launch_template");
    let by_parameter = templates.iter().any(|template| {
        let image = template.fields.get("image");
        part(image, &["ssm_parameter"]).is_some()
    });
    if preferences.auto_rollback && by_parameter {
        problems.push(
            "`instance_refresh.auto_rollback` does not work with an image by parameter; AWS can't go back to it"
                .to_owned(),
        );
    }
    problems
}
