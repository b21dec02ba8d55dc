//! Subnet groups on Amazon RDS.

use async_trait::async_trait;
use aws_sdk_rds::{Client, types::DbSubnetGroup as Reply};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, TypedProvider};

use super::{
    Rds, subnets,
    tags::{self, Tagging},
};
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
            .set_subnet_ids(Some(subnets::ids(&want.subnets)))
            .set_tags(Some(tags::on_create(cx)))
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
        let wanted = subnets::ids(&want.subnets);
        if wanted != subnets::ids(&have.resource.subnets) {
            let call = client.modify_db_subnet_group().db_subnet_group_name(&have.attributes.id);
            let reply = call.set_subnet_ids(Some(wanted)).send().await;
            reply.map_err(fault("rds:ModifyDBSubnetGroup"))?;
        }
        tags::update(&client, cx, &have.attributes.arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        let call = self.0.of(cx).delete_db_subnet_group().db_subnet_group_name(&have.attributes.id);
        absent_is_done("rds:DeleteDBSubnetGroup", call.send().await)
    }
}

async fn live(client: &Client, reply: &Reply) -> Result<LiveGroup, Fault> {
    let attributes = attributes(reply)?;
    let ids = reply.subnets().iter().map(|subnet| subnet.subnet_identifier());
    Ok(Live {
        resource: DbSubnetGroup { subnets: subnets::told(ids) },
        tags: client.list(&attributes.arn).await?,
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
