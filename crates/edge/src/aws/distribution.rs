//! Distributions on Amazon CloudFront.

mod live;
mod request;

use async_trait::async_trait;
use aws_sdk_cloudfront::{
    Client,
    types::{DistributionConfig, DistributionConfigWithTags, Tag, TagKeys, Tags as TagList},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, FaultKind, Live, Tags, TypedProvider, Wait};
use landfall_security::aws::{Plaintext, SecretReader};

use super::{CloudFrontClient, wire::built};
use crate::distribution::{Distribution, DistributionAttributes};

pub(super) struct Provider {
    pub(super) cloudfront: CloudFrontClient,
    pub(super) secrets: SecretReader,
}

type LiveDistribution = Live<Distribution, DistributionAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Distribution;
    type Attributes = DistributionAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveDistribution>, Fault> {
        let client = self.cloudfront.of(cx);
        let reply = found("cloudfront:GetDistribution", client.get_distribution().id(id).send().await)?;
        let Some((distribution, etag)) = reply.and_then(|reply| Some((reply.distribution?, reply.e_tag?))) else {
            return Ok(None);
        };
        let tags = tags(&client, &distribution.arn).await?;
        live::live(distribution, etag, tags).map(Some)
    }

    async fn find(&self, cx: &Context, want: &Distribution) -> Result<Option<LiveDistribution>, Fault> {
        let client = self.cloudfront.of(cx);
        let mut marker = None;
        loop {
            let page = client.list_distributions().set_marker(marker).send().await;
            let page = page.map_err(fault("cloudfront:ListDistributions"))?;
            let Some(list) = page.distribution_list else { return Ok(None) };
            // The list does not tell caller references; what was created has the comment that is wanted.
            for item in list.items().iter().filter(|item| item.comment == want.comment) {
                let Some((config, _)) = config(&client, &item.id).await? else { continue };
                if config.caller_reference == cx.token.to_string() {
                    return self.read(cx, &item.id).await;
                }
            }
            marker = list.next_marker.filter(|_| list.is_truncated);
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(&self, cx: &Context, want: &Distribution) -> Result<DistributionAttributes, Fault> {
        let client = self.cloudfront.of(cx);
        let secret = self.origin_secret(cx, want).await?;
        let config = request::config(want, &cx.token.to_string(), secret.as_ref().map(Plaintext::expose))?;
        let tags = built(tag_list(&cx.all_tags()))?;
        let with_tags = DistributionConfigWithTags::builder().distribution_config(config).tags(tags).build();
        let call = client.create_distribution_with_tags().distribution_config_with_tags(with_tags);
        let reply = call.send().await.map_err(fault("cloudfront:CreateDistribution"))?;
        let missing = |what| Fault::incomplete("cloudfront:CreateDistribution", what);
        let distribution = reply.distribution.ok_or_else(|| missing("Distribution"))?;
        let etag = reply.e_tag.ok_or_else(|| missing("ETag"))?;
        let attributes = live::attributes(&distribution, etag);
        deployed(&client, cx, &attributes.id).await?;
        Ok(attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Distribution,
        have: &LiveDistribution,
    ) -> Result<DistributionAttributes, Fault> {
        let client = self.cloudfront.of(cx);
        let mut attributes = have.attributes.clone();
        let told = Distribution { origin_secret: have.resource.origin_secret.clone(), ..want.clone() };
        if told != have.resource || want.origin_secret.is_some() {
            let current = config(&client, &attributes.id).await?;
            let (current, etag) = current.ok_or_else(|| gone("cloudfront:UpdateDistribution", &attributes.id))?;
            let secret = self.origin_secret(cx, want).await?;
            let secret = secret.as_ref().map(Plaintext::expose);
            // What AWS has of the secret is not among the fields, so that it is compared here.
            if told != have.resource || !request::has_secret(&current, secret) {
                let wanted = request::config(want, &current.caller_reference, secret)?;
                let wanted = request::keep_unmanaged(wanted, current);
                attributes.etag = put(&client, &attributes.id, etag, wanted).await?;
            }
        }
        update_tags(&client, cx, have).await?;
        deployed(&client, cx, &attributes.id).await?;
        Ok(attributes)
    }

    async fn delete(&self, cx: &Context, have: &LiveDistribution) -> Result<(), Fault> {
        let (client, id) = (self.cloudfront.of(cx), &have.attributes.id);
        let Some((mut current, mut etag)) = config(&client, id).await? else { return Ok(()) };
        // AWS deletes only what is off at every edge location.
        if current.enabled {
            current.enabled = false;
            etag = put(&client, id, etag, current).await?;
        }
        deployed(&client, cx, id).await?;
        absent_is_done("cloudfront:DeleteDistribution", client.delete_distribution().id(id).if_match(etag).send().await)
    }
}

impl Provider {
    /// The secret that origins know the distribution by, right now.
    async fn origin_secret(&self, cx: &Context, want: &Distribution) -> Result<Option<Plaintext>, Fault> {
        match &want.origin_secret {
            Some(secret) => self.secrets.read(cx, secret).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The settings right now with their version, `None` when the distribution does not exist.
async fn config(client: &Client, id: &str) -> Result<Option<(DistributionConfig, String)>, Fault> {
    let reply = client.get_distribution_config().id(id).send().await;
    let reply = found("cloudfront:GetDistributionConfig", reply)?;
    Ok(reply.and_then(|reply| Some((reply.distribution_config?, reply.e_tag?))))
}

/// Writes settings over the version `etag`; returns the new version.
async fn put(client: &Client, id: &str, etag: String, config: DistributionConfig) -> Result<String, Fault> {
    let reply = client.update_distribution().id(id).if_match(etag).distribution_config(config).send().await;
    let reply = reply.map_err(fault("cloudfront:UpdateDistribution"))?;
    reply.e_tag.ok_or_else(|| Fault::incomplete("cloudfront:UpdateDistribution", "ETag"))
}

/// Waits until every edge location has the settings.
async fn deployed(client: &Client, cx: &Context, id: &str) -> Result<(), Fault> {
    cx.wait("distribution to reach all edge locations", Wait::LONG, || async {
        let reply = found("cloudfront:GetDistribution", client.get_distribution().id(id).send().await)?;
        let distribution = reply.and_then(|reply| reply.distribution);
        let distribution = distribution.ok_or_else(|| gone("cloudfront:GetDistribution", id))?;
        Ok((distribution.status == "Deployed").then_some(()))
    })
    .await
}

fn gone(operation: &str, id: &str) -> Fault {
    Fault::new(FaultKind::Fatal, operation, format!("distribution {id} was deleted meanwhile"))
}

async fn tags(client: &Client, arn: &str) -> Result<Tags, Fault> {
    let reply = client.list_tags_for_resource().resource(arn).send().await;
    let reply = reply.map_err(fault("cloudfront:ListTagsForResource"))?;
    let items = reply.tags.and_then(|tags| tags.items).unwrap_or_default();
    Ok(items.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())).collect())
}

fn tag_list(tags: &Tags) -> Result<TagList, aws_smithy_types::error::operation::BuildError> {
    let items = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    Ok(TagList::builder().set_items(Some(items.collect::<Result<_, _>>()?)).build())
}

async fn update_tags(client: &Client, cx: &Context, have: &LiveDistribution) -> Result<(), Fault> {
    let (arn, changes) = (&have.attributes.arn, cx.tag_changes(&have.tags));
    if !changes.remove.is_empty() {
        let keys = TagKeys::builder().set_items(Some(changes.remove)).build();
        let reply = client.untag_resource().resource(arn).tag_keys(keys).send().await;
        reply.map_err(fault("cloudfront:UntagResource"))?;
    }
    if !changes.set.is_empty() {
        let tags = built(tag_list(&changes.set))?;
        client.tag_resource().resource(arn).tags(tags).send().await.map_err(fault("cloudfront:TagResource"))?;
    }
    Ok(())
}
