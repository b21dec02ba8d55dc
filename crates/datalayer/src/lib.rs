#![doc = include_str!("../README.md")]

#[cfg(feature = "aws")]
pub mod aws;
pub mod statements;

mod bucket;
mod bucket_name;
mod bucket_policy;
mod cache_node_type;
mod cache_subnet_group;
mod cluster;
mod cluster_parameter_group;
mod db_subnet_group;
mod engine;
mod global_cluster;
mod global_database;
mod instance;
mod instance_class;
mod lifecycle;
mod log_bucket;
mod regional_cache;
mod replicated_assets;
mod replication;
mod replication_group;
mod table;
mod table_name;
mod wiring;

pub use bucket::{AccessLogging, Bucket, BucketAttributes, Encryption, ObjectOwnership, PublicAccessBlock};
pub use bucket_name::{BucketName, InvalidBucketName};
pub use bucket_policy::{BucketPolicy, BucketPolicyAttributes};
pub use cache_node_type::{CacheNodeType, InvalidCacheNodeType};
pub use cache_subnet_group::{CacheSubnetGroup, CacheSubnetGroupAttributes};
pub use cluster::{
    AnyRole, AuroraCluster, AuroraClusterAttributes, AuroraClusterBuilder, ClusterRole, MasterUser, Primary, Secondary,
    ServerlessV2Scaling,
};
pub use cluster_parameter_group::{ClusterParameterGroup, ClusterParameterGroupAttributes};
pub use db_subnet_group::{DbSubnetGroup, DbSubnetGroupAttributes};
pub use engine::AuroraEngine;
pub use global_cluster::{GlobalCluster, GlobalClusterAttributes};
pub use global_database::{GlobalDatabase, GlobalDatabaseHandles, RegionalDatabase};
pub use instance::{AuroraInstance, AuroraInstanceAttributes};
pub use instance_class::{DbInstanceClass, InvalidDbInstanceClass};
pub use lifecycle::{LifecycleRule, StorageClass, Transition};
pub use log_bucket::{LogBucket, LogBucketHandles};
pub use regional_cache::{RegionalCache, RegionalCacheHandles};
pub use replicated_assets::{
    AssetKeys, AssetPolicies, ReplicatedAssets, ReplicatedAssetsBuilder, ReplicatedAssetsHandles,
};
pub use replication::{Replication, ReplicationAttributes, ReplicationBuilder, ReplicationRule};
pub use replication_group::{
    CacheEngine, CacheLogDelivery, CacheLogType, ReplicationGroup, ReplicationGroupAttributes,
};
pub use table::{BillingMode, KeyAttribute, KeyType, Table, TableAttributes, TableEncryption};
pub use table_name::{InvalidTableName, TableName};

use landfall_core::Kind;

/// Every kind of the layer.
pub fn kinds() -> Vec<&'static Kind> {
    vec![
        &global_cluster::KIND,
        &cluster_parameter_group::KIND,
        &db_subnet_group::KIND,
        &cluster::KIND,
        &instance::KIND,
        &cache_subnet_group::KIND,
        &replication_group::KIND,
        &bucket::KIND,
        &bucket_policy::KIND,
        &replication::KIND,
        &table::KIND,
    ]
}
