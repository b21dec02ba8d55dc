//! Policy of an Amazon SNS topic: who may publish and subscribe.

use landfall_core::{
    AnyRegion, ArnRef, Kind, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use landfall_security::PolicyDocument;
use serde::{Deserialize, Serialize};

use crate::topic::Topic;

/// Desired policy of a topic; it takes the place of the one AWS makes with the topic.
///
/// Deleting it puts AWS's default back: the account that owns the topic may do everything with it.
///
/// API: <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct TopicPolicy<R: Region> {
    /// Topic that the policy governs. A change replaces the policy.
    #[builder(into)]
    pub topic: ArnRef<Topic<R>>,
    /// Who may do what. A change updates the policy.
    pub policy: PolicyDocument,
}

/// What AWS reports of a topic's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicPolicyAttributes {
    /// ARN of the topic.
    pub id: String,
}

impl<R: Region> Resource for TopicPolicy<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("topic"), Field::updates("policy")],
    attributes: &[Reported::stable("id", "{field.topic}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["topic"], within: Within::Place }],
    actions: Actions {
        create: &["sns:SetTopicAttributes"],
        read: &["sns:GetTopicAttributes"],
        update: &["sns:SetTopicAttributes"],
        delete: &["sns:SetTopicAttributes"],
    },
    timing: "",
    ..Kind::of::<TopicPolicy<AnyRegion>>("sns.topic_policy")
};
