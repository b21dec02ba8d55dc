//! A guard in a DynamoDB table, for buckets without conditional writes.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes},
};
use landfall_core::{Fault, FaultKind};
use uuid::Uuid;

use super::{
    guard::{Guard, Version, end_of},
    objects::{Objects, When},
};
use crate::fault::{fault, is_code};

const GET: &str = "dynamodb:GetItem";
const PUT: &str = "dynamodb:PutItem";
const BATCH: &str = "dynamodb:BatchGetItem";

/// The key that the table has.
const KEY: &str = "LockID";

/// Most keys that one call takes.
const BATCH_SIZE: usize = 100;

const PAUSE: Duration = Duration::from_millis(100);

/// Lease and order of the log in a table whose only key is the string `LockID`.
///
/// | item | attributes |
/// |---|---|
/// | `<bucket>/<prefix>/<topology>-<environment>/` | `Lease`: the record as JSON; `Version`: drawn for each write |
/// | the same, and `#` with the number of a segment | `Writer`: whose segment of that number counts |
///
/// A segment is written first, under a name that no other writer uses, and becomes part of the log when its item is
/// put. What a writer leaves behind that came too late is never read.
#[derive(Debug)]
pub(super) struct DynamoDb {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) objects: Objects,
}

fn name(segment: u64, writer: &str) -> String {
    format!("log/{segment:012}-{writer}.jsonl")
}

/// Number of the segment that an object of that name may be.
fn number(name: &str) -> Option<u64> {
    name.strip_prefix("log/")?.split_once('-')?.0.parse().ok()
}

type Item = std::collections::HashMap<String, AttributeValue>;

fn text<'i>(item: &'i Item, attribute: &str) -> Option<&'i String> {
    item.get(attribute)?.as_s().ok()
}

impl DynamoDb {
    fn lease_id(&self) -> String {
        format!("{}/{}", self.objects.bucket, self.objects.root)
    }

    fn segment_id(&self, segment: u64) -> String {
        format!("{}#{segment:012}", self.lease_id())
    }

    async fn item(&self, id: String) -> Result<Option<Item>, Fault> {
        let get = self.client.get_item().table_name(&self.table).key(KEY, AttributeValue::S(id));
        Ok(get.consistent_read(true).send().await.map_err(fault(GET))?.item)
    }

    /// Writers of the segments that are part of the log.
    async fn writers(&self, segments: &[u64]) -> Result<BTreeMap<u64, String>, Fault> {
        let mut writers = BTreeMap::new();
        for segments in segments.chunks(BATCH_SIZE) {
            let by_id: BTreeMap<_, _> = segments.iter().map(|segment| (self.segment_id(*segment), *segment)).collect();
            let keys = by_id.keys().map(|id| Item::from([(KEY.to_owned(), AttributeValue::S(id.clone()))]));
            let mut wanted = Some(KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true));
            while let Some(keys) = wanted.take() {
                let keys = keys.build().map_err(|error| Fault::new(FaultKind::Fatal, BATCH, error.to_string()))?;
                let batch = self.client.batch_get_item().request_items(&self.table, keys);
                let output = batch.send().await.map_err(fault(BATCH))?;
                for item in output.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                    let segment = text(&item, KEY).and_then(|id| by_id.get(id));
                    if let (Some(segment), Some(writer)) = (segment, text(&item, "Writer")) {
                        writers.insert(*segment, writer.clone());
                    }
                }
                let left = output.unprocessed_keys.and_then(|mut keys| keys.remove(&self.table));
                if let Some(left) = left.filter(|left| !left.keys.is_empty()) {
                    tokio::time::sleep(PAUSE).await;
                    wanted = Some(KeysAndAttributes::builder().set_keys(Some(left.keys)).consistent_read(true));
                }
            }
        }
        Ok(writers)
    }
}

#[async_trait]
impl Guard for DynamoDb {
    fn kept_in(&self) -> String {
        format!("dynamodb:{}", self.table)
    }

    async fn lease(&self) -> Result<Option<(String, Version)>, Fault> {
        let Some(item) = self.item(self.lease_id()).await? else { return Ok(None) };
        let attribute = |name| text(&item, name).cloned().ok_or_else(|| Fault::incomplete(GET, name));
        Ok(Some((attribute("Lease")?, attribute("Version")?)))
    }

    async fn swap(&self, from: Option<&Version>, to: &str) -> Result<Option<Version>, Fault> {
        let version = Uuid::new_v4().to_string();
        let put = self.client.put_item().table_name(&self.table);
        let put = put.item(KEY, AttributeValue::S(self.lease_id()));
        let put = put.item("Lease", AttributeValue::S(to.to_owned()));
        let put = put.item("Version", AttributeValue::S(version.clone()));
        let put = match from {
            None => put.condition_expression("attribute_not_exists(LockID)"),
            Some(from) => put
                .condition_expression("Version = :read")
                .expression_attribute_values(":read", AttributeValue::S(from.clone())),
        };
        match put.send().await {
            Ok(_) => Ok(Some(version)),
            Err(error) if is_code(&error, &["ConditionalCheckFailedException"]) => Ok(None),
            Err(error) => Err(fault(PUT)(error)),
        }
    }

    async fn put(&self, segment: u64, writer: &str, body: &[u8]) -> Result<bool, Fault> {
        self.objects.put(&name(segment, writer), body.to_vec(), When::Always).await?;
        let put = self.client.put_item().table_name(&self.table);
        let put = put.item(KEY, AttributeValue::S(self.segment_id(segment)));
        let put = put.item("Writer", AttributeValue::S(writer.to_owned()));
        match put.condition_expression("attribute_not_exists(LockID)").send().await {
            Ok(_) => Ok(true),
            Err(error) if is_code(&error, &["ConditionalCheckFailedException"]) => Ok(false),
            Err(error) => Err(fault(PUT)(error)),
        }
    }

    async fn get(&self, segment: u64) -> Result<Option<Vec<u8>>, Fault> {
        let Some(item) = self.item(self.segment_id(segment)).await? else { return Ok(None) };
        let writer = text(&item, "Writer").ok_or_else(|| Fault::incomplete(GET, "Writer"))?;
        Ok(self.objects.get(&name(segment, writer)).await?.map(|object| object.bytes))
    }

    async fn after(&self, segment: u64) -> Result<Vec<(u64, String)>, Fault> {
        let names = self.objects.list("log/", &end_of(segment)).await?;
        let mut numbers: Vec<_> = names.iter().filter_map(|name| number(name)).collect();
        numbers.dedup();
        let writers = self.writers(&numbers).await?;
        Ok(writers.into_iter().map(|(segment, writer)| (segment, name(segment, &writer))).collect())
    }

    async fn works(&self, _version: &Version, _record: &str) -> Result<bool, Fault> {
        Ok(true)
    }
}
