//! Clients of one AWS service, one per region, made when first needed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_types::SdkConfig;
use landfall_core::Context;

use crate::connection::Aws;

/// Clients of one AWS service, one per region; cheap to clone.
///
/// `C` is the SDK's client: `Regional::new(&aws, aws_sdk_ec2::Client::new)`.
#[derive(Debug)]
pub struct Regional<C> {
    aws: Aws,
    make: fn(&SdkConfig) -> C,
    clients: Arc<Mutex<BTreeMap<&'static str, C>>>,
}

impl<C> Clone for Regional<C> {
    fn clone(&self) -> Self {
        Self { aws: self.aws.clone(), make: self.make, clients: Arc::clone(&self.clients) }
    }
}

impl<C: Clone> Regional<C> {
    /// No clients yet.
    pub fn new(aws: &Aws, make: fn(&SdkConfig) -> C) -> Self {
        Self { aws: aws.clone(), make, clients: Arc::default() }
    }

    /// The client for the place of an operation.
    pub fn of(&self, cx: &Context) -> C {
        self.at(cx.region())
    }

    /// The client for a region.
    pub fn at(&self, region: &'static str) -> C {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region).or_insert_with(|| (self.make)(&self.aws.config(region))).clone()
    }
}
