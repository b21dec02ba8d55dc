//! Instance profiles on IAM.

use async_trait::async_trait;
use aws_sdk_iam::{Client, types::InstanceProfile as Reply};
use landfall_aws::{absent_is_done, fault, found, is_code};
use landfall_core::{Context, Fault, Live, Ref, TypedProvider, Wait};

use super::iam::{self, Iam};
use crate::instance_profile::{InstanceProfile, InstanceProfileAttributes};

/// Longest name of an instance profile.
const NAME_MAX: usize = 128;

pub(super) struct Provider(pub(super) Iam);

type LiveProfile = Live<InstanceProfile, InstanceProfileAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = InstanceProfile;
    type Attributes = InstanceProfileAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveProfile>, Fault> {
        Ok(get(&self.0.of(cx), id).await?.map(live))
    }

    async fn find(&self, cx: &Context, _want: &InstanceProfile) -> Result<Option<LiveProfile>, Fault> {
        let live = self.read(cx, &cx.physical_name(NAME_MAX)).await?;
        Ok(live.filter(|live| cx.owns(&live.tags)))
    }

    async fn create(&self, cx: &Context, want: &InstanceProfile) -> Result<InstanceProfileAttributes, Fault> {
        let client = self.0.of(cx);
        let name = cx.physical_name(NAME_MAX);
        let request = client.create_instance_profile().instance_profile_name(&name).path(&want.path);
        let reply = request.set_tags(Some(iam::tags_on_create(cx)?)).send().await;
        let reply = reply.map_err(fault("iam:CreateInstanceProfile"))?;
        let profile =
            reply.instance_profile.ok_or_else(|| Fault::incomplete("iam:CreateInstanceProfile", "InstanceProfile"))?;
        add_role(&client, cx, &name, want.role.id()).await?;
        Ok(attributes(&profile))
    }

    async fn update(
        &self,
        cx: &Context,
        want: &InstanceProfile,
        have: &LiveProfile,
    ) -> Result<InstanceProfileAttributes, Fault> {
        let client = self.0.of(cx);
        let name = &have.attributes.id;
        if want.role != have.resource.role {
            remove_roles(&client, name).await?;
            add_role(&client, cx, name, want.role.id()).await?;
        }
        let tags = cx.tag_changes(&have.tags);
        if let Some(keys) = iam::tags_to_remove(&tags) {
            let request = client.untag_instance_profile().instance_profile_name(name).set_tag_keys(Some(keys));
            request.send().await.map_err(fault("iam:UntagInstanceProfile"))?;
        }
        if let Some(tags) = iam::tags_to_set(&tags)? {
            let request = client.tag_instance_profile().instance_profile_name(name).set_tags(Some(tags));
            request.send().await.map_err(fault("iam:TagInstanceProfile"))?;
        }
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveProfile) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let name = &have.attributes.id;
        remove_roles(&client, name).await?;
        let reply = client.delete_instance_profile().instance_profile_name(name).send().await;
        absent_is_done("iam:DeleteInstanceProfile", reply)
    }
}

async fn get(client: &Client, name: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.get_instance_profile().instance_profile_name(name).send().await;
    Ok(found("iam:GetInstanceProfile", reply)?.and_then(|reply| reply.instance_profile))
}

/// Puts the role into the profile and waits until others see it there. Profile and role may both be so new that
/// the request does not find them yet.
async fn add_role(client: &Client, cx: &Context, profile: &str, role: &str) -> Result<(), Fault> {
    let holds = |profile: &Reply| profile.roles().iter().any(|held| held.role_name() == role);
    cx.wait("role to enter its instance profile", Wait::SECONDS, || async {
        let request = client.add_role_to_instance_profile().instance_profile_name(profile).role_name(role);
        match request.send().await {
            // A profile holds one role: it may be this one, put in by an attempt whose answer was lost.
            Err(error)
                if is_code(&error, &["LimitExceeded"]) && get(client, profile).await?.is_some_and(|it| holds(&it)) =>
            {
                Ok(Some(()))
            }
            reply => Ok(found("iam:AddRoleToInstanceProfile", reply)?.map(drop)),
        }
    })
    .await?;
    cx.wait("instance profile to show its role", Wait::SECONDS, || async {
        Ok(get(client, profile).await?.filter(holds).map(drop))
    })
    .await
}

/// Takes every role out: AWS allows one, and deletes or refills only an empty profile.
async fn remove_roles(client: &Client, profile: &str) -> Result<(), Fault> {
    for role in get(client, profile).await?.map(|profile| profile.roles).unwrap_or_default() {
        let request = client.remove_role_from_instance_profile().instance_profile_name(profile);
        let reply = request.role_name(role.role_name()).send().await;
        absent_is_done("iam:RemoveRoleFromInstanceProfile", reply)?;
    }
    Ok(())
}

fn live(profile: Reply) -> LiveProfile {
    // An interrupted create leaves a profile without its role: no role has an empty name, so that is seen.
    let role = profile.roles().first().map(|role| role.role_name().to_owned()).unwrap_or_default();
    Live {
        attributes: attributes(&profile),
        tags: iam::read_tags(profile.tags()),
        resource: InstanceProfile { role: Ref::existing(role), path: profile.path },
    }
}

fn attributes(profile: &Reply) -> InstanceProfileAttributes {
    InstanceProfileAttributes {
        id: profile.instance_profile_name.clone(),
        arn: profile.arn.clone(),
        unique_id: profile.instance_profile_id.clone(),
    }
}
