//! Keys on KMS.

use async_trait::async_trait;
use aws_sdk_kms::{Client, types::KeyMetadata};
use landfall_aws::{fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, TypedProvider, Wait};

use super::kms::{self, Kms};
use crate::{
    key::{Key, KeyAttributes},
    policy::PolicyDocument,
};

pub(super) struct Provider(pub(super) Kms);

type LiveKey = Live<Key<AnyRegion>, KeyAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Key<AnyRegion>;
    type Attributes = KeyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveKey>, Fault> {
        let client = self.0.of(cx);
        let Some(key) = kms::describe(&client, id).await? else { return Ok(None) };
        let Some(policy) = kms::policy(&client, id).await? else { return Ok(None) };
        let Some(tags) = kms::tags(&client, id).await? else { return Ok(None) };
        let Some(rotation) = rotation(&client, id).await? else { return Ok(None) };
        let mut resource = Key::builder()
            .description(key.description().unwrap_or_default())
            .enable_key_rotation(rotation.enabled)
            .maybe_rotation_period_in_days(rotation.period_in_days)
            .policy(policy)
            .build();
        resource.multi_region = key.multi_region.unwrap_or_default();
        Ok(Some(Live { resource, attributes: attributes(&key)?, tags }))
    }

    /// KMS takes no client token and finds nothing by tag, but it writes the tags in the create itself. So every key
    /// of the region is asked for its tags: slow where there are many, and certain. An alias or the resource groups
    /// tagging API would be quicker, but are written after the key, or follow it by minutes.
    async fn find(&self, cx: &Context, _want: &Key<AnyRegion>) -> Result<Option<LiveKey>, Fault> {
        let client = self.0.of(cx);
        let mut keys = client.list_keys().into_paginator().items().send();
        let (mut readable, mut denied) = (false, None);
        while let Some(key) = keys.next().await {
            let id = key.map_err(fault("kms:ListKeys"))?.key_id.unwrap_or_default();
            match kms::tags(&client, &id).await {
                Ok(tags) => {
                    readable = true;
                    if tags.is_some_and(|tags| cx.owns(&tags)) {
                        return self.read(cx, &id).await;
                    }
                }
                // Other people's keys may hide their tags by policy.
                Err(fault) if fault.kind == FaultKind::Denied => denied = Some(fault),
                Err(fault) => return Err(fault),
            }
        }
        match denied {
            Some(fault) if !readable => Err(fault),
            _ => Ok(None),
        }
    }

    async fn create(&self, cx: &Context, want: &Key<AnyRegion>) -> Result<KeyAttributes, Fault> {
        let client = self.0.of(cx);
        let request = client
            .create_key()
            .description(&want.description)
            .multi_region(want.multi_region)
            .set_policy(want.policy.as_ref().map(PolicyDocument::to_json))
            .set_tags(Some(kms::tags_on_create(cx)?));
        let reply = request.send().await.map_err(fault("kms:CreateKey"))?;
        let key = reply.key_metadata.ok_or_else(|| Fault::incomplete("kms:CreateKey", "KeyMetadata"))?;
        kms::made(&client, cx, key.key_id()).await?;
        if want.enable_key_rotation {
            enable_rotation(&client, cx, key.key_id(), want).await?;
        }
        attributes(&key)
    }

    async fn update(&self, cx: &Context, want: &Key<AnyRegion>, have: &LiveKey) -> Result<KeyAttributes, Fault> {
        let client = self.0.of(cx);
        let (id, was) = (&have.attributes.id, &have.resource);
        let description = (want.description != was.description).then_some(&*want.description);
        let policy = want.policy.as_ref().filter(|policy| was.policy.as_ref() != Some(policy));
        kms::update(&client, id, description, policy).await?;
        let period = want.rotation_period_in_days.filter(|period| was.rotation_period_in_days != Some(*period));
        if want.enable_key_rotation && (!was.enable_key_rotation || period.is_some()) {
            enable_rotation(&client, cx, id, want).await?;
        }
        if was.enable_key_rotation && !want.enable_key_rotation {
            let reply = client.disable_key_rotation().key_id(id).send().await;
            reply.map_err(fault("kms:DisableKeyRotation"))?;
        }
        kms::update_tags(&client, cx, id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveKey) -> Result<(), Fault> {
        kms::schedule_deletion(&self.0.of(cx), &have.attributes.id, have.resource.deletion_window_in_days).await
    }
}

struct Rotation {
    enabled: bool,
    period_in_days: Option<u16>,
}

async fn rotation(client: &Client, id: &str) -> Result<Option<Rotation>, Fault> {
    let reply = found("kms:GetKeyRotationStatus", client.get_key_rotation_status().key_id(id).send().await)?;
    Ok(reply.map(|reply| Rotation {
        enabled: reply.key_rotation_enabled,
        period_in_days: reply.rotation_period_in_days.and_then(|days| u16::try_from(days).ok()),
    }))
}

/// Switches the rotation on and waits until reads show it, which KMS promises only after a while.
async fn enable_rotation(client: &Client, cx: &Context, id: &str, want: &Key<AnyRegion>) -> Result<(), Fault> {
    let period = want.rotation_period_in_days;
    cx.wait("key to accept its rotation", Wait::SECONDS, || async {
        let request = client.enable_key_rotation().key_id(id).set_rotation_period_in_days(period.map(i32::from));
        found("kms:EnableKeyRotation", request.send().await)
    })
    .await?;
    cx.wait("key to show its rotation", Wait::SECONDS, || async {
        let as_wanted = |now: &Rotation| now.enabled && (period.is_none() || now.period_in_days == period);
        Ok(rotation(client, id).await?.filter(as_wanted).map(drop))
    })
    .await
}

fn attributes(key: &KeyMetadata) -> Result<KeyAttributes, Fault> {
    let arn = key.arn.clone().ok_or_else(|| Fault::incomplete("kms:DescribeKey", "Arn"))?;
    Ok(KeyAttributes { id: key.key_id.clone(), arn })
}
