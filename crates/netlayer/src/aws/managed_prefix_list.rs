//! Managed prefix lists on Amazon EC2: read by name or id, never changed.

use std::marker::PhantomData;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ManagedPrefixList as Reply};
use landfall_aws::found;
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, TypedProvider};

use super::{Ec2, tags};
use crate::managed_prefix_list::{ManagedPrefixList, ManagedPrefixListAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveList = Live<ManagedPrefixList<AnyRegion>, ManagedPrefixListAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = ManagedPrefixList<AnyRegion>;
    type Attributes = ManagedPrefixListAttributes;

    /// Takes the name as well as the id: a declaration knows only the name.
    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveList>, Fault> {
        let key = if id.starts_with("pl-") { "prefix-list-id" } else { "prefix-list-name" };
        let filter = Filter::builder().name(key).values(id).build();
        let lists = self.0.of(cx).describe_managed_prefix_lists().filters(filter).into_paginator().items().send();
        let lists = found("ec2:DescribeManagedPrefixLists", lists.try_collect().await)?;
        lists.unwrap_or_default().into_iter().next().map(live).transpose()
    }

    async fn find(&self, _cx: &Context, _want: &ManagedPrefixList<AnyRegion>) -> Result<Option<LiveList>, Fault> {
        Ok(None)
    }

    async fn create(
        &self,
        _cx: &Context,
        _want: &ManagedPrefixList<AnyRegion>,
    ) -> Result<ManagedPrefixListAttributes, Fault> {
        Err(only_read("ec2:CreateManagedPrefixList"))
    }

    async fn update(
        &self,
        _cx: &Context,
        _want: &ManagedPrefixList<AnyRegion>,
        _have: &LiveList,
    ) -> Result<ManagedPrefixListAttributes, Fault> {
        Err(only_read("ec2:ModifyManagedPrefixList"))
    }

    async fn delete(&self, _cx: &Context, _have: &LiveList) -> Result<(), Fault> {
        Err(only_read("ec2:DeleteManagedPrefixList"))
    }
}

fn only_read(operation: &str) -> Fault {
    Fault::new(FaultKind::Invalid, operation, "AWS manages this list; it is looked up and never declared")
}

fn live(reply: Reply) -> Result<LiveList, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeManagedPrefixLists", what);
    Ok(Live {
        tags: tags::read(reply.tags()),
        resource: ManagedPrefixList { region: PhantomData },
        attributes: ManagedPrefixListAttributes {
            id: reply.prefix_list_id.ok_or_else(|| missing("prefixListId"))?,
            arn: reply.prefix_list_arn.ok_or_else(|| missing("prefixListArn"))?,
            name: reply.prefix_list_name.ok_or_else(|| missing("prefixListName"))?,
        },
    })
}
