//! The default [`Spawn`]: tokio.

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

/// The Node package has the like in `worker.rs`: its one thread also runs calls that wait.
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

#[cfg(test)]
mod tests;
