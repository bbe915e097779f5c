//! The keys of one issuer as they are now, and the one attempt that everybody waits for.
//!
//! Whether to use, wait or refuse is `policy`'s; how keys are got is `download`'s. Here is only the
//! state, changed by compare-and-swap: no lock is held that a fork could leave locked.

use std::fmt;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::download::{Download, Failure, Loaded};
use super::health::{KeysEvent, KeysHealth, KeysStatus};
use super::key::Thumbprint;
use super::missing::Missing;
use super::policy::{self, Asked, Occasion, Plan, Settings, Verdict, Waited};
use super::set::{Candidates, Choice, KeySet};
use super::state::{Attempted, State, Wanted};
use crate::algorithm::Algorithm;
use crate::clock::{Clock, UnixTime};
use crate::spawn::Spawn;

/// Where the keys of one issuer come from.
pub(crate) struct KeySource(Kind);

enum Kind {
    Fixed { issuer: Box<str>, set: KeySet },
    Remote(Arc<Remote>),
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
pub(crate) struct Flight {
    attempted: Arc<Attempted>,
    /// Of whoever has waited for it.
    then: Waited,
}

/// What tells of events.
pub(super) type Observer = Arc<dyn Fn(KeysEvent, &KeysHealth) + Send + Sync>;

pub(super) struct Remote {
    pub(super) issuer: Box<str>,
    pub(super) download: Download,
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) spawn: Arc<dyn Spawn>,
    pub(super) observer: Option<Observer>,
    pub(super) state: ArcSwap<State>,
    pub(super) missing: Missing,
}

impl KeySource {
    pub(super) const fn fixed(issuer: Box<str>, set: KeySet) -> Self {
        Self(Kind::Fixed { issuer, set })
    }

    pub(super) fn remote(remote: Remote) -> Self {
        Self(Kind::Remote(Arc::new(remote)))
    }

    /// Never waits and never does I/O itself. `waited`: what [`Flight::wait`] gave.
    pub(crate) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: UnixTime,
        waited: Waited,
    ) -> Find {
        match &self.0 {
            Kind::Fixed { set, .. } => set.choose(kid, algorithm).into(),
            Kind::Remote(remote) => remote.find(kid, algorithm, now, waited),
        }
    }

    /// Whether the set in memory has this key and may be used as it is, without another thought.
    pub(crate) fn vouches_for(&self, key: &Thumbprint, now: UnixTime) -> bool {
        match &self.0 {
            Kind::Fixed { set, .. } => set.contains(key),
            Kind::Remote(remote) => {
                let state = remote.state.load();
                let plan = policy::decide(&state.facts(), Asked::Found, now, &remote.settings, Waited::Not);
                let in_use = Plan { verdict: Verdict::Use, begin: None };
                plan == in_use && state.loaded.as_ref().is_some_and(|(loaded, _)| loaded.set.contains(key))
            }
        }
    }

    /// Begins an attempt if there is nothing to check tokens with.
    pub(super) fn warm_up(&self, now: UnixTime) {
        if let Kind::Remote(remote) = &self.0 {
            let state = remote.state.load();
            let plan = policy::decide(&state.facts(), Asked::Unfit, now, &remote.settings, Waited::Not);
            if let Some(occasion) = plan.begin {
                // Whoever was quicker has begun one.
                let _ = remote.begin(&state, occasion, None, now);
            }
        }
    }

    pub(super) fn health(&self, now: UnixTime) -> KeysHealth {
        match &self.0 {
            Kind::Fixed { issuer, set } => KeysHealth {
                issuer: issuer.to_string(),
                status: KeysStatus::Fresh,
                age: None,
                last_error: None,
                fetching: false,
                next_attempt: None,
                keys: set.health(),
                exposes_secrets: set.exposes_secrets(),
            },
            Kind::Remote(remote) => remote.health(now),
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
    pub(crate) async fn wait(self) -> Waited {
        if let Some(done) = &self.attempted.done {
            // An error would say that the sender is gone, but `self` holds it.
            let _ = done.subscribe().wait_for(|done| *done).await;
        }
        self.then
    }
}

impl Remote {
    fn find(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: UnixTime,
        waited: Waited,
    ) -> Find {
        loop {
            let state = self.state.load();
            let choice =
                state.loaded.as_ref().map_or(Choice::Absent, |(it, _)| it.set.choose(kid, algorithm));
            let asked = match &choice {
                Choice::Found(_) => Asked::Found,
                Choice::Absent if self.missing.contains(kid, algorithm, now, self.settings.cooldown) => {
                    Asked::Missing
                }
                Choice::Absent => Asked::Absent,
                Choice::Unfit => Asked::Unfit,
            };
            let facts = state.facts();
            let plan = policy::decide(&facts, asked, now, &self.settings, waited);
            let wanted = || Wanted { kid: kid.map(Into::into), algorithm };
            let begun = plan.begin.map(|occasion| self.begin(&state, occasion, Some(wanted()), now));
            match plan.verdict {
                Verdict::Use => return choice.into(),
                Verdict::Unavailable { retry_after } => return Find::Unavailable { retry_after },
                Verdict::Refuse => {
                    if asked == Asked::Absent && waited.has_shown(facts.set) {
                        self.missing.insert(kid, algorithm, now);
                    }
                    return Find::NotFound;
                }
                Verdict::Wait => match (begun, state.flying()) {
                    (Some(Ok(flight)), _) => {
                        let then = Waited::Enough { since: flight.since };
                        return Find::Wait(Flight { attempted: flight, then });
                    }
                    (None, Some(flight)) => {
                        let same = flight.wanted.as_ref().is_some_and(|wanted| wanted.kid.as_deref() == kid);
                        let then = waited.joined(flight.since, same);
                        return Find::Wait(Flight { attempted: Arc::clone(flight), then });
                    }
                    // Whoever loses the race looks again, and joins the winner.
                    (Some(Err(Overtaken)) | None, _) => {}
                },
            }
        }
    }

    /// Begins an attempt, unless the state is no longer `seen`.
    fn begin(
        self: &Arc<Self>,
        seen: &Arc<State>,
        occasion: Occasion,
        wanted: Option<Wanted>,
        now: UnixTime,
    ) -> Result<Arc<Attempted>, Overtaken> {
        let flight = Arc::new(Attempted {
            pid: process::id(),
            since: now,
            wanted,
            done: Some(watch::Sender::new(false)),
        });
        // One that is still there now is lost, and has failed; one of a parent process is nobody's.
        let lost = seen.flying();
        let seen_to_fail = lost.map(|_| seen.failed(Failure::Abandoned, now));
        let next = State {
            flight: Some(Arc::clone(&flight)),
            budget: seen.budget.spend(occasion, now, self.settings.cooldown),
            ..seen_to_fail.unwrap_or_else(|| State::clone(seen))
        };
        let found = self.state.compare_and_swap(seen, Arc::new(next));
        if !Arc::ptr_eq(&found, seen) {
            return Err(Overtaken);
        }
        if let Some(lost) = lost {
            // Whoever waits for it is told, and finds this one.
            lost.end();
        }
        let landing = Landing {
            remote: Arc::clone(self),
            flight: Arc::clone(&flight),
            outcome: Err(Failure::Abandoned),
        };
        let known = seen.loaded.as_ref().map(|(loaded, _)| Arc::clone(loaded));
        let known = known.filter(|_| seen.last.is_some_and(|(attempt, _)| attempt.succeeded));
        self.spawn.spawn(Box::pin(async move {
            let remote = &landing.remote;
            let outcome = remote.download.run(known.as_deref(), now, remote.settings.timeout).await;
            landing.with(outcome);
        }));
        Ok(flight)
    }

    fn health(&self, now: UnixTime) -> KeysHealth {
        let state = self.state.load();
        let facts = state.facts();
        let set = state.loaded.as_ref().map(|(loaded, _)| &loaded.set);
        KeysHealth {
            issuer: self.issuer.to_string(),
            status: facts.status(now, &self.settings),
            age: facts.set.map(|set| now.saturating_sub(set.since)),
            last_error: state.last.and_then(|(_, failure)| failure).map(|failure| failure.to_string()),
            fetching: facts.flying_since.is_some(),
            next_attempt: facts.next_attempt().filter(|next| *next > now),
            keys: set.map(|set| set.health()).unwrap_or_default(),
            exposes_secrets: set.is_some_and(|set| set.exposes_secrets()),
        }
    }
}

/// Another request was quicker.
struct Overtaken;

/// Writes down how an attempt ended, failures included, before anybody wakes. Dropped early, by a
/// runtime that ends or a fetch that panics, it writes down a failure.
struct Landing {
    remote: Arc<Remote>,
    flight: Arc<Attempted>,
    outcome: Result<Loaded, Failure>,
}

impl Landing {
    fn with(mut self, outcome: Result<Loaded, Failure>) {
        self.outcome = outcome;
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let outcome = mem::replace(&mut self.outcome, Err(Failure::Abandoned)).map(Arc::new);
        let remote = &self.remote;
        // Clock and observer are other people's code: a panic in them must leave nobody waiting.
        let ended = undisturbed(|| remote.clock.now()).unwrap_or(self.flight.since);
        let landed = loop {
            let seen = remote.state.load();
            if !seen.flight.as_ref().is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
                break false; // given up for lost, and perhaps overtaken
            }
            // Before the state can be seen: until then the answer is to wait for this attempt.
            if let (Ok(loaded), Some(Wanted { kid, algorithm })) = (&outcome, &self.flight.wanted)
                && matches!(loaded.set.choose(kid.as_deref(), *algorithm), Choice::Absent)
            {
                remote.missing.insert(kid.as_deref(), *algorithm, ended);
            }
            let next = match &outcome {
                Ok(loaded) => seen.succeeded(loaded, self.flight.since, ended, remote.settings.fresh),
                Err(failure) => seen.failed(*failure, ended),
            };
            let found = remote.state.compare_and_swap(&*seen, Arc::new(next));
            if Arc::ptr_eq(&found, &seen) {
                break true;
            }
        };
        self.flight.end();
        if let (true, Some(observer)) = (landed, &remote.observer) {
            let event = if outcome.is_ok() { KeysEvent::Fetched } else { KeysEvent::Failed };
            undisturbed(|| observer(event, &remote.health(ended)));
        }
    }
}

/// `None` if it panics.
fn undisturbed<T>(run: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(run)).ok()
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Fixed { set, .. } => f.debug_tuple("Fixed").field(set).finish(),
            Kind::Remote(remote) => remote.health(remote.clock.now()).fmt(f),
        }
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flight").field(&self.attempted.since).finish()
    }
}

#[cfg(test)]
mod tests;
