#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;
pub mod metrics;

mod alarm;
mod alarms;
mod alert_topic;
mod audit_trail;
mod dashboard;
#[cfg(feature = "aws")]
mod dashboard_body;
mod flow_log;
mod flow_logs;
mod log_group;
mod metric;
mod subscription;
mod topic;
mod topic_policy;
mod trail;

pub use alarm::{Alarm, AlarmAttributes, Comparison, MissingData};
pub use alarms::{Alarms, EdgeAlarms, Thresholds};
pub use alert_topic::{AlertTopic, AlertTopicHandles};
pub use audit_trail::{AuditTrail, AuditTrailHandles};
pub use dashboard::{Dashboard, DashboardAttributes, Row, Widget};
pub use flow_log::{AggregationInterval, FlowLog, FlowLogAttributes, TrafficType};
pub use flow_logs::{FlowLogs, FlowLogsHandles};
pub use log_group::{InvalidLogGroupName, InvalidRetention, LogGroup, LogGroupAttributes, LogGroupName, Retention};
pub use metric::{InvalidStatistic, Metric, Statistic};
pub use subscription::{Protocol, Subscription, SubscriptionAttributes};
pub use topic::{Topic, TopicAttributes};
pub use topic_policy::{TopicPolicy, TopicPolicyAttributes};
pub use trail::{InvalidTrailName, Trail, TrailAttributes, TrailName};

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &alarm::KIND,
        &dashboard::KIND,
        &flow_log::KIND,
        &log_group::KIND,
        &subscription::KIND,
        &topic::KIND,
        &topic_policy::KIND,
        &trail::KIND,
    ]
}
