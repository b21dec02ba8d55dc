//! Replication groups on Amazon ElastiCache.

use async_trait::async_trait;
use aws_sdk_elasticache::{
    Client,
    operation::modify_replication_group::builders::ModifyReplicationGroupFluentBuilder as Modification,
    types::{
        AuthTokenUpdateStrategyType, AutomaticFailoverStatus, CacheCluster, CloudWatchLogsDestinationDetails,
        DestinationDetails, DestinationType, LogDeliveryConfiguration, LogDeliveryConfigurationRequest,
        LogDeliveryConfigurationStatus, LogFormat, LogType, MultiAzStatus, ReplicationGroup as Reply,
    },
};
use landfall_aws::{absent_is_done, fault, found, is_code};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Input, Live, Ref, TypedProvider, Wait};
use landfall_netlayer::SecurityGroup;
use landfall_security::aws::SecretReader;

use super::{
    ElastiCache, is_available,
    tags::{self, Tagging},
};
use crate::replication_group::{
    CacheEngine, CacheLogDelivery, CacheLogType, ReplicationGroup, ReplicationGroupAttributes,
};

pub(super) struct Provider {
    pub(super) elasticache: ElastiCache,
    pub(super) secrets: SecretReader,
}

type Desired = ReplicationGroup<AnyRegion>;
type LiveGroup = Live<Desired, ReplicationGroupAttributes>;

const DESCRIBE: &str = "elasticache:DescribeReplicationGroups";
const MODIFY: &str = "elasticache:ModifyReplicationGroup";

/// Codes by which AWS refuses a change while another one is under way.
const BUSY: &[&str] = &["InvalidReplicationGroupState", "InvalidReplicationGroupStateFault"];

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Desired;
    type Attributes = ReplicationGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGroup>, Fault> {
        let client = self.elasticache.of(cx);
        match describe(&client, id).await? {
            Some(group) if group.status() != Some("deleting") => live(&client, cx, &group).await.map(Some),
            // One that is going is as good as gone, and tells its tags no more.
            _ => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, want: &Desired) -> Result<Option<LiveGroup>, Fault> {
        let client = self.elasticache.of(cx);
        match describe(&client, &cx.physical_name(40)).await? {
            None => Ok(None),
            Some(group) if group.status() == Some("available") => live(&client, cx, &group).await.map(Some),
            // A group that is still being made does not tell its nodes: it will be what was asked for.
            Some(group) => {
                Ok(Some(Live { resource: want.clone(), attributes: attributes(&group)?, tags: cx.all_tags() }))
            }
        }
    }

    async fn create(&self, cx: &Context, want: &Desired) -> Result<ReplicationGroupAttributes, Fault> {
        let client = self.elasticache.of(cx);
        let id = cx.physical_name(40);
        let token = match &want.auth_token {
            None => None,
            Some(token) => Some(self.secrets.read(cx, token).await?.expose().to_owned()),
        };
        client
            .create_replication_group()
            .replication_group_id(&id)
            .replication_group_description(cx.address.as_str())
            .engine(want.engine.as_str())
            .engine_version(&want.engine_version)
            .cache_node_type(want.cache_node_type.as_str())
            .num_cache_clusters(want.num_cache_clusters)
            .automatic_failover_enabled(want.automatic_failover_enabled)
            .multi_az_enabled(want.multi_az_enabled)
            .cache_subnet_group_name(want.cache_subnet_group.id())
            .set_security_group_ids(groups(want))
            .at_rest_encryption_enabled(want.at_rest_encryption_enabled)
            .set_kms_key_id(want.kms_key.as_ref().map(|key| key.id().to_owned()))
            .transit_encryption_enabled(want.transit_encryption_enabled)
            .set_auth_token(token)
            .set_cache_parameter_group_name(want.cache_parameter_group_name.clone())
            .snapshot_retention_limit(want.snapshot_retention_limit_days)
            .set_snapshot_window(want.snapshot_window.clone())
            .set_preferred_maintenance_window(want.preferred_maintenance_window.clone())
            .auto_minor_version_upgrade(want.auto_minor_version_upgrade)
            .set_log_delivery_configurations(log_changes(&want.log_delivery, &[]))
            .set_tags(Some(tags::on_create(cx)))
            .send()
            .await
            .map_err(fault("elasticache:CreateReplicationGroup"))?;
        attributes(&available(&client, cx, &id).await?)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Desired,
        have: &LiveGroup,
    ) -> Result<ReplicationGroupAttributes, Fault> {
        let client = self.elasticache.of(cx);
        let id = &have.attributes.id;
        // It may still be on its way, when the create was interrupted, or busy with something else.
        let mut group = available(&client, cx, id).await?;
        // Replicas come before what needs them and go after what let them go.
        if want.num_cache_clusters > have.resource.num_cache_clusters {
            let call = client.increase_replica_count().replication_group_id(id).apply_immediately(true);
            let reply = call.new_replica_count(want.num_cache_clusters - 1).send().await;
            reply.map_err(fault("elasticache:IncreaseReplicaCount"))?;
            group = available(&client, cx, id).await?;
        }
        for call in modifications(&client, id, want, &have.resource) {
            group = modify(&client, cx, id, call).await?;
        }
        if want.num_cache_clusters < have.resource.num_cache_clusters {
            let call = client.decrease_replica_count().replication_group_id(id).apply_immediately(true);
            let reply = call.new_replica_count(want.num_cache_clusters - 1).send().await;
            reply.map_err(fault("elasticache:DecreaseReplicaCount"))?;
            group = available(&client, cx, id).await?;
        }
        tags::update(&client, cx, &have.attributes.arn, &have.tags).await?;
        // Last, because AWS may refuse a token that it was given before: what fails after it would be repeated with it.
        if want.auth_token != have.resource.auth_token {
            group = self.change_token(&client, cx, id, want).await?;
        }
        attributes(&group)
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        let client = self.elasticache.of(cx);
        let id = &have.attributes.id;
        let Some(group) = describe(&client, id).await? else { return Ok(()) };
        if group.status() != Some("deleting") {
            let reply = client.delete_replication_group().replication_group_id(id).send().await;
            absent_is_done("elasticache:DeleteReplicationGroup", reply)?;
        }
        cx.wait("cache to go", Wait::LONG, || async { Ok(describe(&client, id).await?.is_none().then_some(())) }).await
    }
}

impl Provider {
    /// Lets clients in with the new token beside the old one, and then with the new one alone.
    async fn change_token(&self, client: &Client, cx: &Context, id: &str, want: &Desired) -> Result<Reply, Fault> {
        let Some(token) = &want.auth_token else {
            let message = "AWS takes the password away from no cache that knows no users: keep `auth_token`, or declare \
                           the cache under another name";
            return Err(Fault::new(FaultKind::Invalid, MODIFY, message));
        };
        let token = self.secrets.read(cx, token).await?;
        let call = |strategy| {
            let call = client.modify_replication_group().replication_group_id(id).apply_immediately(true);
            call.auth_token(token.expose()).auth_token_update_strategy(strategy)
        };
        modify(client, cx, id, call(AuthTokenUpdateStrategyType::Rotate)).await?;
        modify(client, cx, id, call(AuthTokenUpdateStrategyType::Set)).await
    }
}

/// Makes one change. The group seems available for some seconds after the change before, and refuses this one: the
/// request is repeated here, because a change of the token must not begin from its first step again.
async fn modify(client: &Client, cx: &Context, id: &str, call: Modification) -> Result<Reply, Fault> {
    cx.wait("cache to take a change", Wait::LONG, || async {
        match call.clone().send().await {
            Err(error) if is_code(&error, BUSY) => Ok(None),
            reply => reply.map(Some).map_err(fault(MODIFY)),
        }
    })
    .await?;
    available(client, cx, id).await
}

/// The requests that change what differs. AWS takes neither a new node type nor a new engine together with other
/// changes.
fn modifications(client: &Client, id: &str, want: &Desired, have: &Desired) -> Vec<Modification> {
    let call = || client.modify_replication_group().replication_group_id(id).apply_immediately(true);
    let settings = call()
        .set_automatic_failover_enabled(changed(&want.automatic_failover_enabled, &have.automatic_failover_enabled))
        .set_multi_az_enabled(changed(&want.multi_az_enabled, &have.multi_az_enabled))
        .set_security_group_ids(changed(&groups(want), &groups(have)).flatten())
        .set_snapshot_retention_limit(changed(&want.snapshot_retention_limit_days, &have.snapshot_retention_limit_days))
        .set_snapshot_window(changed(&want.snapshot_window, &have.snapshot_window).flatten())
        .set_preferred_maintenance_window(
            changed(&want.preferred_maintenance_window, &have.preferred_maintenance_window).flatten(),
        )
        .set_auto_minor_version_upgrade(changed(&want.auto_minor_version_upgrade, &have.auto_minor_version_upgrade))
        .set_log_delivery_configurations(log_changes(&want.log_delivery, &have.log_delivery));
    let engine = call()
        .set_engine(changed(&want.engine, &have.engine).map(|engine| engine.as_str().to_owned()))
        .set_engine_version(changed(&want.engine_version, &have.engine_version))
        .set_cache_parameter_group_name(
            changed(&want.cache_parameter_group_name, &have.cache_parameter_group_name).flatten(),
        );
    let node_type = call().set_cache_node_type(
        changed(&want.cache_node_type, &have.cache_node_type).map(|node_type| node_type.as_str().to_owned()),
    );
    let untouched = call();
    let calls = [settings, engine, node_type].into_iter();
    calls.filter(|call| call.as_input() != untouched.as_input()).collect()
}

fn changed<T: PartialEq + Clone>(want: &T, have: &T) -> Option<T> {
    (want != have).then(|| want.clone())
}

fn groups(group: &Desired) -> Option<Vec<String>> {
    let mut ids: Vec<_> = group.security_groups.as_ref()?.iter().map(|group| group.id().to_owned()).collect();
    ids.sort_unstable();
    Some(ids)
}

/// Deliveries to begin and to end; `None` when there is nothing to do.
fn log_changes(want: &[CacheLogDelivery], have: &[CacheLogDelivery]) -> Option<Vec<LogDeliveryConfigurationRequest>> {
    let begin = want.iter().filter(|log| !have.contains(log)).map(|log| {
        let group = CloudWatchLogsDestinationDetails::builder().log_group(log.log_group_name.value()).build();
        let details = DestinationDetails::builder().cloud_watch_logs_details(group).build();
        LogDeliveryConfigurationRequest::builder()
            .log_type(wire_log(log.log_type))
            .destination_type(DestinationType::CloudWatchLogs)
            .destination_details(details)
            .log_format(LogFormat::Json)
            .enabled(true)
            .build()
    });
    let goes = |log: &&CacheLogDelivery| !want.iter().any(|other| other.log_type == log.log_type);
    let end = have
        .iter()
        .filter(goes)
        .map(|log| LogDeliveryConfigurationRequest::builder().log_type(wire_log(log.log_type)).enabled(false).build());
    let changes: Vec<_> = begin.chain(end).collect();
    (!changes.is_empty()).then_some(changes)
}

fn wire_log(log_type: CacheLogType) -> LogType {
    match log_type {
        CacheLogType::SlowLog => LogType::SlowLog,
        CacheLogType::EngineLog => LogType::EngineLog,
    }
}

fn read_log(log: &LogDeliveryConfiguration) -> Option<CacheLogDelivery> {
    if log.status() == Some(&LogDeliveryConfigurationStatus::Disabling) {
        return None;
    }
    let log_type = match log.log_type()? {
        LogType::SlowLog => CacheLogType::SlowLog,
        LogType::EngineLog => CacheLogType::EngineLog,
        _ => return None,
    };
    let group = log.destination_details()?.cloud_watch_logs_details()?.log_group()?;
    Some(CacheLogDelivery { log_type, log_group_name: Input::from(group) })
}

async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = found(DESCRIBE, client.describe_replication_groups().replication_group_id(id).send().await)?;
    Ok(reply.and_then(|reply| reply.replication_groups.unwrap_or_default().into_iter().next()))
}

async fn available(client: &Client, cx: &Context, id: &str) -> Result<Reply, Fault> {
    cx.wait("cache to become available", Wait::LONG, || async {
        let group = describe(client, id).await?;
        let ready = is_available(DESCRIBE, group.as_ref().and_then(Reply::status))?;
        Ok(group.filter(|_| ready))
    })
    .await
}

/// What the group does not tell of itself is asked of its first node.
async fn node(client: &Client, group: &Reply) -> Result<CacheCluster, Fault> {
    let operation = "elasticache:DescribeCacheClusters";
    let member = group.member_clusters().first().ok_or_else(|| Fault::incomplete(DESCRIBE, "MemberClusters"))?;
    let reply = found(operation, client.describe_cache_clusters().cache_cluster_id(member).send().await)?;
    let node = reply.and_then(|reply| reply.cache_clusters.unwrap_or_default().into_iter().next());
    node.ok_or_else(|| Fault::not_yet(operation, "the first node is not visible yet"))
}

async fn live(client: &Client, cx: &Context, group: &Reply) -> Result<LiveGroup, Fault> {
    let attributes = attributes(group)?;
    let node = node(client, group).await?;
    let tags = match group.status() {
        // It never tells its tags; they came with the create.
        Some("create-failed") => cx.all_tags(),
        // AWS tells none while it is busy, with a snapshot for example.
        _ => {
            cx.wait("cache to tell its tags", Wait::LONG, || async { client.list(&attributes.arn).await.map(Some) })
                .await?
        }
    };
    Ok(Live { resource: resource(group, &node)?, attributes, tags })
}

fn resource(group: &Reply, node: &CacheCluster) -> Result<Desired, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    let engine = match group.engine().or(node.engine()) {
        Some("valkey") => CacheEngine::Valkey,
        Some("redis") => CacheEngine::Redis,
        _ => return Err(missing("engine that is known")),
    };
    let version = node.engine_version().ok_or_else(|| missing("EngineVersion"))?;
    let node_type = group.cache_node_type().or(node.cache_node_type()).and_then(|node_type| node_type.parse().ok());
    let mut security_groups: Vec<_> = node.security_groups().iter().filter_map(|it| it.security_group_id()).collect();
    security_groups.sort_unstable();
    let subnets = node.cache_subnet_group_name().ok_or_else(|| missing("CacheSubnetGroupName"))?;
    let failover = group.automatic_failover();
    Ok(ReplicationGroup::builder()
        .engine(engine)
        .engine_version(major_minor(version))
        .cache_node_type(node_type.ok_or_else(|| missing("CacheNodeType"))?)
        .num_cache_clusters(i32::try_from(group.member_clusters().len()).unwrap_or(i32::MAX))
        .automatic_failover_enabled(matches!(
            failover,
            Some(AutomaticFailoverStatus::Enabled | AutomaticFailoverStatus::Enabling)
        ))
        .multi_az_enabled(group.multi_az() == Some(&MultiAzStatus::Enabled))
        .cache_subnet_group(Ref::existing(subnets))
        .security_groups(security_groups.into_iter().map(Ref::<SecurityGroup<AnyRegion>>::existing))
        .at_rest_encryption_enabled(group.at_rest_encryption_enabled.unwrap_or_default())
        .maybe_kms_key(group.kms_key_id().map(ArnRef::existing))
        .transit_encryption_enabled(group.transit_encryption_enabled.unwrap_or_default())
        .maybe_cache_parameter_group_name(
            node.cache_parameter_group().and_then(|parameters| parameters.cache_parameter_group_name()),
        )
        .snapshot_retention_limit_days(group.snapshot_retention_limit.unwrap_or_default())
        .maybe_snapshot_window(group.snapshot_window())
        .maybe_preferred_maintenance_window(node.preferred_maintenance_window())
        .auto_minor_version_upgrade(group.auto_minor_version_upgrade.unwrap_or_default())
        .log_delivery(group.log_delivery_configurations().iter().filter_map(read_log).collect())
        .build())
}

/// AWS takes `8.0` and tells `8.0.1`.
fn major_minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn attributes(group: &Reply) -> Result<ReplicationGroupAttributes, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    let shard = group.node_groups().first();
    let primary = shard.and_then(|shard| shard.primary_endpoint());
    let reader = shard.and_then(|shard| shard.reader_endpoint());
    let address = |endpoint: Option<&aws_sdk_elasticache::types::Endpoint>| {
        endpoint.and_then(|endpoint| endpoint.address()).unwrap_or_default().to_owned()
    };
    Ok(ReplicationGroupAttributes {
        id: group.replication_group_id().ok_or_else(|| missing("ReplicationGroupId"))?.to_owned(),
        arn: group.arn().ok_or_else(|| missing("ARN"))?.to_owned(),
        primary_endpoint: address(primary),
        reader_endpoint: address(reader),
        port: primary
            .and_then(aws_sdk_elasticache::types::Endpoint::port)
            .map(|port| port.to_string())
            .unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticache::config::BehaviorVersion;

    use super::*;

    fn group() -> Desired {
        ReplicationGroup::builder()
            .engine_version("8.0")
            .cache_node_type("cache.r7g.large".parse().unwrap())
            .cache_subnet_group(Ref::existing("data"))
            .build()
    }

    #[test]
    fn versions_are_told_as_they_are_taken() {
        for (told, expected) in [("8.0.1", "8.0"), ("7.1.0", "7.1"), ("8.0", "8.0")] {
            assert_eq!(major_minor(told), expected);
        }
    }

    #[test]
    fn changes_that_aws_does_not_take_together_go_one_after_the_other() {
        let client = Client::from_conf(
            aws_sdk_elasticache::Config::builder().behavior_version(BehaviorVersion::latest()).build(),
        );
        let calls = |want: &Desired| modifications(&client, "cache", want, &group());
        assert!(calls(&group()).is_empty());
        let one = Desired { snapshot_retention_limit_days: 7, auto_minor_version_upgrade: true, ..group() };
        assert_eq!(calls(&one).len(), 1);
        let three = Desired {
            engine_version: "8.1".to_owned(),
            cache_node_type: "cache.r7g.xlarge".parse().unwrap(),
            multi_az_enabled: false,
            ..group()
        };
        let three = calls(&three);
        assert_eq!(three.len(), 3);
        assert_eq!(three[0].get_multi_az_enabled(), &Some(false));
        assert_eq!(three[1].get_engine_version().as_deref(), Some("8.1"));
        assert_eq!(three[2].get_cache_node_type().as_deref(), Some("cache.r7g.xlarge"));
    }

    #[test]
    fn logs_begin_and_end() {
        let slow = |group: &str| CacheLogDelivery::new(CacheLogType::SlowLog, group);
        let engine = CacheLogDelivery::new(CacheLogType::EngineLog, "b");
        let told = |changes: Option<Vec<LogDeliveryConfigurationRequest>>| {
            let told =
                |log: LogDeliveryConfigurationRequest| (log.log_type().cloned().unwrap(), log.enabled().unwrap());
            changes.unwrap_or_default().into_iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(told(log_changes(&[slow("a")], &[slow("a")])), []);
        assert_eq!(told(log_changes(&[slow("b")], &[slow("a")])), [(LogType::SlowLog, true)]);
        assert_eq!(told(log_changes(&[engine], &[slow("a")])), [(LogType::EngineLog, true), (LogType::SlowLog, false)]);
    }
}
