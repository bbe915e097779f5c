//! The one thread of this addon: it runs fetches, and calls that wait for one.
//!
//! Node's main thread has no tokio runtime. The thread starts with the first fetch and never ends;
//! several Node threads (`worker_threads`) share it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::thread;

use mcp_bearer::BoxFuture;
use napi::bindgen_prelude::{PromiseRaw, ToNapiValue};
use napi::{Env, Error, JsDeferred, JsValue, Result};
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::observe::{self, Held};

static WORKER: Mutex<Option<UnboundedSender<BoxFuture<'static, ()>>>> = Mutex::new(None);

type Resolver<T> = Box<dyn FnOnce(Env) -> Result<T>>;

/// Runs a future; drops it if no thread can be had, and tries again with the next.
pub(crate) fn spawn(future: BoxFuture<'static, ()>) {
    let mut worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner);
    if worker.as_ref().is_none_or(UnboundedSender::is_closed) {
        *worker = start();
    }
    if let Some(worker) = &*worker {
        let _ = worker.send(future);
    }
}

/// A promise of what a future gives.
pub(crate) fn promise<'env, T: ToNapiValue + Send + 'static>(
    env: &'env Env,
    future: impl Future<Output = T> + Send + 'static,
) -> Result<PromiseRaw<'env, T>> {
    let (deferred, promise) = env.create_deferred::<T, Resolver<T>>()?;
    let settle = Settle(Some(deferred));
    let future: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        let value = future.await;
        // Nothing else runs on this thread between the decision and here.
        settle.with(value, observe::held());
    });
    spawn(future);
    Ok(PromiseRaw::new(env.raw(), promise.raw()))
}

/// The core has the like in `spawn/tokio_spawn.rs`, for the sake of hosts that have no such thread.
fn start() -> Option<UnboundedSender<BoxFuture<'static, ()>>> {
    let (sender, mut futures) = unbounded_channel::<BoxFuture<'static, ()>>();
    let run = move || {
        let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            while let Some(future) = futures.recv().await {
                tokio::spawn(future);
            }
        });
    };
    thread::Builder::new().name("mcp-bearer".to_owned()).spawn(run).ok().map(|_| sender)
}

/// Settles its promise in any case: a future that is dropped or panics rejects it.
struct Settle<T: ToNapiValue>(Option<JsDeferred<T, Resolver<T>>>);

impl<T: ToNapiValue + Send + 'static> Settle<T> {
    fn with(mut self, value: T, held: Vec<Held>) {
        if let Some(deferred) = self.0.take() {
            deferred.resolve(Box::new(move |env| {
                held.into_iter().for_each(|held| observe::tell(&env, held));
                Ok(value)
            }));
        }
    }
}

impl<T: ToNapiValue> Drop for Settle<T> {
    fn drop(&mut self) {
        if let Some(deferred) = self.0.take() {
            deferred.reject(Error::from_reason("the call has ended without an answer"));
        }
    }
}
