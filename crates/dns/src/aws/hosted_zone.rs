//! Hosted zones on Amazon Route 53.

use async_trait::async_trait;
use aws_sdk_route53::types::{DelegationSet, HostedZone as Reply, HostedZoneConfig, TagResourceType};
use landfall_aws::{fault, found};
use landfall_core::{Context, Fault, FaultKind, Live, Tags, TypedProvider};

use super::{
    Route53, change, tags,
    wire::{bare, plain},
};
use crate::hosted_zone::{HostedZone, HostedZoneAttributes};

pub(super) struct Provider(pub(super) Route53);

type LiveZone = Live<HostedZone, HostedZoneAttributes>;

const READ: &str = "route53:GetHostedZone";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = HostedZone;
    type Attributes = HostedZoneAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveZone>, Fault> {
        let client = self.0.of(cx);
        let Some(reply) = found(READ, client.get_hosted_zone().id(id).send().await)? else { return Ok(None) };
        let zone = reply.hosted_zone.ok_or_else(|| Fault::incomplete(READ, "HostedZone"))?;
        let tags = tags::read(&client, TagResourceType::Hostedzone, bare(&zone.id)).await?;
        live(zone, reply.delegation_set.as_ref(), tags).map(Some)
    }

    async fn find(&self, cx: &Context, _want: &HostedZone) -> Result<Option<LiveZone>, Fault> {
        let (client, token) = (self.0.of(cx), cx.token.to_string());
        let mut marker = None;
        loop {
            let page = client.list_hosted_zones().set_marker(marker).send().await;
            let page = page.map_err(fault("route53:ListHostedZones"))?;
            if let Some(zone) = page.hosted_zones.iter().find(|zone| zone.caller_reference == token) {
                let found = self.read(cx, bare(&zone.id)).await?;
                if let Some(zone) = &found {
                    let id = &zone.attributes.id;
                    tags::complete(&client, cx, TagResourceType::Hostedzone, id, &zone.tags).await?;
                }
                return Ok(found);
            }
            marker = page.next_marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(&self, cx: &Context, want: &HostedZone) -> Result<HostedZoneAttributes, Fault> {
        let client = self.0.of(cx);
        let reply = client
            .create_hosted_zone()
            .name(want.name.as_str())
            .caller_reference(cx.token.to_string())
            .hosted_zone_config(HostedZoneConfig::builder().comment(&want.comment).build())
            .send()
            .await
            .map_err(fault("route53:CreateHostedZone"))?;
        let missing = || Fault::incomplete("route53:CreateHostedZone", "HostedZone");
        let zone = reply.hosted_zone.ok_or_else(missing)?;
        tags::write(&client, cx, TagResourceType::Hostedzone, bare(&zone.id)).await?;
        change::in_sync(&client, cx, reply.change_info).await?;
        Ok(attributes(&zone, reply.delegation_set.as_ref()))
    }

    async fn update(&self, cx: &Context, want: &HostedZone, have: &LiveZone) -> Result<HostedZoneAttributes, Fault> {
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        if want.comment != have.resource.comment {
            let reply = client.update_hosted_zone_comment().id(id).comment(&want.comment).send().await;
            reply.map_err(fault("route53:UpdateHostedZoneComment"))?;
        }
        tags::update(&client, cx, TagResourceType::Hostedzone, id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveZone) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let reply = client.delete_hosted_zone().id(&have.attributes.id).send().await;
        let reply = found("route53:DeleteHostedZone", reply)?;
        change::in_sync(&client, cx, reply.and_then(|reply| reply.change_info)).await
    }
}

fn attributes(zone: &Reply, delegation: Option<&DelegationSet>) -> HostedZoneAttributes {
    let servers = delegation.map(DelegationSet::name_servers).unwrap_or_default();
    let server = |position: usize| servers.get(position).map(|name| plain(name)).unwrap_or_default();
    HostedZoneAttributes {
        id: bare(&zone.id).to_owned(),
        arn: format!("arn:aws:route53:::hostedzone/{}", bare(&zone.id)),
        name_server_1: server(0),
        name_server_2: server(1),
        name_server_3: server(2),
        name_server_4: server(3),
    }
}

fn live(zone: Reply, delegation: Option<&DelegationSet>, tags: Tags) -> Result<LiveZone, Fault> {
    let attributes = attributes(&zone, delegation);
    let name = plain(&zone.name).parse();
    let name = name.map_err(|error| Fault::new(FaultKind::Fatal, READ, format!("the zone's name: {error}")))?;
    let comment = zone.config.and_then(|config| config.comment).unwrap_or_default();
    Ok(Live { resource: HostedZone { name, comment }, attributes, tags })
}
