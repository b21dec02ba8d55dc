//! Stopping: how a run is told to end before it is done.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

/// Tells runs to end: at the first request gracefully, at the second at once.
///
/// Clones are the same signal; one may serve several runs.
///
/// * After the first request no step is started and no call repeated; calls in flight finish, their results
///   are written, the lease is released.
/// * After the second, what is known is written and the run leaves. Calls in flight are abandoned; their
///   intents stay open in the log, and the next run settles them.
#[derive(Clone)]
pub struct Stop(Arc<watch::Sender<Level>>);

/// How urgently a run has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Run,
    Finish,
    Leave,
}

impl Stop {
    /// A signal that nobody has given yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Level::Run)))
    }

    /// A signal that Ctrl-C gives, and SIGTERM on Unix: each counts as one request. The third ends the process with
    /// exit code 130, whatever it waits for; what is durable stays.
    ///
    /// Listens from the moment of the call until the process ends, on the current runtime, which needs its I/O
    /// driver enabled.
    ///
    /// # Errors
    /// When the process can't listen for the signals.
    pub fn on_signals() -> std::io::Result<Self> {
        let stop = Self::new();
        let heard = stop.clone();
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    heard.heard();
                }
            });
        }
        #[cfg(not(unix))]
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                heard.heard();
            }
        });
        Ok(stop)
    }

    /// A signal of the operating system.
    fn heard(&self) {
        if self.level() == Level::Leave {
            std::process::exit(130);
        }
        self.request();
    }

    /// Asks for the end: gracefully the first time, at once the second.
    pub fn request(&self) {
        self.0.send_modify(|level| {
            *level = if *level == Level::Run { Level::Finish } else { Level::Leave };
        });
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        self.level() >= Level::Finish
    }

    pub(crate) fn level(&self) -> Level {
        *self.0.borrow()
    }

    /// Returns once the level is reached, at once when it is already.
    pub(crate) async fn reached(&self, level: Level) {
        let mut seen = self.0.subscribe();
        // The sender lives in `self`, so that the channel can't close while this waits.
        let _ = seen.wait_for(|now| *now >= level).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&self.level()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_request_is_one_level_and_all_clones_see_it() {
        let stop = Stop::new();
        let other = stop.clone();
        assert!(!other.is_requested());
        stop.request();
        assert_eq!(other.level(), Level::Finish);
        other.reached(Level::Finish).await;
        other.request();
        stop.reached(Level::Leave).await;
        stop.request();
        assert_eq!(stop.level(), Level::Leave);
    }
}
