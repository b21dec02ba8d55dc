//! Aurora clusters on Amazon RDS.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_rds::{
    Client,
    operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder,
    types::{
        CloudwatchLogsExportConfiguration, ClusterPendingModifiedValues, DbCluster as Reply, GlobalClusterMember,
        ServerlessV2ScalingConfiguration, WriteForwardingStatus,
    },
};
use landfall_aws::{absent_is_done, fault, found, is_absent};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Live, Ref, TypedProvider, Wait};
use landfall_netlayer::SecurityGroup;
use landfall_security::aws::{Plaintext, SecretReader};

use super::{Rds, global_cluster, is_available, tags};
use crate::cluster::{AnyRole, AuroraCluster, AuroraClusterAttributes, ServerlessV2Scaling};

pub(super) struct Provider {
    pub(super) rds: Rds,
    pub(super) secrets: SecretReader,
}

type Desired = AuroraCluster<AnyRegion, AnyRole>;
type LiveCluster = Live<Desired, AuroraClusterAttributes>;

const DESCRIBE: &str = "rds:DescribeDBClusters";
const DELETE: &str = "rds:DeleteDBCluster";
const DETACH: &str = "rds:RemoveFromGlobalCluster";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Desired;
    type Attributes = AuroraClusterAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveCluster>, Fault> {
        let client = self.rds.of(cx);
        let Some(cluster) = describe(&client, id).await? else { return Ok(None) };
        let global = global_of(&client, &cluster).await?;
        live(cluster, global).map(Some)
    }

    async fn find(&self, cx: &Context, _want: &Desired) -> Result<Option<LiveCluster>, Fault> {
        self.read(cx, &cx.physical_name(63)).await
    }

    async fn create(&self, cx: &Context, want: &Desired) -> Result<AuroraClusterAttributes, Fault> {
        let client = self.rds.of(cx);
        let id = cx.physical_name(63);
        let global = global_cluster::describe(&client, want.global_cluster.id()).await?;
        let global = global
            .ok_or_else(|| Fault::not_yet("rds:DescribeGlobalClusters", "the global cluster is not visible yet"))?;
        let engine = global_cluster::engine(global.engine())?;
        // A secondary gets its databases and its users with the storage.
        let is_primary = want.writer.is_none();
        let logs = &want.enable_cloudwatch_logs_exports;
        client
            .create_db_cluster()
            .db_cluster_identifier(&id)
            .global_cluster_identifier(want.global_cluster.id())
            .engine(engine.as_str())
            .set_engine_version(global.engine_version)
            .set_database_name(global.database_name.filter(|name| is_primary && !name.is_empty()))
            .set_master_username(want.master_username.clone())
            .set_master_user_password(self.password(cx, want).await?.map(|password| password.expose().to_owned()))
            .db_subnet_group_name(want.db_subnet_group.id())
            .set_vpc_security_group_ids(groups(want))
            .set_db_cluster_parameter_group_name(
                want.db_cluster_parameter_group.as_ref().map(|group| group.id().to_owned()),
            )
            .storage_encrypted(want.storage_encrypted)
            .set_kms_key_id(want.kms_key.as_ref().map(|key| key.id().to_owned()))
            .backup_retention_period(want.backup_retention_period_days)
            .set_preferred_backup_window(want.preferred_backup_window.clone())
            .set_preferred_maintenance_window(want.preferred_maintenance_window.clone())
            .set_enable_cloudwatch_logs_exports((!logs.is_empty()).then(|| logs.clone()))
            .enable_iam_database_authentication(want.enable_iam_database_authentication)
            .set_enable_global_write_forwarding(want.enable_global_write_forwarding.then_some(true))
            .set_serverless_v2_scaling_configuration(want.serverless_v2_scaling.map(scaling))
            .copy_tags_to_snapshot(want.copy_tags_to_snapshot)
            .deletion_protection(want.deletion_protection)
            .set_tags(Some(tags::on_create(cx)))
            .send()
            .await
            .map_err(fault("rds:CreateDBCluster"))?;
        attributes(available(&client, cx, &id).await?)
    }

    async fn update(&self, cx: &Context, want: &Desired, have: &LiveCluster) -> Result<AuroraClusterAttributes, Fault> {
        let client = self.rds.of(cx);
        let id = &have.attributes.id;
        // It may still be on its way, when the create was interrupted, or busy with something else.
        let mut cluster = available(&client, cx, id).await?;
        let password = if want.master_user_password == have.resource.master_user_password {
            None
        } else {
            self.password(cx, want).await?
        };
        let call = client.modify_db_cluster().db_cluster_identifier(id).apply_immediately(true);
        if let Some(call) = modification(call, want, &have.resource, password) {
            call.send().await.map_err(fault("rds:ModifyDBCluster"))?;
            cluster = settled(&client, cx, id).await?;
        }
        tags::update(&client, cx, &have.attributes.arn, &have.tags).await?;
        attributes(cluster)
    }

    async fn delete(&self, cx: &Context, have: &LiveCluster) -> Result<(), Fault> {
        let client = self.rds.of(cx);
        let id = &have.attributes.id;
        let Some(cluster) = describe(&client, id).await? else { return Ok(()) };
        if cluster.status() != Some("deleting") {
            if cluster.deletion_protection == Some(true) {
                return Err(super::protected(DELETE, "the cluster"));
            }
            detach(&client, cx, &cluster).await?;
            let keep = (!have.resource.skip_final_snapshot).then(|| format!("{id}-final"));
            let call = client.delete_db_cluster().db_cluster_identifier(id).skip_final_snapshot(keep.is_none());
            absent_is_done(DELETE, call.set_final_db_snapshot_identifier(keep).send().await)?;
        }
        cx.wait("cluster to go", Wait::LONG, || async { Ok(describe(&client, id).await?.is_none().then_some(())) })
            .await
    }
}

impl Provider {
    async fn password(&self, cx: &Context, want: &Desired) -> Result<Option<Plaintext>, Fault> {
        match &want.master_user_password {
            None => Ok(None),
            Some(password) => self.secrets.read(cx, password).await.map(Some),
        }
    }
}

/// Takes the cluster out of its global database, without which AWS does not delete it.
async fn detach(client: &Client, cx: &Context, cluster: &Reply) -> Result<(), Fault> {
    let arn = cluster.db_cluster_arn().ok_or_else(|| Fault::incomplete(DESCRIBE, "DBClusterArn"))?;
    let Some(global) = &global_of(client, cluster).await? else { return Ok(()) };
    let Some(members) = members(client, global).await? else { return Ok(()) };
    if !members.iter().any(|member| member.arn == arn) {
        return Ok(());
    }
    if members.iter().any(|member| member.arn == arn && member.writes) && members.len() > 1 {
        return Err(Fault::new(
            FaultKind::Invalid,
            DETACH,
            "the cluster takes the writes of a global database that has other members; after a failover, switch over \
             to another member first, or declare the roles as they are now",
        ));
    }
    let call = client.remove_from_global_cluster().global_cluster_identifier(global).db_cluster_identifier(arn);
    match call.send().await {
        Err(error) if is_absent(&error) => {}
        other => drop(other.map_err(fault(DETACH))?),
    }
    let id = cluster.db_cluster_identifier().unwrap_or_default();
    cx.wait("cluster to leave its global database", Wait::LONG, || async {
        let still = members_of(client, global).await?.iter().any(|member| member.arn == arn);
        let busy = describe(client, id).await?.is_some_and(|cluster| cluster.status() != Some("available"));
        Ok((!still && !busy).then_some(()))
    })
    .await
}

/// The global database that a cluster belongs to. Where the cluster does not say it, the global databases are asked for
/// their members: to take it for none would be to make the cluster anew.
async fn global_of(client: &Client, cluster: &Reply) -> Result<Option<String>, Fault> {
    if let Some(global) = cluster.global_cluster_identifier() {
        return Ok(Some(global.to_owned()));
    }
    let mut all = client.describe_global_clusters().into_paginator().items().send();
    while let Some(global) = all.next().await {
        let global = global.map_err(fault("rds:DescribeGlobalClusters"))?;
        let is_it = |member: &GlobalClusterMember| member.db_cluster_arn() == cluster.db_cluster_arn();
        if global.global_cluster_members().iter().any(is_it) {
            return Ok(global.global_cluster_identifier);
        }
    }
    Ok(None)
}

/// A cluster of a global database.
struct Member {
    arn: String,
    writes: bool,
}

async fn members(client: &Client, global: &str) -> Result<Option<Vec<Member>>, Fault> {
    let Some(reply) = global_cluster::describe(client, global).await? else { return Ok(None) };
    let members = reply.global_cluster_members.unwrap_or_default().into_iter();
    let member = |member: GlobalClusterMember| {
        Some(Member { arn: member.db_cluster_arn?, writes: member.is_writer.unwrap_or_default() })
    };
    Ok(Some(members.filter_map(member).collect()))
}

async fn members_of(client: &Client, global: &str) -> Result<Vec<Member>, Fault> {
    Ok(members(client, global).await?.unwrap_or_default())
}

/// The request that changes what differs; `None` when nothing does.
fn modification(
    call: ModifyDBClusterFluentBuilder,
    want: &Desired,
    have: &Desired,
    password: Option<Plaintext>,
) -> Option<ModifyDBClusterFluentBuilder> {
    let untouched = call.as_input().clone();
    let call = call.set_master_user_password(password.map(|password| password.expose().to_owned()));
    let group = |cluster: &Desired| cluster.db_cluster_parameter_group.as_ref().map(|group| group.id().to_owned());
    let call = call
        .set_vpc_security_group_ids(changed(&groups(want), &groups(have)).flatten())
        .set_db_cluster_parameter_group_name(changed(&group(want), &group(have)).flatten())
        .set_backup_retention_period(changed(&want.backup_retention_period_days, &have.backup_retention_period_days))
        .set_preferred_backup_window(changed(&want.preferred_backup_window, &have.preferred_backup_window).flatten())
        .set_preferred_maintenance_window(
            changed(&want.preferred_maintenance_window, &have.preferred_maintenance_window).flatten(),
        )
        .set_enable_iam_database_authentication(changed(
            &want.enable_iam_database_authentication,
            &have.enable_iam_database_authentication,
        ))
        .set_enable_global_write_forwarding(changed(
            &want.enable_global_write_forwarding,
            &have.enable_global_write_forwarding,
        ))
        .set_copy_tags_to_snapshot(changed(&want.copy_tags_to_snapshot, &have.copy_tags_to_snapshot))
        .set_deletion_protection(changed(&want.deletion_protection, &have.deletion_protection))
        .set_serverless_v2_scaling_configuration(
            changed(&want.serverless_v2_scaling, &have.serverless_v2_scaling).flatten().map(scaling),
        )
        .set_cloudwatch_logs_export_configuration(log_changes(want, have));
    (*call.as_input() != untouched).then_some(call)
}

fn changed<T: PartialEq + Clone>(want: &T, have: &T) -> Option<T> {
    (want != have).then(|| want.clone())
}

fn log_changes(want: &Desired, have: &Desired) -> Option<CloudwatchLogsExportConfiguration> {
    let set = |cluster: &Desired| cluster.enable_cloudwatch_logs_exports.iter().cloned().collect::<BTreeSet<_>>();
    let (want, have) = (set(want), set(have));
    let difference = |one: &BTreeSet<String>, other| Some(one.difference(other).cloned().collect::<Vec<_>>());
    let changes = CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(difference(&want, &have).filter(|logs| !logs.is_empty()))
        .set_disable_log_types(difference(&have, &want).filter(|logs| !logs.is_empty()))
        .build();
    (want != have).then_some(changes)
}

fn groups(cluster: &Desired) -> Option<Vec<String>> {
    let mut ids: Vec<_> = cluster.vpc_security_groups.as_ref()?.iter().map(|group| group.id().to_owned()).collect();
    ids.sort_unstable();
    Some(ids)
}

fn scaling(bounds: ServerlessV2Scaling) -> ServerlessV2ScalingConfiguration {
    ServerlessV2ScalingConfiguration::builder()
        .min_capacity(bounds.min_capacity)
        .max_capacity(bounds.max_capacity)
        .build()
}

/// The cluster of that name.
pub(super) async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = found(DESCRIBE, client.describe_db_clusters().db_cluster_identifier(id).send().await)?;
    Ok(reply.and_then(|reply| reply.db_clusters.unwrap_or_default().into_iter().next()))
}

async fn available(client: &Client, cx: &Context, id: &str) -> Result<Reply, Fault> {
    cx.wait("cluster to become available", Wait::LONG, || async {
        let cluster = describe(client, id).await?;
        let ready = is_available(DESCRIBE, cluster.as_ref().and_then(Reply::status))?;
        Ok(cluster.filter(|_| ready))
    })
    .await
}

/// Waits until a change is done.
async fn settled(client: &Client, cx: &Context, id: &str) -> Result<Reply, Fault> {
    cx.wait("change of the cluster", Wait::LONG, || async {
        let cluster = describe(client, id).await?;
        let ready = is_available(DESCRIBE, cluster.as_ref().and_then(Reply::status))?;
        Ok(cluster.filter(|cluster| ready && !is_changing(cluster)))
    })
    .await
}

/// Whether a change is pending: it begins some seconds after its request. In a cluster without instances there is
/// nobody to carry it out, so that it stays pending until the first one comes.
fn is_changing(cluster: &Reply) -> bool {
    let forwarding = cluster.global_write_forwarding_status();
    let turns = matches!(forwarding, Some(WriteForwardingStatus::Enabling | WriteForwardingStatus::Disabling));
    let pending = cluster.pending_modified_values().is_some_and(is_pending);
    !cluster.db_cluster_members().is_empty() && (turns || pending)
}

/// Whether the values say anything: AWS also answers an empty element.
fn is_pending(values: &ClusterPendingModifiedValues) -> bool {
    let logs = values.pending_cloudwatch_logs_exports();
    values.master_user_password().is_some()
        || values.iam_database_authentication_enabled().is_some()
        || values.engine_version().is_some()
        || values.backup_retention_period().is_some()
        || logs.is_some_and(|logs| !logs.log_types_to_enable().is_empty() || !logs.log_types_to_disable().is_empty())
}

fn live(reply: Reply, global: Option<String>) -> Result<LiveCluster, Fault> {
    let text = |value: Option<&str>| value.map(str::to_owned);
    let mut groups: Vec<_> = reply.vpc_security_groups().iter().filter_map(|it| it.vpc_security_group_id()).collect();
    groups.sort_unstable();
    let mut logs = reply.enabled_cloudwatch_logs_exports().to_vec();
    logs.sort_unstable();
    let bounds = reply.serverless_v2_scaling_configuration();
    let scaling = bounds.and_then(|bounds| {
        Some(ServerlessV2Scaling { min_capacity: bounds.min_capacity()?, max_capacity: bounds.max_capacity()? })
    });
    // A cluster that someone took out of its global database belongs to none, which shows as drift.
    let global = Ref::existing(global.unwrap_or_default());
    let subnets = reply.db_subnet_group().ok_or_else(|| Fault::incomplete(DESCRIBE, "DBSubnetGroup"))?;
    let resource = Desired::start(global, None, None, text(reply.master_username()), None)
        .db_subnet_group(Ref::existing(subnets))
        .vpc_security_groups(groups.into_iter().map(Ref::<SecurityGroup<AnyRegion>>::existing))
        .maybe_db_cluster_parameter_group(reply.db_cluster_parameter_group().map(Ref::existing))
        .storage_encrypted(reply.storage_encrypted.unwrap_or_default())
        .maybe_kms_key(reply.kms_key_id().map(ArnRef::existing))
        .backup_retention_period_days(reply.backup_retention_period.unwrap_or_default())
        .maybe_preferred_backup_window(text(reply.preferred_backup_window()))
        .maybe_preferred_maintenance_window(text(reply.preferred_maintenance_window()))
        .enable_cloudwatch_logs_exports(logs)
        .enable_iam_database_authentication(reply.iam_database_authentication_enabled.unwrap_or_default())
        .forward_writes(reply.global_write_forwarding_requested.unwrap_or_default())
        .maybe_serverless_v2_scaling(scaling)
        .copy_tags_to_snapshot(reply.copy_tags_to_snapshot.unwrap_or_default())
        .deletion_protection(reply.deletion_protection.unwrap_or_default())
        .build();
    Ok(Live { resource, tags: tags::read(reply.tag_list()), attributes: attributes(reply)? })
}

fn attributes(reply: Reply) -> Result<AuroraClusterAttributes, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    Ok(AuroraClusterAttributes {
        id: reply.db_cluster_identifier.ok_or_else(|| missing("DBClusterIdentifier"))?,
        arn: reply.db_cluster_arn.ok_or_else(|| missing("DBClusterArn"))?,
        endpoint: reply.endpoint.unwrap_or_default(),
        reader_endpoint: reply.reader_endpoint.unwrap_or_default(),
        cluster_resource_id: reply.db_cluster_resource_id.ok_or_else(|| missing("DbClusterResourceId"))?,
        hosted_zone_id: reply.hosted_zone_id.ok_or_else(|| missing("HostedZoneId"))?,
        port: reply.port.ok_or_else(|| missing("Port"))?.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::DbClusterMember;

    use super::*;

    #[test]
    fn a_change_is_waited_for_where_somebody_carries_it_out() {
        let cluster = || Reply::builder().db_cluster_members(DbClusterMember::builder().build());
        let pending = || ClusterPendingModifiedValues::builder();
        let check = |cluster: Reply, expected: bool| assert_eq!(is_changing(&cluster), expected, "{cluster:?}");
        check(cluster().build(), false);
        check(cluster().pending_modified_values(pending().build()).build(), false);
        check(cluster().pending_modified_values(pending().backup_retention_period(9).build()).build(), true);
        check(cluster().global_write_forwarding_status(WriteForwardingStatus::Enabling).build(), true);
        check(cluster().global_write_forwarding_status(WriteForwardingStatus::Enabled).build(), false);
        check(Reply::builder().global_write_forwarding_status(WriteForwardingStatus::Enabling).build(), false);
    }
}
