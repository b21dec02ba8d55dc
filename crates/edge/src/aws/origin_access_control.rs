//! Origin access controls on Amazon CloudFront.

use async_trait::async_trait;
use aws_sdk_cloudfront::{
    Client,
    types::{
        OriginAccessControl as Reply, OriginAccessControlConfig, OriginAccessControlOriginTypes,
        OriginAccessControlSigningBehaviors, OriginAccessControlSigningProtocols,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Live, Tags, TypedProvider};

use super::{
    CloudFrontClient,
    wire::{built, name, named},
};
use crate::origin_access_control::{OriginAccessControl, OriginAccessControlAttributes};

pub(super) struct Provider(pub(super) CloudFrontClient);

type LiveControl = Live<OriginAccessControl, OriginAccessControlAttributes>;

const NAME_LENGTH: usize = 64;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = OriginAccessControl;
    type Attributes = OriginAccessControlAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveControl>, Fault> {
        let reply = self.0.of(cx).get_origin_access_control().id(id).send().await;
        let reply = found("cloudfront:GetOriginAccessControl", reply)?;
        reply.and_then(|reply| reply.origin_access_control).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &OriginAccessControl) -> Result<Option<LiveControl>, Fault> {
        let (client, wanted) = (self.0.of(cx), cx.physical_name(NAME_LENGTH));
        let mut marker = None;
        loop {
            let page = client.list_origin_access_controls().set_marker(marker).send().await;
            let page = page.map_err(fault("cloudfront:ListOriginAccessControls"))?;
            let Some(list) = page.origin_access_control_list else { return Ok(None) };
            if let Some(item) = list.items().iter().find(|item| item.name == wanted) {
                return self.read(cx, &item.id).await;
            }
            marker = list.next_marker.filter(|_| list.is_truncated);
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(&self, cx: &Context, want: &OriginAccessControl) -> Result<OriginAccessControlAttributes, Fault> {
        let config = config(want, &cx.physical_name(NAME_LENGTH))?;
        let call = self.0.of(cx).create_origin_access_control().origin_access_control_config(config);
        let reply = call.send().await.map_err(fault("cloudfront:CreateOriginAccessControl"))?;
        let missing = || Fault::incomplete("cloudfront:CreateOriginAccessControl", "OriginAccessControl");
        live(reply.origin_access_control.ok_or_else(missing)?).map(|live| live.attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &OriginAccessControl,
        have: &LiveControl,
    ) -> Result<OriginAccessControlAttributes, Fault> {
        if *want == have.resource {
            return Ok(have.attributes.clone());
        }
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        let config = config(want, &have.attributes.name)?;
        let call = client.update_origin_access_control().id(id).origin_access_control_config(config);
        let call = call.set_if_match(etag(&client, id).await?);
        call.send().await.map_err(fault("cloudfront:UpdateOriginAccessControl"))?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveControl) -> Result<(), Fault> {
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        let Some(etag) = etag(&client, id).await? else { return Ok(()) };
        let reply = client.delete_origin_access_control().id(id).if_match(etag).send().await;
        absent_is_done("cloudfront:DeleteOriginAccessControl", reply)
    }
}

/// Version of the control right now, `None` when it does not exist: a write has to name it.
async fn etag(client: &Client, id: &str) -> Result<Option<String>, Fault> {
    let reply = client.get_origin_access_control().id(id).send().await;
    Ok(found("cloudfront:GetOriginAccessControl", reply)?.and_then(|reply| reply.e_tag))
}

fn config(want: &OriginAccessControl, physical_name: &str) -> Result<OriginAccessControlConfig, Fault> {
    built(
        OriginAccessControlConfig::builder()
            .name(physical_name)
            .description(&want.description)
            .signing_protocol(OriginAccessControlSigningProtocols::Sigv4)
            .signing_behavior(OriginAccessControlSigningBehaviors::from(name(&want.signing_behavior).as_str()))
            .origin_access_control_origin_type(OriginAccessControlOriginTypes::from(name(&want.origin_type).as_str()))
            .build(),
    )
}

fn live(reply: Reply) -> Result<LiveControl, Fault> {
    let operation = "cloudfront:GetOriginAccessControl";
    let config = reply.origin_access_control_config;
    let config = config.ok_or_else(|| Fault::incomplete(operation, "OriginAccessControlConfig"))?;
    Ok(Live {
        resource: OriginAccessControl {
            description: config.description.unwrap_or_default(),
            signing_behavior: named(operation, config.signing_behavior.as_str())?,
            origin_type: named(operation, config.origin_access_control_origin_type.as_str())?,
        },
        attributes: OriginAccessControlAttributes { id: reply.id, name: config.name },
        tags: Tags::new(),
    })
}
