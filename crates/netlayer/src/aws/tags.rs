//! Tags of EC2 objects.

use aws_sdk_ec2::{
    Client,
    types::{Filter, ResourceType, Tag, TagSpecification},
};
use landfall_aws::{absent_is_done, fault};
use landfall_core::{Context, Fault, Tags, tags};

/// The tags of a create request: the user's and Landfall's own.
pub(super) fn on_create(cx: &Context, resource_type: ResourceType) -> TagSpecification {
    TagSpecification::builder().resource_type(resource_type).set_tags(Some(list(&cx.all_tags()))).build()
}

/// The filter that finds what an interrupted create made.
pub(super) fn by_token(cx: &Context) -> Filter {
    Filter::builder().name(format!("tag:{}", tags::TOKEN)).values(cx.token.to_string()).build()
}

/// The tags of an answer.
pub(super) fn read(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
}

/// What carries the tag of the context's token, of what a search returned.
pub(super) fn ours<T>(cx: &Context, found: impl IntoIterator<Item = T>, tags: impl Fn(&T) -> &[Tag]) -> Option<T> {
    found.into_iter().find(|item| cx.owns(&read(tags(item))))
}

/// Writes all tags, Landfall's own too, on something that AWS made and that may carry others.
pub(super) async fn take_over(client: &Client, cx: &Context, id: &str, have: &Tags) -> Result<(), Fault> {
    let all = cx.all_tags();
    if all.iter().all(|(key, value)| have.get(key) == Some(value)) {
        return Ok(());
    }
    let request = client.create_tags().resources(id).set_tags(Some(list(&all)));
    request.send().await.map(drop).map_err(fault("ec2:CreateTags"))
}

/// Removes all tags, Landfall's own too, from something that outlives its resource.
pub(super) async fn give_back(client: &Client, cx: &Context, id: &str) -> Result<(), Fault> {
    let keys = cx.all_tags().into_keys().map(|key| Tag::builder().key(key).build()).collect();
    absent_is_done("ec2:DeleteTags", client.delete_tags().resources(id).set_tags(Some(keys)).send().await)
}

fn list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Changes the tags of an object to those declared.
pub(super) async fn update(client: &Client, cx: &Context, id: &str, have: &Tags) -> Result<(), Fault> {
    let changes = cx.tag_changes(have);
    if !changes.remove.is_empty() {
        let keys = changes.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
        let removed = client.delete_tags().resources(id).set_tags(Some(keys)).send().await;
        absent_is_done("ec2:DeleteTags", removed)?;
    }
    if !changes.set.is_empty() {
        let request = client.create_tags().resources(id).set_tags(Some(list(&changes.set)));
        request.send().await.map_err(fault("ec2:CreateTags"))?;
    }
    Ok(())
}
