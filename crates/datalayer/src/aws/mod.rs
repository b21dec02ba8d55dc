//! How the layer's kinds run on AWS.

mod bucket;
mod bucket_policy;
mod cache_subnet_group;
mod cluster;
mod cluster_parameter_group;
mod db_subnet_group;
mod emptying;
mod global_cluster;
mod instance;
mod lifecycle;
mod replication;
mod replication_group;
mod subnets;
mod table;
mod tags;

use landfall_aws::{Aws, Regional};
use landfall_core::{Fault, FaultKind, Providers};
use landfall_security::aws::SecretReader;

/// Clients of Amazon RDS, one per region.
type Rds = Regional<aws_sdk_rds::Client>;

/// Clients of Amazon ElastiCache, one per region.
type ElastiCache = Regional<aws_sdk_elasticache::Client>;

/// Clients of Amazon DynamoDB, one per region.
type DynamoDb = Regional<aws_sdk_dynamodb::Client>;

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
    providers.add_typed(table::Provider(DynamoDb::new(aws, aws_sdk_dynamodb::Client::new)));
}

/// Whether something of that status can be used now; it is an error where no waiting makes it so.
fn is_available(operation: &'static str, status: Option<&str>) -> Result<bool, Fault> {
    let status = status.unwrap_or_default();
    if STUCK.contains(&status) {
        let message = format!("its status is {status}, which waiting does not change: mend it, or delete it");
        return Err(Fault::new(FaultKind::Fatal, operation, message));
    }
    Ok(status == "available")
}

/// Statuses of databases and caches that end only when somebody acts.
const STUCK: &[&str] = &[
    "cloning-failed",
    "create-failed",
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "migration-failed",
    "restore-error",
    "stopped",
    "storage-full",
];

/// The fault of deleting what AWS protects.
fn protected(operation: &'static str, what: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        operation,
        format!("AWS protects {what} from deletion; apply `deletion_protection` false first"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_never_be_available_is_not_waited_for() {
        let check = |status: Option<&str>, expected: Result<bool, FaultKind>| {
            assert_eq!(is_available("rds:DescribeDBInstances", status).map_err(|fault| fault.kind), expected);
        };
        check(None, Ok(false));
        check(Some("creating"), Ok(false));
        check(Some("available"), Ok(true));
        check(Some("create-failed"), Err(FaultKind::Fatal));
        check(Some("incompatible-network"), Err(FaultKind::Fatal));
    }
}
