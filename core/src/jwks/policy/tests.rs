use super::Asked::{Absent, Found, Missing, Unfit};
use super::Occasion::{Due, UnknownKey};
use super::Verdict::{Refuse, Unavailable, Use, Wait};
use super::Waited::Not;
use super::*;

const SETTINGS: Settings = Settings::DEFAULT;
const COLD: Facts =
    Facts { set: None, last: None, flying_since: None, budget: Budget { full_at: Duration::ZERO } };

/// Milliseconds after an arbitrary moment.
const fn at(ms: u64) -> UnixTime {
    Duration::from_millis(1_700_000_000_000 + ms)
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn retry(seconds: u64) -> Verdict {
    Unavailable { retry_after: Duration::from_secs(seconds) }
}

/// Has waited for the attempt that brought the set of `good`.
const JOINED: Waited = Waited::Joined { since: at(0) };
const ENOUGH: Waited = Waited::Enough { since: at(0) };
const LOST: Waited = Waited::Enough { since: at(300_000) };

/// A set that was asked for at 0: fresh for 300 s, to be asked for again from 240 s on.
fn good() -> Facts {
    let budget = Budget::default().spend(Due, at(0), SETTINGS.cooldown);
    let set = Some(Freshness::new(at(0), SETTINGS.fresh, 0.5));
    Facts { set, last: Some(Attempt::succeeded(at(100))), budget, ..COLD }
}

fn failed(facts: Facts, ms: u64, nth: u32) -> Facts {
    Facts { last: Some(Attempt::failed(at(ms), nth, 0.0)), ..facts }
}

fn flying(facts: Facts, since: u64) -> Facts {
    Facts { flying_since: Some(at(since)), ..facts }
}

fn spent(facts: Facts, ms: &[u64]) -> Facts {
    let spend = |budget: Budget, ms: &u64| budget.spend(UnknownKey, at(*ms), SETTINGS.cooldown);
    Facts { budget: ms.iter().fold(facts.budget, spend), ..facts }
}

#[test]
fn the_table() {
    let never = failed(COLD, 0, 1);
    let down = failed(good(), 250_000, 1);
    let dry = spent(good(), &[1_000]);
    type Row = (&'static str, Facts, Asked, u64, Waited, Verdict, Option<Occasion>);
    let rows: &[Row] = &[
        ("cold: begin and wait", COLD, Absent, 0, Not, Wait, Some(Due)),
        ("cold, under way: join", flying(COLD, 0), Absent, 9_999, Not, Wait, None),
        ("cold, lost: begin again", flying(COLD, 0), Absent, 10_000, Not, Wait, Some(Due)),
        ("cold, waited for a lost one", COLD, Absent, 0, JOINED, retry(1), None),
        ("failed, waited", never, Absent, 0, JOINED, retry(1), None),
        ("failed, within the pause", never, Absent, 999, Not, retry(1), None),
        ("failed, pause over: begin", never, Absent, 1_000, Not, Wait, Some(Due)),
        ("failed, pause over, waited", never, Absent, 60_000, ENOUGH, retry(1), None),
        ("failed thrice, within the pause", failed(COLD, 0, 3), Absent, 500, Not, retry(4), None),
        //
        ("fresh: use", good(), Found, 239_999, Not, Use, None),
        ("fresh, under way for another: use", flying(good(), 0), Found, 10, Not, Use, None),
        ("fresh, waited: use", good(), Found, 100, ENOUGH, Use, None),
        ("fresh, unfit: no attempt would help", good(), Unfit, 1_000, Not, Refuse, None),
        ("getting old: use, and fetch", good(), Found, 240_000, Not, Use, Some(Due)),
        ("getting old, unfit: refuse, and fetch", good(), Unfit, 240_000, Not, Refuse, Some(Due)),
        ("getting old, under way: use", flying(good(), 240_000), Found, 241_000, Not, Use, None),
        ("getting old, lost: use, and fetch", flying(good(), 240_000), Found, 250_000, Not, Use, Some(Due)),
        ("getting old, failed: use", down, Found, 250_999, Not, Use, None),
        ("getting old, failed, pause over", down, Found, 251_000, Not, Use, Some(Due)),
        //
        ("idle past freshness: ask first", good(), Found, 300_000, Not, Wait, Some(Due)),
        ("idle, unfit: the set may have changed", good(), Unfit, 300_000, Not, Wait, Some(Due)),
        ("idle, under way: join", flying(good(), 300_000), Found, 300_001, Not, Wait, None),
        ("idle, waited, no longer fresh by now: use", good(), Found, 300_000, ENOUGH, Use, None),
        ("idle, waited for one that was lost", good(), Found, 300_000, LOST, retry(1), None),
        ("stale: use", down, Found, 300_000, Not, Use, Some(Due)),
        ("stale, within the pause", failed(good(), 300_000, 1), Found, 300_001, Not, Use, None),
        ("stale, the issuer hangs: use", flying(down, 300_000), Found, 301_000, Not, Use, None),
        ("stale, waited for a failure: use", failed(good(), 305_000, 1), Found, 305_000, LOST, Use, None),
        ("stale, to the last moment", failed(good(), 3_899_000, 9), Found, 3_899_999, Not, Use, None),
        ("stale, pause over", failed(good(), 3_800_000, 9), Found, 3_899_999, Not, Use, Some(Due)),
        ("stale, but the failure was long ago: ask first", down, Found, 370_000, Not, Wait, Some(Due)),
        ("too stale: ask first", down, Found, 3_900_000, Not, Wait, Some(Due)),
        ("too stale, failed", failed(good(), 3_900_000, 9), Found, 3_900_001, Not, retry(60), None),
        ("too stale, under way: join", flying(down, 3_900_000), Found, 3_900_001, Not, Wait, None),
        (
            "too stale, waited for a failure",
            failed(good(), 3_900_000, 1),
            Found,
            3_900_000,
            LOST,
            retry(1),
            None,
        ),
        //
        ("unknown, right after a fetch: the spare", good(), Absent, 200, Not, Wait, Some(UnknownKey)),
        ("unknown, spare taken: refuse", dry, Absent, 1_001, Not, Refuse, None),
        ("unknown, cooling down: refuse", dry, Absent, 29_999, Not, Refuse, None),
        ("unknown, cooled down: begin", dry, Absent, 30_000, Not, Wait, Some(UnknownKey)),
        ("unknown, again: the bucket was not full", spent(dry, &[30_000]), Absent, 30_001, Not, Refuse, None),
        ("unknown, under way: join", flying(dry, 1_000), Absent, 1_000, Not, Wait, None),
        ("unknown, waited for its own: refuse", good(), Absent, 200, ENOUGH, Refuse, None),
        ("unknown, joined an older one: begin", good(), Absent, 200, JOINED, Wait, Some(UnknownKey)),
        ("unknown, joined, spare taken: refuse", dry, Absent, 1_001, JOINED, Refuse, None),
        ("unknown, joined, newer one under way: join", flying(dry, 1_001), Absent, 1_001, JOINED, Wait, None),
        ("unknown, getting old: needs no budget", dry, Absent, 240_000, Not, Wait, Some(Due)),
        ("unknown, failed, within the pause", failed(good(), 200, 1), Absent, 300, Not, retry(1), None),
        ("unknown, failed, pause over", failed(good(), 200, 1), Absent, 1_200, Not, Wait, Some(UnknownKey)),
        ("unknown, failed, spare taken", failed(dry, 1_100, 1), Absent, 1_200, Not, retry(29), None),
        ("unknown, failed, waited", failed(dry, 1_100, 1), Absent, 1_200, ENOUGH, retry(29), None),
        ("unknown, waited for a lost one", failed(good(), 10_200, 1), Absent, 10_200, LOST, retry(1), None),
        ("unknown, stale, the issuer hangs: join", flying(down, 300_000), Absent, 301_000, Not, Wait, None),
        //
        ("missing: refuse", good(), Missing, 200, Not, Refuse, None),
        ("missing, under way: refuse", flying(good(), 200), Missing, 200, Not, Refuse, None),
        ("missing, getting old: refuse, and fetch", good(), Missing, 240_000, Not, Refuse, Some(Due)),
        ("missing, failed since: who knows", failed(dry, 1_100, 1), Missing, 1_200, Not, retry(29), None),
        ("missing, idle: ask first", good(), Missing, 300_000, Not, Wait, Some(Due)),
    ];
    for (name, facts, asked, now, waited, verdict, begin) in rows {
        let plan = decide(facts, *asked, at(*now), &SETTINGS, *waited);
        assert_eq!(plan, Plan { verdict: *verdict, begin: *begin }, "{name}");
    }
}

/// Every combination of what can be known, at every kind of time.
fn everything(mut check: impl FnMut(&Facts, Asked, u64, Waited, Plan)) {
    for now in [0_u64, 1_000, 240_000, 300_000, 400_000, 4_000_000] {
        let just = now.saturating_sub(1_000);
        let lasts = [
            None,
            Some(Attempt::succeeded(at(0))),
            Some(Attempt::failed(at(0), 4, 0.0)),
            Some(Attempt::failed(at(just), 4, 0.0)),
        ];
        for last in lasts {
            for set in [None, Some(Freshness::new(at(0), SETTINGS.fresh, 0.5))] {
                for flying_since in [None, Some(at(0)), Some(at(just))] {
                    for budget in [COLD.budget, spent(good(), &[0]).budget] {
                        let facts = Facts { set, last, flying_since, budget };
                        for asked in [Found, Absent, Missing, Unfit] {
                            for waited in [Not, JOINED, ENOUGH, Waited::Joined { since: at(just) }, LOST] {
                                let plan = decide(&facts, asked, at(now), &SETTINGS, waited);
                                check(&facts, asked, now, waited, plan);
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn nobody_waits_more_than_twice_or_for_nothing() {
    everything(|facts, asked, now, waited, plan| {
        let case = format!("{facts:?} {asked:?} {now} {waited:?}");
        let waits = plan.verdict == Wait;
        assert!(!waits || plan.begin.is_some() || facts.flying_since.is_some(), "{case}");
        let may = waited == Not || matches!(waited, Waited::Joined { .. }) && asked == Absent;
        assert!(!waits || may, "{case}");
    });
}

#[test]
fn a_usable_key_never_waits_and_a_failing_issuer_never_makes_a_token_invalid() {
    everything(|facts, asked, now, _, plan| {
        let case = format!("{facts:?} {asked:?} {now}");
        let failing = facts.last.is_some_and(|last| !last.succeeded);
        let of_late = failing && facts.last.is_some_and(|last| at(now) - last.ended < seconds(120));
        let usable = facts.set.is_some() && (now < 300_000 || of_late && now < 3_900_000);
        if asked == Found && usable {
            assert_eq!(plan.verdict, Use, "{case}");
        }
        if asked != Unfit && (failing || facts.last.is_none()) && facts.set.is_none() {
            assert!(matches!(plan.verdict, Wait | Unavailable { .. }), "{case}");
        }
        if matches!(asked, Absent | Missing) && failing {
            assert_ne!(plan.verdict, Refuse, "{case}");
        }
    });
}

#[test]
fn unknown_keys_cause_two_attempts_in_any_cooldown_and_one_on_average() {
    let mut budget = Budget::default().spend(Due, at(0), SETTINGS.cooldown);
    let mut begun = vec![0];
    for ms in (0..600_000).step_by(100) {
        if budget.rest(at(ms), SETTINGS.cooldown).is_zero() {
            budget = budget.spend(UnknownKey, at(ms), SETTINGS.cooldown);
            begun.push(ms);
        }
    }
    assert_eq!(begun.len(), 21);
    assert!(begun.windows(3).all(|three| three[2] - three[0] >= 30_000), "{begun:?}");
    // Attempts that are due never take the spare, however often they come.
    let mut budget = Budget::default();
    for ms in (0..600_000).step_by(100) {
        budget = budget.spend(Due, at(ms), SETTINGS.cooldown);
        assert!(budget.rest(at(ms), SETTINGS.cooldown).is_zero());
    }
}

#[test]
fn what_has_been_waited_for_counts() {
    let since = at(5_000);
    assert_eq!(Not.joined(since, true), Waited::Enough { since });
    assert_eq!(Not.joined(since, false), Waited::Joined { since }, "it may have asked too early");
    assert_eq!(JOINED.joined(since, false), Waited::Enough { since }, "no third time");
    let set = good().set;
    assert!(
        ENOUGH.has_shown(set) && !JOINED.has_shown(set) && !LOST.has_shown(set) && !ENOUGH.has_shown(None)
    );
}

#[test]
fn pauses_double_up_to_a_minute() {
    let pause = |nth, random| Attempt::failed(at(0), nth, random).pause;
    let seconds: Vec<_> = (1..=8).map(|nth| pause(nth, 0.0).as_secs()).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(pause(u32::MAX, 0.0), LONGEST_PAUSE);
    assert_eq!(pause(1, 1.0), Duration::from_millis(900));
}

#[test]
fn refreshes_are_spread() {
    let after = |random| Freshness::new(at(0), Duration::from_secs(100), random).refresh_after.as_secs();
    assert_eq!([after(0.0), after(0.5), after(1.0)], [72, 80, 88]);
}

#[test]
fn a_clock_that_is_set_back_neither_keeps_keys_fresh_nor_forbids_attempts() {
    let good = Facts {
        set: Some(Freshness::new(at(600_000), SETTINGS.fresh, 0.5)),
        last: Some(Attempt::succeeded(at(600_000))),
        budget: spent(COLD, &[600_000, 600_000]).budget,
        ..COLD
    };
    let verdict = |facts: &Facts, asked, now| decide(facts, asked, at(now), &SETTINGS, Not).verdict;
    assert_eq!(verdict(&good, Found, 599_000), Use, "a moment");
    assert_eq!(verdict(&good, Found, 0), Wait, "ten minutes");
    assert_eq!(verdict(&failed(COLD, 600_000, 9), Absent, 0), Wait);
    assert!(!good.budget.rest(at(600_000), SETTINGS.cooldown).is_zero());
    assert!(good.budget.rest(at(0), SETTINGS.cooldown).is_zero());
}

#[test]
fn retry_after_is_whole_seconds_rounded_up() {
    for (rest, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (29_999, 30)] {
        assert_eq!(whole_seconds(Duration::from_millis(rest)), Duration::from_secs(seconds));
    }
}
