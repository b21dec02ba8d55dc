//! Tags of zones and health checks.

use aws_sdk_route53::{
    Client,
    types::{Tag, TagResourceType},
};
use landfall_aws::{fault, found};
use landfall_core::{Context, Fault, Tags, tags::TagChanges};

/// AWS takes this many changes in one call.
const AT_ONCE: usize = 10;

/// Writes all tags of a new object.
pub(super) async fn write(client: &Client, cx: &Context, kind: TagResourceType, id: &str) -> Result<(), Fault> {
    apply(client, kind, id, TagChanges { set: cx.all_tags(), remove: Vec::new() }).await
}

/// Writes all tags of an object that a create made and was interrupted before it wrote them.
pub(super) async fn complete(
    client: &Client,
    cx: &Context,
    kind: TagResourceType,
    id: &str,
    have: &Tags,
) -> Result<(), Fault> {
    if cx.owns(have) { Ok(()) } else { write(client, cx, kind, id).await }
}

/// Changes the tags of an object to those declared.
pub(super) async fn update(
    client: &Client,
    cx: &Context,
    kind: TagResourceType,
    id: &str,
    have: &Tags,
) -> Result<(), Fault> {
    apply(client, kind, id, cx.tag_changes(have)).await
}

/// The tags of an object; none when it does not exist.
pub(super) async fn read(client: &Client, kind: TagResourceType, id: &str) -> Result<Tags, Fault> {
    let reply = client.list_tags_for_resource().resource_type(kind).resource_id(id).send().await;
    let reply = found("route53:ListTagsForResource", reply)?;
    let tags = reply.and_then(|reply| reply.resource_tag_set).and_then(|set| set.tags).unwrap_or_default();
    Ok(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
}

async fn apply(client: &Client, kind: TagResourceType, id: &str, changes: TagChanges) -> Result<(), Fault> {
    let set: Vec<_> = changes.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    for keys in changes.remove.chunks(AT_ONCE) {
        let call = client.change_tags_for_resource().resource_type(kind.clone()).resource_id(id);
        let reply = call.set_remove_tag_keys(Some(keys.to_vec())).send().await;
        reply.map_err(fault("route53:ChangeTagsForResource"))?;
    }
    for tags in set.chunks(AT_ONCE) {
        let call = client.change_tags_for_resource().resource_type(kind.clone()).resource_id(id);
        let reply = call.set_add_tags(Some(tags.to_vec())).send().await;
        reply.map_err(fault("route53:ChangeTagsForResource"))?;
    }
    Ok(())
}
