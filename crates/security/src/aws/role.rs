//! Roles on IAM.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_iam::{Client, types::Role as Reply};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Input, Live, TypedProvider, Wait};

use super::iam::{self, Iam};
use crate::{
    policy::PolicyDocument,
    role::{Role, RoleAttributes},
};

/// Longest name of a role.
const NAME_MAX: usize = 64;

pub(super) struct Provider(pub(super) Iam);

type LiveRole = Live<Role, RoleAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Role;
    type Attributes = RoleAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveRole>, Fault> {
        let client = self.0.of(cx);
        match get(&client, id).await? {
            Some(role) => live(&client, role).await,
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, _want: &Role) -> Result<Option<LiveRole>, Fault> {
        let live = self.read(cx, &cx.physical_name(NAME_MAX)).await?;
        Ok(live.filter(|live| cx.owns(&live.tags)))
    }

    async fn create(&self, cx: &Context, want: &Role) -> Result<RoleAttributes, Fault> {
        let client = self.0.of(cx);
        let name = cx.physical_name(NAME_MAX);
        let request = client
            .create_role()
            .role_name(&name)
            .path(&want.path)
            .assume_role_policy_document(want.assume_role_policy_document.to_json())
            .set_description(want.description.clone())
            .max_session_duration(seconds(want))
            .set_permissions_boundary(want.permissions_boundary.as_ref().map(|arn| arn.value().clone()))
            .set_tags(Some(iam::tags_on_create(cx)?));
        let reply = request.send().await.map_err(fault("iam:CreateRole"))?;
        let role = reply.role.ok_or_else(|| Fault::incomplete("iam:CreateRole", "role"))?;
        set_policies(&client, &name, want, &BTreeMap::new(), &BTreeSet::new()).await?;
        cx.wait("role to become visible", Wait::SECONDS, || async { Ok(get(&client, &name).await?.map(drop)) }).await?;
        Ok(attributes(&role))
    }

    async fn update(&self, cx: &Context, want: &Role, have: &LiveRole) -> Result<RoleAttributes, Fault> {
        let client = self.0.of(cx);
        let (name, was) = (&have.attributes.id, &have.resource);
        if want.assume_role_policy_document != was.assume_role_policy_document {
            let document = want.assume_role_policy_document.to_json();
            let request = client.update_assume_role_policy().role_name(name).policy_document(document);
            request.send().await.map_err(fault("iam:UpdateAssumeRolePolicy"))?;
        }
        if want.description != was.description || want.max_session_duration_seconds != was.max_session_duration_seconds
        {
            // AWS resets what the request leaves out.
            let description = want.description.clone().unwrap_or_default();
            let request = client.update_role().role_name(name).description(description);
            let reply = request.max_session_duration(seconds(want)).send().await;
            reply.map_err(fault("iam:UpdateRole"))?;
        }
        if want.permissions_boundary != was.permissions_boundary {
            set_boundary(&client, name, want.permissions_boundary.as_ref()).await?;
        }
        set_policies(&client, name, want, &was.inline_policies, &values(&was.managed_policy_arns)).await?;
        let tags = cx.tag_changes(&have.tags);
        if let Some(keys) = iam::tags_to_remove(&tags) {
            let reply = client.untag_role().role_name(name).set_tag_keys(Some(keys)).send().await;
            reply.map_err(fault("iam:UntagRole"))?;
        }
        if let Some(tags) = iam::tags_to_set(&tags)? {
            client.tag_role().role_name(name).set_tags(Some(tags)).send().await.map_err(fault("iam:TagRole"))?;
        }
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveRole) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let name = &have.attributes.id;
        // AWS deletes a role only without policies, also those that others put on it.
        for arn in attached(&client, name).await?.unwrap_or_default() {
            let reply = client.detach_role_policy().role_name(name).policy_arn(arn).send().await;
            absent_is_done("iam:DetachRolePolicy", reply)?;
        }
        for policy in inline_names(&client, name).await?.unwrap_or_default() {
            let reply = client.delete_role_policy().role_name(name).policy_name(policy).send().await;
            absent_is_done("iam:DeleteRolePolicy", reply)?;
        }
        absent_is_done("iam:DeleteRole", client.delete_role().role_name(name).send().await)
    }
}

async fn get(client: &Client, name: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.get_role().role_name(name).send().await;
    Ok(found("iam:GetRole", reply)?.and_then(|reply| reply.role))
}

/// ARNs of the managed policies; `None` when there is no such role.
async fn attached(client: &Client, name: &str) -> Result<Option<BTreeSet<String>>, Fault> {
    let pages = client.list_attached_role_policies().role_name(name).into_paginator().items().send();
    let policies = found("iam:ListAttachedRolePolicies", pages.collect::<Result<Vec<_>, _>>().await)?;
    Ok(policies.map(|policies| policies.into_iter().filter_map(|policy| policy.policy_arn).collect()))
}

/// Names of the inline policies; `None` when there is no such role.
async fn inline_names(client: &Client, name: &str) -> Result<Option<Vec<String>>, Fault> {
    let pages = client.list_role_policies().role_name(name).into_paginator().items().send();
    found("iam:ListRolePolicies", pages.collect::<Result<Vec<_>, _>>().await)
}

/// The role with its policies; `None` when it goes away in between.
async fn live(client: &Client, role: Reply) -> Result<Option<LiveRole>, Fault> {
    let Some(managed) = attached(client, &role.role_name).await? else { return Ok(None) };
    let Some(names) = inline_names(client, &role.role_name).await? else { return Ok(None) };
    let mut inline_policies = BTreeMap::new();
    for name in names {
        let reply = client.get_role_policy().role_name(&role.role_name).policy_name(&name).send().await;
        if let Some(reply) = found("iam:GetRolePolicy", reply)? {
            inline_policies.insert(name, iam::document("iam:GetRolePolicy", &reply.policy_document)?);
        }
    }
    let trust = role.assume_role_policy_document.as_deref();
    let trust = trust.ok_or_else(|| Fault::incomplete("iam:GetRole", "AssumeRolePolicyDocument"))?;
    let session = role.max_session_duration.and_then(|seconds| u32::try_from(seconds).ok());
    let boundary = role.permissions_boundary.as_ref().and_then(|boundary| boundary.permissions_boundary_arn());
    Ok(Some(Live {
        resource: Role {
            inline_policies,
            assume_role_policy_document: iam::document("iam:GetRole", trust)?,
            managed_policy_arns: managed.into_iter().map(Input::from).collect(),
            description: role.description.clone().filter(|text| !text.is_empty()),
            max_session_duration_seconds: session
                .ok_or_else(|| Fault::incomplete("iam:GetRole", "MaxSessionDuration"))?,
            path: role.path.clone(),
            permissions_boundary: boundary.map(Input::from),
        },
        attributes: attributes(&role),
        tags: iam::read_tags(role.tags()),
    }))
}

fn attributes(role: &Reply) -> RoleAttributes {
    RoleAttributes { id: role.role_name.clone(), arn: role.arn.clone(), unique_id: role.role_id.clone() }
}

fn seconds(want: &Role) -> i32 {
    i32::try_from(want.max_session_duration_seconds).unwrap_or(i32::MAX)
}

fn values(inputs: &[Input<String>]) -> BTreeSet<String> {
    inputs.iter().map(|input| input.value().clone()).collect()
}

async fn set_boundary(client: &Client, name: &str, boundary: Option<&Input<String>>) -> Result<(), Fault> {
    if let Some(arn) = boundary {
        let request = client.put_role_permissions_boundary().role_name(name).permissions_boundary(arn.value());
        request.send().await.map(drop).map_err(fault("iam:PutRolePermissionsBoundary"))
    } else {
        let reply = client.delete_role_permissions_boundary().role_name(name).send().await;
        absent_is_done("iam:DeleteRolePermissionsBoundary", reply)
    }
}

/// Changes the policies from those it has to those wanted; what is new comes first, so that a policy which moves
/// from one form to the other is never missing.
async fn set_policies(
    client: &Client,
    name: &str,
    want: &Role,
    inline: &BTreeMap<String, PolicyDocument>,
    managed: &BTreeSet<String>,
) -> Result<(), Fault> {
    let wanted = values(&want.managed_policy_arns);
    for arn in wanted.difference(managed) {
        let reply = client.attach_role_policy().role_name(name).policy_arn(arn).send().await;
        reply.map_err(fault("iam:AttachRolePolicy"))?;
    }
    for (policy, document) in
        want.inline_policies.iter().filter(|(policy, document)| inline.get(*policy) != Some(document))
    {
        let request = client.put_role_policy().role_name(name).policy_name(policy);
        let reply = request.policy_document(document.to_json()).send().await;
        reply.map_err(fault("iam:PutRolePolicy"))?;
    }
    for arn in managed.difference(&wanted) {
        let reply = client.detach_role_policy().role_name(name).policy_arn(arn).send().await;
        absent_is_done("iam:DetachRolePolicy", reply)?;
    }
    for policy in inline.keys().filter(|policy| !want.inline_policies.contains_key(*policy)) {
        let reply = client.delete_role_policy().role_name(name).policy_name(policy).send().await;
        absent_is_done("iam:DeleteRolePolicy", reply)?;
    }
    Ok(())
}
