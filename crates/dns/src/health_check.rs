//! Amazon Route 53 health check: what DNS failover decides by.

mod check;
mod probe;

use landfall_core::{
    Attribute, Global, Kind, Resource,
    kind::{Actions, Field, Identity, Reach, Reported},
};
use serde::{Deserialize, Serialize};

pub use probe::{
    AlarmProbe, CalculatedProbe, CheckerRegion, EndpointProbe, InsufficientDataHealthStatus, Probe, TextProbe,
};

/// Desired settings of a health check.
///
/// Metrics of health checks are in `us-east-1`, wherever the endpoint is.
///
/// API: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHealthCheck.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct HealthCheck {
    /// What is looked at, and how.
    #[builder(start_fn, into)]
    #[serde(flatten)]
    pub probe: Probe,
    /// Whether healthy counts as unhealthy and the other way round; default false. A change updates the check.
    #[builder(default)]
    pub inverted: bool,
    /// Whether it counts as healthy without a look; default false. A change updates the check.
    #[builder(default)]
    pub disabled: bool,
}

/// What AWS reports of a health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheckAttributes {
    /// A UUID, also the dimension `HealthCheckId` of its metrics.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl HealthCheck {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl Resource for HealthCheck {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("type"),
        Field::updates("fully_qualified_domain_name").reach(Reach::Anywhere),
        Field::updates("port"),
        Field::updates("resource_path"),
        Field::updates("search_string"),
        Field::updates("enable_sni"),
        Field::replaces("request_interval_seconds"),
        Field::updates("failure_threshold"),
        Field::replaces("measure_latency"),
        Field::updates("regions").set(),
        Field::updates("child_health_checks").set(),
        Field::updates("health_threshold"),
        Field::updates("alarm_name").reach(Reach::Anywhere),
        Field::updates("alarm_region"),
        Field::updates("insufficient_data_health_status"),
        Field::updates("inverted"),
        Field::updates("disabled"),
    ],
    attributes: &[
        Reported::stable("id", "{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}"),
        Reported::stable("arn", "arn:aws:route53:::healthcheck/{attribute.id}"),
    ],
    identity: Identity::CallerReference,
    taggable: true,
    actions: Actions {
        create: &[
            "route53:CreateHealthCheck",
            "route53:ChangeTagsForResource",
            "route53:ListHealthChecks",
            "route53:GetHealthCheck",
            "route53:ListTagsForResource",
            "cloudwatch:DescribeAlarms",
        ],
        read: &["route53:GetHealthCheck", "route53:ListTagsForResource"],
        update: &["route53:UpdateHealthCheck", "route53:ChangeTagsForResource", "cloudwatch:DescribeAlarms"],
        delete: &["route53:DeleteHealthCheck"],
    },
    timing: "aws_route53_health_check",
    check: check::check,
    ..Kind::of::<HealthCheck>("route53.health_check")
};
