//! Guards: what lets one writer at a time go on, in the bucket or in a table beside it.

use std::fmt;

use async_trait::async_trait;
use landfall_core::{Fault, store::Owner};
use serde::{Deserialize, Serialize};

use super::objects::{Objects, When};

/// The lease as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Fencing number of the newest lease.
    pub(super) fence: u64,
    /// Who has that lease; drawn for each.
    pub(super) writer: String,
    /// The process, for people; `None` when the lease was given back or ended.
    pub(super) owner: Option<Owner>,
    /// When it expires unless it is renewed, in seconds since 1970 by the service's clock.
    pub(super) expires: u64,
}

/// By what one version of the lease is told from another.
pub(super) type Version = String;

/// Keeps the lease, and the order of the segments.
///
/// # Guarantees
/// * `swap` replaces exactly the version that was read, or nothing.
/// * Of all segments that are put with one number, one becomes part of the log, and stays.
#[async_trait]
pub(super) trait Guard: fmt::Debug + Send + Sync {
    /// What the log's header says about it.
    fn kept_in(&self) -> String;

    /// The lease's record with its version, `None` before the first one.
    async fn lease(&self) -> Result<Option<(String, Version)>, Fault>;

    /// Replaces the version that was read; `None` when that is no longer the newest.
    async fn swap(&self, from: Option<&Version>, to: &str) -> Result<Option<Version>, Fault>;

    /// Makes a segment part of the log; `false` when there is one with this number.
    async fn put(&self, segment: u64, writer: &str, body: &[u8]) -> Result<bool, Fault>;

    /// The segment of that number.
    async fn get(&self, segment: u64) -> Result<Option<Vec<u8>>, Fault>;

    /// Numbers of the log's segments after one, with the names of their objects, in order.
    async fn after(&self, segment: u64) -> Result<Vec<(u64, String)>, Fault>;

    /// Whether what the guarantees need is really there; asked once, before a log begins.
    async fn works(&self, version: &Version, record: &str) -> Result<bool, Fault>;
}

/// Conditional writes of the bucket itself.
#[derive(Debug)]
pub(super) struct ConditionalWrites(pub(super) Objects);

const LEASE: &str = "lease.json";

/// Name of a segment.
fn name(segment: u64) -> String {
    format!("log/{segment:012}.jsonl")
}

/// What sorts after every name of this segment and before those of the next.
pub(super) fn end_of(segment: u64) -> String {
    format!("log/{segment:012}~")
}

#[async_trait]
impl Guard for ConditionalWrites {
    fn kept_in(&self) -> String {
        "s3".to_owned()
    }

    async fn lease(&self) -> Result<Option<(String, Version)>, Fault> {
        let object = self.0.get(LEASE).await?;
        Ok(object.map(|object| (String::from_utf8_lossy(&object.bytes).into_owned(), object.etag)))
    }

    async fn swap(&self, from: Option<&Version>, to: &str) -> Result<Option<Version>, Fault> {
        let when = from.map_or(When::Absent, |etag| When::Unchanged(etag));
        self.0.put(LEASE, to.into(), when).await
    }

    async fn put(&self, segment: u64, _writer: &str, body: &[u8]) -> Result<bool, Fault> {
        Ok(self.0.put(&name(segment), body.to_vec(), When::Absent).await?.is_some())
    }

    async fn get(&self, segment: u64) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.get(&name(segment)).await?.map(|object| object.bytes))
    }

    async fn after(&self, segment: u64) -> Result<Vec<(u64, String)>, Fault> {
        let names = self.0.list("log/", &end_of(segment)).await?;
        let number = |name: &str| name.strip_prefix("log/")?.strip_suffix(".jsonl")?.parse().ok();
        Ok(names.into_iter().filter_map(|name| Some((number(&name)?, name))).collect())
    }

    /// Some services that speak S3's protocol ignore the conditions of a put.
    async fn works(&self, _version: &Version, record: &str) -> Result<bool, Fault> {
        let nobody = "\"00000000000000000000000000000000\"";
        for when in [When::Absent, When::Unchanged(nobody)] {
            if self.0.put(LEASE, record.into(), when).await?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
