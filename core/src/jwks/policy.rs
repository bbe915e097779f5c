//! When keys are used, waited for, refused or unavailable, and when they are fetched: one pure
//! function, [`decide`].
//!
//! It fetches nothing, knows no key and reads no clock. Each rule is a row in the table of its tests.
//! What an attempt asks for is `download`'s.

use std::time::Duration;

use super::health::KeysStatus;
use crate::clock::UnixTime;

/// The settings that the policy reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// The longest time for which a set is used without asking again.
    pub(super) fresh: Duration,
    /// How long an unknown key keeps the next one from starting an attempt.
    pub(super) cooldown: Duration,
    /// How long an attempt may take.
    pub(super) timeout: Duration,
    /// How long past its freshness a set may be used while attempts fail.
    pub(super) max_stale: Duration,
}

impl Settings {
    pub(super) const DEFAULT: Self = Self {
        fresh: Duration::from_secs(5 * 60),
        cooldown: Duration::from_secs(30),
        timeout: Duration::from_secs(5),
        max_stale: Duration::from_secs(60 * 60),
    };
}

/// What there is to know about one issuer's keys.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// The set that is in memory.
    pub(super) set: Option<Freshness>,
    /// How the last attempt ended.
    pub(super) last: Option<Attempt>,
    /// When the attempt began that is under way in this process.
    pub(super) flying_since: Option<UnixTime>,
    pub(super) budget: Budget,
}

/// How long a set serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness {
    /// When it was asked for: its age counts from there.
    pub(super) since: UnixTime,
    /// Up to this age it is used without asking again.
    pub(super) lifetime: Duration,
    /// From this age on it is asked for in the background.
    pub(super) refresh_after: Duration,
}

/// An attempt that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) ended: UnixTime,
    pub(super) succeeded: bool,
    /// After a failure: until the next attempt.
    pub(super) pause: Duration,
}

/// How many attempts unknown keys may still cause: one per cooldown, and one to spare, so that a
/// rotation right after any other attempt is not refused.
///
/// A bucket of two that refills at one per cooldown, kept as the time at which it is full again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Budget {
    full_at: UnixTime,
}

/// What the set in memory says to the token's `kid` and `alg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A key fits.
    Found,
    /// No such key; a newer set may have it.
    Absent,
    /// No such key, and an attempt within the cooldown has shown that.
    Missing,
    /// No key fits, and a newer set would not change that.
    Unfit,
}

/// What a request has waited for so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    Not,
    /// For an attempt that was under way already, for another key: it may have asked just before
    /// the one was published that this request needs.
    Joined {
        since: UnixTime,
    },
    /// For one that began for this key, or for two.
    Enough {
        since: UnixTime,
    },
}

/// What to do for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) verdict: Verdict,
    /// An attempt to begin, whether or not the request waits for it.
    pub(super) begin: Option<Occasion>,
}

/// What becomes of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Check the signature with what is in memory.
    Use,
    /// Refuse the token.
    Refuse,
    /// Wait for the attempt that begins or is under way.
    Wait,
    /// None of these: ask again after this time, whole seconds and at least one.
    Unavailable { retry_after: Duration },
}

/// Why an attempt begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// There is no set, or it is getting old.
    Due,
    /// A token names a key that the set does not have.
    UnknownKey,
}

/// Decides for a request at `now`.
pub(super) fn decide(
    facts: &Facts,
    asked: Asked,
    now: UnixTime,
    settings: &Settings,
    waited: Waited,
) -> Plan {
    let succeeded = facts.last.is_some_and(|attempt| attempt.succeeded);
    let usable = match facts.status(now, settings) {
        KeysStatus::Fresh => true,
        // What a request has waited for is good enough for it, however short the freshness.
        _ if waited.has_seen(facts.set) => true,
        // Only while the issuer fails (RFC 5861 section 4): a server that was idle asks first, also
        // if the last it heard, long ago, was a failure.
        KeysStatus::Stale => facts.last.is_some_and(|attempt| attempt.is_failing(now)),
        KeysStatus::None => false,
    };
    let old = facts.set.is_none_or(|set| elapsed(set.since, now).is_none_or(|age| age >= set.refresh_after));

    let pause = facts.last.map_or(Duration::ZERO, |attempt| attempt.rest(now));
    // An attempt that outlives its deadline by far has been lost, as with a runtime that is not
    // driven any more.
    let flying = facts
        .flying_since
        .and_then(|since| elapsed(since, now))
        .is_some_and(|age| age < settings.timeout + LOST_GRACE);
    let due = (old && !flying && pause.is_zero() && waited == Waited::Not).then_some(Occasion::Due);

    let unavailable = |rest| Verdict::Unavailable { retry_after: whole_seconds(rest) };
    if !usable {
        let wait = waited == Waited::Not && (flying || due.is_some());
        return Plan { verdict: if wait { Verdict::Wait } else { unavailable(pause) }, begin: due };
    }
    match asked {
        Asked::Found => return Plan { verdict: Verdict::Use, begin: due },
        Asked::Unfit => return Plan { verdict: Verdict::Refuse, begin: due },
        Asked::Absent | Asked::Missing => {}
    }
    // Failures count too, so that a flood of invented keys stays cheap for an issuer that is down.
    let rest = pause.max(facts.budget.rest(now, settings.cooldown));
    let begin = due.or((asked == Asked::Absent && waited.may_go_on() && !flying && rest.is_zero())
        .then_some(Occasion::UnknownKey));
    let wait = asked == Asked::Absent && waited.may_go_on() && (flying || begin.is_some());
    let verdict = match (wait, succeeded) {
        (true, _) => Verdict::Wait,
        (false, true) => Verdict::Refuse,
        // The newest set is not known: it may have the key.
        (false, false) => unavailable(rest),
    };
    Plan { verdict, begin }
}

impl Waited {
    /// After waiting for an attempt that was under way. One that began for the same key asked when a
    /// token of that key was there.
    pub(super) fn joined(self, since: UnixTime, for_this_key: bool) -> Self {
        if self == Self::Not && !for_this_key { Self::Joined { since } } else { Self::Enough { since } }
    }

    /// Whether a key that is not there now has been shown to be missing.
    pub(super) fn has_shown(self, set: Option<Freshness>) -> bool {
        matches!(self, Self::Enough { .. }) && self.has_seen(set)
    }

    /// Whether the set came of what has been waited for.
    fn has_seen(self, set: Option<Freshness>) -> bool {
        match (self, set) {
            (Self::Joined { since } | Self::Enough { since }, Some(set)) => set.since >= since,
            _ => false,
        }
    }

    const fn may_go_on(self) -> bool {
        matches!(self, Self::Not | Self::Joined { .. })
    }
}

impl Facts {
    pub(super) fn status(&self, now: UnixTime, settings: &Settings) -> KeysStatus {
        let age = self.set.and_then(|set| Some((elapsed(set.since, now)?, set.lifetime)));
        match age {
            Some((age, lifetime)) if age < lifetime => KeysStatus::Fresh,
            Some((age, lifetime)) if age < lifetime.saturating_add(settings.max_stale) => KeysStatus::Stale,
            _ => KeysStatus::None,
        }
    }

    /// When the next attempt is due, if not at once.
    pub(super) fn next_attempt(&self) -> Option<UnixTime> {
        let refresh = self.set.map(|set| set.since.saturating_add(set.refresh_after));
        let resume =
            self.last.filter(|last| !last.succeeded).map(|last| last.ended.saturating_add(last.pause));
        refresh.max(resume)
    }
}

impl Freshness {
    /// Of a set that was asked for at `since` and may be used for `lifetime`. `random`: 0 to 1, so
    /// that the servers of one fleet do not ask all at once.
    pub(super) fn new(since: UnixTime, lifetime: Duration, random: f64) -> Self {
        let share = REFRESH_SHARE * (1.0 - JITTER + 2.0 * JITTER * random);
        Self { since, lifetime, refresh_after: lifetime.mul_f64(share) }
    }
}

impl Attempt {
    pub(super) const fn succeeded(ended: UnixTime) -> Self {
        Self { ended, succeeded: true, pause: Duration::ZERO }
    }

    /// The `nth` failure in a row: exponential back-off. `random`: 0 to 1.
    pub(super) fn failed(ended: UnixTime, nth: u32, random: f64) -> Self {
        let doublings = nth.saturating_sub(1).min(16);
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        Self { ended, succeeded: false, pause: pause.mul_f64(1.0 - JITTER * random) }
    }

    /// Whether the issuer fails now, as far as is known: while there are requests, attempts are no
    /// further apart than the longest pause.
    fn is_failing(&self, now: UnixTime) -> bool {
        !self.succeeded && elapsed(self.ended, now).is_some_and(|since| since < 2 * LONGEST_PAUSE)
    }

    fn rest(&self, now: UnixTime) -> Duration {
        elapsed(self.ended, now).map_or(Duration::ZERO, |since| self.pause.saturating_sub(since))
    }
}

impl Budget {
    /// Until an unknown key may cause an attempt.
    fn rest(self, now: UnixTime, cooldown: Duration) -> Duration {
        let rest = self.full_at.saturating_sub(cooldown).saturating_sub(now);
        // More than there can be: the clock was set back.
        if rest > cooldown + CLOCK_TOLERANCE { Duration::ZERO } else { rest }
    }

    /// What is left when an attempt begins. One that was due leaves the spare.
    pub(super) fn spend(self, occasion: Occasion, now: UnixTime, cooldown: Duration) -> Self {
        let full_at = match occasion {
            Occasion::Due => self.full_at.max(now.saturating_add(cooldown)),
            Occasion::UnknownKey => self.full_at.max(now).saturating_add(cooldown),
        };
        Self { full_at: full_at.min(now.saturating_add(2 * cooldown)) }
    }
}

/// Time since `then`. A clock that was set back by more than a moment makes everything long ago,
/// rather than keeping keys fresh or attempts forbidden for as long as it was set back.
pub(super) fn elapsed(then: UnixTime, now: UnixTime) -> Option<Duration> {
    // Requests read the clock before they look at keys that may have arrived in between.
    if then.saturating_sub(now) > CLOCK_TOLERANCE { None } else { Some(now.saturating_sub(then)) }
}

/// For `Retry-After`, which has no fractions.
fn whole_seconds(rest: Duration) -> Duration {
    let up = u64::from(rest.subsec_nanos() > 0);
    Duration::from_secs(rest.as_secs().saturating_add(up).max(1))
}

/// Of its lifetime, when a set is asked for in the background.
const REFRESH_SHARE: f64 = 0.8;
/// Of a time, how much chance moves it.
const JITTER: f64 = 0.1;
/// After the first failure, and after ever so many.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const LOST_GRACE: Duration = Duration::from_secs(5);
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
