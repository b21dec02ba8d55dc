//! Flow logs on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{
        Filter, FlowLog as Reply, FlowLogsResourceType, ResourceType, Tag, TagSpecification,
        TrafficType as ReplyTraffic,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Live, Ref, TypedProvider, tags};

use super::Ec2;
use crate::flow_log::{AggregationInterval, FlowLog, FlowLogAttributes, TrafficType};

pub(super) struct Provider(pub(super) Ec2);

type LiveFlowLog = Live<FlowLog<AnyRegion>, FlowLogAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = FlowLog<AnyRegion>;
    type Attributes = FlowLogAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveFlowLog>, Fault> {
        let reply = self.0.of(cx).describe_flow_logs().flow_log_ids(id).send().await;
        let reply = found("ec2:DescribeFlowLogs", reply)?;
        reply.and_then(|reply| reply.flow_logs.unwrap_or_default().into_iter().next()).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &FlowLog<AnyRegion>) -> Result<Option<LiveFlowLog>, Fault> {
        let filter = Filter::builder().name(format!("tag:{}", tags::TOKEN)).values(cx.token.to_string()).build();
        let reply = self.0.of(cx).describe_flow_logs().filter(filter).send().await;
        let reply = reply.map_err(fault("ec2:DescribeFlowLogs"))?;
        reply.flow_logs.unwrap_or_default().into_iter().next().map(live).transpose()
    }

    async fn create(&self, cx: &Context, want: &FlowLog<AnyRegion>) -> Result<FlowLogAttributes, Fault> {
        let tags = cx.all_tags().into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let tags = TagSpecification::builder().resource_type(ResourceType::VpcFlowLog).set_tags(Some(tags)).build();
        let reply = self
            .0
            .of(cx)
            .create_flow_logs()
            .client_token(cx.token.to_string())
            .resource_type(FlowLogsResourceType::Vpc)
            .resource_ids(want.vpc.id())
            .traffic_type(traffic(want.traffic_type))
            .log_group_name(want.log_group.id())
            .deliver_logs_permission_arn(want.role.id())
            .max_aggregation_interval(want.max_aggregation_interval.seconds())
            .tag_specifications(tags)
            .send()
            .await
            .map_err(fault("ec2:CreateFlowLogs"))?;
        // The call succeeds as a whole even when it made no flow log; what went wrong stands in the answer.
        if let Some(error) = reply.unsuccessful().first().and_then(|item| item.error()) {
            return Err(unsuccessful(error.code().unwrap_or_default(), error.message().unwrap_or_default()));
        }
        let id = reply.flow_log_ids().first().ok_or_else(|| Fault::incomplete("ec2:CreateFlowLogs", "flowLogIds"))?;
        Ok(FlowLogAttributes { id: id.clone() })
    }

    async fn update(
        &self,
        cx: &Context,
        _want: &FlowLog<AnyRegion>,
        have: &LiveFlowLog,
    ) -> Result<FlowLogAttributes, Fault> {
        update_tags(&self.0.of(cx), cx, have).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveFlowLog) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_flow_logs().flow_log_ids(&have.attributes.id).send().await;
        absent_is_done("ec2:DeleteFlowLogs", reply)
    }
}

/// The fault of a flow log that was not made. What it needs may have been made a moment ago, the role above all.
fn unsuccessful(code: &str, message: &str) -> Fault {
    let passes = code.contains("NotFound") || message.contains("Unable to assume");
    let kind = match code {
        _ if passes => FaultKind::NotYet,
        "FlowLogAlreadyExists" => FaultKind::Taken,
        _ => FaultKind::Invalid,
    };
    Fault::new(kind, "ec2:CreateFlowLogs", format!("{code}: {message}"))
}

async fn update_tags(client: &Client, cx: &Context, have: &LiveFlowLog) -> Result<(), Fault> {
    let changes = cx.tag_changes(&have.tags);
    let id = &have.attributes.id;
    if !changes.remove.is_empty() {
        let keys = changes.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
        let call = client.delete_tags().resources(id).set_tags(Some(keys));
        call.send().await.map_err(fault("ec2:DeleteTags"))?;
    }
    if !changes.set.is_empty() {
        let tags = changes.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let call = client.create_tags().resources(id).set_tags(Some(tags));
        call.send().await.map_err(fault("ec2:CreateTags"))?;
    }
    Ok(())
}

fn traffic(traffic: TrafficType) -> ReplyTraffic {
    match traffic {
        TrafficType::Accept => ReplyTraffic::Accept,
        TrafficType::Reject => ReplyTraffic::Reject,
        TrafficType::All => ReplyTraffic::All,
    }
}

fn live(reply: Reply) -> Result<LiveFlowLog, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeFlowLogs", what);
    let traffic_type = match reply.traffic_type() {
        Some(ReplyTraffic::Accept) => TrafficType::Accept,
        Some(ReplyTraffic::Reject) => TrafficType::Reject,
        Some(ReplyTraffic::All) => TrafficType::All,
        _ => return Err(missing("known trafficType")),
    };
    let max_aggregation_interval = match reply.max_aggregation_interval() {
        Some(60) => AggregationInterval::OneMinute,
        _ => AggregationInterval::TenMinutes,
    };
    let tags = reply.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect();
    Ok(Live {
        resource: FlowLog {
            vpc: Ref::existing(reply.resource_id.ok_or_else(|| missing("resourceId"))?),
            log_group: Ref::existing(reply.log_group_name.ok_or_else(|| missing("logGroupName"))?),
            role: ArnRef::existing(
                reply.deliver_logs_permission_arn.ok_or_else(|| missing("deliverLogsPermissionArn"))?,
            ),
            traffic_type,
            max_aggregation_interval,
        },
        attributes: FlowLogAttributes { id: reply.flow_log_id.ok_or_else(|| missing("flowLogId"))? },
        tags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_visible_yet_is_worth_another_try() {
        let check = |code, message, expected| assert_eq!(unsuccessful(code, message).kind, expected, "{code}");
        check("InvalidVpcId.NotFound", "The vpc ID 'vpc-1' does not exist", FaultKind::NotYet);
        check("InvalidParameter", "Unable to assume given IAM role", FaultKind::NotYet);
        check("FlowLogAlreadyExists", "There is an existing Flow Log", FaultKind::Taken);
        check("InvalidParameter", "LogDestination is not valid", FaultKind::Invalid);
    }
}
