//! Opening a store: finding its bucket, and the clients for it.

use std::sync::Arc;

use aws_types::{SdkConfig, region::Region};
use landfall_core::store::{Holder, StoreError};

use super::{
    clock::ServiceClock,
    guard::{ConditionalWrites, Guard, Record, Version},
    header::Header,
    location::S3Location,
    log::Log,
    objects::Objects,
};
use crate::{
    connection::Aws,
    fault::{fault, is_absent},
};

/// Seconds by which a lease has to be over before somebody else takes it: service clocks differ by less.
pub(super) const SPARE: u64 = 5;

/// Region in which S3 is asked for a bucket when nothing says another.
const FIRST_ASKED: &str = "us-east-1";

/// A log with everything that it takes to use it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) log: Log,
    pub(super) clock: ServiceClock,
    pub(super) header: Header,
}

/// Folder of a log in its bucket.
pub(super) fn folder(location: &S3Location, topology: &str, environment: &str) -> String {
    let slash = if location.prefix.is_empty() { "" } else { "/" };
    format!("{}{slash}{topology}-{environment}", location.prefix)
}

impl Opened {
    pub(super) async fn new(
        aws: &Aws,
        location: &S3Location,
        topology: &str,
        environment: &str,
    ) -> Result<Self, StoreError> {
        let region = match &location.region {
            Some(region) => region.clone(),
            None => region_of(aws, &location.bucket).await?,
        };
        let config = aws.in_region(region);
        let clock = ServiceClock::default();
        let objects = Objects {
            client: s3(aws, &config, &clock),
            bucket: location.bucket.clone(),
            root: format!("{}/", folder(location, topology, environment)),
            encryption: location.encryption.clone(),
        };
        let guard = guard(location, &config, &clock, objects.clone());
        let header = Header::new(topology, environment, guard.kept_in());
        Ok(Self { log: Log { objects, guard }, clock, header })
    }

    /// Whether there is a log.
    pub(super) async fn exists(&self) -> Result<bool, StoreError> {
        self.header.check(&self.log).await
    }

    /// The lease's record, as far as there is one.
    pub(super) async fn record(&self) -> Result<Option<(Record, Version)>, StoreError> {
        let read = self.log.guard.lease().await.map_err(self.log.failed("read", "lease.json"))?;
        let Some((text, version)) = read else { return Ok(None) };
        let record = serde_json::from_str(&text).map_err(|error| StoreError::Damaged {
            location: self.log.objects.url("lease.json"),
            revision: 0,
            why: error.to_string(),
        })?;
        Ok(Some((record, version)))
    }

    /// Whether the record's lease was not given back and has not expired.
    pub(super) fn is_alive(&self, record: &Record) -> bool {
        record.owner.is_some() && self.clock.now() <= record.expires + SPARE
    }

    pub(super) async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        self.exists().await?;
        let Some((record, _)) = self.record().await? else { return Ok(None) };
        let alive = self.is_alive(&record);
        Ok(record.owner.map(|owner| Holder { owner, fence: record.fence, alive }))
    }
}

fn s3(aws: &Aws, config: &SdkConfig, clock: &ServiceClock) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(config).interceptor(clock.clone());
    // Services of others have one name for all buckets.
    aws_sdk_s3::Client::from_conf(config.force_path_style(aws.is_elsewhere("S3")).build())
}

#[cfg(feature = "dynamodb-lease")]
fn guard(location: &S3Location, config: &SdkConfig, clock: &ServiceClock, objects: Objects) -> Arc<dyn Guard> {
    let Some(table) = location.lease_table.clone() else { return Arc::new(ConditionalWrites(objects)) };
    let config = aws_sdk_dynamodb::config::Builder::from(config).interceptor(clock.clone());
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    Arc::new(super::dynamodb::DynamoDb { client, table, objects })
}

#[cfg(not(feature = "dynamodb-lease"))]
fn guard(_location: &S3Location, _config: &SdkConfig, _clock: &ServiceClock, objects: Objects) -> Arc<dyn Guard> {
    Arc::new(ConditionalWrites(objects))
}

/// Asks S3 for the region of a bucket: it tells in any region, also who may not look into the bucket.
async fn region_of(aws: &Aws, bucket: &str) -> Result<String, StoreError> {
    const OPERATION: &str = "s3:ListBucket";
    let first = aws.region().unwrap_or_else(|| Region::from_static(FIRST_ASKED)).to_string();
    let client = s3(aws, &aws.in_region(first.clone()), &ServiceClock::default());
    let error = match client.head_bucket().bucket(bucket).send().await {
        Ok(output) => return Ok(output.bucket_region.unwrap_or(first)),
        Err(error) => error,
    };
    let told = error.raw_response().and_then(|response| response.headers().get("x-amz-bucket-region"));
    let absent = is_absent(&error) || error.raw_response().is_some_and(|response| response.status().as_u16() == 404);
    if let (Some(region), false) = (told, absent) {
        return Ok(region.to_owned());
    }
    let location = format!("s3://{bucket}");
    if absent {
        let why = "there is no such bucket; make it first, as `examples/state_bucket.rs` does".to_owned();
        return Err(StoreError::Unusable { location, why });
    }
    Err(StoreError::Io { action: "find", location, source: Box::new(fault(OPERATION)(error)) })
}
