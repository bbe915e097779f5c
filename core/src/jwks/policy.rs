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
    /// How long past its freshness a set may be used while attempts fail. Not used yet.
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
    if usable && succeeded {
        Verdict::Refuse
    } else {
        Verdict::Unavailable { retry_after: whole_seconds(rest) }
    }
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

#[cfg(test)]
mod tests {
    use super::Asked::{Absent, Found, Unfit};
    use super::Verdict::{Join, Refuse, Start, Unavailable, Use};
    use super::*;

    /// Milliseconds after an arbitrary moment.
    const fn at(ms: u64) -> UnixTime {
        Duration::from_millis(1_700_000_000_000 + ms)
    }

    const fn retry(seconds: u64) -> Verdict {
        Unavailable { retry_after: Duration::from_secs(seconds) }
    }

    fn last(ms: u64, succeeded: bool) -> Option<Attempt> {
        Some(Attempt { ended: at(ms), succeeded })
    }

    const COLD: Facts = Facts { fetched: None, last: None, flying_since: None };

    #[test]
    fn the_table() {
        let good = Facts { fetched: Some(at(0)), last: last(100, true), ..COLD };
        // Another attempt has failed since: for an unknown key, or after the end of freshness.
        let shaken = Facts { last: last(20_000, false), ..good };
        let expired = Facts { last: last(300_000, false), ..good };
        let failed = Facts { last: last(0, false), ..COLD };
        let flying = |facts: Facts, since: u64| Facts { flying_since: Some(at(since)), ..facts };

        let rows: &[(&str, Facts, Asked, u64, bool, Verdict)] = &[
            ("cold: begin", COLD, Absent, 0, false, Start),
            ("cold, under way: join", flying(COLD, 0), Absent, 9_999, false, Join),
            ("cold, lost: begin again", flying(COLD, 0), Absent, 10_000, false, Start),
            ("cold, waited for a lost one", COLD, Absent, 0, true, retry(1)),
            ("failed, waited", failed, Absent, 0, true, retry(1)),
            ("failed, within the pause", failed, Absent, 999, false, retry(1)),
            ("failed, pause over: begin", failed, Absent, 1_000, false, Start),
            ("failed, pause over, waited", failed, Absent, 60_000, true, retry(1)),
            ("fresh: use", good, Found, 299_999, false, Use),
            ("fresh, under way for another: use", flying(good, 0), Found, 10, false, Use),
            ("fresh, waited: use", good, Found, 100, true, Use),
            ("fresh, unfit: no attempt would help", good, Unfit, 299_999, false, Refuse),
            ("expired: begin", good, Found, 300_000, false, Start),
            ("expired, unfit: the set may have changed", good, Unfit, 300_000, false, Start),
            ("expired, under way: join", flying(good, 300_000), Found, 300_001, false, Join),
            ("expired while waiting: use", good, Found, 300_000, true, Use),
            ("expired, failed: unavailable", expired, Found, 300_500, false, retry(1)),
            ("expired, failed, pause over: begin", expired, Found, 301_000, false, Start),
            ("unknown, cooling down: refuse", good, Absent, 30_099, false, Refuse),
            ("unknown, cooled down: begin", good, Absent, 30_100, false, Start),
            ("unknown, under way: join", flying(good, 30_100), Absent, 30_100, false, Join),
            ("unknown, waited: refuse", good, Absent, 200, true, Refuse),
            ("unknown, waited, long ago: refuse", good, Absent, 100_000, true, Refuse),
            ("unknown, failed: rest of the cooldown", shaken, Absent, 20_001, false, retry(30)),
            ("unknown, failed, waited", shaken, Absent, 49_001, true, retry(1)),
            ("unknown, failed, cooled down: begin", shaken, Absent, 50_000, false, Start),
            ("known, another attempt failed: use", shaken, Found, 20_001, false, Use),
        ];
        for (name, facts, asked, now, waited, expected) in rows {
            let verdict = decide(facts, *asked, at(*now), &Settings::DEFAULT, *waited);
            assert_eq!(verdict, *expected, "{name}");
        }
    }

    #[test]
    fn a_request_waits_only_once() {
        for succeeded in [None, Some(true), Some(false)] {
            for fetched in [None, Some(at(0))] {
                for asked in [Found, Absent, Unfit] {
                    let last = succeeded.and_then(|succeeded| last(0, succeeded));
                    let facts = Facts { fetched, last, flying_since: Some(at(0)) };
                    let verdict = decide(&facts, asked, at(400_000), &Settings::DEFAULT, true);
                    assert!(!matches!(verdict, Join | Start), "{facts:?} {asked:?}");
                }
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_neither_keeps_keys_fresh_nor_forbids_attempts() {
        let good = Facts { fetched: Some(at(600_000)), last: last(600_000, true), ..COLD };
        let decide = |facts, asked, now| decide(facts, asked, at(now), &Settings::DEFAULT, false);
        assert_eq!(decide(&good, Found, 599_000), Use, "a moment");
        assert_eq!(decide(&good, Found, 0), Start, "ten minutes");
        let failed = Facts { last: last(600_000, false), ..COLD };
        assert_eq!(decide(&failed, Absent, 0), Start);
    }

    #[test]
    fn retry_after_is_whole_seconds_rounded_up() {
        for (rest, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (29_999, 30)] {
            assert_eq!(whole_seconds(Duration::from_millis(rest)), Duration::from_secs(seconds));
        }
    }
}
