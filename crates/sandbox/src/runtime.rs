//! Virtual time: a thread of the sandbox's own, whose clock jumps to the next timer when nothing else is to do.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    thread::{self, JoinHandle, ThreadId},
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, task, time::Instant};

/// The clock of a world and the thread on which its tasks run; started when first needed.
#[derive(Debug, Default)]
pub(crate) struct Runtime {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    /// Virtual time that passed on threads that have ended.
    before: Duration,
}

#[derive(Debug)]
struct Running {
    handle: Handle,
    thread: ThreadId,
    origin: Instant,
    /// Dropped to end the thread.
    stop: Option<oneshot::Sender<()>>,
    join: JoinHandle<()>,
}

impl Running {
    fn elapsed(&self) -> Duration {
        // The paused clock belongs to the runtime: it is read inside of it, from whichever thread.
        let _inside = self.handle.enter();
        Instant::now().saturating_duration_since(self.origin)
    }
}

impl Runtime {
    /// Where tasks run in virtual time.
    pub(crate) fn handle(&self) -> Handle {
        let mut state = self.state();
        let before = state.before;
        state.running.get_or_insert_with(|| start(before)).handle.clone()
    }

    /// Virtual time since the world began.
    pub(crate) fn now(&self) -> Duration {
        let state = self.state();
        state.before + state.running.as_ref().map_or(Duration::ZERO, Running::elapsed)
    }

    /// Whether the caller runs on the thread of virtual time.
    pub(crate) fn is_current(&self) -> bool {
        self.state().running.as_ref().is_some_and(|running| running.thread == thread::current().id())
    }

    /// Stops everything where it is: no task goes on and no time passes until the [end](Self::end). For a task on
    /// the thread, which can't end it.
    pub(crate) fn stop(&self) {
        if let Some(running) = &mut self.state().running {
            running.stop = None;
        }
    }

    /// Ends the thread with everything that runs on it, as the end of a process does; time goes on from here on
    /// a new one.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        let Some(mut running) = state.running.take() else { return };
        state.before += running.elapsed();
        drop(state);
        running.stop = None;
        // On its own thread it would wait for itself.
        if running.thread != thread::current().id() {
            // A task that panicked has told its owner; what ends here is the thread.
            let _ended = running.join.join();
        }
    }

    /// Runs a future on the thread of virtual time, from wherever the caller is; `None` when the thread ends first.
    /// Dropped, it stops the future.
    pub(crate) async fn carry<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        Carried(self.handle().spawn(future)).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Carried<T>(task::JoinHandle<T>);

impl<T> Future for Carried<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.0).poll(cx).map(|joined| match joined {
            Ok(value) => Some(value),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        })
    }
}

impl<T> Drop for Carried<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts a thread whose instants lie behind those of the threads before it.
fn start(before: Duration) -> Running {
    let (ready, started) = std::sync::mpsc::sync_channel(1);
    let (stop, stopped) = oneshot::channel::<()>();
    let join = thread::Builder::new()
        .name("landfall-sandbox".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .expect("a runtime without I/O needs nothing that the system could refuse");
            let origin = runtime.block_on(async {
                tokio::time::advance(before).await;
                Instant::now()
            });
            if ready.send((runtime.handle().clone(), thread::current().id(), origin)).is_ok() {
                // Ends when the sender is dropped.
                let _dropped = runtime.block_on(stopped);
            }
        })
        .expect("the system can start a thread");
    let (handle, thread, origin) = started.recv().expect("the thread sends its handle first");
    Running { handle, thread, origin, stop: Some(stop), join }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_pass_at_once_and_only_in_virtual_time() {
        let runtime = Runtime::default();
        assert_eq!(runtime.now(), Duration::ZERO);
        let (tell, told) = std::sync::mpsc::channel();
        runtime.handle().spawn(async move {
            tokio::time::sleep(Duration::from_hours(3)).await;
            tell.send(()).expect("the test waits");
        });
        told.recv().expect("the task ends");
        assert_eq!(runtime.now(), Duration::from_hours(3));
    }

    #[test]
    fn an_end_drops_what_runs_and_time_goes_on() {
        let runtime = Runtime::default();
        let (tell, told) = std::sync::mpsc::channel::<()>();
        runtime.handle().spawn(async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            tell.send(()).expect("the test waits");
            std::future::pending::<()>().await;
            drop(tell);
        });
        told.recv().expect("the task gets to its pause");
        runtime.end();
        assert!(told.recv().is_err(), "the task was dropped");
        assert_eq!(runtime.now(), Duration::from_secs(5));
        assert!(runtime.handle().metrics().num_alive_tasks() == 0);
    }

    #[tokio::test]
    async fn a_future_is_carried_from_another_runtime() {
        let runtime = Runtime::default();
        let slept = runtime.carry(async { tokio::time::sleep(Duration::from_mins(10)).await }).await;
        assert_eq!(slept, Some(()));
        assert_eq!(runtime.now(), Duration::from_mins(10));
        assert!(!runtime.is_current());
    }
}
