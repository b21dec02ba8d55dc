//! Replica keys on KMS.

use async_trait::async_trait;
use aws_sdk_kms::types::KeyMetadata;
use landfall_aws::fault;
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, PlaceCode, TypedProvider};

use super::kms::{self, Kms};
use crate::{
    policy::PolicyDocument,
    replica_key::{ReplicaKey, ReplicaKeyAttributes, untold},
};

pub(super) struct Provider(pub(super) Kms);

type LiveReplica = Live<ReplicaKey<AnyRegion>, ReplicaKeyAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = ReplicaKey<AnyRegion>;
    type Attributes = ReplicaKeyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveReplica>, Fault> {
        let client = self.0.of(cx);
        let Some(key) = kms::describe(&client, id).await? else { return Ok(None) };
        let Some(policy) = kms::policy(&client, id).await? else { return Ok(None) };
        let Some(tags) = kms::tags(&client, id).await? else { return Ok(None) };
        let resource = ReplicaKey::builder()
            .primary(untold())
            .description(key.description().unwrap_or_default())
            .policy(policy)
            .build();
        Ok(Some(Live { resource, attributes: attributes(&key)?, tags }))
    }

    /// A replica has the id of its primary, so there is at most one to look at.
    async fn find(&self, cx: &Context, want: &ReplicaKey<AnyRegion>) -> Result<Option<LiveReplica>, Fault> {
        let (_, id) = primary(want)?;
        Ok(self.read(cx, id).await?.filter(|live| cx.owns(&live.tags)))
    }

    async fn create(&self, cx: &Context, want: &ReplicaKey<AnyRegion>) -> Result<ReplicaKeyAttributes, Fault> {
        let (region, id) = primary(want)?;
        // The region of the primary makes replicas; from then on they belong to their own.
        let request = self
            .0
            .at(region.as_str())
            .replicate_key()
            .key_id(id)
            .replica_region(cx.region())
            .description(&want.description)
            .set_policy(want.policy.as_ref().map(PolicyDocument::to_json))
            .set_tags(Some(kms::tags_on_create(cx)?));
        let reply = request.send().await.map_err(fault("kms:ReplicateKey"))?;
        let key = reply.replica_key_metadata;
        let key = key.ok_or_else(|| Fault::incomplete("kms:ReplicateKey", "ReplicaKeyMetadata"))?;
        kms::made(&self.0.of(cx), cx, key.key_id()).await?;
        attributes(&key)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &ReplicaKey<AnyRegion>,
        have: &LiveReplica,
    ) -> Result<ReplicaKeyAttributes, Fault> {
        let client = self.0.of(cx);
        let (id, was) = (&have.attributes.id, &have.resource);
        // It may still be on its way, when the create was interrupted.
        kms::made(&client, cx, id).await?;
        let description = (want.description != was.description).then_some(&*want.description);
        let policy = want.policy.as_ref().filter(|policy| was.policy.as_ref() != Some(policy));
        kms::update(&client, id, description, policy).await?;
        kms::update_tags(&client, cx, id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveReplica) -> Result<(), Fault> {
        kms::schedule_deletion(&self.0.of(cx), &have.attributes.id, have.resource.deletion_window_in_days).await
    }
}

/// Region and id of the primary, out of its ARN.
fn primary(want: &ReplicaKey<AnyRegion>) -> Result<(PlaceCode, &str), Fault> {
    let arn = want.primary.id();
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let region = parts.get(3).and_then(|code| code.parse().ok());
    let id = parts.get(5).and_then(|resource| resource.strip_prefix("key/"));
    region.zip(id).ok_or_else(|| {
        Fault::new(FaultKind::Invalid, "kms:ReplicateKey", format!("`primary` {arn} is not the ARN of a key"))
    })
}

fn attributes(key: &KeyMetadata) -> Result<ReplicaKeyAttributes, Fault> {
    let arn = key.arn.clone().ok_or_else(|| Fault::incomplete("kms:DescribeKey", "Arn"))?;
    Ok(ReplicaKeyAttributes { id: key.key_id.clone(), arn })
}
