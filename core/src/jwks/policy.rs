//! When keys are used, waited for, refused or unavailable: the whole policy, as one pure function.
//!
//! It fetches nothing, knows no key and reads no clock. Whatever else is to decide about the life of
//! keys (refresh before the end of freshness, stale keys while the issuer fails, back-off) has its
//! place in [`decide`], and a row in the table of its tests.

use std::time::Duration;

use crate::clock::UnixTime;

/// The settings that the policy reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// How long a set is used without asking again.
    pub(super) fresh: Duration,
    /// How long after an attempt an unknown key starts no other.
    pub(super) cooldown: Duration,
    /// How long an attempt may take.
    pub(super) timeout: Duration,
    /// How long past its freshness a set may be used while attempts fail.
    #[expect(dead_code, reason = "keys that outlive their freshness are not served yet")]
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
    /// When the set that is in memory was asked for.
    pub(super) fetched: Option<UnixTime>,
    /// How the last attempt ended.
    pub(super) last: Option<Attempt>,
    /// When the attempt began that is under way in this process.
    pub(super) flying_since: Option<UnixTime>,
}

/// An attempt that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) ended: UnixTime,
    pub(super) succeeded: bool,
}

/// What the set in memory says to the token's `kid` and `alg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A key fits.
    Found,
    /// No such key; a newer set may have it.
    Absent,
    /// No key fits, and a newer set would not change that.
    Unfit,
}

/// What to do for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Check the signature with what is in memory.
    Use,
    /// Refuse the token.
    Refuse,
    /// Wait for the attempt that is under way.
    Join,
    /// Begin an attempt and wait for it.
    Start,
    /// Neither: ask again after this time, whole seconds and at least one.
    Unavailable { retry_after: Duration },
}

/// Decides for a request at `now`. `waited`: it has waited for an attempt, and waits only once.
pub(super) fn decide(
    facts: &Facts,
    asked: Asked,
    now: UnixTime,
    settings: &Settings,
    waited: bool,
) -> Verdict {
    let succeeded = facts.last.is_some_and(|attempt| attempt.succeeded);
    let fresh = elapsed(facts.fetched, now).is_some_and(|age| age < settings.fresh);
    // What a request has waited for is good enough for it, however short the freshness.
    let usable = fresh || waited && succeeded;
    let pause = match asked {
        Asked::Found if usable => return Verdict::Use,
        Asked::Unfit if usable => return Verdict::Refuse,
        // An unknown key: failures count too, so that a flood of invented ones stays cheap for an
        // issuer that is down.
        _ if usable => settings.cooldown,
        // Nothing to work with: every request waits for this.
        _ if succeeded => Duration::ZERO,
        _ => RETRY_PAUSE,
    };
    let rest = facts
        .last
        .and_then(|attempt| elapsed(Some(attempt.ended), now))
        .map_or(Duration::ZERO, |since| pause.saturating_sub(since));

    if !waited {
        // An attempt that outlives its deadline by far has been lost, as with a runtime that is
        // not driven any more.
        let lost_after = settings.timeout + LOST_GRACE;
        if elapsed(facts.flying_since, now).is_some_and(|age| age < lost_after) {
            return Verdict::Join;
        }
        if rest.is_zero() {
            return Verdict::Start;
        }
    }
    if usable && succeeded { Verdict::Refuse } else { Verdict::Unavailable { retry_after: whole_seconds(rest) } }
}

/// Time since `then`. A clock that was set back by more than a moment makes everything long ago,
/// rather than keeping keys fresh or attempts forbidden for as long as it was set back.
fn elapsed(then: Option<UnixTime>, now: UnixTime) -> Option<Duration> {
    let then = then?;
    // Requests read the clock before they look at keys that may have arrived in between.
    if then.saturating_sub(now) > CLOCK_TOLERANCE { None } else { Some(now.saturating_sub(then)) }
}

/// For `Retry-After`, which has no fractions.
fn whole_seconds(rest: Duration) -> Duration {
    let up = u64::from(rest.subsec_nanos() > 0);
    Duration::from_secs(rest.as_secs().saturating_add(up).max(1))
}

/// Between attempts while there is nothing to check tokens with.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
const LOST_GRACE: Duration = Duration::from_secs(5);
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);
