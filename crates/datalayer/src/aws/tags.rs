//! Tags of Amazon RDS and Amazon ElastiCache, whose APIs are alike but for their types: kept apart from the objects, by
//! ARN.

use async_trait::async_trait;
use aws_sdk_elasticache::types::Tag as CacheTag;
use aws_sdk_rds::types::Tag as RdsTag;
use landfall_aws::{absent_is_done, fault};
use landfall_core::{Context, Fault, Tags};

/// A tag of a service.
pub(super) trait Tag: Sized {
    fn new(key: String, value: String) -> Self;
    fn pair(&self) -> Option<(&str, &str)>;
}

/// A service that keeps tags by ARN.
#[async_trait]
pub(super) trait Tagging: Sync {
    async fn list(&self, arn: &str) -> Result<Tags, Fault>;
    async fn add(&self, arn: &str, tags: Tags) -> Result<(), Fault>;
    async fn remove(&self, arn: &str, keys: Vec<String>) -> Result<(), Fault>;
}

/// The tags of a create request: the user's and Landfall's own.
pub(super) fn on_create<T: Tag>(cx: &Context) -> Vec<T> {
    wire(cx.all_tags())
}

/// The tags of an answer.
pub(super) fn read(tags: &[impl Tag]) -> Tags {
    tags.iter().filter_map(Tag::pair).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Changes the tags of an object to those declared.
pub(super) async fn update(client: &impl Tagging, cx: &Context, arn: &str, have: &Tags) -> Result<(), Fault> {
    let changes = cx.tag_changes(have);
    if !changes.remove.is_empty() {
        client.remove(arn, changes.remove).await?;
    }
    if !changes.set.is_empty() {
        client.add(arn, changes.set).await?;
    }
    Ok(())
}

fn wire<T: Tag>(tags: Tags) -> Vec<T> {
    tags.into_iter().map(|(key, value)| T::new(key, value)).collect()
}

impl Tag for RdsTag {
    fn new(key: String, value: String) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(&self) -> Option<(&str, &str)> {
        self.key().zip(self.value())
    }
}

impl Tag for CacheTag {
    fn new(key: String, value: String) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(&self) -> Option<(&str, &str)> {
        self.key().zip(self.value())
    }
}

#[async_trait]
impl Tagging for aws_sdk_rds::Client {
    async fn list(&self, arn: &str) -> Result<Tags, Fault> {
        let reply = self.list_tags_for_resource().resource_name(arn).send().await;
        Ok(read(reply.map_err(fault("rds:ListTagsForResource"))?.tag_list()))
    }

    async fn add(&self, arn: &str, tags: Tags) -> Result<(), Fault> {
        let call = self.add_tags_to_resource().resource_name(arn).set_tags(Some(wire(tags)));
        call.send().await.map(drop).map_err(fault("rds:AddTagsToResource"))
    }

    async fn remove(&self, arn: &str, keys: Vec<String>) -> Result<(), Fault> {
        let call = self.remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys));
        absent_is_done("rds:RemoveTagsFromResource", call.send().await)
    }
}

#[async_trait]
impl Tagging for aws_sdk_elasticache::Client {
    async fn list(&self, arn: &str) -> Result<Tags, Fault> {
        let reply = self.list_tags_for_resource().resource_name(arn).send().await;
        Ok(read(reply.map_err(fault("elasticache:ListTagsForResource"))?.tag_list()))
    }

    async fn add(&self, arn: &str, tags: Tags) -> Result<(), Fault> {
        let call = self.add_tags_to_resource().resource_name(arn).set_tags(Some(wire(tags)));
        call.send().await.map(drop).map_err(fault("elasticache:AddTagsToResource"))
    }

    async fn remove(&self, arn: &str, keys: Vec<String>) -> Result<(), Fault> {
        let call = self.remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys));
        absent_is_done("elasticache:RemoveTagsFromResource", call.send().await)
    }
}
