//! Time that passes when a test says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock, UnixTime};

/// A clock that stands still until it is moved. All clones are one clock.
///
/// ```
/// use std::time::Duration;
/// use mcp_bearer::Clock;
/// use mcp_bearer::testing::ManualClock;
///
/// let clock = ManualClock::new(Duration::from_secs(1_700_000_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().as_secs(), 1_700_000_060);
/// clock.set(Duration::from_secs(1_600_000_000));
/// assert_eq!(clock.clone().now().as_secs(), 1_600_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<UnixTime>>);

impl ManualClock {
    /// A clock that shows this time. The default one shows the second in which it was made.
    #[must_use]
    pub fn new(now: UnixTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: UnixTime) {
        self.change(|time| *time = now);
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.change(|time| *time = time.saturating_add(by));
    }

    fn change<T>(&self, change: impl FnOnce(&mut UnixTime) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new(UnixTime::from_secs(SystemClock.now().as_secs()))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        self.change(|time| *time)
    }
}
