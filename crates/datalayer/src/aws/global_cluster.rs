//! Aurora global clusters on Amazon RDS.

use async_trait::async_trait;
use aws_sdk_rds::{
    Client,
    types::{GlobalCluster as Reply, GlobalClusterMember},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Live, PlaceCode, TypedProvider, Wait};

use super::{Rds, is_available, tags};
use crate::{
    engine::AuroraEngine,
    global_cluster::{GlobalCluster, GlobalClusterAttributes},
};

pub(super) struct Provider(pub(super) Rds);

type LiveGlobal = Live<GlobalCluster, GlobalClusterAttributes>;

const DESCRIBE: &str = "rds:DescribeGlobalClusters";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = GlobalCluster;
    type Attributes = GlobalClusterAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGlobal>, Fault> {
        describe(&self.0.of(cx), id).await?.map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &GlobalCluster) -> Result<Option<LiveGlobal>, Fault> {
        self.read(cx, &cx.physical_name(63)).await
    }

    async fn create(&self, cx: &Context, want: &GlobalCluster) -> Result<GlobalClusterAttributes, Fault> {
        let client = self.0.of(cx);
        let id = cx.physical_name(63);
        client
            .create_global_cluster()
            .global_cluster_identifier(&id)
            .engine(want.engine.as_str())
            .engine_version(&want.engine_version)
            .set_database_name(want.database_name.clone())
            .storage_encrypted(want.storage_encrypted)
            .deletion_protection(want.deletion_protection)
            .set_tags(Some(tags::on_create(cx)))
            .send()
            .await
            .map_err(fault("rds:CreateGlobalCluster"))?;
        Ok(live(available(&client, cx, &id).await?)?.attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &GlobalCluster,
        have: &LiveGlobal,
    ) -> Result<GlobalClusterAttributes, Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        // It may still be on its way, when the create was interrupted, or busy with something else.
        available(&client, cx, id).await?;
        if want.deletion_protection != have.resource.deletion_protection {
            let call = client
                .modify_global_cluster()
                .global_cluster_identifier(id)
                .deletion_protection(want.deletion_protection);
            call.send().await.map_err(fault("rds:ModifyGlobalCluster"))?;
        }
        if want.engine_version != have.resource.engine_version {
            self.upgrade(cx, want, have).await?;
        }
        tags::update(&client, cx, &have.attributes.arn, &have.tags).await?;
        Ok(live(available(&client, cx, id).await?)?.attributes)
    }

    async fn delete(&self, cx: &Context, have: &LiveGlobal) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        let Some(reply) = describe(&client, id).await? else { return Ok(()) };
        if reply.deletion_protection == Some(true) {
            return Err(super::protected("rds:DeleteGlobalCluster", "the global cluster"));
        }
        if reply.status() != Some("deleting") {
            let reply = client.delete_global_cluster().global_cluster_identifier(id).send().await;
            absent_is_done("rds:DeleteGlobalCluster", reply)?;
        }
        cx.wait("global cluster to go", Wait::MINUTES, || async {
            Ok(describe(&client, id).await?.is_none().then_some(()))
        })
        .await
    }
}

impl Provider {
    /// Upgrades every member. AWS takes a major version through the global cluster alone, and a minor one cluster by
    /// cluster, the primary last.
    async fn upgrade(&self, cx: &Context, want: &GlobalCluster, have: &LiveGlobal) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        let members = describe(&client, id).await?.and_then(|reply| reply.global_cluster_members).unwrap_or_default();
        let (old, new) = (&have.resource.engine_version, &want.engine_version);
        let is_major = want.engine.major(old) != want.engine.major(new);
        if is_major || members.is_empty() {
            let call = client
                .modify_global_cluster()
                .global_cluster_identifier(id)
                .engine_version(new)
                .allow_major_version_upgrade(is_major);
            call.send().await.map_err(fault("rds:ModifyGlobalCluster"))?;
        }
        for member in primary_last(members) {
            if !is_major {
                self.upgrade_member(&member, new).await?;
            }
            self.member_has(cx, &member, new).await?;
        }
        Ok(())
    }

    async fn upgrade_member(&self, member: &Member, version: &str) -> Result<(), Fault> {
        let call = self.0.at(member.region).modify_db_cluster().db_cluster_identifier(&member.cluster);
        let reply = call.engine_version(version).apply_immediately(true).send().await;
        reply.map(drop).map_err(fault("rds:ModifyDBCluster"))
    }

    async fn member_has(&self, cx: &Context, member: &Member, version: &str) -> Result<(), Fault> {
        let client = self.0.at(member.region);
        cx.wait("cluster to be upgraded", Wait::LONG, || async {
            let cluster = super::cluster::describe(&client, &member.cluster).await?;
            let done = cluster.is_some_and(|cluster| {
                cluster.status() == Some("available") && cluster.engine_version() == Some(version)
            });
            Ok(done.then_some(()))
        })
        .await
    }
}

/// A cluster of a global database.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    region: &'static str,
    cluster: String,
}

fn primary_last(mut members: Vec<GlobalClusterMember>) -> Vec<Member> {
    members.sort_by_key(|member| member.is_writer == Some(true));
    members.iter().filter_map(|member| member_of(member.db_cluster_arn()?)).collect()
}

/// `arn:aws:rds:REGION:ACCOUNT:cluster:NAME`
fn member_of(arn: &str) -> Option<Member> {
    let mut parts = arn.split(':').skip(3);
    let region = parts.next()?.parse::<PlaceCode>().ok()?.api_region();
    Some(Member { region, cluster: parts.nth(2)?.to_owned() })
}

/// The global cluster of that name.
pub(super) async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_global_clusters().global_cluster_identifier(id).send().await;
    let clusters = found(DESCRIBE, reply)?.and_then(|reply| reply.global_clusters).unwrap_or_default();
    Ok(clusters.into_iter().find(|cluster| cluster.global_cluster_identifier() == Some(id)))
}

async fn available(client: &Client, cx: &Context, id: &str) -> Result<Reply, Fault> {
    cx.wait("global cluster to become available", Wait::LONG, || async {
        let global = describe(client, id).await?;
        let ready = is_available(DESCRIBE, global.as_ref().and_then(Reply::status))?;
        Ok(global.filter(|_| ready))
    })
    .await
}

/// The engine by AWS's name of it.
pub(super) fn engine(name: Option<&str>) -> Result<AuroraEngine, Fault> {
    [AuroraEngine::AuroraPostgresql, AuroraEngine::AuroraMysql]
        .into_iter()
        .find(|engine| Some(engine.as_str()) == name)
        .ok_or_else(|| Fault::incomplete(DESCRIBE, "engine of Aurora"))
}

fn live(reply: Reply) -> Result<LiveGlobal, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    Ok(Live {
        tags: tags::read(reply.tag_list()),
        resource: GlobalCluster {
            engine: engine(reply.engine())?,
            engine_version: reply.engine_version.ok_or_else(|| missing("EngineVersion"))?,
            database_name: reply.database_name.filter(|name| !name.is_empty()),
            storage_encrypted: reply.storage_encrypted.unwrap_or_default(),
            deletion_protection: reply.deletion_protection.unwrap_or_default(),
        },
        attributes: GlobalClusterAttributes {
            id: reply.global_cluster_identifier.ok_or_else(|| missing("GlobalClusterIdentifier"))?,
            arn: reply.global_cluster_arn.ok_or_else(|| missing("GlobalClusterArn"))?,
            global_cluster_resource_id: reply
                .global_cluster_resource_id
                .ok_or_else(|| missing("GlobalClusterResourceId"))?,
            endpoint: reply.endpoint.unwrap_or_default(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_upgrades_end_with_the_primary() {
        let member = |arn: &str, writer| GlobalClusterMember::builder().db_cluster_arn(arn).is_writer(writer).build();
        let members = vec![
            member("arn:aws:rds:ap-south-1:123456789012:cluster:twin-db-1", true),
            member("arn:aws:rds:eu-west-2:123456789012:cluster:twin-db-2", false),
        ];
        let order: Vec<_> = primary_last(members).into_iter().map(|member| (member.region, member.cluster)).collect();
        assert_eq!(order, [("eu-west-2", "twin-db-2".to_owned()), ("ap-south-1", "twin-db-1".to_owned())]);
    }
}
