//! Amazon CloudWatch alarm: tells people when a metric leaves its bounds.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::{metric::Metric, topic::Topic};

/// Desired settings of an alarm. Its name is derived from the topology; every change updates it in place.
///
/// API: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Alarm<R: Region> {
    /// What the alarm means and what to do then; who is called at night reads it.
    #[builder(into)]
    pub description: Option<String>,
    /// What is watched.
    pub metric: Metric,
    /// On which side of the threshold it alarms.
    pub comparison: Comparison,
    /// The bound, in the metric's unit.
    pub threshold: f64,
    /// How many periods are looked at; default 3.
    #[builder(default = 3)]
    pub evaluation_periods: u32,
    /// How many of them must be beyond the threshold; all of them when absent.
    pub datapoints_to_alarm: Option<u32>,
    /// What a period without data means; default [`MissingData::Missing`].
    #[builder(default)]
    pub treat_missing_data: MissingData,
    /// Topics that hear when the alarm goes off.
    #[builder(default, with = |topics: impl IntoIterator<Item = impl Into<ArnRef<Topic<R>>>>| {
        topics.into_iter().map(Into::into).collect()
    })]
    pub alarm_actions: Vec<ArnRef<Topic<R>>>,
    /// Topics that hear when it is over.
    #[builder(default, with = |topics: impl IntoIterator<Item = impl Into<ArnRef<Topic<R>>>>| {
        topics.into_iter().map(Into::into).collect()
    })]
    pub ok_actions: Vec<ArnRef<Topic<R>>>,
}

/// On which side of the threshold an alarm goes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Above.
    GreaterThanThreshold,
    /// Above or equal.
    GreaterThanOrEqualToThreshold,
    /// Below.
    LessThanThreshold,
    /// Below or equal.
    LessThanOrEqualToThreshold,
}

impl Comparison {
    /// The comparison as the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GreaterThanThreshold => "GreaterThanThreshold",
            Self::GreaterThanOrEqualToThreshold => "GreaterThanOrEqualToThreshold",
            Self::LessThanThreshold => "LessThanThreshold",
            Self::LessThanOrEqualToThreshold => "LessThanOrEqualToThreshold",
        }
    }
}

/// What a period without data means to an alarm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingData {
    /// Too little to say: the alarm has insufficient data.
    #[default]
    Missing,
    /// Bad: for things that must report, such as health checks.
    Breaching,
    /// Good: for things that report only when something happens, such as errors.
    NotBreaching,
    /// The alarm stays as it is.
    Ignore,
}

impl MissingData {
    /// The choice as the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
            Self::Ignore => "ignore",
        }
    }
}

/// What AWS reports of an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmAttributes {
    /// Derived name: by it the API names an alarm.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> Alarm<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for Alarm<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("description"),
        Field::updates("metric"),
        Field::updates("comparison"),
        Field::updates("threshold"),
        Field::updates("evaluation_periods"),
        Field::updates("datapoints_to_alarm"),
        Field::updates("treat_missing_data"),
        Field::updates("alarm_actions").set(),
        Field::updates("ok_actions").set(),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"],
        read: &["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
        update: &["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"],
        delete: &["cloudwatch:DeleteAlarms"],
    },
    timing: "aws_cloudwatch_metric_alarm",
    check,
    ..Kind::of::<Alarm<AnyRegion>>("cloudwatch.alarm")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let number = |field: &str| site.known(field).and_then(|value| value.as_u64());
    if let (Some(of), Some(needed)) = (number("evaluation_periods"), number("datapoints_to_alarm"))
        && (needed == 0 || needed > of)
    {
        problems.push(format!("`datapoints_to_alarm` is {needed}; use 1 to {of}, the `evaluation_periods`"));
    }
    let landfall_core::expr::Expr::Map(metric) = &site.own.fields["metric"] else { return problems };
    let known = |name: &str| metric.get(name).and_then(landfall_core::expr::Expr::known);
    if let Some(period) = known("period_seconds").and_then(|period| period.as_u64())
        && !(period == 10 || period == 30 || (period > 0 && period % 60 == 0))
    {
        problems.push(format!("`metric.period_seconds` is {period}; use 10, 30 or a multiple of 60"));
    }
    let global = ["AWS/CloudFront", "AWS/Route53"];
    if let Some(namespace) = known("namespace").and_then(|name| name.as_str().map(str::to_owned))
        && global.contains(&namespace.as_str())
        && site.own.place.as_str() != "us-east-1"
    {
        problems.push(format!(
            "AWS publishes the metrics of {namespace} in us-east-1 only, and an alarm in {} never sees them; \
             declare it in us-east-1",
            site.own.place
        ));
    }
    problems
}
