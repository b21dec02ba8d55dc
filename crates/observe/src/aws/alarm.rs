//! Alarms on Amazon CloudWatch.

use async_trait::async_trait;
use aws_sdk_cloudwatch::{
    Client,
    operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder,
    types::{ComparisonOperator, Dimension, MetricAlarm as Reply, Statistic as ReplyStatistic},
};
use landfall_aws::{absent_is_done, fault};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, Input, Live, TypedProvider};

use super::{
    CloudWatch,
    cloudwatch::{read_tags, sdk_tags, update_tags},
};
use crate::{
    alarm::{Alarm, AlarmAttributes, Comparison, MissingData},
    metric::{Metric, Statistic},
};

pub(super) struct Provider(pub(super) CloudWatch);

type LiveAlarm = Live<Alarm<AnyRegion>, AlarmAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Alarm<AnyRegion>;
    type Attributes = AlarmAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveAlarm>, Fault> {
        let client = self.0.of(cx);
        let Some(reply) = describe(&client, id).await? else { return Ok(None) };
        let attributes = attributes(&reply)?;
        let Some(tags) = read_tags(&client, &attributes.arn).await? else { return Ok(None) };
        Ok(Some(Live { resource: resource(reply)?, attributes, tags }))
    }

    async fn find(&self, cx: &Context, _want: &Alarm<AnyRegion>) -> Result<Option<LiveAlarm>, Fault> {
        self.read(cx, &name(cx)).await
    }

    /// Repeatable: a second put under the same name changes the first alarm.
    async fn create(&self, cx: &Context, want: &Alarm<AnyRegion>) -> Result<AlarmAttributes, Fault> {
        let client = self.0.of(cx);
        let name = name(cx);
        let call = put(&client, &name, want).set_tags(Some(sdk_tags(cx.all_tags())));
        call.send().await.map_err(fault("cloudwatch:PutMetricAlarm"))?;
        // The answer is empty, and the ARN holds the account.
        let reply = describe(&client, &name).await?;
        attributes(&reply.ok_or_else(|| Fault::not_yet("cloudwatch:DescribeAlarms", "the alarm is not visible yet"))?)
    }

    async fn update(&self, cx: &Context, want: &Alarm<AnyRegion>, have: &LiveAlarm) -> Result<AlarmAttributes, Fault> {
        let client = self.0.of(cx);
        if *want != have.resource {
            put(&client, &have.attributes.id, want).send().await.map_err(fault("cloudwatch:PutMetricAlarm"))?;
        }
        update_tags(&client, cx, &have.attributes.arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveAlarm) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_alarms().alarm_names(&have.attributes.id).send().await;
        absent_is_done("cloudwatch:DeleteAlarms", reply)
    }
}

/// Names of alarms have at most 255 characters.
fn name(cx: &Context) -> String {
    cx.physical_name(255)
}

fn put(client: &Client, name: &str, want: &Alarm<AnyRegion>) -> PutMetricAlarmFluentBuilder {
    let dimensions = want.metric.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| Dimension::builder().name(name).value(value.value()).build());
    let topics = |topics: &[ArnRef<_>]| Some(topics.iter().map(|topic| topic.id().to_owned()).collect());
    let call = client
        .put_metric_alarm()
        .alarm_name(name)
        .set_alarm_description(want.description.clone())
        .namespace(&want.metric.namespace)
        .metric_name(&want.metric.name)
        .set_dimensions(Some(dimensions.collect()))
        .period(integer(want.metric.period_seconds))
        .comparison_operator(ComparisonOperator::from(want.comparison.as_str()))
        .threshold(want.threshold)
        .evaluation_periods(integer(want.evaluation_periods))
        .set_datapoints_to_alarm(want.datapoints_to_alarm.map(integer))
        .treat_missing_data(want.treat_missing_data.as_str())
        .actions_enabled(true)
        .set_alarm_actions(topics(&want.alarm_actions))
        .set_ok_actions(topics(&want.ok_actions));
    match want.metric.statistic {
        Statistic::Percentile(_) => call.extended_statistic(want.metric.statistic.to_string()),
        plain => call.statistic(ReplyStatistic::from(plain.to_string().as_str())),
    }
}

/// A count as the API takes it; one that is too large is refused by the API, not cut.
fn integer(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

async fn describe(client: &Client, name: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_alarms().alarm_names(name).send().await.map_err(fault("cloudwatch:DescribeAlarms"))?;
    Ok(reply.metric_alarms.unwrap_or_default().into_iter().next())
}

fn attributes(reply: &Reply) -> Result<AlarmAttributes, Fault> {
    let missing = |what| Fault::incomplete("cloudwatch:DescribeAlarms", what);
    Ok(AlarmAttributes {
        id: reply.alarm_name().ok_or_else(|| missing("AlarmName"))?.to_owned(),
        arn: reply.alarm_arn().ok_or_else(|| missing("AlarmArn"))?.to_owned(),
    })
}

fn resource(reply: Reply) -> Result<Alarm<AnyRegion>, Fault> {
    let missing = |what| Fault::incomplete("cloudwatch:DescribeAlarms", what);
    let count = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    let statistic = reply.extended_statistic().or(reply.statistic().map(ReplyStatistic::as_str));
    let dimensions = reply.dimensions().iter();
    let dimensions = dimensions.filter_map(|it| Some((it.name()?.to_owned(), Input::from(it.value()?.to_owned()))));
    let metric = Metric {
        dimensions: dimensions.collect(),
        statistic: statistic.and_then(|text| text.parse().ok()).ok_or_else(|| missing("known Statistic"))?,
        period_seconds: count(reply.period).ok_or_else(|| missing("Period"))?,
        namespace: reply.namespace.ok_or_else(|| missing("Namespace"))?,
        name: reply.metric_name.ok_or_else(|| missing("MetricName"))?,
    };
    let comparisons = [
        Comparison::GreaterThanThreshold,
        Comparison::GreaterThanOrEqualToThreshold,
        Comparison::LessThanThreshold,
        Comparison::LessThanOrEqualToThreshold,
    ];
    let operator = reply.comparison_operator.as_ref().map(ComparisonOperator::as_str);
    let missing_data = [MissingData::Missing, MissingData::Breaching, MissingData::NotBreaching, MissingData::Ignore];
    let treat_missing_data = match reply.treat_missing_data.as_deref() {
        None => MissingData::Missing,
        Some(text) => missing_data
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| missing("known TreatMissingData"))?,
    };
    // Actions that somebody switched off are none: they show as drift, and the next put switches them on again.
    let on = reply.actions_enabled.unwrap_or(true);
    let topics =
        |arns: Option<Vec<String>>| arns.filter(|_| on).unwrap_or_default().into_iter().map(ArnRef::existing).collect();
    Ok(Alarm {
        description: reply.alarm_description,
        metric,
        comparison: comparisons
            .into_iter()
            .find(|known| Some(known.as_str()) == operator)
            .ok_or_else(|| missing("known ComparisonOperator"))?,
        threshold: reply.threshold.ok_or_else(|| missing("Threshold"))?,
        evaluation_periods: count(reply.evaluation_periods).ok_or_else(|| missing("EvaluationPeriods"))?,
        datapoints_to_alarm: count(reply.datapoints_to_alarm),
        treat_missing_data,
        alarm_actions: topics(reply.alarm_actions),
        ok_actions: topics(reply.ok_actions),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(actions_enabled: bool) -> Reply {
        Reply::builder()
            .alarm_name("requests")
            .namespace("AWS/ApplicationELB")
            .metric_name("RequestCount")
            .statistic(ReplyStatistic::Sum)
            .period(60)
            .threshold(1.0)
            .evaluation_periods(3)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .actions_enabled(actions_enabled)
            .alarm_actions("arn:aws:sns:ap-south-1:1:alerts")
            .build()
    }

    #[test]
    fn an_alarm_that_was_silenced_by_hand_is_drift() {
        let topics = |on| resource(reply(on)).map(|alarm| alarm.alarm_actions.len());
        assert_eq!(topics(true), Ok(1));
        assert_eq!(topics(false), Ok(0));
    }
}
