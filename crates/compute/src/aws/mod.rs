//! How the layer's kinds run on AWS.

mod action;
mod auto_scaling_group;
mod elb;
mod instance_refresh;
mod launch_template;
mod listener;
mod listener_certificate;
mod listener_rule;
mod load_balancer;
mod parameter;
mod passing;
mod scaling_policy;
mod secret_header;
mod target_group;

use landfall_aws::{Aws, Regional};
use landfall_core::Providers;

type Ec2 = Regional<aws_sdk_ec2::Client>;
type Elb = Regional<aws_sdk_elasticloadbalancingv2::Client>;
type AutoScaling = Regional<aws_sdk_autoscaling::Client>;
type SecretsManager = Regional<aws_sdk_secretsmanager::Client>;
type Ssm = Regional<aws_sdk_ssm::Client>;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let ec2 = Ec2::new(aws, aws_sdk_ec2::Client::new);
    let elb = Elb::new(aws, aws_sdk_elasticloadbalancingv2::Client::new);
    let auto_scaling = AutoScaling::new(aws, aws_sdk_autoscaling::Client::new);
    let secrets = SecretsManager::new(aws, aws_sdk_secretsmanager::Client::new);
    providers.add_typed(parameter::Provider(Ssm::new(aws, aws_sdk_ssm::Client::new)));
    providers.add_typed(launch_template::Provider(ec2.clone()));
    providers.add_typed(load_balancer::Provider { elb: elb.clone(), ec2: ec2.clone() });
    providers.add_typed(target_group::Provider(elb.clone()));
    providers.add_typed(listener::Provider(elb.clone()));
    providers.add_typed(listener_certificate::Provider(elb.clone()));
    providers.add_typed(listener_rule::Provider { elb, secrets });
    providers.add_typed(auto_scaling_group::Provider { auto_scaling: auto_scaling.clone(), ec2 });
    providers.add_typed(scaling_policy::Provider(auto_scaling));
}
