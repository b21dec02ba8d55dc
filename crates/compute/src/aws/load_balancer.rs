//! Application Load Balancers on Elastic Load Balancing.

use async_trait::async_trait;
use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{
        IpAddressType as WireIpAddressType, LoadBalancer as Reply, LoadBalancerAttribute, LoadBalancerSchemeEnum,
        LoadBalancerStateEnum, LoadBalancerTypeEnum,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, TypedProvider, Wait};

use super::{
    Ec2, Elb,
    elb::{self, Attributes},
    passing::passing,
};
use crate::load_balancer::{
    AccessLogBucket, AccessLogs, DesyncMitigationMode, IpAddressType, LoadBalancer, LoadBalancerAttributes, Scheme,
};

pub(super) struct Provider {
    pub(super) elb: Elb,
    pub(super) ec2: Ec2,
}

type LiveLoadBalancer = Live<LoadBalancer<AnyRegion>, LoadBalancerAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = LoadBalancer<AnyRegion>;
    type Attributes = LoadBalancerAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveLoadBalancer>, Fault> {
        let client = self.elb.of(cx);
        match describe(&client, id).await? {
            Some(reply) => live(&client, reply).await,
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, _want: &LoadBalancer<AnyRegion>) -> Result<Option<LiveLoadBalancer>, Fault> {
        let client = self.elb.of(cx);
        let reply = client.describe_load_balancers().names(name(cx)).send().await;
        let reply = found("elasticloadbalancing:DescribeLoadBalancers", reply)?;
        let Some(reply) = reply.and_then(|reply| reply.load_balancers.unwrap_or_default().into_iter().next()) else {
            return Ok(None);
        };
        Ok(live(&client, reply).await?.filter(|found| cx.owns(&found.tags)))
    }

    async fn create(&self, cx: &Context, want: &LoadBalancer<AnyRegion>) -> Result<LoadBalancerAttributes, Fault> {
        let client = self.elb.of(cx);
        let reply = client
            .create_load_balancer()
            .name(name(cx))
            .r#type(LoadBalancerTypeEnum::Application)
            .scheme(match want.scheme {
                Scheme::InternetFacing => LoadBalancerSchemeEnum::InternetFacing,
                Scheme::Internal => LoadBalancerSchemeEnum::Internal,
            })
            .ip_address_type(to_ip_address_type(want.ip_address_type))
            .set_subnets(Some(ids(&want.subnets)))
            .set_security_groups(Some(ids(&want.security_groups)))
            .set_tags(Some(elb::tags_on_create(cx)))
            .send()
            .await
            .map_err(fault("elasticloadbalancing:CreateLoadBalancer"))?;
        let reply = reply.load_balancers.unwrap_or_default().into_iter().next();
        let reply =
            reply.ok_or_else(|| Fault::incomplete("elasticloadbalancing:CreateLoadBalancer", "load balancer"))?;
        let attributes = attributes(&reply)?;
        set_attributes(&client, &attributes.arn, to_attributes(want)).await?;
        active(&client, cx, &attributes.arn).await?;
        Ok(attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &LoadBalancer<AnyRegion>,
        have: &LiveLoadBalancer,
    ) -> Result<LoadBalancerAttributes, Fault> {
        let client = self.elb.of(cx);
        let (arn, now) = (&have.attributes.arn, &have.resource);
        if sorted(&want.subnets) != sorted(&now.subnets) {
            let call = client.set_subnets().load_balancer_arn(arn).set_subnets(Some(ids(&want.subnets)));
            call.send().await.map_err(fault("elasticloadbalancing:SetSubnets"))?;
        }
        if sorted(&want.security_groups) != sorted(&now.security_groups) {
            let groups = ids(&want.security_groups);
            let call = client.set_security_groups().load_balancer_arn(arn).set_security_groups(Some(groups));
            call.send().await.map_err(fault("elasticloadbalancing:SetSecurityGroups"))?;
        }
        if want.ip_address_type != now.ip_address_type {
            let kind = to_ip_address_type(want.ip_address_type);
            let call = client.set_ip_address_type().load_balancer_arn(arn).ip_address_type(kind);
            call.send().await.map_err(fault("elasticloadbalancing:SetIpAddressType"))?;
        }
        set_attributes(&client, arn, elb::differing(to_attributes(want), &to_attributes(now))).await?;
        elb::update_tags(&client, cx, arn, &have.tags).await?;
        active(&client, cx, arn).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveLoadBalancer) -> Result<(), Fault> {
        if have.resource.deletion_protection {
            return Err(Fault::new(
                FaultKind::Invalid,
                "elasticloadbalancing:DeleteLoadBalancer",
                "`deletion_protection` is on; apply with `deletion_protection` false first",
            ));
        }
        let client = self.elb.of(cx);
        let reply = client.delete_load_balancer().load_balancer_arn(&have.attributes.arn).send().await;
        absent_is_done("elasticloadbalancing:DeleteLoadBalancer", reply)?;
        gone(&client, cx, &have.attributes.arn).await?;
        interfaces_gone(&self.ec2.of(cx), cx, &have.attributes.arn_suffix).await
    }
}

/// AWS keeps names that start with `internal-` for itself.
fn name(cx: &Context) -> String {
    let name = cx.physical_name(32);
    if name.starts_with("internal-") { format!("lb-{}", cx.physical_name(29)) } else { name }
}

fn ids<T>(references: &[Ref<T>]) -> Vec<String> {
    references.iter().map(|reference| reference.id().to_owned()).collect()
}

fn sorted<T>(references: &[Ref<T>]) -> Vec<String> {
    let mut ids = ids(references);
    ids.sort();
    ids
}

async fn describe(client: &Client, arn: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_load_balancers().load_balancer_arns(arn).send().await;
    let reply = found("elasticloadbalancing:DescribeLoadBalancers", reply)?;
    Ok(reply.and_then(|reply| reply.load_balancers.unwrap_or_default().into_iter().next()))
}

async fn active(client: &Client, cx: &Context, arn: &str) -> Result<(), Fault> {
    cx.wait("load balancer to become active", Wait::MINUTES, || async {
        let reply = describe(client, arn).await?;
        let state = reply.as_ref().and_then(|reply| reply.state());
        match state.and_then(|state| state.code()) {
            Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => Ok(Some(())),
            Some(LoadBalancerStateEnum::Failed) => Err(Fault::new(
                FaultKind::Fatal,
                "elasticloadbalancing:CreateLoadBalancer",
                state.and_then(|state| state.reason()).unwrap_or("AWS could not set the load balancer up"),
            )),
            _ => Ok(None),
        }
    })
    .await
}

async fn gone(client: &Client, cx: &Context, arn: &str) -> Result<(), Fault> {
    let look = || async { Ok(describe(client, arn).await?.is_none().then_some(())) };
    cx.wait("load balancer to disappear", Wait::MINUTES, look).await
}

/// The network interfaces outlive the load balancer by seconds to minutes; until then its subnets, security
/// groups and the public addresses of its VPC can't go.
async fn interfaces_gone(client: &aws_sdk_ec2::Client, cx: &Context, arn_suffix: &str) -> Result<(), Fault> {
    let filter = Filter::builder().name("description").values(format!("ELB {arn_suffix}")).build();
    cx.wait("network interfaces of the load balancer to disappear", Wait::MINUTES, || async {
        let reply = client.describe_network_interfaces().filters(filter.clone()).send().await;
        let reply = reply.map_err(fault("ec2:DescribeNetworkInterfaces"))?;
        Ok(reply.network_interfaces().is_empty().then_some(()))
    })
    .await
}

/// Access logs are refused until S3 lets the load balancing service write, which lags behind the bucket's policy.
async fn set_attributes(client: &Client, arn: &str, attributes: Attributes) -> Result<(), Fault> {
    if attributes.is_empty() {
        return Ok(());
    }
    let attributes =
        attributes.into_iter().map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build());
    let call = client.modify_load_balancer_attributes().load_balancer_arn(arn);
    let reply = call.set_attributes(Some(attributes.collect())).send().await;
    let reply = reply.map_err(fault("elasticloadbalancing:ModifyLoadBalancerAttributes"));
    reply.map(drop).map_err(passing(&["Access Denied for bucket"]))
}

fn to_ip_address_type(kind: IpAddressType) -> WireIpAddressType {
    match kind {
        IpAddressType::Ipv4 => WireIpAddressType::Ipv4,
        IpAddressType::Dualstack => WireIpAddressType::Dualstack,
    }
}

fn to_attributes(want: &LoadBalancer<AnyRegion>) -> Attributes {
    let mut attributes = Attributes::from([
        ("deletion_protection.enabled".to_owned(), want.deletion_protection.to_string()),
        ("idle_timeout.timeout_seconds".to_owned(), want.idle_timeout_seconds.to_string()),
        ("routing.http.drop_invalid_header_fields.enabled".to_owned(), want.drop_invalid_header_fields.to_string()),
        ("routing.http2.enabled".to_owned(), want.http2.to_string()),
        (
            "routing.http.desync_mitigation_mode".to_owned(),
            match want.desync_mitigation_mode {
                DesyncMitigationMode::Monitor => "monitor",
                DesyncMitigationMode::Defensive => "defensive",
                DesyncMitigationMode::Strictest => "strictest",
            }
            .to_owned(),
        ),
        ("access_logs.s3.enabled".to_owned(), (want.access_logs != AccessLogs::Off).to_string()),
    ]);
    if let AccessLogs::To(logs) = &want.access_logs {
        attributes.insert("access_logs.s3.bucket".to_owned(), logs.bucket.value().clone());
        attributes.insert("access_logs.s3.prefix".to_owned(), logs.prefix.clone());
    }
    attributes
}

/// The settings that an answer to `DescribeLoadBalancerAttributes` holds, over those of `resource`.
fn with_attributes(resource: &mut LoadBalancer<AnyRegion>, attributes: &Attributes) {
    let on = |key: &str, default: &str| elb::attribute(attributes, key, default) == "true";
    resource.deletion_protection = on("deletion_protection.enabled", "false");
    resource.idle_timeout_seconds = elb::number(attributes, "idle_timeout.timeout_seconds", 60);
    resource.drop_invalid_header_fields = on("routing.http.drop_invalid_header_fields.enabled", "false");
    resource.http2 = on("routing.http2.enabled", "true");
    resource.desync_mitigation_mode =
        match elb::attribute(attributes, "routing.http.desync_mitigation_mode", "defensive") {
            "monitor" => DesyncMitigationMode::Monitor,
            "strictest" => DesyncMitigationMode::Strictest,
            _ => DesyncMitigationMode::Defensive,
        };
    resource.access_logs = if on("access_logs.s3.enabled", "false") {
        AccessLogs::To(AccessLogBucket {
            bucket: elb::attribute(attributes, "access_logs.s3.bucket", "").into(),
            prefix: elb::attribute(attributes, "access_logs.s3.prefix", "").to_owned(),
        })
    } else {
        AccessLogs::Off
    };
}

/// The load balancer with its attributes and tags; `None` when it went in between.
async fn live(client: &Client, reply: Reply) -> Result<Option<LiveLoadBalancer>, Fault> {
    let attributes = attributes(&reply)?;
    let told = client.describe_load_balancer_attributes().load_balancer_arn(&attributes.arn).send().await;
    let told = found("elasticloadbalancing:DescribeLoadBalancerAttributes", told)?;
    let (Some(told), Some(tags)) = (told, elb::read_tags(client, &attributes.arn).await?) else { return Ok(None) };
    let told = told.attributes.unwrap_or_default().into_iter();
    let told = told.filter_map(|one| Some((one.key?, one.value.unwrap_or_default()))).collect();
    let zones = reply.availability_zones.unwrap_or_default();
    let mut resource = LoadBalancer::builder()
        .scheme(match reply.scheme {
            Some(LoadBalancerSchemeEnum::Internal) => Scheme::Internal,
            _ => Scheme::InternetFacing,
        })
        .subnets(zones.into_iter().filter_map(|zone| zone.subnet_id).map(Ref::existing))
        .security_groups(reply.security_groups.unwrap_or_default().into_iter().map(Ref::existing))
        .ip_address_type(match reply.ip_address_type {
            Some(WireIpAddressType::Dualstack) => IpAddressType::Dualstack,
            _ => IpAddressType::Ipv4,
        })
        .build();
    with_attributes(&mut resource, &told);
    Ok(Some(Live { resource, attributes, tags }))
}

fn attributes(reply: &Reply) -> Result<LoadBalancerAttributes, Fault> {
    let missing = |what| Fault::incomplete("elasticloadbalancing:DescribeLoadBalancers", what);
    let arn = reply.load_balancer_arn().ok_or_else(|| missing("LoadBalancerArn"))?;
    Ok(LoadBalancerAttributes {
        id: arn.to_owned(),
        arn: arn.to_owned(),
        name: reply.load_balancer_name().ok_or_else(|| missing("LoadBalancerName"))?.to_owned(),
        arn_suffix: elb::suffix(arn),
        dns_name: reply.dns_name().ok_or_else(|| missing("DNSName"))?.to_owned(),
        canonical_hosted_zone_id: reply
            .canonical_hosted_zone_id()
            .ok_or_else(|| missing("CanonicalHostedZoneId"))?
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_balancer(access_logs: AccessLogs) -> LoadBalancer<AnyRegion> {
        LoadBalancer::builder()
            .subnets([Ref::existing("subnet-1"), Ref::existing("subnet-2")])
            .security_groups([Ref::existing("sg-1")])
            .desync_mitigation_mode(DesyncMitigationMode::Strictest)
            .idle_timeout_seconds(75)
            .access_logs(access_logs)
            .build()
    }

    #[test]
    fn attributes_are_read_back_as_declared() {
        for logs in [AccessLogs::Off, AccessLogs::to("logs", "web"), AccessLogs::to("logs", "")] {
            let want = load_balancer(logs);
            let mut read = load_balancer(AccessLogs::Off);
            with_attributes(&mut read, &to_attributes(&want));
            assert_eq!(format!("{read:?}"), format!("{want:?}"));
        }
    }

    #[test]
    fn logs_that_are_switched_off_name_no_bucket() {
        let have = to_attributes(&load_balancer(AccessLogs::to("logs", "web")));
        let changes = elb::differing(to_attributes(&load_balancer(AccessLogs::Off)), &have);
        assert_eq!(changes, Attributes::from([("access_logs.s3.enabled".to_owned(), "false".to_owned())]));
    }
}
