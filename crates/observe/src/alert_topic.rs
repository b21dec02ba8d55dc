//! A topic that alarms can really publish to: encrypted by a key whose policy lets CloudWatch use it.

use landfall_core::{Handle, Input, Region, Scope, join};
use landfall_security::{Key, PolicyDocument, Statement};

use crate::{
    subscription::{Protocol, Subscription},
    topic::Topic,
    topic_policy::TopicPolicy,
};

/// An encrypted topic for the alarms of a region, with its key, its policy and its subscribers.
///
/// Alarms publish only to topics of their own region.
#[derive(Debug, Clone, bon::Builder)]
pub struct AlertTopic {
    /// The account, whose alarms may publish: `me.get(CallerIdentity::ACCOUNT_ID)`.
    #[builder(into)]
    pub account_id: Input<String>,
    /// Who is told by e-mail; each has to confirm once.
    #[builder(default, with = |emails: impl IntoIterator<Item = impl Into<String>>| emails.into_iter().map(Into::into).collect())]
    pub emails: Vec<String>,
}

/// Everything that an [`AlertTopic`] declared.
#[derive(Debug, Clone)]
pub struct AlertTopicHandles<R: Region> {
    /// The topic.
    pub topic: Handle<Topic<R>>,
    /// Key that encrypts its messages.
    pub key: Handle<Key<R>>,
    /// Who may publish.
    pub policy: Handle<TopicPolicy<R>>,
    /// Who is told.
    pub subscriptions: Vec<Handle<Subscription<R>>>,
}

impl AlertTopic {
    /// Declares the topic under `name`.
    pub fn add_to<R: Region>(&self, scope: &Scope<'_, R>, name: &str) -> AlertTopicHandles<R> {
        let account = &self.account_id;
        let alarms = "cloudwatch.amazonaws.com";
        let administration = Statement::allow().sid("Administration").account(account).action("kms:*").resource("*");
        let publishing = Statement::allow()
            .sid("AlarmsEncrypt")
            .service(alarms)
            .actions(["kms:Decrypt", "kms:GenerateDataKey*"])
            .resource("*")
            .source_account(account);
        let key = scope.add(
            name,
            Key::builder()
                .description("Messages of alarms")
                .policy(PolicyDocument::new([administration, publishing]))
                .build(),
        );
        let topic = scope.add(name, Topic::builder().kms_key(key).build());
        let arn = topic.get(Topic::ARN);
        let publish = Statement::allow()
            .sid("AlarmsPublish")
            .service(alarms)
            .action("sns:Publish")
            .resource(&arn)
            .source_account(account)
            .condition("ArnLike", "aws:SourceArn", join!["arn:aws:cloudwatch:*:", account, ":alarm:*"]);
        let policy =
            scope.add(name, TopicPolicy::builder().topic(topic).policy(PolicyDocument::new([publish])).build());
        let subscriptions = self.emails.iter().enumerate().map(|(position, email)| {
            let subscription =
                Subscription::builder().topic(topic).protocol(Protocol::Email).endpoint(email.as_str()).build();
            scope.add(&format!("{name}-{}", position + 1), subscription)
        });
        AlertTopicHandles { topic, key, policy, subscriptions: subscriptions.collect() }
    }
}
