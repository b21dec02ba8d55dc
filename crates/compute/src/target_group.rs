//! Target group: the servers among which a load balancer chooses, and how it knows that they are healthy.

use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_netlayer::Vpc;
use serde::{Deserialize, Serialize};

use crate::check::{number, part};

/// Desired settings of a target group for HTTP and HTTPS. AWS knows it by a name derived from its address.
///
/// Its targets are registered by the auto scaling groups that name it.
///
/// API: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct TargetGroup<R: Region> {
    /// VPC of the targets. A change replaces the target group.
    #[builder(into)]
    pub vpc: Ref<Vpc<R>>,
    /// Port on which targets listen, 1 to 65535. A change replaces the target group.
    pub port: u16,
    /// Protocol between load balancer and targets; default HTTP. A change replaces the target group.
    #[builder(default)]
    pub protocol: TargetProtocol,
    /// Version of HTTP between load balancer and targets; default HTTP/1.1. A change replaces the target group.
    #[builder(default)]
    pub protocol_version: ProtocolVersion,
    /// What a target is; default an instance. A change replaces the target group.
    #[builder(default)]
    pub target_type: TargetType,
    /// How the load balancer finds out which targets can serve; default `GET /` answered by 200. A change
    /// updates the target group.
    #[builder(default)]
    pub health_check: TargetHealthCheck,
    /// Seconds that a leaving target has to finish its requests, 0 to 3600; default 300. A change updates the
    /// target group.
    #[builder(default = 300)]
    pub deregistration_delay_seconds: u32,
    /// Seconds in which a new target's share of requests grows to the full, 30 to 900; default 0: at once. A
    /// change updates the target group.
    #[builder(default)]
    pub slow_start_seconds: u32,
    /// How a target is chosen; default in turn. A change updates the target group.
    #[builder(default)]
    pub load_balancing_algorithm: LoadBalancingAlgorithm,
    /// Whether a client stays with its target; default not. A change updates the target group.
    #[builder(default)]
    pub stickiness: Stickiness,
}

/// Protocol between load balancer and targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TargetProtocol {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTPS; the load balancer accepts any certificate of the target.
    Https,
}

/// Version of HTTP between load balancer and targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProtocolVersion {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
    /// gRPC: HTTP/2 with health checks by gRPC status.
    Grpc,
}

/// What a target is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetType {
    /// An EC2 instance, as auto scaling groups register them.
    #[default]
    Instance,
    /// An IP address inside the VPC or reachable from it.
    Ip,
}

/// How a load balancer finds out which targets can serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct TargetHealthCheck {
    /// Path that is asked for, with query; default `/`.
    #[builder(into, default = "/".to_owned())]
    pub path: String,
    /// Protocol of the question; default HTTP.
    #[builder(default)]
    pub protocol: TargetProtocol,
    /// Port that is asked; default the port on which the target gets its traffic.
    #[builder(default)]
    pub port: HealthCheckPort,
    /// Status codes of a healthy answer: `200`, `200-299`, `200,202`; gRPC codes for gRPC. Default `200`.
    #[builder(into, default = "200".to_owned())]
    pub matcher: String,
    /// Seconds between two questions to one target, 5 to 300; default 30.
    #[builder(default = 30)]
    pub interval_seconds: u32,
    /// Seconds that an answer may take, 2 to 120, less than the interval; default 5.
    #[builder(default = 5)]
    pub timeout_seconds: u32,
    /// Good answers in a row after which a target is healthy, 2 to 10; default 5.
    #[builder(default = 5)]
    pub healthy_threshold: u32,
    /// Bad answers in a row after which a target is unhealthy, 2 to 10; default 2.
    #[builder(default = 2)]
    pub unhealthy_threshold: u32,
}

impl Default for TargetHealthCheck {
    fn default() -> Self {
        Self::builder().build()
    }
}

/// Port that a health check asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthCheckPort {
    /// The port on which the target gets its traffic.
    #[default]
    TrafficPort,
    /// A port of its own.
    Port(u16),
}

/// How a load balancer chooses a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadBalancingAlgorithm {
    /// One after the other.
    #[default]
    RoundRobin,
    /// The one with the fewest requests in flight.
    LeastOutstandingRequests,
    /// Any, by weight.
    WeightedRandom,
}

/// Whether a client stays with its target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stickiness {
    /// Each request goes where the algorithm says.
    #[default]
    Off,
    /// By a cookie of the load balancer, for so many seconds, 1 to 604800.
    LoadBalancerCookie {
        /// Seconds that it lasts.
        duration_seconds: u32,
    },
    /// By a cookie that the application sets.
    ApplicationCookie {
        /// Name of the cookie; `AWSALB`, `AWSALBAPP` and `AWSALBTG` are taken.
        name: String,
        /// Seconds that it lasts, 1 to 604800.
        duration_seconds: u32,
    },
}

/// What AWS reports of a target group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroupAttributes {
    /// Its ARN, by which the API names it.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// Name derived from the address, at most 32 characters.
    pub name: String,
    /// The end of the ARN, by which CloudWatch and scaling policies name it: `targetgroup/web-1a2b/943f017f100becff`.
    pub arn_suffix: String,
}

impl<R: Region> TargetGroup<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Name that AWS knows it by.
    pub const NAME: Attribute<Self> = Attribute::new("name");
    /// The end of the ARN: dimension `TargetGroup` of its CloudWatch metrics.
    pub const ARN_SUFFIX: Attribute<Self> = Attribute::new("arn_suffix");
}

impl<R: Region> Resource for TargetGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("vpc"),
        Field::replaces("port"),
        Field::replaces("protocol"),
        Field::replaces("protocol_version"),
        Field::replaces("target_type"),
        Field::updates("health_check"),
        Field::updates("deregistration_delay_seconds"),
        Field::updates("slow_start_seconds"),
        Field::updates("load_balancing_algorithm"),
        Field::updates("stickiness"),
    ],
    attributes: &[
        Reported::stable("id", "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name:32}/{hex:16}"),
        Reported::stable("arn", "{attribute.id}"),
        Reported::stable("name", "{name:32}"),
        Reported::stable("arn_suffix", "targetgroup/{name:32}/{hex:16}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &[
            "elasticloadbalancing:CreateTargetGroup",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
        ],
        read: &[
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTags",
        ],
        update: &[
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:RemoveTags",
        ],
        delete: &["elasticloadbalancing:DeleteTargetGroup"],
    },
    timing: "aws_lb_target_group",
    check,
    ..Kind::of::<TargetGroup<AnyRegion>>("elasticloadbalancing.target_group")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let known = |field: &str, path: &[&str]| part(site.own.fields.get(field), path);
    if number(site, "port") == Some(0) {
        problems.push("`port` is 0; use 1 to 65535".to_owned());
    }
    let check: Option<TargetHealthCheck> =
        known("health_check", &[]).and_then(|check| serde_json::from_value(check).ok());
    problems.extend(check.iter().flat_map(health_check_problems));
    if number(site, "deregistration_delay_seconds").is_some_and(|seconds| seconds > 3600) {
        problems.push("`deregistration_delay_seconds` is more than 3600".to_owned());
    }
    let slow_start = number(site, "slow_start_seconds").unwrap_or_default();
    if slow_start != 0 && !(30..=900).contains(&slow_start) {
        problems.push("`slow_start_seconds` is neither 0 nor within 30 to 900".to_owned());
    }
    let algorithm = known("load_balancing_algorithm", &[]);
    if slow_start != 0 && algorithm.is_some_and(|algorithm| algorithm != "round_robin") {
        problems
            .push("`slow_start_seconds` works with the algorithm `round_robin` only; set one of them back".to_owned());
    }
    for path in [["load_balancer_cookie", "duration_seconds"], ["application_cookie", "duration_seconds"]] {
        let seconds = known("stickiness", &path).and_then(|seconds| seconds.as_u64());
        if seconds.is_some_and(|seconds| !(1..=604_800).contains(&seconds)) {
            problems.push("`stickiness` lasts for less than a second or more than a week (604800 s)".to_owned());
        }
    }
    if let Some(name) = known("stickiness", &["application_cookie", "name"])
        && let Some(name) = name.as_str()
        && (name.is_empty() || name.starts_with("AWSALB"))
    {
        problems.push(format!("`stickiness` names the cookie `{name}`; AWS keeps names that start with `AWSALB`"));
    }
    problems
}

fn health_check_problems(check: &TargetHealthCheck) -> Vec<String> {
    let mut problems = Vec::new();
    let mut range = |field: &str, value: u32, range: std::ops::RangeInclusive<u32>| {
        if !range.contains(&value) {
            let (first, last) = range.into_inner();
            problems.push(format!("`health_check.{field}` is {value}; use {first} to {last}"));
        }
    };
    range("interval_seconds", check.interval_seconds, 5..=300);
    range("timeout_seconds", check.timeout_seconds, 2..=120);
    range("healthy_threshold", check.healthy_threshold, 2..=10);
    range("unhealthy_threshold", check.unhealthy_threshold, 2..=10);
    if check.timeout_seconds >= check.interval_seconds {
        problems.push("`health_check.timeout_seconds` is not less than `interval_seconds`".to_owned());
    }
    if !check.path.starts_with('/') {
        problems.push(format!("`health_check.path` is `{}`; start it with `/`", check.path));
    }
    problems
}
