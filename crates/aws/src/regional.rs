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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_client_is_made_once_for_each_region() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let region = |config: &SdkConfig| {
            MADE.fetch_add(1, Ordering::Relaxed);
            config.region().map(ToString::to_string)
        };
        let clients = Regional::new(&Aws::new(SdkConfig::builder().build()), region);
        let same = clients.clone();
        let regions = ["ap-south-1", "eu-west-2", "ap-south-1"].map(|region| clients.at(region).unwrap_or_default());
        assert_eq!(regions, ["ap-south-1", "eu-west-2", "ap-south-1"]);
        assert_eq!(same.at("eu-west-2").as_deref(), Some("eu-west-2"));
        assert_eq!(MADE.load(Ordering::Relaxed), 2);
    }
}
