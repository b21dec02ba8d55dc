//! A whole cache of a region: nodes with their key, subnets and password.

use landfall_core::{Handle, Ref, Region, Scope};
use landfall_netlayer::{SecurityGroup, Subnet};
use landfall_security::{GenerateSecretString, Key, Secret};

use crate::{
    cache_node_type::CacheNodeType,
    cache_subnet_group::CacheSubnetGroup,
    replication_group::{CacheEngine, ReplicationGroup},
};

/// A cache of one region: nodes in several zones, encrypted at rest by a key of its own and on the way by TLS, with a
/// password that is generated into Secrets Manager.
///
/// ```
/// # use landfall_core::{Environment, Mumbai, Topology};
/// # use landfall_datalayer::{RegionalCache, ReplicationGroup};
/// # use landfall_netlayer::{Network, SecurityGroup};
/// # let topology = Topology::new("docs", Environment::new("dev"));
/// # let india = topology.region::<Mumbai>();
/// # let net = Network::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build().add_to(&india);
/// # let group = india.add("cache", SecurityGroup::builder().vpc(net.vpc).description("Cache").build());
/// let cache = RegionalCache::builder().cache_node_type("cache.r7g.large".parse()?).build();
/// let cache = cache.add_to(&india, &net.data_subnets, [group]);
/// let host = cache.replication_group.get(ReplicationGroup::PRIMARY_ENDPOINT);
/// assert!(topology.lower().is_ok());
/// # Ok::<(), landfall_datalayer::InvalidCacheNodeType>(())
/// ```
#[derive(Debug, Clone, bon::Builder)]
pub struct RegionalCache {
    /// Engine; default [`CacheEngine::Valkey`].
    #[builder(default)]
    pub engine: CacheEngine,
    /// Major and minor version; default 8.0, Valkey's.
    #[builder(default = "8.0".to_owned(), into)]
    pub engine_version: String,
    /// Type of the nodes: `cache.r7g.large`.
    pub cache_node_type: CacheNodeType,
    /// Nodes, the primary among them, 2 to 6; default 2.
    #[builder(default = 2)]
    pub num_cache_clusters: i32,
    /// Days for which daily snapshots are kept; default 0, for what can be computed again.
    #[builder(default)]
    pub snapshot_retention_limit_days: i32,
}

/// What [`RegionalCache::add_to`] declared.
#[derive(Debug, Clone)]
pub struct RegionalCacheHandles<R: Region> {
    /// Key that encrypts nodes, snapshots and the password.
    pub key: Handle<Key<R>>,
    /// The password, as it is.
    pub secret: Handle<Secret<R>>,
    /// Subnets.
    pub subnet_group: Handle<CacheSubnetGroup<R>>,
    /// The nodes.
    pub replication_group: Handle<ReplicationGroup<R>>,
}

impl RegionalCache {
    /// Declares the cache in data subnets of a region; everything is named `cache`.
    pub fn add_to<R: Region>(
        &self,
        scope: &Scope<'_, R>,
        subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>,
        security_groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<R>>>>,
    ) -> RegionalCacheHandles<R> {
        let key = Key::builder().description("Encrypts the cache and its password").deletion_window_in_days(7);
        let key = scope.add("cache", key.build());
        let secret = Secret::builder()
            .description("Password of the cache")
            .kms_key(key)
            .generate_secret_string(GenerateSecretString::auth_token())
            .recovery_window_in_days(0);
        let secret = scope.add("cache", secret.build());
        let subnet_group = scope.add("cache", CacheSubnetGroup::builder().subnets(subnets).build());
        let replication_group = ReplicationGroup::builder()
            .engine(self.engine)
            .engine_version(&self.engine_version)
            .cache_node_type(self.cache_node_type.clone())
            .num_cache_clusters(self.num_cache_clusters)
            .cache_subnet_group(subnet_group)
            .security_groups(security_groups)
            .kms_key(key)
            .auth_token(secret)
            .snapshot_retention_limit_days(self.snapshot_retention_limit_days);
        let replication_group = scope.add("cache", replication_group.build());
        RegionalCacheHandles { key, secret, subnet_group, replication_group }
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Mumbai, Topology};

    use super::*;

    #[test]
    fn a_cache_that_can_not_fail_over_is_a_problem() {
        let topology = Topology::new("twin", Environment::new("test"));
        let cache = RegionalCache::builder().cache_node_type("cache.r7g.large".parse().unwrap()).num_cache_clusters(1);
        let groups: [Ref<SecurityGroup<Mumbai>>; 1] = [Ref::existing("sg-1")];
        cache.build().add_to(&topology.region::<Mumbai>(), [Ref::existing("subnet-1")], groups);
        let problems = topology.lower().expect_err("one node").to_string();
        assert!(
            problems.contains("elasticache.replication_group:cache: one node has nothing to fail over to"),
            "{problems}"
        );
    }
}
