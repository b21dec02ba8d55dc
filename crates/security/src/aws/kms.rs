//! What keys and replica keys share on KMS.

use aws_sdk_kms::{
    Client,
    types::{KeyMetadata, KeyState, Tag},
};
use landfall_aws::{Regional, absent_is_done, fault, found};
use landfall_core::{Context, Fault, FaultKind, Tags, Wait};

use crate::policy::PolicyDocument;

/// Clients of KMS, one per region.
pub(super) type Kms = Regional<Client>;

/// Name of the only policy that a key has.
const POLICY_NAME: &str = "default";

/// The tags of a create request: the user's and Landfall's own.
pub(super) fn tags_on_create(cx: &Context) -> Result<Vec<Tag>, Fault> {
    to_tags(cx.all_tags())
}

fn to_tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    let build = |(key, value): (String, String)| Tag::builder().tag_key(key).tag_value(value).build();
    tags.into_iter()
        .map(build)
        .collect::<Result<_, _>>()
        .map_err(|error| Fault::new(FaultKind::Fatal, "kms:TagResource", format!("a tag can't be built: {error}")))
}

/// The tags of a key; `None` when there is no such key.
pub(super) async fn tags(client: &Client, id: &str) -> Result<Option<Tags>, Fault> {
    let pages = client.list_resource_tags().key_id(id).into_paginator().items().send();
    let tags = found("kms:ListResourceTags", pages.collect::<Result<Vec<_>, _>>().await)?;
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect()))
}

/// Changes the tags of a key to those declared.
pub(super) async fn update_tags(client: &Client, cx: &Context, id: &str, have: &Tags) -> Result<(), Fault> {
    let changes = cx.tag_changes(have);
    if !changes.remove.is_empty() {
        let request = client.untag_resource().key_id(id).set_tag_keys(Some(changes.remove));
        request.send().await.map_err(fault("kms:UntagResource"))?;
    }
    if !changes.set.is_empty() {
        let request = client.tag_resource().key_id(id).set_tags(Some(to_tags(changes.set)?));
        request.send().await.map_err(fault("kms:TagResource"))?;
    }
    Ok(())
}

/// What KMS knows of a key; `None` when there is no such key, or when it only waits for its deletion.
pub(super) async fn describe(client: &Client, id: &str) -> Result<Option<KeyMetadata>, Fault> {
    let reply = found("kms:DescribeKey", client.describe_key().key_id(id).send().await)?;
    Ok(reply.and_then(|reply| reply.key_metadata).filter(|key| !is_going(key)))
}

fn is_going(key: &KeyMetadata) -> bool {
    matches!(key.key_state(), Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))
}

/// Waits until a new key is made; one that somebody disabled is.
pub(super) async fn made(client: &Client, cx: &Context, id: &str) -> Result<(), Fault> {
    cx.wait("key to become usable", Wait::MINUTES, || async {
        let key = describe(client, id).await?;
        let is_made =
            |key: &KeyMetadata| !matches!(key.key_state(), None | Some(KeyState::Creating | KeyState::Updating));
        Ok(key.filter(is_made).map(drop))
    })
    .await
}

/// The policy of a key; `None` when there is no such key.
pub(super) async fn policy(client: &Client, id: &str) -> Result<Option<PolicyDocument>, Fault> {
    let reply = client.get_key_policy().key_id(id).policy_name(POLICY_NAME).send().await;
    let Some(reply) = found("kms:GetKeyPolicy", reply)? else { return Ok(None) };
    let text = reply.policy.ok_or_else(|| Fault::incomplete("kms:GetKeyPolicy", "Policy"))?;
    let document = text.parse();
    document.map(Some).map_err(|_| Fault::incomplete("kms:GetKeyPolicy", "policy document that can be read"))
}

/// Sets description and policy where they differ.
pub(super) async fn update(
    client: &Client,
    id: &str,
    description: Option<&str>,
    policy: Option<&PolicyDocument>,
) -> Result<(), Fault> {
    if let Some(description) = description {
        let reply = client.update_key_description().key_id(id).description(description).send().await;
        reply.map_err(fault("kms:UpdateKeyDescription"))?;
    }
    if let Some(policy) = policy {
        let request = client.put_key_policy().key_id(id).policy_name(POLICY_NAME).policy(policy.to_json());
        request.send().await.map_err(fault("kms:PutKeyPolicy"))?;
    }
    Ok(())
}

/// Schedules the deletion of a key, at once unusable; success also when that was done before.
pub(super) async fn schedule_deletion(client: &Client, id: &str, window_in_days: u8) -> Result<(), Fault> {
    // KMS refuses to schedule a deletion twice.
    if describe(client, id).await?.is_none() {
        return Ok(());
    }
    let request = client.schedule_key_deletion().key_id(id).pending_window_in_days(i32::from(window_in_days));
    match absent_is_done("kms:ScheduleKeyDeletion", request.send().await) {
        // The answer to an earlier attempt of the same request was lost.
        Err(_) if describe(client, id).await.is_ok_and(|key| key.is_none()) => Ok(()),
        scheduled => scheduled,
    }
}
