//! How the layer's kinds run on AWS.

mod bucket;
mod bucket_policy;
mod cache_subnet_group;
mod cluster;
mod cluster_parameter_group;
mod db_subnet_group;
mod elasticache;
mod emptying;
mod global_cluster;
mod instance;
mod lifecycle;
mod rds;
mod replication;
mod replication_group;

use landfall_aws::{Aws, Regional};
use landfall_core::{Fault, FaultKind, Providers};
use landfall_security::aws::SecretReader;

/// Clients of Amazon RDS, one per region.
type Rds = Regional<aws_sdk_rds::Client>;

/// Clients of Amazon ElastiCache, one per region.
type ElastiCache = Regional<aws_sdk_elasticache::Client>;

/// Clients of Amazon S3, one per region.
type S3 = Regional<aws_sdk_s3::Client>;

/// Adds the providers of every kind of the layer.
pub fn register(providers: &mut Providers, aws: &Aws) {
    let secrets = SecretReader::new(aws);
    let rds = Rds::new(aws, aws_sdk_rds::Client::new);
    providers.add_typed(global_cluster::Provider(rds.clone()));
    providers.add_typed(cluster_parameter_group::Provider(rds.clone()));
    providers.add_typed(db_subnet_group::Provider(rds.clone()));
    providers.add_typed(cluster::Provider { rds: rds.clone(), secrets: secrets.clone() });
    providers.add_typed(instance::Provider(rds));
    let elasticache = ElastiCache::new(aws, aws_sdk_elasticache::Client::new);
    providers.add_typed(cache_subnet_group::Provider(elasticache.clone()));
    providers.add_typed(replication_group::Provider { elasticache, secrets });
    let s3 = S3::new(aws, aws_sdk_s3::Client::new);
    providers.add_typed(bucket::Provider(s3.clone()));
    providers.add_typed(bucket_policy::Provider(s3.clone()));
    providers.add_typed(replication::Provider(s3));
}

/// The fault of deleting what AWS protects.
fn protected(operation: &'static str, what: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        operation,
        format!("AWS protects {what} from deletion; apply `deletion_protection` false first"),
    )
}
