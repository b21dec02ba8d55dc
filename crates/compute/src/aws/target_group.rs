//! Target groups on Elastic Load Balancing.

use async_trait::async_trait;
use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{Matcher, ProtocolEnum, TargetGroup as Reply, TargetGroupAttribute, TargetTypeEnum},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, TypedProvider};

use super::{
    Elb,
    elb::{self, Attributes, to_i32, to_u32},
};
use crate::target_group::{
    HealthCheckPort, LoadBalancingAlgorithm, ProtocolVersion, Stickiness, TargetGroup, TargetGroupAttributes,
    TargetHealthCheck, TargetProtocol, TargetType,
};

pub(super) struct Provider(pub(super) Elb);

type LiveTargetGroup = Live<TargetGroup<AnyRegion>, TargetGroupAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = TargetGroup<AnyRegion>;
    type Attributes = TargetGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveTargetGroup>, Fault> {
        let client = self.0.of(cx);
        let reply = client.describe_target_groups().target_group_arns(id).send().await;
        let reply = found("elasticloadbalancing:DescribeTargetGroups", reply)?;
        match reply.and_then(|reply| reply.target_groups.unwrap_or_default().into_iter().next()) {
            Some(reply) => live(&client, reply).await,
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, _want: &TargetGroup<AnyRegion>) -> Result<Option<LiveTargetGroup>, Fault> {
        let client = self.0.of(cx);
        let reply = client.describe_target_groups().names(cx.physical_name(32)).send().await;
        let reply = found("elasticloadbalancing:DescribeTargetGroups", reply)?;
        let Some(reply) = reply.and_then(|reply| reply.target_groups.unwrap_or_default().into_iter().next()) else {
            return Ok(None);
        };
        Ok(live(&client, reply).await?.filter(|found| cx.owns(&found.tags)))
    }

    async fn create(&self, cx: &Context, want: &TargetGroup<AnyRegion>) -> Result<TargetGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let check = &want.health_check;
        let reply = client
            .create_target_group()
            .name(cx.physical_name(32))
            .vpc_id(want.vpc.id())
            .port(i32::from(want.port))
            .protocol(to_protocol(want.protocol))
            .protocol_version(to_version(want.protocol_version))
            .target_type(match want.target_type {
                TargetType::Instance => TargetTypeEnum::Instance,
                TargetType::Ip => TargetTypeEnum::Ip,
            })
            .health_check_enabled(true)
            .health_check_path(&check.path)
            .health_check_protocol(to_protocol(check.protocol))
            .health_check_port(to_port(check.port))
            .health_check_interval_seconds(to_i32(check.interval_seconds))
            .health_check_timeout_seconds(to_i32(check.timeout_seconds))
            .healthy_threshold_count(to_i32(check.healthy_threshold))
            .unhealthy_threshold_count(to_i32(check.unhealthy_threshold))
            .matcher(to_matcher(want))
            .set_tags(Some(elb::tags_on_create(cx)))
            .send()
            .await
            .map_err(fault("elasticloadbalancing:CreateTargetGroup"))?;
        let reply = reply.target_groups.unwrap_or_default().into_iter().next();
        let reply = reply.ok_or_else(|| Fault::incomplete("elasticloadbalancing:CreateTargetGroup", "target group"))?;
        let attributes = attributes(&reply)?;
        set_attributes(&client, &attributes.arn, to_attributes(want)).await?;
        Ok(attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &TargetGroup<AnyRegion>,
        have: &LiveTargetGroup,
    ) -> Result<TargetGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let arn = &have.attributes.arn;
        if want.health_check != have.resource.health_check {
            let check = &want.health_check;
            client
                .modify_target_group()
                .target_group_arn(arn)
                .health_check_enabled(true)
                .health_check_path(&check.path)
                .health_check_protocol(to_protocol(check.protocol))
                .health_check_port(to_port(check.port))
                .health_check_interval_seconds(to_i32(check.interval_seconds))
                .health_check_timeout_seconds(to_i32(check.timeout_seconds))
                .healthy_threshold_count(to_i32(check.healthy_threshold))
                .unhealthy_threshold_count(to_i32(check.unhealthy_threshold))
                .matcher(to_matcher(want))
                .send()
                .await
                .map_err(fault("elasticloadbalancing:ModifyTargetGroup"))?;
        }
        set_attributes(&client, arn, elb::differing(to_attributes(want), &to_attributes(&have.resource))).await?;
        elb::update_tags(&client, cx, arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveTargetGroup) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_target_group().target_group_arn(&have.attributes.arn).send().await;
        absent_is_done("elasticloadbalancing:DeleteTargetGroup", reply)
    }
}

async fn set_attributes(client: &Client, arn: &str, attributes: Attributes) -> Result<(), Fault> {
    if attributes.is_empty() {
        return Ok(());
    }
    let attributes =
        attributes.into_iter().map(|(key, value)| TargetGroupAttribute::builder().key(key).value(value).build());
    let call = client.modify_target_group_attributes().target_group_arn(arn);
    let reply = call.set_attributes(Some(attributes.collect())).send().await;
    reply.map(drop).map_err(fault("elasticloadbalancing:ModifyTargetGroupAttributes"))
}

fn to_protocol(protocol: TargetProtocol) -> ProtocolEnum {
    match protocol {
        TargetProtocol::Http => ProtocolEnum::Http,
        TargetProtocol::Https => ProtocolEnum::Https,
    }
}

fn from_protocol(protocol: Option<&ProtocolEnum>) -> TargetProtocol {
    if protocol == Some(&ProtocolEnum::Https) { TargetProtocol::Https } else { TargetProtocol::Http }
}

fn to_version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::Http1 => "HTTP1",
        ProtocolVersion::Http2 => "HTTP2",
        ProtocolVersion::Grpc => "GRPC",
    }
}

fn to_port(port: HealthCheckPort) -> String {
    match port {
        HealthCheckPort::TrafficPort => "traffic-port".to_owned(),
        HealthCheckPort::Port(port) => port.to_string(),
    }
}

fn to_matcher(want: &TargetGroup<AnyRegion>) -> Matcher {
    let codes = &want.health_check.matcher;
    match want.protocol_version {
        ProtocolVersion::Grpc => Matcher::builder().grpc_code(codes).build(),
        ProtocolVersion::Http1 | ProtocolVersion::Http2 => Matcher::builder().http_code(codes).build(),
    }
}

fn to_attributes(want: &TargetGroup<AnyRegion>) -> Attributes {
    let mut attributes = Attributes::new();
    let mut set = |key: &str, value: String| drop(attributes.insert(key.to_owned(), value));
    set("deregistration_delay.timeout_seconds", want.deregistration_delay_seconds.to_string());
    let algorithm = match want.load_balancing_algorithm {
        LoadBalancingAlgorithm::RoundRobin => "round_robin",
        LoadBalancingAlgorithm::LeastOutstandingRequests => "least_outstanding_requests",
        LoadBalancingAlgorithm::WeightedRandom => "weighted_random",
    };
    set("load_balancing.algorithm.type", algorithm.to_owned());
    set("slow_start.duration_seconds", want.slow_start_seconds.to_string());
    set("stickiness.enabled", (want.stickiness != Stickiness::Off).to_string());
    match &want.stickiness {
        Stickiness::Off => {}
        Stickiness::LoadBalancerCookie { duration_seconds } => {
            set("stickiness.type", "lb_cookie".to_owned());
            set("stickiness.lb_cookie.duration_seconds", duration_seconds.to_string());
        }
        Stickiness::ApplicationCookie { name, duration_seconds } => {
            set("stickiness.type", "app_cookie".to_owned());
            set("stickiness.app_cookie.cookie_name", name.clone());
            set("stickiness.app_cookie.duration_seconds", duration_seconds.to_string());
        }
    }
    attributes
}

/// The settings that an answer to `DescribeTargetGroupAttributes` holds, over those of `resource`.
fn with_attributes(resource: &mut TargetGroup<AnyRegion>, attributes: &Attributes) {
    resource.deregistration_delay_seconds = elb::number(attributes, "deregistration_delay.timeout_seconds", 300);
    resource.slow_start_seconds = elb::number(attributes, "slow_start.duration_seconds", 0);
    resource.load_balancing_algorithm = match elb::attribute(attributes, "load_balancing.algorithm.type", "round_robin")
    {
        "least_outstanding_requests" => LoadBalancingAlgorithm::LeastOutstandingRequests,
        "weighted_random" => LoadBalancingAlgorithm::WeightedRandom,
        _ => LoadBalancingAlgorithm::RoundRobin,
    };
    let day = 86_400;
    resource.stickiness = if elb::attribute(attributes, "stickiness.enabled", "false") != "true" {
        Stickiness::Off
    } else if elb::attribute(attributes, "stickiness.type", "lb_cookie") == "app_cookie" {
        Stickiness::ApplicationCookie {
            name: elb::attribute(attributes, "stickiness.app_cookie.cookie_name", "").to_owned(),
            duration_seconds: elb::number(attributes, "stickiness.app_cookie.duration_seconds", day),
        }
    } else {
        Stickiness::LoadBalancerCookie {
            duration_seconds: elb::number(attributes, "stickiness.lb_cookie.duration_seconds", day),
        }
    };
}

/// The target group with its attributes and tags; `None` when it went in between.
async fn live(client: &Client, reply: Reply) -> Result<Option<LiveTargetGroup>, Fault> {
    let attributes = attributes(&reply)?;
    let told = client.describe_target_group_attributes().target_group_arn(&attributes.arn).send().await;
    let told = found("elasticloadbalancing:DescribeTargetGroupAttributes", told)?;
    let (Some(told), Some(tags)) = (told, elb::read_tags(client, &attributes.arn).await?) else { return Ok(None) };
    let told = told.attributes.unwrap_or_default().into_iter();
    let told = told.filter_map(|one| Some((one.key?, one.value.unwrap_or_default()))).collect();
    let mut resource = resource(reply)?;
    with_attributes(&mut resource, &told);
    Ok(Some(Live { resource, attributes, tags }))
}

fn resource(reply: Reply) -> Result<TargetGroup<AnyRegion>, Fault> {
    let missing = |what| Fault::incomplete("elasticloadbalancing:DescribeTargetGroups", what);
    let health_check = health_check(&reply);
    Ok(TargetGroup::builder()
        .vpc(Ref::existing(reply.vpc_id.ok_or_else(|| missing("VpcId"))?))
        .port(reply.port.and_then(|port| port.try_into().ok()).ok_or_else(|| missing("Port"))?)
        .protocol(from_protocol(reply.protocol.as_ref()))
        .protocol_version(match reply.protocol_version.as_deref() {
            Some("HTTP2") => ProtocolVersion::Http2,
            Some("GRPC") => ProtocolVersion::Grpc,
            _ => ProtocolVersion::Http1,
        })
        .target_type(match reply.target_type {
            Some(TargetTypeEnum::Ip) => TargetType::Ip,
            _ => TargetType::Instance,
        })
        .health_check(health_check)
        .build())
}

fn health_check(reply: &Reply) -> TargetHealthCheck {
    let codes = reply.matcher().and_then(|matcher| matcher.http_code().or(matcher.grpc_code()));
    TargetHealthCheck::builder()
        .path(reply.health_check_path().unwrap_or("/"))
        .protocol(from_protocol(reply.health_check_protocol()))
        .port(match reply.health_check_port().and_then(|port| port.parse().ok()) {
            Some(port) => HealthCheckPort::Port(port),
            None => HealthCheckPort::TrafficPort,
        })
        .matcher(codes.unwrap_or("200"))
        .interval_seconds(to_u32(reply.health_check_interval_seconds()).unwrap_or(30))
        .timeout_seconds(to_u32(reply.health_check_timeout_seconds()).unwrap_or(5))
        .healthy_threshold(to_u32(reply.healthy_threshold_count()).unwrap_or(5))
        .unhealthy_threshold(to_u32(reply.unhealthy_threshold_count()).unwrap_or(2))
        .build()
}

fn attributes(reply: &Reply) -> Result<TargetGroupAttributes, Fault> {
    let missing = |what| Fault::incomplete("elasticloadbalancing:DescribeTargetGroups", what);
    let arn = reply.target_group_arn().ok_or_else(|| missing("TargetGroupArn"))?;
    Ok(TargetGroupAttributes {
        id: arn.to_owned(),
        arn: arn.to_owned(),
        name: reply.target_group_name().ok_or_else(|| missing("TargetGroupName"))?.to_owned(),
        arn_suffix: elb::suffix(arn),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_group(stickiness: Stickiness) -> TargetGroup<AnyRegion> {
        TargetGroup::builder()
            .vpc(Ref::existing("vpc-1"))
            .port(8080)
            .deregistration_delay_seconds(30)
            .slow_start_seconds(45)
            .load_balancing_algorithm(LoadBalancingAlgorithm::LeastOutstandingRequests)
            .stickiness(stickiness)
            .build()
    }

    #[test]
    fn attributes_are_read_back_as_declared() {
        for stickiness in [
            Stickiness::Off,
            Stickiness::LoadBalancerCookie { duration_seconds: 3600 },
            Stickiness::ApplicationCookie { name: "session".to_owned(), duration_seconds: 60 },
        ] {
            let want = target_group(stickiness);
            let mut read = TargetGroup::builder().vpc(Ref::existing("vpc-1")).port(8080).build();
            with_attributes(&mut read, &to_attributes(&want));
            assert_eq!(format!("{read:?}"), format!("{want:?}"));
        }
    }
}
