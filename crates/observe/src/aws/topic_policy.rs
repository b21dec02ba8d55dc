//! Policies of topics on Amazon SNS.

use async_trait::async_trait;
use landfall_aws::{fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, Live, Tags, TypedProvider};
use landfall_security::{PolicyDocument, Statement};

use super::{Sns, topic::set};
use crate::topic_policy::{TopicPolicy, TopicPolicyAttributes};

pub(super) struct Provider(pub(super) Sns);

type LivePolicy = Live<TopicPolicy<AnyRegion>, TopicPolicyAttributes>;

const POLICY: &str = "Policy";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = TopicPolicy<AnyRegion>;
    type Attributes = TopicPolicyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LivePolicy>, Fault> {
        let reply = self.0.of(cx).get_topic_attributes().topic_arn(id).send().await;
        let Some(reply) = found("sns:GetTopicAttributes", reply)? else { return Ok(None) };
        let text = reply.attributes().and_then(|settings| settings.get(POLICY));
        let Some(policy) = text.and_then(|text| text.parse::<PolicyDocument>().ok()) else { return Ok(None) };
        if policy == default_policy(id) {
            return Ok(None);
        }
        let resource = TopicPolicy { topic: ArnRef::existing(id), policy };
        Ok(Some(Live { resource, attributes: TopicPolicyAttributes { id: id.to_owned() }, tags: Tags::new() }))
    }

    async fn find(&self, cx: &Context, want: &TopicPolicy<AnyRegion>) -> Result<Option<LivePolicy>, Fault> {
        Ok(self.read(cx, want.topic.id()).await?.filter(|live| live.resource.policy == want.policy))
    }

    async fn create(&self, cx: &Context, want: &TopicPolicy<AnyRegion>) -> Result<TopicPolicyAttributes, Fault> {
        set(&self.0.of(cx), want.topic.id(), POLICY, &want.policy.to_json()).await?;
        Ok(TopicPolicyAttributes { id: want.topic.id().to_owned() })
    }

    async fn update(
        &self,
        cx: &Context,
        want: &TopicPolicy<AnyRegion>,
        have: &LivePolicy,
    ) -> Result<TopicPolicyAttributes, Fault> {
        if want.policy != have.resource.policy {
            self.create(cx, want).await?;
        }
        Ok(have.attributes.clone())
    }

    /// A topic always has a policy: what AWS makes with a topic is put back.
    async fn delete(&self, cx: &Context, have: &LivePolicy) -> Result<(), Fault> {
        let arn = &have.attributes.id;
        let policy = default_policy(arn).to_json();
        let client = self.0.of(cx);
        let call = client.set_topic_attributes().topic_arn(arn).attribute_name(POLICY).attribute_value(policy);
        match call.send().await {
            Err(error) if landfall_aws::is_absent(&error) => Ok(()),
            other => other.map(drop).map_err(fault("sns:SetTopicAttributes")),
        }
    }
}

/// The policy that AWS makes with a topic: the account that owns it may do everything with it.
fn default_policy(arn: &str) -> PolicyDocument {
    let account = arn.split(':').nth(4).unwrap_or_default();
    let actions = [
        "SNS:GetTopicAttributes",
        "SNS:SetTopicAttributes",
        "SNS:AddPermission",
        "SNS:RemovePermission",
        "SNS:DeleteTopic",
        "SNS:Subscribe",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
    ];
    let statement = Statement::allow().sid("__default_statement_ID").aws("*").actions(actions).resource(arn).condition(
        "StringEquals",
        "AWS:SourceOwner",
        account,
    );
    PolicyDocument { version: "2008-10-17".to_owned(), ..PolicyDocument::new([statement]) }
}
