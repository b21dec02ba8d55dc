//! Log groups on Amazon CloudWatch Logs.

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::{Client, types::LogGroup as Reply};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, Live, Tags, TypedProvider};

use super::Logs;
use crate::log_group::{LogGroup, LogGroupAttributes, Retention};

pub(super) struct Provider(pub(super) Logs);

type LiveGroup = Live<LogGroup<AnyRegion>, LogGroupAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = LogGroup<AnyRegion>;
    type Attributes = LogGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGroup>, Fault> {
        let client = self.0.of(cx);
        let Some(group) = describe(&client, id).await? else { return Ok(None) };
        let attributes = attributes(&group)?;
        let reply = client.list_tags_for_resource().resource_arn(&attributes.arn).send().await;
        let Some(reply) = found("logs:ListTagsForResource", reply)? else { return Ok(None) };
        live(group, attributes, reply.tags.unwrap_or_default().into_iter().collect()).map(Some)
    }

    async fn find(&self, cx: &Context, want: &LogGroup<AnyRegion>) -> Result<Option<LiveGroup>, Fault> {
        Ok(self.read(cx, want.name.as_str()).await?.filter(|live| cx.owns(&live.tags)))
    }

    async fn create(&self, cx: &Context, want: &LogGroup<AnyRegion>) -> Result<LogGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let name = want.name.as_str();
        client
            .create_log_group()
            .log_group_name(name)
            .set_kms_key_id(want.kms_key.as_ref().map(|key| key.id().to_owned()))
            .set_tags(Some(cx.all_tags().into_iter().collect()))
            .send()
            .await
            .map_err(fault("logs:CreateLogGroup"))?;
        if let Some(retention) = want.retention {
            put_retention(&client, name, retention).await?;
        }
        let group = describe(&client, name).await?;
        let group =
            group.ok_or_else(|| Fault::not_yet("logs:DescribeLogGroups", "the log group is not visible yet"))?;
        attributes(&group)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &LogGroup<AnyRegion>,
        have: &LiveGroup,
    ) -> Result<LogGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let name = want.name.as_str();
        match (want.retention, have.resource.retention) {
            (wanted, there) if wanted == there => {}
            (Some(retention), _) => put_retention(&client, name, retention).await?,
            (None, _) => {
                let reply = client.delete_retention_policy().log_group_name(name).send().await;
                absent_is_done("logs:DeleteRetentionPolicy", reply)?;
            }
        }
        match (&want.kms_key, &have.resource.kms_key) {
            (wanted, there) if wanted == there => {}
            (Some(key), _) => {
                let call = client.associate_kms_key().log_group_name(name).kms_key_id(key.id());
                call.send().await.map_err(fault("logs:AssociateKmsKey"))?;
            }
            (None, _) => {
                let call = client.disassociate_kms_key().log_group_name(name);
                call.send().await.map_err(fault("logs:DisassociateKmsKey"))?;
            }
        }
        update_tags(&client, cx, have).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_log_group().log_group_name(&have.attributes.id).send().await;
        absent_is_done("logs:DeleteLogGroup", reply)
    }
}

async fn update_tags(client: &Client, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
    let changes = cx.tag_changes(&have.tags);
    let arn = &have.attributes.arn;
    if !changes.remove.is_empty() {
        let call = client.untag_resource().resource_arn(arn).set_tag_keys(Some(changes.remove));
        call.send().await.map_err(fault("logs:UntagResource"))?;
    }
    if !changes.set.is_empty() {
        let call = client.tag_resource().resource_arn(arn).set_tags(Some(changes.set.into_iter().collect()));
        call.send().await.map_err(fault("logs:TagResource"))?;
    }
    Ok(())
}

async fn put_retention(client: &Client, name: &str, retention: Retention) -> Result<(), Fault> {
    let call = client.put_retention_policy().log_group_name(name).retention_in_days(retention.in_days().into());
    call.send().await.map(drop).map_err(fault("logs:PutRetentionPolicy"))
}

/// The group of exactly that name: the API only filters by prefix.
async fn describe(client: &Client, name: &str) -> Result<Option<Reply>, Fault> {
    let mut pages = client.describe_log_groups().log_group_name_prefix(name).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(fault("logs:DescribeLogGroups"))?;
        let group = page.log_groups.unwrap_or_default().into_iter().find(|group| group.log_group_name() == Some(name));
        if group.is_some() {
            return Ok(group);
        }
    }
    Ok(None)
}

fn attributes(group: &Reply) -> Result<LogGroupAttributes, Fault> {
    let missing = |what| Fault::incomplete("logs:DescribeLogGroups", what);
    let arn = group.log_group_arn().or(group.arn()).ok_or_else(|| missing("arn"))?;
    Ok(LogGroupAttributes {
        id: group.log_group_name().ok_or_else(|| missing("logGroupName"))?.to_owned(),
        arn: arn.trim_end_matches(":*").to_owned(),
    })
}

fn live(group: Reply, attributes: LogGroupAttributes, tags: Tags) -> Result<LiveGroup, Fault> {
    let broken = |what| Fault::incomplete("logs:DescribeLogGroups", what);
    let retention = group
        .retention_in_days
        .map(|days| u16::try_from(days).ok().and_then(|days| Retention::try_from(days).ok()))
        .map(|retention| retention.ok_or_else(|| broken("known retentionInDays")))
        .transpose()?;
    let resource = LogGroup::builder()
        .name(attributes.id.parse().map_err(|_| broken("valid logGroupName"))?)
        .maybe_retention(retention)
        .maybe_kms_key(group.kms_key_id.map(ArnRef::existing))
        .build();
    Ok(Live { resource, attributes, tags })
}
