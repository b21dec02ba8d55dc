//! What the kinds of Amazon ElastiCache share: tags, and answers of objects that are busy.

use aws_sdk_elasticache::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::Tag,
};
use landfall_aws::{absent_is_done, fault};
use landfall_core::{Context, Fault, FaultKind, Tags};

/// The tags of a create request: the user's and Landfall's own.
pub(super) fn on_create(cx: &Context) -> Vec<Tag> {
    wire(cx.all_tags())
}

fn wire(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags of an object.
pub(super) async fn list_tags(client: &Client, arn: &str) -> Result<Tags, Fault> {
    let reply = client.list_tags_for_resource().resource_name(arn).send().await;
    let reply = reply.map_err(not_ready("elasticache:ListTagsForResource"))?;
    Ok(reply.tag_list().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()))).collect())
}

/// Changes the tags of an object to those declared.
pub(super) async fn update_tags(client: &Client, cx: &Context, arn: &str, have: &Tags) -> Result<(), Fault> {
    let changes = cx.tag_changes(have);
    if !changes.remove.is_empty() {
        let call = client.remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(changes.remove));
        absent_is_done("elasticache:RemoveTagsFromResource", call.send().await)?;
    }
    if !changes.set.is_empty() {
        let call = client.add_tags_to_resource().resource_name(arn).set_tags(Some(wire(changes.set)));
        call.send().await.map_err(not_ready("elasticache:AddTagsToResource"))?;
    }
    Ok(())
}

/// What creates and changes wait for: an object that another change keeps busy.
pub(super) fn not_ready<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    classified(operation, FaultKind::NotYet)
}

/// What a delete waits for: objects that still use the one to delete, or a change that keeps it busy.
pub(super) fn in_use<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    classified(operation, FaultKind::Blocked)
}

fn classified<E>(operation: &'static str, busy: FaultKind) -> impl FnOnce(SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| {
        let waits = waits(error.code().unwrap_or_default());
        let refused = fault(operation)(error);
        if waits { Fault { kind: busy, ..refused } } else { refused }
    }
}

/// Whether an error goes away by itself, by its code without the suffix `Fault` that the service adds to some.
fn waits(code: &str) -> bool {
    matches!(
        code.trim_end_matches("Fault"),
        "InvalidReplicationGroupState" | "InvalidCacheClusterState" | "CacheSubnetGroupInUse"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_away_by_itself_is_waited_for() {
        let check = |code: &str, expected: bool| assert_eq!(waits(code), expected, "{code}");
        check("InvalidReplicationGroupState", true);
        check("InvalidReplicationGroupStateFault", true);
        check("CacheSubnetGroupInUse", true);
        check("InvalidParameterValue", false);
    }
}
