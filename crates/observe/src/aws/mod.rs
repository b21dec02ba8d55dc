//! How the layer's kinds run on AWS.

mod alarm;
mod cloudwatch;
mod dashboard;
mod flow_log;
mod log_group;
mod subscription;
mod topic;
mod topic_policy;
mod trail;

use landfall_aws::{Aws, Regional};
use landfall_core::Providers;

type CloudTrail = Regional<aws_sdk_cloudtrail::Client>;
type CloudWatch = Regional<aws_sdk_cloudwatch::Client>;
type Ec2 = Regional<aws_sdk_ec2::Client>;
type Logs = Regional<aws_sdk_cloudwatchlogs::Client>;
type Sns = Regional<aws_sdk_sns::Client>;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let cloudwatch = CloudWatch::new(aws, aws_sdk_cloudwatch::Client::new);
    providers.add_typed(alarm::Provider(cloudwatch.clone()));
    providers.add_typed(dashboard::Provider(cloudwatch));
    providers.add_typed(flow_log::Provider(Ec2::new(aws, aws_sdk_ec2::Client::new)));
    providers.add_typed(log_group::Provider(Logs::new(aws, aws_sdk_cloudwatchlogs::Client::new)));
    let sns = Sns::new(aws, aws_sdk_sns::Client::new);
    providers.add_typed(subscription::Provider(sns.clone()));
    providers.add_typed(topic::Provider(sns.clone()));
    providers.add_typed(topic_policy::Provider(sns));
    providers.add_typed(trail::Provider(CloudTrail::new(aws, aws_sdk_cloudtrail::Client::new)));
}
