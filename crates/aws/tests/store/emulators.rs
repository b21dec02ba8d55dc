//! What every store does, over HTTP.

use std::{
    cell::Cell,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use landfall_aws::{
    Aws, S3Location, S3Store,
    tap::{Effect, Rule, Tap},
};
use landfall_conformance::Emulator;
use landfall_core::store::Store;
use landfall_store_conformance::{self as conformance, Bench};
use tokio::runtime::Runtime;

const REGION: &str = "eu-west-2";

/// A bucket, and a table beside it.
pub(super) struct Place {
    pub(super) aws: Aws,
    pub(super) tap: Tap,
    pub(super) bucket: String,
    pub(super) s3: aws_sdk_s3::Client,
    shift: Arc<Mutex<Duration>>,
    logs: Cell<u32>,
}

impl Place {
    pub(super) async fn make(emulator: Emulator, bucket: &str) -> Self {
        let tap = Tap::new();
        let aws = Aws::builder().endpoint(emulator.shared().url()).tap(&tap).connect().await.unwrap();
        let config = aws.config(REGION);
        let s3 = aws_sdk_s3::Client::new(&config);
        let there = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest2);
        s3.create_bucket().bucket(bucket).create_bucket_configuration(there.build()).send().await.unwrap();
        let key = KeySchemaElement::builder().attribute_name("LockID").key_type(KeyType::Hash);
        let attribute = AttributeDefinition::builder().attribute_name("LockID").attribute_type(ScalarAttributeType::S);
        let table = aws_sdk_dynamodb::Client::new(&config).create_table().table_name(bucket);
        let table = table.key_schema(key.build().unwrap()).attribute_definitions(attribute.build().unwrap());
        table.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
        tap.clear_calls();
        Self { aws, tap, bucket: bucket.to_owned(), s3, shift: Arc::default(), logs: Cell::new(0) }
    }

    /// A fresh log, its lease in the bucket.
    pub(super) fn log(&self) -> Log {
        self.logs.set(self.logs.get() + 1);
        let location = S3Location::new(&self.bucket, &format!("state/{}", self.logs.get())).unwrap();
        Log { aws: self.aws.clone(), tap: self.tap.clone(), shift: Arc::clone(&self.shift), location }
    }

    /// A fresh log, its lease in the table.
    pub(super) fn log_with_table(&self) -> Log {
        let mut log = self.log();
        log.location.lease_table = Some(self.bucket.clone());
        log
    }
}

/// One log.
pub(super) struct Log {
    aws: Aws,
    tap: Tap,
    shift: Arc<Mutex<Duration>>,
    pub(super) location: S3Location,
}

impl Log {
    pub(super) fn store(&self) -> S3Store {
        S3Store::new(&self.aws, self.location.clone(), "twin", "prod")
    }

    /// Key of an object in the bucket.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}/twin-prod/{name}", self.location.prefix)
    }

    fn lapse(&self) {
        let mut shift = self.shift.lock().unwrap();
        *shift += Duration::from_secs(70);
        self.tap.clear_rules();
        self.tap.add(Rule::new(Effect::Later(*shift)));
    }
}

impl Bench for Log {
    fn open(&mut self) -> Arc<dyn Store> {
        self.lapse();
        Arc::new(self.store())
    }
    fn beside(&self) -> Arc<dyn Store> {
        Arc::new(self.store())
    }
    fn expire(&mut self) -> bool {
        self.lapse();
        true
    }
}

pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn every_check(emulator: Emulator, bucket: &str, log: impl Fn(&Place) -> Log) {
    let runtime = runtime();
    let place = runtime.block_on(Place::make(emulator, bucket));
    runtime.block_on(conformance::all(|| log(&place)));
    conformance::random_histories(&runtime, 4, || log(&place));
    conformance::random_owners(&runtime, 12, || log(&place));
}

#[test]
fn on_moto_with_conditional_writes() {
    every_check(Emulator::Moto, "every-check-s3", Place::log);
}

#[test]
fn on_moto_with_a_table() {
    every_check(Emulator::Moto, "every-check-table", Place::log_with_table);
}

#[test]
fn on_ministack_with_conditional_writes() {
    every_check(Emulator::Ministack, "every-check-s3", Place::log);
}

#[test]
fn on_ministack_with_a_table() {
    every_check(Emulator::Ministack, "every-check-table", Place::log_with_table);
}
