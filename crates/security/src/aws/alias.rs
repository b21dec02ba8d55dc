//! Aliases on KMS.

use async_trait::async_trait;
use aws_sdk_kms::types::AliasListEntry;
use landfall_aws::{absent_is_done, fault};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, Tags, TypedProvider, Wait};

use super::kms::Kms;
use crate::alias::{Alias, AliasAttributes};

pub(super) struct Provider(pub(super) Kms);

type LiveAlias = Live<Alias<AnyRegion>, AliasAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Alias<AnyRegion>;
    type Attributes = AliasAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveAlias>, Fault> {
        let client = self.0.of(cx);
        let mut aliases = client.list_aliases().into_paginator().items().send();
        while let Some(alias) = aliases.next().await {
            let alias = alias.map_err(fault("kms:ListAliases"))?;
            if alias.alias_name() == Some(id) {
                return live(alias).map(Some);
            }
        }
        Ok(None)
    }

    /// An alias has no tags. One of this name that already leads to the wanted key is as good as ours; one that
    /// leads elsewhere is somebody else's.
    async fn find(&self, cx: &Context, want: &Alias<AnyRegion>) -> Result<Option<LiveAlias>, Fault> {
        let live = self.read(cx, want.alias_name.as_str()).await?;
        Ok(live.filter(|live| live.resource.target_key == want.target_key))
    }

    async fn create(&self, cx: &Context, want: &Alias<AnyRegion>) -> Result<AliasAttributes, Fault> {
        let client = self.0.of(cx);
        let name = want.alias_name.as_str();
        let request = client.create_alias().alias_name(name).target_key_id(want.target_key.id());
        request.send().await.map_err(fault("kms:CreateAlias"))?;
        cx.wait("alias to become visible", Wait::SECONDS, || async {
            Ok(self.read(cx, name).await?.map(|live| live.attributes))
        })
        .await
    }

    async fn update(&self, cx: &Context, want: &Alias<AnyRegion>, have: &LiveAlias) -> Result<AliasAttributes, Fault> {
        if want.target_key != have.resource.target_key {
            let request = self.0.of(cx).update_alias().alias_name(&have.attributes.id);
            let reply = request.target_key_id(want.target_key.id()).send().await;
            reply.map_err(fault("kms:UpdateAlias"))?;
        }
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveAlias) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_alias().alias_name(&have.attributes.id).send().await;
        absent_is_done("kms:DeleteAlias", reply)
    }
}

fn live(alias: AliasListEntry) -> Result<LiveAlias, Fault> {
    let missing = |what| Fault::incomplete("kms:ListAliases", what);
    let name = alias.alias_name.ok_or_else(|| missing("AliasName"))?;
    Ok(Live {
        resource: Alias {
            alias_name: name.parse().map_err(|_| missing("AliasName of a customer's alias"))?,
            target_key: Ref::existing(alias.target_key_id.ok_or_else(|| missing("TargetKeyId"))?),
        },
        attributes: AliasAttributes { id: name, arn: alias.alias_arn.ok_or_else(|| missing("AliasArn"))? },
        tags: Tags::new(),
    })
}
