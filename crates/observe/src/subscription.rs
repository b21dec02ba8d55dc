//! Subscription to an Amazon SNS topic: who is told.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Input, Kind, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::topic::Topic;

/// Desired settings of a subscription. Every change replaces it.
///
/// E-mail and HTTP endpoints have to confirm; until they do, AWS sends them nothing else, and forgets the
/// subscription after 48 hours.
///
/// API: <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Subscription<R: Region> {
    /// Topic whose messages are delivered.
    #[builder(into)]
    pub topic: ArnRef<Topic<R>>,
    /// How they are delivered.
    pub protocol: Protocol,
    /// Where to: an e-mail address, a URL, an ARN, as the protocol demands.
    #[builder(into)]
    pub endpoint: Input<String>,
}

/// How SNS delivers messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// E-mail as text.
    Email,
    /// HTTPS POST.
    Https,
    /// AWS Lambda function, by ARN.
    Lambda,
    /// Amazon SQS queue, by ARN.
    Sqs,
    /// Text message to a phone number.
    Sms,
}

impl Protocol {
    /// The protocol as the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Https => "https",
            Self::Lambda => "lambda",
            Self::Sqs => "sqs",
            Self::Sms => "sms",
        }
    }
}

/// What AWS reports of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionAttributes {
    /// ARN of the subscription.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> Subscription<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for Subscription<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("topic"), Field::replaces("protocol"), Field::replaces("endpoint")],
    attributes: &[
        Reported::stable("id", "{field.topic}:{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}"),
        Reported::stable("arn", "{attribute.id}"),
    ],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["topic", "protocol", "endpoint"], within: Within::Place }],
    actions: Actions {
        create: &["sns:Subscribe"],
        read: &["sns:GetSubscriptionAttributes", "sns:ListSubscriptionsByTopic"],
        update: &[],
        delete: &["sns:Unsubscribe"],
    },
    timing: "aws_sns_topic_subscription",
    check: |site| {
        let text = |field: &str| site.known(field).and_then(|value| value.as_str().map(str::to_owned));
        let (Some(protocol), Some(endpoint)) = (text("protocol"), text("endpoint")) else { return Vec::new() };
        let fits = match protocol.as_str() {
            "email" => endpoint.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')),
            "https" => endpoint.starts_with("https://"),
            "lambda" | "sqs" => endpoint.starts_with("arn:"),
            _ => true,
        };
        if fits { Vec::new() } else { vec![format!("`endpoint` {endpoint} is no {protocol} endpoint")] }
    },
    ..Kind::of::<Subscription<AnyRegion>>("sns.subscription")
};
