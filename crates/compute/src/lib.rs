#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;

mod action;
mod auto_scaling_group;
mod check;
mod instance_type;
mod launch_template;
mod listener;
mod listener_certificate;
mod listener_rule;
mod load_balancer;
mod parameter;
mod scaling_policy;
mod target_group;
mod web_tier;

pub use action::{Action, FixedResponse, Forward, Redirect, RedirectStatus, WeightedTargetGroup};
pub use auto_scaling_group::{
    AutoScalingGroup, AutoScalingGroupAttributes, HealthCheckType, InstanceRefresh, LaunchTemplateVersion,
    RefreshPreferences, TerminationPolicy,
};
pub use instance_type::{Architecture, InstanceType, InvalidInstanceType};
pub use launch_template::{
    BlockDevice, HttpTokens, Image, LaunchTemplate, LaunchTemplateAttributes, MetadataOptions, VolumeType,
};
pub use listener::{DEFAULT_SSL_POLICY, Listener, ListenerAttributes, ListenerProtocol, Tls};
pub use listener_certificate::{ListenerCertificate, ListenerCertificateAttributes};
pub use listener_rule::{
    Condition, HttpHeader, ListenerRule, ListenerRuleAttributes, ORIGIN_SECRET_HEADER, QueryPair, SecretHeader,
};
pub use load_balancer::{
    AccessLogBucket, AccessLogs, DesyncMitigationMode, IpAddressType, LoadBalancer, LoadBalancerAttributes, Scheme,
};
pub use parameter::{InvalidParameterName, Parameter, ParameterAttributes, ParameterName};
pub use scaling_policy::{
    AdjustmentType, MetricAggregationType, Policy, PolicyType, PredefinedMetric, ScalingPolicy,
    ScalingPolicyAttributes, StepAdjustment, StepScaling, TargetTracking,
};
pub use target_group::{
    HealthCheckPort, LoadBalancingAlgorithm, ProtocolVersion, Stickiness, TargetGroup, TargetGroupAttributes,
    TargetHealthCheck, TargetProtocol, TargetType,
};
pub use web_tier::{Ingress, WebNetwork, WebTier, WebTierHandles};

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &parameter::KIND,
        &launch_template::KIND,
        &load_balancer::KIND,
        &target_group::KIND,
        &listener::KIND,
        &listener_certificate::KIND,
        &listener_rule::KIND,
        &auto_scaling_group::KIND,
        &scaling_policy::KIND,
    ]
}
