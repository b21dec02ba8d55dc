//! Subnet groups on Amazon RDS.

use async_trait::async_trait;
use aws_sdk_rds::{Client, types::DbSubnetGroup as Reply};
use landfall_aws::{fault, found, is_absent};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, TypedProvider};

use super::{Rds, rds};
use crate::db_subnet_group::{DbSubnetGroup, DbSubnetGroupAttributes};

pub(super) struct Provider(pub(super) Rds);

type LiveGroup = Live<DbSubnetGroup<AnyRegion>, DbSubnetGroupAttributes>;

const DESCRIBE: &str = "rds:DescribeDBSubnetGroups";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = DbSubnetGroup<AnyRegion>;
    type Attributes = DbSubnetGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGroup>, Fault> {
        let client = self.0.of(cx);
        let reply = found(DESCRIBE, client.describe_db_subnet_groups().db_subnet_group_name(id).send().await)?;
        let group = reply.and_then(|reply| reply.db_subnet_groups.unwrap_or_default().into_iter().next());
        match group {
            None => Ok(None),
            Some(group) => live(&client, &group).await.map(Some),
        }
    }

    async fn find(&self, cx: &Context, _want: &DbSubnetGroup<AnyRegion>) -> Result<Option<LiveGroup>, Fault> {
        self.read(cx, &cx.physical_name(255)).await
    }

    async fn create(&self, cx: &Context, want: &DbSubnetGroup<AnyRegion>) -> Result<DbSubnetGroupAttributes, Fault> {
        let reply = self
            .0
            .of(cx)
            .create_db_subnet_group()
            .db_subnet_group_name(cx.physical_name(255))
            .db_subnet_group_description(cx.address.as_str())
            .set_subnet_ids(Some(subnet_ids(want)))
            .set_tags(Some(rds::on_create(cx)))
            .send()
            .await
            .map_err(fault("rds:CreateDBSubnetGroup"))?;
        attributes(&reply.db_subnet_group.ok_or_else(|| Fault::incomplete("rds:CreateDBSubnetGroup", "DBSubnetGroup"))?)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &DbSubnetGroup<AnyRegion>,
        have: &LiveGroup,
    ) -> Result<DbSubnetGroupAttributes, Fault> {
        let client = self.0.of(cx);
        if subnet_ids(want) != subnet_ids(&have.resource) {
            let call = client.modify_db_subnet_group().db_subnet_group_name(&have.attributes.id);
            let reply = call.set_subnet_ids(Some(subnet_ids(want))).send().await;
            reply.map_err(fault("rds:ModifyDBSubnetGroup"))?;
        }
        rds::update_tags(&client, cx, &have.attributes.arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        match self.0.of(cx).delete_db_subnet_group().db_subnet_group_name(&have.attributes.id).send().await {
            Err(error) if is_absent(&error) => Ok(()),
            other => other.map(drop).map_err(rds::in_use("rds:DeleteDBSubnetGroup")),
        }
    }
}

fn subnet_ids(group: &DbSubnetGroup<AnyRegion>) -> Vec<String> {
    let mut ids: Vec<_> = group.subnets.iter().map(|subnet| subnet.id().to_owned()).collect();
    ids.sort_unstable();
    ids
}

async fn live(client: &Client, reply: &Reply) -> Result<LiveGroup, Fault> {
    let attributes = attributes(reply)?;
    let mut ids: Vec<_> = reply.subnets().iter().filter_map(|subnet| subnet.subnet_identifier()).collect();
    ids.sort_unstable();
    Ok(Live {
        resource: DbSubnetGroup { subnets: ids.into_iter().map(Ref::existing).collect() },
        tags: rds::list_tags(client, &attributes.arn).await?,
        attributes,
    })
}

fn attributes(reply: &Reply) -> Result<DbSubnetGroupAttributes, Fault> {
    let text = |value: Option<&str>, what| value.map(str::to_owned).ok_or_else(|| Fault::incomplete(DESCRIBE, what));
    Ok(DbSubnetGroupAttributes {
        id: text(reply.db_subnet_group_name(), "DBSubnetGroupName")?,
        arn: text(reply.db_subnet_group_arn(), "DBSubnetGroupArn")?,
        vpc_id: text(reply.vpc_id(), "VpcId")?,
    })
}
