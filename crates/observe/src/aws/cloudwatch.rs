//! Tags of CloudWatch's objects: alarms and dashboards.

use aws_sdk_cloudwatch::{Client, types::Tag};
use landfall_aws::{fault, found};
use landfall_core::{Context, Fault, Tags};

/// The tags as a request holds them.
pub(super) fn sdk_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// All tags of an object; `None` when the object is gone.
pub(super) async fn read_tags(client: &Client, arn: &str) -> Result<Option<Tags>, Fault> {
    let reply = client.list_tags_for_resource().resource_arn(arn).send().await;
    let Some(reply) = found("cloudwatch:ListTagsForResource", reply)? else { return Ok(None) };
    let tags = reply.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    Ok(Some(tags.collect()))
}

/// Changes the tags of an object to those declared: a put takes tags for new objects only.
pub(super) async fn update_tags(client: &Client, cx: &Context, arn: &str, have: &Tags) -> Result<(), Fault> {
    let changes = cx.tag_changes(have);
    if !changes.remove.is_empty() {
        let call = client.untag_resource().resource_arn(arn).set_tag_keys(Some(changes.remove));
        call.send().await.map_err(fault("cloudwatch:UntagResource"))?;
    }
    if !changes.set.is_empty() {
        let call = client.tag_resource().resource_arn(arn).set_tags(Some(sdk_tags(changes.set)));
        call.send().await.map_err(fault("cloudwatch:TagResource"))?;
    }
    Ok(())
}
