//! The service's clock, by which leases expire: the clocks of the machines that write don't matter.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{DateTime, config_bag::ConfigBag, date_time::Format};
use tokio::time::Instant;

/// The clock of a service as its answers tell it; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct ServiceClock(Arc<Mutex<Option<Told>>>);

#[derive(Debug, Clone, Copy)]
struct Told {
    seconds: i64,
    at: Instant,
}

impl ServiceClock {
    /// Seconds since 1970 by the newest answer and the time since; by this machine's clock while no answer has told.
    pub(super) fn now(&self) -> u64 {
        let told = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            Some(Told { seconds, at }) => u64::try_from(seconds).unwrap_or_default() + at.elapsed().as_secs(),
            None => SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs()),
        }
    }
}

impl Intercept for ServiceClock {
    fn name(&self) -> &'static str {
        "ServiceClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(date) = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok()) {
            let told = Told { seconds: date.secs(), at: Instant::now() };
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        }
        Ok(())
    }
}
