//! Who runs a background fetch, and in which process.
//!
//! What is run is none of its business. A future that is dropped unfinished is not an error here:
//! whoever hands one over notices (see `jwks::source`).

use std::fmt;

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

#[cfg(feature = "reqwest")]
pub(crate) use {per_process::PerProcess, tokio_spawn::TokioSpawn};

#[cfg(feature = "reqwest")]
mod per_process;

#[cfg(feature = "reqwest")]
mod tokio_spawn;
