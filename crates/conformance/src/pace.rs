//! Time for providers under test.

use std::time::Duration;

use async_trait::async_trait;
use landfall_core::{Fault, Pace};

/// One fiftieth of the pause that AWS needs, 50 ms at most: emulators are ready at once or within a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hurried;

/// The whole pause, for clocks that jump.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unhurried;

#[async_trait]
impl Pace for Hurried {
    async fn pause(&self, duration: Duration) -> Result<(), Fault> {
        tokio::time::sleep((duration / 50).min(Duration::from_millis(50))).await;
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}

#[async_trait]
impl Pace for Unhurried {
    async fn pause(&self, duration: Duration) -> Result<(), Fault> {
        tokio::time::sleep(duration).await;
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}
