//! The one source of wall-clock time. Everything below it takes `now` as an argument.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds and nanoseconds since 1970-01-01T00:00:00Z.
pub type UnixTime = Duration;

/// Tells the time. Tests pass a closure.
///
/// ```
/// use std::time::Duration;
/// use mcp_bearer::Clock;
///
/// let fixed = || Duration::from_secs(1_700_000_000);
/// assert_eq!(Clock::now(&fixed).as_secs(), 1_700_000_000);
/// ```
pub trait Clock: Send + Sync {
    /// Time since the Unix epoch.
    fn now(&self) -> UnixTime;
}

impl<F: Fn() -> UnixTime + Send + Sync> Clock for F {
    fn now(&self) -> UnixTime {
        self()
    }
}

/// The system's clock: the default.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        // A clock before 1970 makes every token not yet valid, which is the safe answer.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl fmt::Debug for dyn Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
