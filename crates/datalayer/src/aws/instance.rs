//! Aurora instances on Amazon RDS.

use async_trait::async_trait;
use aws_sdk_rds::{
    Client, operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder, types::DbInstance as Reply,
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, Live, Ref, TypedProvider, Wait};

use super::{Rds, cluster, is_available, tags};
use crate::{
    cluster::AnyRole,
    instance::{AuroraInstance, AuroraInstanceAttributes},
};

pub(super) struct Provider(pub(super) Rds);

type Desired = AuroraInstance<AnyRegion, AnyRole>;
type LiveInstance = Live<Desired, AuroraInstanceAttributes>;

const DESCRIBE: &str = "rds:DescribeDBInstances";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Desired;
    type Attributes = AuroraInstanceAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveInstance>, Fault> {
        describe(&self.0.of(cx), id).await?.map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &Desired) -> Result<Option<LiveInstance>, Fault> {
        self.read(cx, &cx.physical_name(63)).await
    }

    async fn create(&self, cx: &Context, want: &Desired) -> Result<AuroraInstanceAttributes, Fault> {
        let client = self.0.of(cx);
        let id = cx.physical_name(63);
        let cluster = cluster::describe(&client, want.cluster.id()).await?;
        let engine = cluster.and_then(|cluster| cluster.engine);
        let engine =
            engine.ok_or_else(|| Fault::not_yet("rds:DescribeDBClusters", "the cluster is not visible yet"))?;
        let key = want.performance_insights_kms_key.as_ref().map(|key| key.id().to_owned());
        client
            .create_db_instance()
            .db_instance_identifier(&id)
            .db_cluster_identifier(want.cluster.id())
            .engine(engine)
            .db_instance_class(want.instance_class.as_str())
            .promotion_tier(want.promotion_tier)
            .set_availability_zone(want.availability_zone.clone())
            .enable_performance_insights(want.enable_performance_insights)
            .set_performance_insights_kms_key_id(key.filter(|_| want.enable_performance_insights))
            .set_performance_insights_retention_period(
                want.performance_insights_retention_period_days.filter(|_| want.enable_performance_insights),
            )
            .monitoring_interval(want.monitoring_interval_seconds)
            .set_monitoring_role_arn(want.monitoring_role.as_ref().map(|role| role.id().to_owned()))
            .set_preferred_maintenance_window(want.preferred_maintenance_window.clone())
            .auto_minor_version_upgrade(want.auto_minor_version_upgrade)
            .publicly_accessible(want.publicly_accessible)
            .set_tags(Some(tags::on_create(cx)))
            .send()
            .await
            .map_err(fault("rds:CreateDBInstance"))?;
        attributes(available(&client, cx, &id).await?)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Desired,
        have: &LiveInstance,
    ) -> Result<AuroraInstanceAttributes, Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        // It may still be on its way, when the create was interrupted, or busy with something else.
        let mut instance = available(&client, cx, id).await?;
        let call = client.modify_db_instance().db_instance_identifier(id).apply_immediately(true);
        if let Some(call) = modification(call, want, &have.resource) {
            call.send().await.map_err(fault("rds:ModifyDBInstance"))?;
            let is_there = |reply: &Reply| reply.db_instance_class() == Some(want.instance_class.as_str());
            instance = ready(&client, cx, id, is_there).await?;
        }
        tags::update(&client, cx, &have.attributes.arn, &have.tags).await?;
        attributes(instance)
    }

    async fn delete(&self, cx: &Context, have: &LiveInstance) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        let Some(instance) = describe(&client, id).await? else { return Ok(()) };
        if instance.db_instance_status() != Some("deleting") {
            // Backups and final snapshots are the cluster's.
            let call = client.delete_db_instance().db_instance_identifier(id).skip_final_snapshot(true);
            absent_is_done("rds:DeleteDBInstance", call.send().await)?;
        }
        cx.wait("instance to go", Wait::LONG, || async { Ok(describe(&client, id).await?.is_none().then_some(())) })
            .await
    }
}

/// The request that changes what differs; `None` when nothing does.
fn modification(
    call: ModifyDBInstanceFluentBuilder,
    want: &Desired,
    have: &Desired,
) -> Option<ModifyDBInstanceFluentBuilder> {
    fn changed<T: PartialEq + Clone>(want: &T, have: &T) -> Option<T> {
        (want != have).then(|| want.clone())
    }
    let untouched = call.as_input().clone();
    let role = |instance: &Desired| instance.monitoring_role.as_ref().map(|role| role.id().to_owned());
    let starts = want.enable_performance_insights && !have.enable_performance_insights;
    let days = |instance: &Desired| instance.performance_insights_retention_period_days;
    // What AWS is told when it starts to record.
    let key = want.performance_insights_kms_key.as_ref().map(|key| key.id().to_owned()).filter(|_| starts);
    let kept = if starts { days(want) } else { changed(&days(want), &days(have)).flatten() };
    let call = call
        .set_db_instance_class(
            changed(&want.instance_class, &have.instance_class).map(|class| class.as_str().to_owned()),
        )
        .set_promotion_tier(changed(&want.promotion_tier, &have.promotion_tier))
        .set_enable_performance_insights(changed(&want.enable_performance_insights, &have.enable_performance_insights))
        .set_performance_insights_kms_key_id(key)
        .set_performance_insights_retention_period(kept.filter(|_| want.enable_performance_insights))
        .set_monitoring_interval(changed(&want.monitoring_interval_seconds, &have.monitoring_interval_seconds))
        .set_monitoring_role_arn(changed(&role(want), &role(have)).flatten())
        .set_preferred_maintenance_window(
            changed(&want.preferred_maintenance_window, &have.preferred_maintenance_window).flatten(),
        )
        .set_auto_minor_version_upgrade(changed(&want.auto_minor_version_upgrade, &have.auto_minor_version_upgrade))
        .set_publicly_accessible(changed(&want.publicly_accessible, &have.publicly_accessible));
    (*call.as_input() != untouched).then_some(call)
}

async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = found(DESCRIBE, client.describe_db_instances().db_instance_identifier(id).send().await)?;
    Ok(reply.and_then(|reply| reply.db_instances.unwrap_or_default().into_iter().next()))
}

async fn available(client: &Client, cx: &Context, id: &str) -> Result<Reply, Fault> {
    ready(client, cx, id, |reply| reply.endpoint().is_some()).await
}

async fn ready(
    client: &Client,
    cx: &Context,
    id: &str,
    is_there: impl Fn(&Reply) -> bool + Sync,
) -> Result<Reply, Fault> {
    cx.wait("instance to become available", Wait::LONG, || async {
        let instance = describe(client, id).await?;
        let ready = is_available(DESCRIBE, instance.as_ref().and_then(Reply::db_instance_status))?;
        Ok(instance.filter(|reply| ready && is_there(reply)))
    })
    .await
}

fn live(reply: Reply) -> Result<LiveInstance, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    let class = reply.db_instance_class().and_then(|class| class.parse().ok());
    let insights = reply.performance_insights_enabled.unwrap_or_default();
    let resource = Desired::builder()
        .cluster(Ref::existing(reply.db_cluster_identifier().ok_or_else(|| missing("DBClusterIdentifier"))?))
        .instance_class(class.ok_or_else(|| missing("DBInstanceClass"))?)
        .promotion_tier(reply.promotion_tier.unwrap_or(1))
        .maybe_availability_zone(reply.availability_zone())
        .enable_performance_insights(insights)
        .maybe_performance_insights_retention_period_days(
            reply.performance_insights_retention_period.filter(|_| insights),
        )
        .monitoring_interval_seconds(reply.monitoring_interval.unwrap_or_default())
        .maybe_monitoring_role(reply.monitoring_role_arn().map(ArnRef::existing))
        .maybe_preferred_maintenance_window(reply.preferred_maintenance_window())
        .auto_minor_version_upgrade(reply.auto_minor_version_upgrade.unwrap_or_default())
        .publicly_accessible(reply.publicly_accessible.unwrap_or_default())
        .build();
    Ok(Live { resource, tags: tags::read(reply.tag_list()), attributes: attributes(reply)? })
}

fn attributes(reply: Reply) -> Result<AuroraInstanceAttributes, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    // An instance that is still being made has no endpoint yet.
    let endpoint = reply.endpoint;
    let port = endpoint.as_ref().and_then(aws_sdk_rds::types::Endpoint::port);
    Ok(AuroraInstanceAttributes {
        id: reply.db_instance_identifier.ok_or_else(|| missing("DBInstanceIdentifier"))?,
        arn: reply.db_instance_arn.ok_or_else(|| missing("DBInstanceArn"))?,
        endpoint: endpoint.and_then(|endpoint| endpoint.address).unwrap_or_default(),
        port: port.map(|port| port.to_string()).unwrap_or_default(),
        dbi_resource_id: reply.dbi_resource_id.ok_or_else(|| missing("DbiResourceId"))?,
        availability_zone: reply.availability_zone.unwrap_or_default(),
    })
}
