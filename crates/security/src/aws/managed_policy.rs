//! Managed policies on IAM.

use async_trait::async_trait;
use aws_sdk_iam::{
    Client,
    types::{Policy as Reply, PolicyScopeType, PolicyVersion},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Live, TypedProvider, Wait};

use super::iam::{self, Iam};
use crate::managed_policy::{ManagedPolicy, ManagedPolicyAttributes};

/// Longest name of a policy.
const NAME_MAX: usize = 128;

/// How many versions of a policy AWS keeps.
const VERSIONS_MAX: usize = 5;

pub(super) struct Provider(pub(super) Iam);

type LivePolicy = Live<ManagedPolicy, ManagedPolicyAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = ManagedPolicy;
    type Attributes = ManagedPolicyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LivePolicy>, Fault> {
        let client = self.0.of(cx);
        let Some(policy) = get(&client, id).await? else { return Ok(None) };
        let request = client.get_policy_version().policy_arn(id).set_version_id(policy.default_version_id.clone());
        let Some(reply) = found("iam:GetPolicyVersion", request.send().await)? else { return Ok(None) };
        let document = reply.policy_version.and_then(|version| version.document);
        let document = document.ok_or_else(|| Fault::incomplete("iam:GetPolicyVersion", "Document"))?;
        Ok(Some(Live {
            attributes: ManagedPolicyAttributes { id: id.to_owned(), arn: id.to_owned() },
            tags: iam::read_tags(policy.tags()),
            resource: ManagedPolicy {
                policy_document: iam::document("iam:GetPolicyVersion", &document)?,
                description: policy.description.filter(|text| !text.is_empty()),
                path: policy.path.ok_or_else(|| Fault::incomplete("iam:GetPolicy", "Path"))?,
            },
        }))
    }

    async fn find(&self, cx: &Context, want: &ManagedPolicy) -> Result<Option<LivePolicy>, Fault> {
        let name = cx.physical_name(NAME_MAX);
        let request = self.0.of(cx).list_policies().scope(PolicyScopeType::Local).path_prefix(&want.path);
        let mut pages = request.into_paginator().items().send();
        while let Some(policy) = pages.next().await {
            let policy = policy.map_err(fault("iam:ListPolicies"))?;
            if policy.policy_name.as_deref() == Some(&*name) {
                let live = self.read(cx, policy.arn.as_deref().unwrap_or_default()).await?;
                return Ok(live.filter(|live| cx.owns(&live.tags)));
            }
        }
        Ok(None)
    }

    async fn create(&self, cx: &Context, want: &ManagedPolicy) -> Result<ManagedPolicyAttributes, Fault> {
        let client = self.0.of(cx);
        let request = client
            .create_policy()
            .policy_name(cx.physical_name(NAME_MAX))
            .path(&want.path)
            .policy_document(want.policy_document.to_json())
            .set_description(want.description.clone())
            .set_tags(Some(iam::tags_on_create(cx)?));
        let reply = request.send().await.map_err(fault("iam:CreatePolicy"))?;
        let arn = reply.policy.and_then(|policy| policy.arn);
        let arn = arn.ok_or_else(|| Fault::incomplete("iam:CreatePolicy", "Arn"))?;
        cx.wait("policy to become visible", Wait::SECONDS, || async { Ok(get(&client, &arn).await?.map(drop)) })
            .await?;
        Ok(ManagedPolicyAttributes { id: arn.clone(), arn })
    }

    async fn update(
        &self,
        cx: &Context,
        want: &ManagedPolicy,
        have: &LivePolicy,
    ) -> Result<ManagedPolicyAttributes, Fault> {
        let client = self.0.of(cx);
        let arn = &have.attributes.arn;
        if want.policy_document != have.resource.policy_document {
            let mut versions = other_versions(&client, arn).await?;
            versions.sort_by_key(|version| version.create_date.map(|date| date.secs()));
            if versions.len() + 1 >= VERSIONS_MAX
                && let Some(oldest) = versions.first()
            {
                delete_version(&client, arn, oldest).await?;
            }
            let request = client.create_policy_version().policy_arn(arn).set_as_default(true);
            let reply = request.policy_document(want.policy_document.to_json()).send().await;
            reply.map_err(fault("iam:CreatePolicyVersion"))?;
        }
        let tags = cx.tag_changes(&have.tags);
        if let Some(keys) = iam::tags_to_remove(&tags) {
            let reply = client.untag_policy().policy_arn(arn).set_tag_keys(Some(keys)).send().await;
            reply.map_err(fault("iam:UntagPolicy"))?;
        }
        if let Some(tags) = iam::tags_to_set(&tags)? {
            client.tag_policy().policy_arn(arn).set_tags(Some(tags)).send().await.map_err(fault("iam:TagPolicy"))?;
        }
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LivePolicy) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let arn = &have.attributes.arn;
        // AWS deletes a policy only once nothing but its default version is left.
        for version in other_versions(&client, arn).await? {
            delete_version(&client, arn, &version).await?;
        }
        absent_is_done("iam:DeletePolicy", client.delete_policy().policy_arn(arn).send().await)
    }
}

async fn get(client: &Client, arn: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.get_policy().policy_arn(arn).send().await;
    Ok(found("iam:GetPolicy", reply)?.and_then(|reply| reply.policy))
}

/// The versions that are not the default; none of a policy that does not exist.
async fn other_versions(client: &Client, arn: &str) -> Result<Vec<PolicyVersion>, Fault> {
    let pages = client.list_policy_versions().policy_arn(arn).into_paginator().items().send();
    let versions = found("iam:ListPolicyVersions", pages.collect::<Result<Vec<_>, _>>().await)?;
    Ok(versions.unwrap_or_default().into_iter().filter(|version| !version.is_default_version).collect())
}

async fn delete_version(client: &Client, arn: &str, version: &PolicyVersion) -> Result<(), Fault> {
    let request = client.delete_policy_version().policy_arn(arn).set_version_id(version.version_id.clone());
    absent_is_done("iam:DeletePolicyVersion", request.send().await)
}
