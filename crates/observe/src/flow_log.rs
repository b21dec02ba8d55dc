//! VPC flow log: who talks to whom in a VPC, written to a log group.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Ref, Region, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_netlayer::Vpc;
use landfall_security::Role;
use serde::{Deserialize, Serialize};

use crate::log_group::LogGroup;

/// Desired settings of a flow log. AWS changes none of them in place: every change replaces the flow log.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct FlowLog<R: Region> {
    /// VPC whose traffic is recorded.
    #[builder(into)]
    pub vpc: Ref<Vpc<R>>,
    /// Log group that takes the records.
    #[builder(into)]
    pub log_group: Ref<LogGroup<R>>,
    /// Role by which `vpc-flow-logs.amazonaws.com` writes them.
    #[builder(into)]
    pub role: ArnRef<Role>,
    /// Which traffic is recorded; default all.
    #[builder(default)]
    pub traffic_type: TrafficType,
    /// Longest time that one record covers; default ten minutes.
    #[builder(default)]
    pub max_aggregation_interval: AggregationInterval,
}

/// Which traffic is recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TrafficType {
    /// What security groups and network ACLs let through.
    Accept,
    /// What they refuse.
    Reject,
    /// Both.
    #[default]
    All,
}

/// Longest time that one flow record covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregationInterval {
    /// One minute: more records, sooner.
    OneMinute,
    /// Ten minutes.
    #[default]
    TenMinutes,
}

impl AggregationInterval {
    /// The time in seconds, as the API takes it.
    pub const fn seconds(self) -> i32 {
        match self {
            Self::OneMinute => 60,
            Self::TenMinutes => 600,
        }
    }
}

/// What AWS reports of a flow log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLogAttributes {
    /// `fl-…`.
    pub id: String,
}

impl<R: Region> FlowLog<R> {
    /// `fl-…`.
    pub const ID: Attribute<Self> = Attribute::new("id");
}

impl<R: Region> Resource for FlowLog<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("vpc"),
        Field::replaces("log_group"),
        Field::replaces("role"),
        Field::replaces("traffic_type"),
        Field::replaces("max_aggregation_interval"),
    ],
    attributes: &[Reported::stable("id", "fl-{hex:17}")],
    identity: Identity::ClientToken,
    taggable: true,
    actions: Actions {
        create: &["ec2:CreateFlowLogs", "ec2:CreateTags", "logs:CreateLogDelivery", "iam:PassRole"],
        read: &["ec2:DescribeFlowLogs"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteFlowLogs", "logs:DeleteLogDelivery"],
    },
    timing: "aws_flow_log",
    ..Kind::of::<FlowLog<AnyRegion>>("ec2.flow_log")
};
