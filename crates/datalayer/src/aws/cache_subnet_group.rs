//! Subnet groups on Amazon ElastiCache.

use async_trait::async_trait;
use aws_sdk_elasticache::{Client, types::CacheSubnetGroup as Reply};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, TypedProvider};

use super::{
    ElastiCache, subnets,
    tags::{self, Tagging},
};
use crate::cache_subnet_group::{CacheSubnetGroup, CacheSubnetGroupAttributes};

pub(super) struct Provider(pub(super) ElastiCache);

type Desired = CacheSubnetGroup<AnyRegion>;
type LiveGroup = Live<Desired, CacheSubnetGroupAttributes>;

const DESCRIBE: &str = "elasticache:DescribeCacheSubnetGroups";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Desired;
    type Attributes = CacheSubnetGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGroup>, Fault> {
        let client = self.0.of(cx);
        let reply = found(DESCRIBE, client.describe_cache_subnet_groups().cache_subnet_group_name(id).send().await)?;
        let group = reply.and_then(|reply| reply.cache_subnet_groups.unwrap_or_default().into_iter().next());
        match group {
            None => Ok(None),
            Some(group) => live(&client, &group).await.map(Some),
        }
    }

    async fn find(&self, cx: &Context, _want: &Desired) -> Result<Option<LiveGroup>, Fault> {
        self.read(cx, &cx.physical_name(255)).await
    }

    async fn create(&self, cx: &Context, want: &Desired) -> Result<CacheSubnetGroupAttributes, Fault> {
        let operation = "elasticache:CreateCacheSubnetGroup";
        let reply = self
            .0
            .of(cx)
            .create_cache_subnet_group()
            .cache_subnet_group_name(cx.physical_name(255))
            .cache_subnet_group_description(cx.address.as_str())
            .set_subnet_ids(Some(subnets::ids(&want.subnets)))
            .set_tags(Some(tags::on_create(cx)))
            .send()
            .await
            .map_err(fault(operation))?;
        attributes(&reply.cache_subnet_group.ok_or_else(|| Fault::incomplete(operation, "CacheSubnetGroup"))?)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Desired,
        have: &LiveGroup,
    ) -> Result<CacheSubnetGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let wanted = subnets::ids(&want.subnets);
        if wanted != subnets::ids(&have.resource.subnets) {
            let call = client.modify_cache_subnet_group().cache_subnet_group_name(&have.attributes.id);
            let reply = call.set_subnet_ids(Some(wanted)).send().await;
            reply.map_err(fault("elasticache:ModifyCacheSubnetGroup"))?;
        }
        tags::update(&client, cx, &have.attributes.arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        let call = self.0.of(cx).delete_cache_subnet_group().cache_subnet_group_name(&have.attributes.id);
        absent_is_done("elasticache:DeleteCacheSubnetGroup", call.send().await)
    }
}

async fn live(client: &Client, reply: &Reply) -> Result<LiveGroup, Fault> {
    let attributes = attributes(reply)?;
    let ids = reply.subnets().iter().map(|subnet| subnet.subnet_identifier());
    Ok(Live {
        resource: CacheSubnetGroup { subnets: subnets::told(ids) },
        tags: client.list(&attributes.arn).await?,
        attributes,
    })
}

fn attributes(reply: &Reply) -> Result<CacheSubnetGroupAttributes, Fault> {
    let text = |value: Option<&str>, what| value.map(str::to_owned).ok_or_else(|| Fault::incomplete(DESCRIBE, what));
    Ok(CacheSubnetGroupAttributes {
        id: text(reply.cache_subnet_group_name(), "CacheSubnetGroupName")?,
        arn: text(reply.arn(), "ARN")?,
        vpc_id: text(reply.vpc_id(), "VpcId")?,
    })
}
