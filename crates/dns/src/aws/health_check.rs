//! Health checks on Amazon Route 53.

use async_trait::async_trait;
use aws_sdk_route53::{
    Client,
    types::{
        AlarmIdentifier, CloudWatchRegion, HealthCheck as Reply, HealthCheckConfig, HealthCheckRegion, HealthCheckType,
        InsufficientDataHealthStatus as InsufficientData, ResettableElementName, TagResourceType,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Input, Live, Ref, Tags, TypedProvider};

use super::{
    Route53, tags,
    wire::{built, name, named},
};
use crate::health_check::{
    AlarmProbe, CalculatedProbe, CheckerRegion, EndpointProbe, HealthCheck, HealthCheckAttributes, Probe, TextProbe,
};

pub(super) struct Provider(pub(super) Route53);

type LiveCheck = Live<HealthCheck, HealthCheckAttributes>;

const READ: &str = "route53:GetHealthCheck";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = HealthCheck;
    type Attributes = HealthCheckAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveCheck>, Fault> {
        let client = self.0.of(cx);
        let reply = found(READ, client.get_health_check().health_check_id(id).send().await)?;
        let Some(check) = reply.and_then(|reply| reply.health_check) else { return Ok(None) };
        let tags = tags::read(&client, TagResourceType::Healthcheck, id).await?;
        live(check, tags).map(Some)
    }

    async fn find(&self, cx: &Context, _want: &HealthCheck) -> Result<Option<LiveCheck>, Fault> {
        let (client, token) = (self.0.of(cx), cx.token.to_string());
        let mut marker = None;
        loop {
            let page = client.list_health_checks().set_marker(marker).send().await;
            let page = page.map_err(fault("route53:ListHealthChecks"))?;
            if let Some(check) = page.health_checks.iter().find(|check| check.caller_reference == token) {
                let found = self.read(cx, &check.id).await?;
                if let Some(check) = &found {
                    let id = &check.attributes.id;
                    tags::complete(&client, cx, TagResourceType::Healthcheck, id, &check.tags).await?;
                }
                return Ok(found);
            }
            marker = page.next_marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(&self, cx: &Context, want: &HealthCheck) -> Result<HealthCheckAttributes, Fault> {
        let client = self.0.of(cx);
        let call = client.create_health_check().caller_reference(cx.token.to_string());
        let reply = call.health_check_config(config(want)?).send().await.map_err(fault("route53:CreateHealthCheck"))?;
        let missing = || Fault::incomplete("route53:CreateHealthCheck", "HealthCheck");
        let id = reply.health_check.ok_or_else(missing)?.id;
        tags::write(&client, cx, TagResourceType::Healthcheck, &id).await?;
        Ok(attributes(id))
    }

    async fn update(&self, cx: &Context, want: &HealthCheck, have: &LiveCheck) -> Result<HealthCheckAttributes, Fault> {
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        if *want != have.resource {
            put(&client, id, want).await?;
        }
        tags::update(&client, cx, TagResourceType::Healthcheck, id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveCheck) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_health_check().health_check_id(&have.attributes.id).send().await;
        absent_is_done("route53:DeleteHealthCheck", reply)
    }
}

fn attributes(id: String) -> HealthCheckAttributes {
    HealthCheckAttributes { arn: format!("arn:aws:route53:::healthcheck/{id}"), id }
}

/// Writes all settings that AWS changes in place.
async fn put(client: &Client, id: &str, want: &HealthCheck) -> Result<(), Fault> {
    let config = config(want)?;
    let every_region = matches!(&want.probe, Probe::Https(probe) | Probe::HttpsStrMatch(TextProbe { endpoint: probe, .. }) if probe.regions.is_none());
    client
        .update_health_check()
        .health_check_id(id)
        .set_fully_qualified_domain_name(config.fully_qualified_domain_name)
        .set_port(config.port)
        .set_resource_path(config.resource_path)
        .set_search_string(config.search_string)
        .set_enable_sni(config.enable_sni)
        .set_failure_threshold(config.failure_threshold)
        .set_regions(config.regions)
        .set_reset_elements(every_region.then(|| vec![ResettableElementName::Regions]))
        .set_child_health_checks(config.child_health_checks)
        .set_health_threshold(config.health_threshold)
        .set_alarm_identifier(config.alarm_identifier)
        .set_insufficient_data_health_status(config.insufficient_data_health_status)
        .set_inverted(config.inverted)
        .set_disabled(config.disabled)
        .send()
        .await
        .map(drop)
        .map_err(fault("route53:UpdateHealthCheck"))
}

fn config(want: &HealthCheck) -> Result<HealthCheckConfig, Fault> {
    let config = HealthCheckConfig::builder().inverted(want.inverted).disabled(want.disabled);
    let endpoint = |config: aws_sdk_route53::types::builders::HealthCheckConfigBuilder, probe: &EndpointProbe| {
        let regions = probe.regions.as_ref().map(|regions| {
            regions.iter().map(|region| HealthCheckRegion::from(name(region).as_str())).collect::<Vec<_>>()
        });
        config
            .fully_qualified_domain_name(probe.fully_qualified_domain_name.value())
            .port(i32::from(probe.port))
            .resource_path(&probe.resource_path)
            .enable_sni(probe.enable_sni)
            .request_interval(i32::from(probe.request_interval_seconds))
            .failure_threshold(i32::from(probe.failure_threshold))
            .measure_latency(probe.measure_latency)
            .set_regions(regions)
    };
    built(match &want.probe {
        Probe::Https(probe) => endpoint(config.r#type(HealthCheckType::Https), probe).build(),
        Probe::HttpsStrMatch(probe) => endpoint(config.r#type(HealthCheckType::HttpsStrMatch), &probe.endpoint)
            .search_string(&probe.search_string)
            .build(),
        Probe::Calculated(probe) => config
            .r#type(HealthCheckType::Calculated)
            .health_threshold(i32::from(probe.health_threshold))
            .set_child_health_checks(Some(
                probe.child_health_checks.iter().map(|child| child.id().to_owned()).collect(),
            ))
            .build(),
        Probe::CloudWatchMetric(probe) => {
            let region = CloudWatchRegion::from(probe.alarm_region.as_str());
            let alarm = AlarmIdentifier::builder().region(region).name(probe.alarm_name.value());
            let insufficient = InsufficientData::from(name(&probe.insufficient_data_health_status).as_str());
            config
                .r#type(HealthCheckType::CloudwatchMetric)
                .alarm_identifier(built(alarm.build())?)
                .insufficient_data_health_status(insufficient)
                .build()
        }
    })
}

fn live(reply: Reply, tags: Tags) -> Result<LiveCheck, Fault> {
    let attributes = attributes(reply.id);
    let config = reply.health_check_config.ok_or_else(|| Fault::incomplete(READ, "HealthCheckConfig"))?;
    let (inverted, disabled) = (config.inverted.unwrap_or_default(), config.disabled.unwrap_or_default());
    Ok(Live { resource: HealthCheck { probe: probe(config)?, inverted, disabled }, attributes, tags })
}

fn probe(config: HealthCheckConfig) -> Result<Probe, Fault> {
    Ok(match config.r#type {
        HealthCheckType::Https => Probe::Https(endpoint(config)?),
        HealthCheckType::HttpsStrMatch => {
            let search_string = config.search_string.clone().unwrap_or_default();
            Probe::HttpsStrMatch(TextProbe { endpoint: endpoint(config)?, search_string })
        }
        HealthCheckType::Calculated => {
            let children = config.child_health_checks.unwrap_or_default();
            let threshold = config.health_threshold.unwrap_or_default();
            Probe::Calculated(CalculatedProbe {
                child_health_checks: children.into_iter().map(Ref::existing).collect(),
                health_threshold: u16::try_from(threshold).unwrap_or_default(),
            })
        }
        HealthCheckType::CloudwatchMetric => Probe::CloudWatchMetric(alarm(config)?),
        other => return Err(Fault::incomplete(READ, &format!("known type but `{}`", other.as_str()))),
    })
}

fn endpoint(config: HealthCheckConfig) -> Result<EndpointProbe, Fault> {
    let small = |number: Option<i32>, default| number.and_then(|number| u8::try_from(number).ok()).unwrap_or(default);
    let regions = config.regions.filter(|regions| !regions.is_empty());
    let regions = regions.map(|regions| {
        regions.iter().map(|region| named::<CheckerRegion>(READ, region.as_str())).collect::<Result<_, _>>()
    });
    let name = config.fully_qualified_domain_name.or(config.ip_address).unwrap_or_default();
    Ok(EndpointProbe {
        fully_qualified_domain_name: Input::from(name),
        port: config.port.and_then(|port| u16::try_from(port).ok()).unwrap_or(443),
        resource_path: config.resource_path.unwrap_or_else(|| "/".to_owned()),
        enable_sni: config.enable_sni.unwrap_or(true),
        request_interval_seconds: small(config.request_interval, 30),
        failure_threshold: small(config.failure_threshold, 3),
        measure_latency: config.measure_latency.unwrap_or_default(),
        regions: regions.transpose()?,
    })
}

fn alarm(config: HealthCheckConfig) -> Result<AlarmProbe, Fault> {
    let missing = |what| Fault::incomplete(READ, what);
    let alarm = config.alarm_identifier.ok_or_else(|| missing("AlarmIdentifier"))?;
    let insufficient = config.insufficient_data_health_status.map(|status| named(READ, status.as_str()));
    Ok(AlarmProbe {
        alarm_name: Input::from(alarm.name),
        alarm_region: alarm.region.as_str().parse().map_err(|_| missing("region of the alarm"))?,
        insufficient_data_health_status: insufficient.transpose()?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InsufficientDataHealthStatus;

    #[test]
    fn a_check_is_read_back_as_declared() {
        let endpoint = EndpointProbe::builder("in.origin.example.com")
            .port(8443)
            .resource_path("/healthz?deep")
            .enable_sni(false)
            .request_interval_seconds(10)
            .failure_threshold(2)
            .measure_latency(true)
            .regions([CheckerRegion::EuWest1, CheckerRegion::ApSoutheast1, CheckerRegion::UsEast1])
            .build();
        let alarm = AlarmProbe {
            insufficient_data_health_status: InsufficientDataHealthStatus::Unhealthy,
            ..AlarmProbe::new("cpu", "eu-west-2".parse().unwrap())
        };
        for probe in [
            EndpointProbe::builder("in.origin.example.com").build().into(),
            endpoint.clone().with_text("ok").into(),
            Probe::from(endpoint),
            CalculatedProbe::at_least(1, ["a", "b"].map(Ref::<HealthCheck>::existing)).into(),
            alarm.into(),
        ] {
            let want = HealthCheck::builder(probe).inverted(true).disabled(true).build();
            let reply = Reply::builder().id("1").caller_reference("token").health_check_version(1);
            let reply = reply.health_check_config(config(&want).unwrap()).build().unwrap();
            assert_eq!(live(reply, Tags::new()).unwrap().resource, want);
        }
    }
}
