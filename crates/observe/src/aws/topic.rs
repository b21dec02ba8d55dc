//! Topics on Amazon SNS.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_sns::{Client, types::Tag};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, Tags, TypedProvider};

use super::Sns;
use crate::topic::{Topic, TopicAttributes};

pub(super) struct Provider(pub(super) Sns);

type LiveTopic = Live<Topic<AnyRegion>, TopicAttributes>;

const DISPLAY_NAME: &str = "DisplayName";
const KMS_KEY: &str = "KmsMasterKeyId";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Topic<AnyRegion>;
    type Attributes = TopicAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveTopic>, Fault> {
        let client = self.0.of(cx);
        let reply = client.get_topic_attributes().topic_arn(id).send().await;
        let Some(reply) = found("sns:GetTopicAttributes", reply)? else { return Ok(None) };
        let settings = reply.attributes.unwrap_or_default();
        let reply = client.list_tags_for_resource().resource_arn(id).send().await;
        let Some(reply) = found("sns:ListTagsForResource", reply)? else { return Ok(None) };
        let tags = reply.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        let set = |name: &str| settings.get(name).filter(|value| !value.is_empty()).cloned();
        let resource = Topic::builder()
            .maybe_display_name(set(DISPLAY_NAME))
            .maybe_kms_key(set(KMS_KEY).map(Ref::existing))
            .build();
        Ok(Some(Live { resource, attributes: attributes(id), tags }))
    }

    async fn find(&self, cx: &Context, _want: &Topic<AnyRegion>) -> Result<Option<LiveTopic>, Fault> {
        let suffix = format!(":{}", name(cx));
        let mut pages = self.0.of(cx).list_topics().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(fault("sns:ListTopics"))?;
            let arns = page.topics().iter().filter_map(|topic| topic.topic_arn());
            if let Some(arn) = arns.into_iter().find(|arn| arn.ends_with(&suffix)) {
                return self.read(cx, arn).await;
            }
        }
        Ok(None)
    }

    /// Repeatable: SNS answers a second create of the same name and settings with the first topic.
    async fn create(&self, cx: &Context, want: &Topic<AnyRegion>) -> Result<TopicAttributes, Fault> {
        let mut settings = HashMap::new();
        settings.extend(want.display_name.clone().map(|name| (DISPLAY_NAME.to_owned(), name)));
        settings.extend(want.kms_key.as_ref().map(|key| (KMS_KEY.to_owned(), key.id().to_owned())));
        let reply = self
            .0
            .of(cx)
            .create_topic()
            .name(name(cx))
            .set_attributes((!settings.is_empty()).then_some(settings))
            .set_tags(Some(sdk_tags(cx.all_tags())?))
            .send()
            .await
            .map_err(fault("sns:CreateTopic"))?;
        Ok(attributes(reply.topic_arn().ok_or_else(|| Fault::incomplete("sns:CreateTopic", "TopicArn"))?))
    }

    async fn update(&self, cx: &Context, want: &Topic<AnyRegion>, have: &LiveTopic) -> Result<TopicAttributes, Fault> {
        let client = self.0.of(cx);
        let arn = &have.attributes.arn;
        if want.display_name != have.resource.display_name {
            set(&client, arn, DISPLAY_NAME, want.display_name.as_deref().unwrap_or_default()).await?;
        }
        if want.kms_key != have.resource.kms_key {
            set(&client, arn, KMS_KEY, want.kms_key.as_ref().map(Ref::id).unwrap_or_default()).await?;
        }
        update_tags(&client, cx, arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveTopic) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_topic().topic_arn(&have.attributes.arn).send().await;
        absent_is_done("sns:DeleteTopic", reply)
    }
}

/// Names of topics have at most 256 letters, digits, `-` and `_`.
fn name(cx: &Context) -> String {
    cx.physical_name(256)
}

fn attributes(arn: &str) -> TopicAttributes {
    let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
    TopicAttributes { id: arn.to_owned(), arn: arn.to_owned(), name }
}

/// Sets one attribute of a topic; the empty text clears it.
pub(super) async fn set(client: &Client, arn: &str, name: &str, value: &str) -> Result<(), Fault> {
    let call = client.set_topic_attributes().topic_arn(arn).attribute_name(name).attribute_value(value);
    call.send().await.map(drop).map_err(fault("sns:SetTopicAttributes"))
}

fn sdk_tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|_| Fault::incomplete("sns:TagResource", "key of a tag"))
}

async fn update_tags(client: &Client, cx: &Context, arn: &str, have: &Tags) -> Result<(), Fault> {
    let changes = cx.tag_changes(have);
    if !changes.remove.is_empty() {
        let call = client.untag_resource().resource_arn(arn).set_tag_keys(Some(changes.remove));
        call.send().await.map_err(fault("sns:UntagResource"))?;
    }
    if !changes.set.is_empty() {
        let call = client.tag_resource().resource_arn(arn).set_tags(Some(sdk_tags(changes.set)?));
        call.send().await.map_err(fault("sns:TagResource"))?;
    }
    Ok(())
}
