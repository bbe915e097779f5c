//! What is known of one issuer's keys, and the attempt that is under way.
//!
//! When it changes is `source`'s, what it means is `policy`'s.

use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::download::{Failure, Loaded};
use super::policy::{Attempt, Budget, Facts, Freshness};
use crate::algorithm::Algorithm;
use crate::clock::UnixTime;

/// Changed as a whole, by `source`.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) loaded: Option<(Arc<Loaded>, Freshness)>,
    pub(super) last: Option<(Attempt, Option<Failure>)>,
    /// How many attempts have failed since the last success.
    pub(super) failures: u32,
    pub(super) budget: Budget,
    pub(super) flight: Option<Arc<Attempted>>,
}

/// An attempt that began.
pub(super) struct Attempted {
    pub(super) pid: u32,
    pub(super) since: UnixTime,
    /// Which key it began for.
    pub(super) wanted: Option<Wanted>,
    /// Taken only when it is dropped.
    pub(super) done: Option<watch::Sender<bool>>,
}

/// What selects a key.
pub(super) struct Wanted {
    pub(super) kid: Option<Box<str>>,
    pub(super) algorithm: Algorithm,
}

impl State {
    pub(super) fn facts(&self) -> Facts {
        Facts {
            set: self.loaded.as_ref().map(|(_, freshness)| *freshness),
            last: self.last.map(|(attempt, _)| attempt),
            flying_since: self.flying().map(|flight| flight.since),
            budget: self.budget,
        }
    }

    /// After an attempt that brought keys.
    pub(super) fn succeeded(
        &self,
        loaded: &Arc<Loaded>,
        since: UnixTime,
        ended: UnixTime,
        fresh: Duration,
    ) -> Self {
        let lifetime = loaded.lifetime.unwrap_or(fresh).min(fresh);
        Self {
            loaded: Some((Arc::clone(loaded), Freshness::new(since, lifetime, random()))),
            last: Some((Attempt::succeeded(ended), None)),
            failures: 0,
            budget: self.budget,
            flight: None,
        }
    }

    /// After an attempt that did not.
    pub(super) fn failed(&self, failure: Failure, ended: UnixTime) -> Self {
        let failures = self.failures.saturating_add(1);
        Self {
            loaded: self.loaded.clone(),
            last: Some((Attempt::failed(ended, failures, random()), Some(failure))),
            failures,
            budget: self.budget,
            flight: None,
        }
    }

    /// The attempt that is under way in this process.
    pub(super) fn flying(&self) -> Option<&Arc<Attempted>> {
        self.flight.as_ref().filter(|flight| flight.pid == process::id())
    }
}

impl Attempted {
    pub(super) fn end(&self) {
        if let Some(done) = &self.done {
            done.send_replace(true);
        }
    }
}

/// Begun before a fork, by threads that this process does not have: its locks are never touched.
impl Drop for Attempted {
    fn drop(&mut self) {
        if self.pid != process::id() {
            mem::forget(self.done.take());
        }
    }
}

/// From 0 to 1. Nothing secret depends on it.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
fn random() -> f64 {
    (RandomState::new().hash_one(()) >> 11) as f64 / (1_u64 << 53) as f64
}
