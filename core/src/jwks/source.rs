//! The keys of one issuer as they are now, and the one attempt that everybody waits for.
//!
//! Whether to use, wait or refuse is `policy`'s; how keys are got is `download`'s. Here is only the
//! state, changed by compare-and-swap: no lock is held that a fork could leave locked.

use std::fmt;
use std::mem;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::download::{Download, Failure};
use super::policy::{self, Asked, Attempt, Facts, Settings, Verdict};
use super::set::{Candidates, Choice, KeySet};
use crate::algorithm::Algorithm;
use crate::clock::{Clock, UnixTime};
use crate::spawn::Spawn;

/// Where the keys of one issuer come from.
pub(crate) struct KeySource(Kind);

enum Kind {
    Fixed(KeySet),
    Remote { remote: Arc<Remote>, spawn: Arc<dyn Spawn> },
}

/// What a source has for a token.
#[derive(Debug)]
pub(crate) enum Find {
    /// These may have signed it.
    Keys(Candidates),
    /// Keys are on their way: wait, then ask once more.
    Wait(Flight),
    /// The issuer has no such key.
    NotFound,
    /// The keys cannot be had now; ask again after this many whole seconds, at least one.
    Unavailable { retry_after: Duration },
}

/// An attempt that is under way. It goes on whether or not anybody waits.
pub(crate) struct Flight(Arc<Attempted>);

struct Remote {
    state: ArcSwap<State>,
    download: Download,
    settings: Settings,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Default)]
struct State {
    set: Option<Arc<KeySet>>,
    /// When `set` was asked for: its age counts from there.
    fetched: Option<UnixTime>,
    last: Option<(UnixTime, Result<(), Failure>)>,
    flight: Option<Arc<Attempted>>,
}

struct Attempted {
    pid: u32,
    since: UnixTime,
    done: watch::Sender<bool>,
}

impl KeySource {
    pub(super) const fn fixed(set: KeySet) -> Self {
        Self(Kind::Fixed(set))
    }

    pub(super) fn remote(
        download: Download,
        settings: Settings,
        clock: Arc<dyn Clock>,
        spawn: Arc<dyn Spawn>,
    ) -> Self {
        let remote = Remote { state: ArcSwap::default(), download, settings, clock };
        Self(Kind::Remote { remote: Arc::new(remote), spawn })
    }

    /// Never waits and never does I/O itself. `waited`: the request has waited for a [`Flight`],
    /// and is not told to wait again.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm, now: UnixTime, waited: bool) -> Find {
        match &self.0 {
            Kind::Fixed(set) => set.choose(kid, algorithm).into(),
            Kind::Remote { remote, spawn } => loop {
                let state = remote.state.load();
                let choice = state.set.as_ref().map_or(Choice::Absent, |set| set.choose(kid, algorithm));
                let asked = match &choice {
                    Choice::Found(_) => Asked::Found,
                    Choice::Absent => Asked::Absent,
                    Choice::Unfit => Asked::Unfit,
                };
                match policy::decide(&state.facts(), asked, now, &remote.settings, waited) {
                    Verdict::Use => return choice.into(),
                    Verdict::Refuse => return Find::NotFound,
                    Verdict::Unavailable { retry_after } => return Find::Unavailable { retry_after },
                    Verdict::Join => {
                        if let Some(flight) = &state.flight {
                            return Find::Wait(Flight(Arc::clone(flight)));
                        }
                    }
                    // Whoever loses the race looks again, and joins the winner.
                    Verdict::Start => {
                        if let Some(flight) = remote.start(&state, now, spawn.as_ref()) {
                            return Find::Wait(flight);
                        }
                    }
                }
            },
        }
    }
}

impl From<Choice> for Find {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Found(candidates) => Self::Keys(candidates),
            Choice::Absent | Choice::Unfit => Self::NotFound,
        }
    }
}

impl Flight {
    /// Ends when the attempt has, however it did. Works in every executor.
    pub(crate) async fn wait(self) {
        let mut done = self.0.done.subscribe();
        // An error would say that the sender is gone, but `self` holds it.
        let _ = done.wait_for(|done| *done).await;
    }
}

impl State {
    fn facts(&self) -> Facts {
        Facts {
            fetched: self.fetched,
            last: self.last.map(|(ended, outcome)| Attempt { ended, succeeded: outcome.is_ok() }),
            flying_since: self
                .flight
                .as_ref()
                .filter(|flight| flight.pid == process::id())
                .map(|flight| flight.since),
        }
    }
}

impl Remote {
    /// Begins an attempt, unless the state is no longer `seen`.
    fn start(self: &Arc<Self>, seen: &Arc<State>, now: UnixTime, spawn: &dyn Spawn) -> Option<Flight> {
        let (pid, done) = (process::id(), watch::Sender::new(false));
        let flight = Arc::new(Attempted { pid, since: now, done });
        let next = State { flight: Some(Arc::clone(&flight)), ..State::clone(seen) };
        let found = self.state.compare_and_swap(seen, Arc::new(next));
        if !Arc::ptr_eq(&found, seen) {
            return None;
        }
        match &seen.flight {
            // Lost: its waiters are told, and find this one.
            Some(lost) if lost.pid == pid => lost.end(),
            // Begun before a fork, by threads that this process does not have: its locks are never
            // touched, not even by dropping it.
            Some(foreign) => mem::forget(Arc::clone(foreign)),
            None => {}
        }
        let landing = Landing {
            remote: Arc::clone(self),
            flight: Arc::clone(&flight),
            outcome: Err(Failure::Abandoned),
        };
        spawn.spawn(Box::pin(async move {
            let outcome = landing.remote.download.run().await;
            landing.with(outcome);
        }));
        Some(Flight(flight))
    }
}

impl Attempted {
    fn end(&self) {
        self.done.send_replace(true);
    }
}

/// Writes down how an attempt ended, failures included, before anybody wakes. Dropped early, by a
/// runtime that ends or a fetch that panics, it writes down a failure.
struct Landing {
    remote: Arc<Remote>,
    flight: Arc<Attempted>,
    outcome: Result<KeySet, Failure>,
}

impl Landing {
    fn with(mut self, outcome: Result<KeySet, Failure>) {
        self.outcome = outcome;
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let outcome = mem::replace(&mut self.outcome, Err(Failure::Abandoned)).map(Arc::new);
        let ended = self.remote.clock.now();
        loop {
            let seen = self.remote.state.load();
            if !seen.flight.as_ref().is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
                break; // given up for lost, and perhaps overtaken
            }
            let mut next = State { flight: None, ..State::clone(&seen) };
            next.last = Some((ended, outcome.as_ref().map(|_| ()).map_err(|failure| *failure)));
            if let Ok(set) = &outcome {
                next.set = Some(Arc::clone(set));
                next.fetched = Some(self.flight.since);
            }
            let found = self.remote.state.compare_and_swap(&*seen, Arc::new(next));
            if Arc::ptr_eq(&found, &seen) {
                break;
            }
        }
        self.flight.end();
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Fixed(set) => f.debug_tuple("Fixed").field(set).finish(),
            Kind::Remote { remote, .. } => {
                let state = remote.state.load();
                let last = state.last.map(|(_, outcome)| match outcome {
                    Ok(()) => "succeeded".to_owned(),
                    Err(failure) => failure.to_string(),
                });
                f.debug_struct("Remote")
                    .field("set", &state.set)
                    .field("last_attempt", &last)
                    .finish_non_exhaustive()
            }
        }
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flight").field(&self.0.since).finish()
    }
}

#[cfg(test)]
mod tests;
