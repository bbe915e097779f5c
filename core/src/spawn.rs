//! Who runs a background fetch, and in which process.
//!
//! What is run is none of its business. A future that is dropped unfinished is not an error here:
//! whoever hands one over notices (see `jwks::source`).

use std::fmt;
use std::mem;
use std::process;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::fetch::BoxFuture;

/// Runs a future to its end, in the background.
///
/// By default the tokio runtime in which the keys were configured, else one thread that starts at
/// the first fetch. A closure will do.
pub trait Spawn: Send + Sync {
    /// Returns at once.
    fn spawn(&self, future: BoxFuture<'static, ()>);
}

impl<F: Fn(BoxFuture<'static, ()>) + Send + Sync> Spawn for F {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self(future);
    }
}

impl fmt::Debug for dyn Spawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawn")
    }
}

/// A value that each process makes for itself at first use.
///
/// After a fork the child holds a copy of what its parent made, whose threads and locks are not
/// there any more: such a value is neither used nor dropped.
pub(crate) struct PerProcess<T>(ArcSwapOption<Made<T>>);

struct Made<T> {
    pid: u32,
    value: Arc<T>,
}

impl<T> Made<T> {
    fn is_ours(&self) -> bool {
        self.pid == process::id()
    }

    /// Sees to it that the value is never dropped.
    fn abandon(&self) {
        mem::forget(Arc::clone(&self.value));
    }
}

impl<T> PerProcess<T> {
    /// The value of this process if it is still `usable`, else a new one. Lock-free: of several
    /// that are made at once one stays.
    pub(crate) fn get_or_try_init<E>(
        &self,
        usable: impl Fn(&T) -> bool,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let current = self.0.load();
        if let Some(made) = current.as_deref() {
            if !made.is_ours() {
                made.abandon();
            } else if usable(&made.value) {
                return Ok(Arc::clone(&made.value));
            }
        }
        let value = Arc::new(make()?);
        let made = Arc::new(Made { pid: process::id(), value: Arc::clone(&value) });
        let found = self.0.compare_and_swap(&*current, Some(made));
        match found.as_deref() {
            Some(other) if other.is_ours() && usable(&other.value) => Ok(Arc::clone(&other.value)),
            _ => Ok(value),
        }
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self(ArcSwapOption::empty())
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        if let Some(made) = self.0.load().as_deref()
            && !made.is_ours()
        {
            made.abandon();
        }
    }
}

#[cfg(feature = "reqwest")]
pub(crate) use tokio_spawn::TokioSpawn;

#[cfg(feature = "reqwest")]
mod tokio_spawn {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::process;
    use std::sync::Arc;
    use std::task::{Context, Poll};
    use std::thread;

    use tokio::runtime::{self, Handle, RuntimeFlavor};
    use tokio::sync::mpsc;

    use super::{PerProcess, Spawn};
    use crate::fetch::BoxFuture;

    /// The default: the surrounding tokio runtime if there is one, else an own thread.
    pub(crate) struct TokioSpawn {
        /// With the process in which its threads run.
        handle: Option<(u32, Handle)>,
        worker: Arc<Worker>,
    }

    impl TokioSpawn {
        /// A current-thread runtime is passed over: it stands still whenever nobody blocks on it,
        /// and ends with the test or call that it was made for.
        pub(crate) fn new() -> Self {
            let handle = Handle::try_current()
                .ok()
                .filter(|handle| handle.runtime_flavor() != RuntimeFlavor::CurrentThread)
                .map(|handle| (process::id(), handle));
            Self { handle, worker: Arc::default() }
        }
    }

    impl Spawn for TokioSpawn {
        fn spawn(&self, future: BoxFuture<'static, ()>) {
            match &self.handle {
                Some((pid, handle)) if *pid == process::id() => {
                    let worker = Arc::clone(&self.worker);
                    handle.spawn(Rescued { future: Some(future), worker: Some(worker) });
                }
                _ => self.worker.run(future),
            }
        }
    }

    /// A future that moves to the own thread if the runtime drops it without having begun, which a
    /// runtime that has been shut down does.
    struct Rescued {
        future: Option<BoxFuture<'static, ()>>,
        worker: Option<Arc<Worker>>,
    }

    impl Future for Rescued {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            // From here on the future may hold timers and sockets of this runtime.
            self.worker = None;
            self.future.as_mut().map_or(Poll::Ready(()), |future| future.as_mut().poll(context))
        }
    }

    impl Drop for Rescued {
        fn drop(&mut self) {
            if let (Some(worker), Some(future)) = (self.worker.take(), self.future.take()) {
                worker.run(future);
            }
        }
    }

    /// One thread with a current-thread runtime, which ends with its last user.
    #[derive(Default)]
    struct Worker(PerProcess<mpsc::UnboundedSender<BoxFuture<'static, ()>>>);

    impl Worker {
        /// If no thread can be had the future is dropped, which counts as a failed attempt.
        fn run(&self, future: BoxFuture<'static, ()>) {
            let is_open = |sender: &mpsc::UnboundedSender<_>| !sender.is_closed();
            let Ok(sender) = self.0.get_or_try_init(is_open, || Ok::<_, Infallible>(start()));
            let _ = sender.send(future);
        }
    }

    fn start() -> mpsc::UnboundedSender<BoxFuture<'static, ()>> {
        let (sender, mut futures) = mpsc::unbounded_channel::<BoxFuture<'static, ()>>();
        let run = move || {
            let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(async {
                while let Some(future) = futures.recv().await {
                    tokio::spawn(future);
                }
            });
        };
        // On failure `futures` is dropped and the sender is closed.
        let _ = thread::Builder::new().name("mcp-bearer".to_owned()).spawn(run);
        sender
    }
}

#[cfg(test)]
mod tests;
