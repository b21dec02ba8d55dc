//! Subscriptions on Amazon SNS.

use async_trait::async_trait;
use aws_sdk_sns::{Client, types::Subscription as Reply};
use landfall_aws::{fault, found, is_absent};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, Input, Live, Tags, TypedProvider};

use super::Sns;
use crate::subscription::{Protocol, Subscription, SubscriptionAttributes};

pub(super) struct Provider(pub(super) Sns);

type LiveSubscription = Live<Subscription<AnyRegion>, SubscriptionAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Subscription<AnyRegion>;
    type Attributes = SubscriptionAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveSubscription>, Fault> {
        let reply = self.0.of(cx).get_subscription_attributes().subscription_arn(id).send().await;
        let Some(reply) = found("sns:GetSubscriptionAttributes", reply)? else { return Ok(None) };
        let settings = reply.attributes.unwrap_or_default();
        let get = |name: &str| settings.get(name).map(String::as_str);
        live(id, get("TopicArn"), get("Protocol"), get("Endpoint")).map(Some)
    }

    async fn find(&self, cx: &Context, want: &Subscription<AnyRegion>) -> Result<Option<LiveSubscription>, Fault> {
        let Some(reply) = by_endpoint(&self.0.of(cx), want).await? else { return Ok(None) };
        match reply.subscription_arn() {
            Some(arn) if arn.starts_with("arn:") => {
                live(arn, reply.topic_arn(), reply.protocol(), reply.endpoint()).map(Some)
            }
            // Not confirmed yet: the list does not tell the ARN, but a repeated subscribe does.
            _ => {
                let attributes = self.create(cx, want).await?;
                Ok(Some(Live { resource: want.clone(), attributes, tags: Tags::new() }))
            }
        }
    }

    /// Repeatable: SNS answers a second subscribe of the same endpoint with the first subscription.
    async fn create(&self, cx: &Context, want: &Subscription<AnyRegion>) -> Result<SubscriptionAttributes, Fault> {
        let reply = self
            .0
            .of(cx)
            .subscribe()
            .topic_arn(want.topic.id())
            .protocol(want.protocol.as_str())
            .endpoint(want.endpoint.value())
            .return_subscription_arn(true)
            .send()
            .await
            .map_err(fault("sns:Subscribe"))?;
        let arn = reply.subscription_arn().ok_or_else(|| Fault::incomplete("sns:Subscribe", "SubscriptionArn"))?;
        Ok(SubscriptionAttributes { id: arn.to_owned(), arn: arn.to_owned() })
    }

    async fn update(
        &self,
        _cx: &Context,
        _want: &Subscription<AnyRegion>,
        have: &LiveSubscription,
    ) -> Result<SubscriptionAttributes, Fault> {
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveSubscription) -> Result<(), Fault> {
        let client = self.0.of(cx);
        match client.unsubscribe().subscription_arn(&have.attributes.arn).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            // AWS refuses to delete what was never confirmed, and forgets it by itself after 48 hours.
            Err(error) if pending(&client, &have.attributes.arn).await? => {
                drop(error);
                Ok(())
            }
            Err(error) => Err(fault("sns:Unsubscribe")(error)),
        }
    }
}

async fn pending(client: &Client, arn: &str) -> Result<bool, Fault> {
    let reply = found(
        "sns:GetSubscriptionAttributes",
        client.get_subscription_attributes().subscription_arn(arn).send().await,
    )?;
    let settings = reply.and_then(|reply| reply.attributes).unwrap_or_default();
    Ok(settings.get("PendingConfirmation").is_some_and(|pending| pending == "true"))
}

async fn by_endpoint(client: &Client, want: &Subscription<AnyRegion>) -> Result<Option<Reply>, Fault> {
    let mut pages = client.list_subscriptions_by_topic().topic_arn(want.topic.id()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(error) if is_absent(&error) => return Ok(None),
            page => page.map_err(fault("sns:ListSubscriptionsByTopic"))?,
        };
        let ours = |reply: &Reply| {
            reply.protocol() == Some(want.protocol.as_str()) && reply.endpoint() == Some(want.endpoint.value().as_str())
        };
        if let Some(reply) = page.subscriptions.unwrap_or_default().into_iter().find(ours) {
            return Ok(Some(reply));
        }
    }
    Ok(None)
}

fn live(
    arn: &str,
    topic: Option<&str>,
    protocol: Option<&str>,
    endpoint: Option<&str>,
) -> Result<LiveSubscription, Fault> {
    let missing = |what| Fault::incomplete("sns:GetSubscriptionAttributes", what);
    let protocols = [Protocol::Email, Protocol::Https, Protocol::Lambda, Protocol::Sqs, Protocol::Sms];
    let protocol = protocols.into_iter().find(|known| Some(known.as_str()) == protocol);
    Ok(Live {
        resource: Subscription {
            topic: ArnRef::existing(topic.ok_or_else(|| missing("TopicArn"))?),
            protocol: protocol.ok_or_else(|| missing("known Protocol"))?,
            endpoint: Input::from(endpoint.ok_or_else(|| missing("Endpoint"))?),
        },
        attributes: SubscriptionAttributes { id: arn.to_owned(), arn: arn.to_owned() },
        tags: Tags::new(),
    })
}
