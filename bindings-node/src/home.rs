//! The JavaScript thread that a function belongs to.

use std::thread::{self, ThreadId};

use napi::{Env, sys};

/// An environment, which is there on its own thread only.
pub(crate) struct Home {
    env: sys::napi_env,
    thread: ThreadId,
}

// SAFETY: nothing but `Home::env` uses the pointer, and only on the thread that it belongs to.
unsafe impl Send for Home {}
// SAFETY: as above.
unsafe impl Sync for Home {}

impl Home {
    pub(crate) fn of(env: &Env) -> Self {
        Self { env: env.raw(), thread: thread::current().id() }
    }

    /// `None` on any other thread.
    pub(crate) fn env(&self) -> Option<Env> {
        (thread::current().id() == self.thread).then(|| Env::from_raw(self.env))
    }
}
