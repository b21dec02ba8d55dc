//! Tags of EC2 objects.

use aws_sdk_ec2::{
    Client,
    types::{Filter, ResourceType, Tag, TagSpecification},
};
use landfall_aws::{absent_is_done, fault};
use landfall_core::{
    Context, Fault, Tags,
    tags::{self},
};

/// The tags of a create request: the user's and Landfall's own.
pub(super) fn on_create(cx: &Context, resource_type: ResourceType) -> TagSpecification {
    let tags = cx.all_tags().into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    TagSpecification::builder().resource_type(resource_type).set_tags(Some(tags)).build()
}

/// The filter that finds what an interrupted create made.
pub(super) fn by_token(cx: &Context) -> Filter {
    Filter::builder().name(format!("tag:{}", tags::TOKEN)).values(cx.token.to_string()).build()
}

/// The tags of an answer.
pub(super) fn read(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect()
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
        let tags = changes.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        client.create_tags().resources(id).set_tags(Some(tags)).send().await.map_err(fault("ec2:CreateTags"))?;
    }
    Ok(())
}
