//! Amazon SNS topic: where alarms are published.

use std::marker::PhantomData;

use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_security::Key;
use serde::{Deserialize, Serialize};

/// Desired settings of a topic. Its name is derived from the topology.
///
/// API: <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Topic<R: Region> {
    /// Sender's name in e-mails and short messages. A change updates the topic.
    #[builder(into)]
    pub display_name: Option<String>,
    /// Key that encrypts messages at rest; none when absent.
    ///
    /// CloudWatch alarms can publish only when the key's policy lets `cloudwatch.amazonaws.com` use it, which
    /// the managed key `alias/aws/sns` does not. A change updates the topic.
    #[builder(into)]
    pub kms_key: Option<Ref<Key<R>>>,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

/// What AWS reports of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicAttributes {
    /// The ARN: by it the API names a topic.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// Derived name.
    pub name: String,
}

impl<R: Region> Topic<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Derived name.
    pub const NAME: Attribute<Self> = Attribute::new("name");
}

impl<R: Region> Resource for Topic<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::updates("display_name"), Field::updates("kms_key")],
    attributes: &[
        Reported::stable("id", "arn:aws:sns:{region}:{account}:{name}"),
        Reported::stable("arn", "{attribute.id}"),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["sns:CreateTopic", "sns:TagResource", "sns:ListTopics"],
        read: &["sns:GetTopicAttributes", "sns:ListTagsForResource"],
        update: &["sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"],
        delete: &["sns:DeleteTopic"],
    },
    timing: "aws_sns_topic",
    ..Kind::of::<Topic<AnyRegion>>("sns.topic")
};
