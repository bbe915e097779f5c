//! The clock that JavaScript may give.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use napi::bindgen_prelude::FunctionRef;
use napi::{Env, Error, Result, Status};

/// A clock of JavaScript, if there is one.
///
/// It is asked on its own thread, once for every call; what runs on another thread meanwhile sees
/// the last answer.
#[derive(Clone)]
pub(crate) struct Clock(Option<Arc<JsClock>>);

pub(crate) struct JsClock {
    function: FunctionRef<(), f64>,
    /// Nanoseconds since 1970.
    now: Arc<AtomicU64>,
}

impl Clock {
    /// A clock, and how the crate reads it.
    pub(crate) fn of(function: FunctionRef<(), f64>) -> (Self, impl mcp_bearer::Clock + 'static) {
        let now = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&now);
        let seam = move || Duration::from_nanos(read.load(Ordering::Relaxed));
        (Self(Some(Arc::new(JsClock { function, now }))), seam)
    }

    pub(crate) const fn system() -> Self {
        Self(None)
    }

    /// To be called before anything that depends on the time.
    pub(crate) fn ask(&self, env: &Env) -> Result<()> {
        let Some(clock) = &self.0 else { return Ok(()) };
        let milliseconds = clock.function.borrow_back(env)?.call(())?;
        let now = Duration::try_from_secs_f64(milliseconds / 1000.0)
            .map_err(|_| Error::new(Status::InvalidArg, "the clock must return milliseconds since 1970"))?;
        clock.now.store(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }
}
