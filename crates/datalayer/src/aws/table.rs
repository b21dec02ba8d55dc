//! Tables on Amazon DynamoDB.

use std::error::Error;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AttributeDefinition, BillingMode as WireBilling, KeySchemaElement, KeyType as Role,
        PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, ProvisionedThroughput, ScalarAttributeType,
        SseDescription, SseSpecification, SseStatus, SseType, TableDescription, TableStatus, Tag,
    },
};
use landfall_aws::{absent_is_done, fault, found, is_code};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Live, Tags, TypedProvider, Wait};

use super::DynamoDb;
use crate::table::{BillingMode, KeyAttribute, KeyType, Table, TableAttributes, TableEncryption};

pub(super) struct Provider(pub(super) DynamoDb);

type Desired = Table<AnyRegion>;
type LiveTable = Live<Desired, TableAttributes>;

const DESCRIBE: &str = "dynamodb:DescribeTable";
const BACKUPS: &str = "dynamodb:DescribeContinuousBackups";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Desired;
    type Attributes = TableAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveTable>, Fault> {
        let client = self.0.of(cx);
        let Some(table) = describe(&client, id).await? else { return Ok(None) };
        let attributes = attributes(&table)?;
        let (Some(recovery), Some(tags)) = (recovery(&client, id).await?, tags(&client, &attributes.arn).await?) else {
            return Ok(None);
        };
        Ok(Some(Live { resource: resource(&table, recovery)?, attributes, tags }))
    }

    async fn find(&self, cx: &Context, want: &Desired) -> Result<Option<LiveTable>, Fault> {
        Ok(self.read(cx, want.table_name.as_str()).await?.filter(|found| cx.owns(&found.tags)))
    }

    async fn create(&self, cx: &Context, want: &Desired) -> Result<TableAttributes, Fault> {
        let operation = "dynamodb:CreateTable";
        let client = self.0.of(cx);
        let name = want.table_name.as_str();
        let (mode, throughput) = wire_billing(want.billing_mode)?;
        let mut call = client
            .create_table()
            .table_name(name)
            .billing_mode(mode)
            .set_provisioned_throughput(throughput)
            .set_sse_specification(kms(&want.encryption))
            .deletion_protection_enabled(want.deletion_protection)
            .set_tags(Some(wire_tags(cx.all_tags())?));
        for (key, role) in [(Some(&want.hash_key), Role::Hash), (want.range_key.as_ref(), Role::Range)] {
            let Some(key) = key else { continue };
            let (definition, element) = wire_key(key, role)?;
            call = call.attribute_definitions(definition).key_schema(element);
        }
        match call.send().await {
            Ok(_) => {}
            Err(error) if is_code(&error, &["ResourceInUseException"]) => {
                return Err(Fault { kind: FaultKind::Taken, ..fault(operation)(error) });
            }
            Err(error) => return Err(busy(operation, error)),
        }
        let table = ready(&client, cx, name).await?;
        if want.point_in_time_recovery {
            put_recovery(&client, cx, want).await?;
        }
        attributes(&table)
    }

    async fn update(&self, cx: &Context, want: &Desired, have: &LiveTable) -> Result<TableAttributes, Fault> {
        let operation = "dynamodb:UpdateTable";
        let client = self.0.of(cx);
        let name = want.table_name.as_str();
        // It may still be on its way, when the create was interrupted, or busy with something else.
        ready(&client, cx, name).await?;
        let there = &have.resource;
        // One change at a time: AWS refuses some of them together.
        let call = || client.update_table().table_name(name);
        let mut calls = Vec::new();
        if want.deletion_protection != there.deletion_protection {
            calls.push(call().deletion_protection_enabled(want.deletion_protection));
        }
        if want.billing_mode != there.billing_mode {
            let (mode, throughput) = wire_billing(want.billing_mode)?;
            calls.push(call().billing_mode(mode).set_provisioned_throughput(throughput));
        }
        if want.encryption != there.encryption {
            let owned = || SseSpecification::builder().enabled(false).build();
            calls.push(call().sse_specification(kms(&want.encryption).unwrap_or_else(owned)));
        }
        for call in calls {
            call.send().await.map_err(|error| busy(operation, error))?;
            ready(&client, cx, name).await?;
        }
        if want.point_in_time_recovery != there.point_in_time_recovery {
            put_recovery(&client, cx, want).await?;
        }
        update_tags(&client, cx, have).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveTable) -> Result<(), Fault> {
        let operation = "dynamodb:DeleteTable";
        let client = self.0.of(cx);
        let name = &have.attributes.id;
        let Some(table) = describe(&client, name).await? else { return Ok(()) };
        if table.deletion_protection_enabled == Some(true) {
            return Err(super::protected(operation, "the table"));
        }
        if table.table_status != Some(TableStatus::Deleting) {
            match client.delete_table().table_name(name).send().await {
                // Something is still changing it.
                Err(error) if is_code(&error, &["ResourceInUseException"]) => return Err(fault(operation)(error)),
                Err(error) if is_code(&error, &["LimitExceededException"]) => return Err(busy(operation, error)),
                reply => absent_is_done(operation, reply)?,
            }
        }
        cx.wait("table to go", Wait::MINUTES, || async { Ok(describe(&client, name).await?.is_none().then_some(())) })
            .await
    }
}

/// The fault of a call that changes a table. AWS reports too many tables changing at once as it does a quota.
fn busy<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let passes = is_code(&error, &["LimitExceededException"])
        && error.message().is_some_and(|message| message.contains("simultaneous"));
    let fault = fault(operation)(error);
    if passes { Fault { kind: FaultKind::Throttled, ..fault } } else { fault }
}

async fn describe(client: &Client, name: &str) -> Result<Option<TableDescription>, Fault> {
    let reply = found(DESCRIBE, client.describe_table().table_name(name).send().await)?;
    Ok(reply.and_then(|reply| reply.table))
}

/// Waits until the table is active and encrypted as asked.
async fn ready(client: &Client, cx: &Context, name: &str) -> Result<TableDescription, Fault> {
    cx.wait("table to become active", Wait::MINUTES, || async {
        let Some(table) = describe(client, name).await? else { return Ok(None) };
        let status = table.table_status.clone();
        if let Some(stuck @ (TableStatus::InaccessibleEncryptionCredentials | TableStatus::Archived)) = &status {
            let message = format!("the table's status is {stuck}, which waiting does not change: mend its key");
            return Err(Fault::new(FaultKind::Fatal, DESCRIBE, message));
        }
        let on_its_way = [SseStatus::Enabling, SseStatus::Disabling, SseStatus::Updating];
        let encryption = table.sse_description.as_ref().and_then(|sse| sse.status.clone());
        let settled = !encryption.is_some_and(|status| on_its_way.contains(&status));
        Ok((status == Some(TableStatus::Active) && settled).then_some(table))
    })
    .await
}

/// Whether the table can be restored; `None` when it is gone.
async fn recovery(client: &Client, name: &str) -> Result<Option<bool>, Fault> {
    let reply = client.describe_continuous_backups().table_name(name).send().await;
    // "TableNotFoundException" is what this operation calls it.
    let Some(reply) = found(BACKUPS, reply)? else { return Ok(None) };
    let description = reply.continuous_backups_description.and_then(|it| it.point_in_time_recovery_description);
    let status = description.and_then(|it| it.point_in_time_recovery_status);
    Ok(Some(status == Some(PointInTimeRecoveryStatus::Enabled)))
}

/// Switches recovery, which AWS refuses for some seconds after a table was made.
async fn put_recovery(client: &Client, cx: &Context, want: &Desired) -> Result<(), Fault> {
    let operation = "dynamodb:UpdateContinuousBackups";
    let (name, wanted) = (want.table_name.as_str(), want.point_in_time_recovery);
    let specification = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(wanted).build();
    let specification = specification.map_err(|error| broken(operation, &error))?;
    let call = client.update_continuous_backups().table_name(name).point_in_time_recovery_specification(specification);
    cx.wait("table to take backups", Wait::MINUTES, || async {
        match call.clone().send().await {
            Err(error) if is_code(&error, &["ContinuousBackupsUnavailableException"]) => Ok(None),
            reply => reply.map(|_| Some(())).map_err(fault(operation)),
        }
    })
    .await?;
    cx.wait("point-in-time recovery to change", Wait::MINUTES, || async {
        Ok((recovery(client, name).await? == Some(wanted)).then_some(()))
    })
    .await
}

/// The table's tags; `None` when it is gone.
async fn tags(client: &Client, arn: &str) -> Result<Option<Tags>, Fault> {
    let mut tags = Tags::new();
    let mut next = None;
    loop {
        let reply = client.list_tags_of_resource().resource_arn(arn).set_next_token(next).send().await;
        let Some(reply) = found("dynamodb:ListTagsOfResource", reply)? else { return Ok(None) };
        tags.extend(reply.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        next = reply.next_token;
        if next.is_none() {
            return Ok(Some(tags));
        }
    }
}

async fn update_tags(client: &Client, cx: &Context, have: &LiveTable) -> Result<(), Fault> {
    let changes = cx.tag_changes(&have.tags);
    let arn = &have.attributes.arn;
    if !changes.remove.is_empty() {
        let call = client.untag_resource().resource_arn(arn).set_tag_keys(Some(changes.remove));
        absent_is_done("dynamodb:UntagResource", call.send().await)?;
    }
    if !changes.set.is_empty() {
        let call = client.tag_resource().resource_arn(arn).set_tags(Some(wire_tags(changes.set)?));
        call.send().await.map_err(fault("dynamodb:TagResource"))?;
    }
    Ok(())
}

fn attributes(table: &TableDescription) -> Result<TableAttributes, Fault> {
    let text = |value: Option<&str>, what| value.map(str::to_owned).ok_or_else(|| Fault::incomplete(DESCRIBE, what));
    Ok(TableAttributes { id: text(table.table_name(), "TableName")?, arn: text(table.table_arn(), "TableArn")? })
}

fn resource(table: &TableDescription, point_in_time_recovery: bool) -> Result<Desired, Fault> {
    let name = table.table_name().unwrap_or_default();
    Ok(Table {
        table_name: name.parse().map_err(|error| broken(DESCRIBE, &error))?,
        hash_key: key(table, &Role::Hash)?.ok_or_else(|| Fault::incomplete(DESCRIBE, "KeySchema"))?,
        range_key: key(table, &Role::Range)?,
        billing_mode: billing(table)?,
        encryption: encryption(table.sse_description())?,
        point_in_time_recovery,
        deletion_protection: table.deletion_protection_enabled.unwrap_or_default(),
    })
}

/// The attribute with that role in the key.
fn key(table: &TableDescription, role: &Role) -> Result<Option<KeyAttribute>, Fault> {
    let Some(element) = table.key_schema().iter().find(|element| element.key_type == *role) else { return Ok(None) };
    let name = &element.attribute_name;
    let definition = table.attribute_definitions().iter().find(|definition| definition.attribute_name == *name);
    let attribute_type = match definition.map(|definition| &definition.attribute_type) {
        Some(ScalarAttributeType::S) => KeyType::S,
        Some(ScalarAttributeType::N) => KeyType::N,
        Some(ScalarAttributeType::B) => KeyType::B,
        _ => return Err(Fault::incomplete(DESCRIBE, "AttributeDefinitions")),
    };
    Ok(Some(KeyAttribute { attribute_name: name.clone(), attribute_type }))
}

/// A table that was always provisioned has no summary.
fn billing(table: &TableDescription) -> Result<BillingMode, Fault> {
    let mode = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    if mode == Some(&WireBilling::PayPerRequest) {
        return Ok(BillingMode::PayPerRequest);
    }
    let throughput = table.provisioned_throughput();
    let units = |units: Option<i64>| {
        let units = units.and_then(|units| u32::try_from(units).ok());
        units.ok_or_else(|| Fault::incomplete(DESCRIBE, "ProvisionedThroughput"))
    };
    Ok(BillingMode::Provisioned {
        read_capacity_units: units(throughput.and_then(|it| it.read_capacity_units))?,
        write_capacity_units: units(throughput.and_then(|it| it.write_capacity_units))?,
    })
}

fn encryption(sse: Option<&SseDescription>) -> Result<TableEncryption<AnyRegion>, Fault> {
    let on = |status: &SseStatus| !matches!(status, SseStatus::Disabled | SseStatus::Disabling);
    let Some(sse) = sse.filter(|sse| sse.status().is_some_and(on)) else { return Ok(TableEncryption::Owned) };
    let arn = sse.kms_master_key_arn().ok_or_else(|| Fault::incomplete(DESCRIBE, "KMSMasterKeyArn"))?;
    Ok(TableEncryption::Kms(ArnRef::existing(arn)))
}

/// The specification of a key of one's own; `None` for DynamoDB's.
fn kms(encryption: &TableEncryption<AnyRegion>) -> Option<SseSpecification> {
    let TableEncryption::Kms(key) = encryption else { return None };
    Some(SseSpecification::builder().enabled(true).sse_type(SseType::Kms).kms_master_key_id(key.id()).build())
}

fn wire_billing(mode: BillingMode) -> Result<(WireBilling, Option<ProvisionedThroughput>), Fault> {
    let BillingMode::Provisioned { read_capacity_units, write_capacity_units } = mode else {
        return Ok((WireBilling::PayPerRequest, None));
    };
    let throughput = ProvisionedThroughput::builder()
        .read_capacity_units(read_capacity_units.into())
        .write_capacity_units(write_capacity_units.into());
    let throughput = throughput.build().map_err(|error| broken("dynamodb:CreateTable", &error))?;
    Ok((WireBilling::Provisioned, Some(throughput)))
}

fn wire_key(key: &KeyAttribute, role: Role) -> Result<(AttributeDefinition, KeySchemaElement), Fault> {
    let attribute_type = match key.attribute_type {
        KeyType::S => ScalarAttributeType::S,
        KeyType::N => ScalarAttributeType::N,
        KeyType::B => ScalarAttributeType::B,
    };
    let name = &key.attribute_name;
    let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(attribute_type).build();
    let element = KeySchemaElement::builder().attribute_name(name).key_type(role).build();
    let broken = |error| broken("dynamodb:CreateTable", &error);
    Ok((definition.map_err(broken)?, element.map_err(broken)?))
}

fn wire_tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| broken("dynamodb:TagResource", &error))
}

fn broken(operation: &'static str, error: &dyn Error) -> Fault {
    Fault::new(FaultKind::Fatal, operation, error.to_string())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{BillingModeSummary, ProvisionedThroughputDescription};

    use super::*;

    fn table() -> aws_sdk_dynamodb::types::builders::TableDescriptionBuilder {
        let (id, hash) = wire_key(&KeyAttribute::string("id"), Role::Hash).unwrap();
        let (at, range) = wire_key(&KeyAttribute::number("at"), Role::Range).unwrap();
        TableDescription::builder()
            .table_name("orders")
            .table_arn("arn:aws:dynamodb:eu-west-2:123456789012:table/orders")
            .attribute_definitions(at)
            .attribute_definitions(id)
            .key_schema(hash)
            .key_schema(range)
    }

    #[test]
    fn a_description_is_read_as_it_would_be_declared() {
        let summary = BillingModeSummary::builder().billing_mode(WireBilling::PayPerRequest).build();
        let key = "arn:aws:kms:eu-west-2:123456789012:key/1";
        let sse = SseDescription::builder().status(SseStatus::Enabled).kms_master_key_arn(key).build();
        let on_demand = table().billing_mode_summary(summary).sse_description(sse).deletion_protection_enabled(true);
        let read = resource(&on_demand.build(), true).unwrap();
        assert_eq!(read.hash_key, KeyAttribute::string("id"));
        assert_eq!(read.range_key, Some(KeyAttribute::number("at")));
        assert_eq!(read.billing_mode, BillingMode::PayPerRequest);
        assert_eq!(read.encryption, TableEncryption::Kms(ArnRef::existing(key)));
        assert!(read.point_in_time_recovery && read.deletion_protection);

        let throughput = ProvisionedThroughputDescription::builder().read_capacity_units(5).write_capacity_units(2);
        let off = SseDescription::builder().status(SseStatus::Disabled).build();
        let provisioned = table().provisioned_throughput(throughput.build()).sse_description(off);
        let read = resource(&provisioned.build(), false).unwrap();
        let billing = BillingMode::Provisioned { read_capacity_units: 5, write_capacity_units: 2 };
        assert_eq!((read.billing_mode, read.encryption), (billing, TableEncryption::Owned));
        assert!(!read.point_in_time_recovery && !read.deletion_protection);
    }
}
