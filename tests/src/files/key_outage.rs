//! Keys that cannot be had, at first or any more.

use serde_json::json;

use super::key_life::{KEYS, key_set, later, passes, text, usual_keys, with_uri};
use crate::author::{bare, denied, failure, file as of, ok, requests, script, status, with_token};
use crate::keys::{Key, Keys};
use crate::model::{Answer, FetchFailure, File, Group, Settings};
use crate::token::good;
use crate::wire::unavailable;

pub(super) fn file(keys: &Keys) -> File {
    let mut groups: Vec<_> =
        failures().into_iter().flat_map(|one| [first(keys, &one), kept(keys, &one)]).collect();
    groups.extend([
        outage(keys),
        pauses(keys),
        stale(keys),
        long_ago(keys),
        never_stale(keys),
        unknown(keys),
    ]);
    of(&[], groups)
}

/// A way to fail.
struct Failing {
    comment: &'static str,
    proves: &'static [&'static str],
    answer: Answer,
    /// How often it is asked for in one attempt.
    times: usize,
}

impl Failing {
    fn fetched(&self) -> Vec<&'static str> {
        vec![KEYS; self.times]
    }
}

fn failures() -> Vec<Failing> {
    let ed = Key::usual().jwk();
    let set = json!({ "keys": [ed] }).to_string();
    let json = |body: &str| text(200, "application/json", body);
    let with = |status, name: &str, value: &str| Answer::Response {
        status,
        headers: vec![(name.into(), value.into())],
        body: set.clone(),
    };
    let redirect = |status| with(status, "location", "https://attacker.example.net/keys");
    let deep = format!(r#"{{"x":{}{},"keys":[{ed}]}}"#, "[".repeat(20), "]".repeat(20));
    let twice = format!(r#"{{"keys":[],"keys":[{ed}]}}"#);
    let secret = json!({"kty": "oct", "k": "AAAA", "kid": "ed"});
    let cases: Vec<(&str, &[&str], Answer, usize)> = vec![
        ("Keys that are not there", &["K-8"], status(404), 1),
        ("A server error", &["K-8"], status(500), 1),
        ("An answer without content", &[], status(204), 1),
        ("Not modified, which was not asked", &[], status(304), 1),
        ("No answer in time", &["peer:slow-drip"], failure(FetchFailure::Timeout), 1),
        ("Too long an answer", &["peer:huge-bodies"], failure(FetchFailure::TooLarge), 1),
        ("No connection: asked for once more", &[], failure(FetchFailure::Connect), 2),
        ("A connection that breaks off: asked for once more", &[], failure(FetchFailure::Reset), 2),
        ("Another failure", &[], failure(FetchFailure::Other), 1),
        ("A redirect for good, which is not followed", &["peer:redirect-followed"], redirect(301), 1),
        ("A redirect for now, which is not followed", &["peer:redirect-followed"], redirect(307), 1),
        (
            "A content coding that was not asked for",
            &["peer:huge-bodies"],
            with(200, "content-encoding", "gzip"),
            1,
        ),
        ("A web page", &[], text(200, "text/html; charset=utf-8", &set), 1),
        ("No JSON", &[], json("not JSON"), 1),
        ("JSON that breaks off", &[], json(&set[..set.len() - 1]), 1),
        ("No set", &[], json("[]"), 1),
        ("No keys", &[], json(r#"{"keys":[]}"#), 1),
        ("No usable key", &["J-1"], key_set(&[secret]), 1),
        ("JSON that is nested too deep", &["J-5"], json(&deep), 1),
        ("Two lists of keys", &["J-5"], json(&twice), 1),
        ("A byte order mark", &["J-5"], json(&format!("\u{feff}{set}")), 1),
    ];
    cases
        .into_iter()
        .map(|(comment, proves, answer, times)| Failing { comment, proves, answer, times })
        .collect()
}

fn first(keys: &Keys, failing: &Failing) -> Group {
    let comment = format!("At first: {}", failing.comment);
    let mut group = requests(&comment, with_uri()).proving(&["K-6", "peer:401-without-keys"]);
    group.fetch = Some(script(&[(KEYS, failing.answer.clone())]));
    group
        .test(
            "the first token: 503, since it may be a good one",
            failing.proves,
            with_token(good(keys).mint()),
            unavailable(1),
        )
        .fetching(&failing.fetched())
        .test(
            "recovery, without a restart",
            &["K-8"],
            with_token(good(keys).mint()).after(120.0).fetch(script(&[(KEYS, usual_keys())])),
            ok(),
        )
        .fetching(&[KEYS])
        .done()
}

fn kept(keys: &Keys, failing: &Failing) -> Group {
    let comment = format!("Later on: {}", failing.comment);
    let mut group = requests(&comment, with_uri()).proving(&["K-4", "K-6"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("the first token", &[], later(good(keys), 0.0), passes())
        .fetching(&[KEYS])
        .test(
            "once the keys are old, they are used all the same",
            failing.proves,
            later(good(keys), 400.0).fetch(script(&[(KEYS, failing.answer.clone())])),
            passes(),
        )
        .fetching(&failing.fetched())
        .test("and asked for in the background", &[], later(good(keys), 402.0), passes())
        .fetching(&failing.fetched())
        .done()
}

fn outage(keys: &Keys) -> Group {
    let at = |after: f64| later(good(keys), after);
    let mut group = requests("The issuer is down when the first token comes", with_uri())
        .proving(&["K-8", "peer:401-without-keys"]);
    group.fetch = Some(script(&[(KEYS, status(503))]));
    group
        .test("a good token: 503, never 401", &[], at(0.0), unavailable(1))
        .fetching(&[KEYS])
        .test("again at once: no second fetch", &["K-2"], at(0.1), unavailable(1))
        .fetching(&[])
        .test("no token needs no key", &[], bare().after(0.2), denied("missing_token"))
        .fetching(&[])
        .test("a bad token needs none either", &[], with_token("x").after(0.3), denied("malformed_token"))
        .fetching(&[])
        .test("the issuer is back", &[], at(1.0).fetch(script(&[(KEYS, usual_keys())])), passes())
        .fetching(&[KEYS])
        .done()
}

fn pauses(keys: &Keys) -> Group {
    let at = |after: f64| later(good(keys), after);
    let mut group =
        requests("An issuer that stays down is asked less and less", with_uri()).proving(&["K-8"]);
    group.fetch = Some(script(&[(KEYS, status(500))]));
    for (after, seconds) in [(0.0, 1), (1.0, 2), (3.0, 4), (7.0, 8)] {
        group = group
            .test("as soon as Retry-After said", &[], at(after), unavailable(seconds))
            .fetching(&[KEYS])
            .test("not earlier", &[], at(after + 0.1), unavailable(seconds))
            .fetching(&[]);
    }
    group.done()
}

fn stale(keys: &Keys) -> Group {
    let at = |after: f64| later(good(keys), after);
    let server = Settings { jwks_max_stale: Some(1000.0), ..with_uri() };
    let down = script(&[(KEYS, status(500))]);
    let mut group = requests("Old keys serve while the issuer fails, and no longer than they may", server)
        .proving(&["K-4", "K-8"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("the first token", &[], at(0.0), passes())
        .fetching(&[KEYS])
        .test("past freshness: the server was idle, and asks first", &[], at(400.0).fetch(down), passes())
        .fetching(&[KEYS])
        .test("within the pause", &[], at(400.5), passes())
        .fetching(&[])
        .test("in the background", &[], at(401.5), passes())
        .fetching(&[KEYS])
        .test("to the last moment", &[], at(1299.0), passes())
        .fetching(&[KEYS])
        .test("past it: 503, never 401", &["peer:401-without-keys"], at(1300.0), unavailable(3))
        .fetching(&[])
        .test("the issuer is back", &[], at(1310.0).fetch(script(&[(KEYS, usual_keys())])), passes())
        .fetching(&[KEYS])
        .done()
}

fn long_ago(keys: &Keys) -> Group {
    let at = |after: f64| later(good(keys), after);
    let mut group = requests("A failure of long ago is no outage", with_uri()).proving(&["K-4", "K-5"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("the first token", &[], at(0.0), passes())
        .fetching(&[KEYS])
        .test("a refresh fails", &[], at(270.0).fetch(script(&[(KEYS, status(500))])), passes())
        .fetching(&[KEYS])
        .test(
            "a server that was idle since asks first: the key has been withdrawn meanwhile",
            &[],
            at(600.0).fetch(script(&[(KEYS, key_set(&[new().jwk()]))])),
            denied("key_not_found"),
        )
        .fetching(&[KEYS])
        .done()
}

fn never_stale(keys: &Keys) -> Group {
    let server = Settings { jwks_max_stale: Some(0.0), ..with_uri() };
    let mut group = requests("Keys that may not be used when they are old", server).proving(&["K-4"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("the first token", &[], later(good(keys), 0.0), passes())
        .fetching(&[KEYS])
        .test(
            "past freshness",
            &["K-8"],
            later(good(keys), 300.0).fetch(script(&[(KEYS, status(500))])),
            unavailable(1),
        )
        .fetching(&[KEYS])
        .done()
}

fn unknown(keys: &Keys) -> Group {
    let at = |kid: &str, after: f64| later(good(keys).header("kid", kid), after);
    let known = |after: f64| later(good(keys), after);
    let mut group =
        requests("An unknown kid while the issuer is down: who knows", with_uri()).proving(&["K-2", "K-8"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("a known one", &[], known(0.0), passes())
        .fetching(&[KEYS])
        .test(
            "an unknown one is looked for",
            &[],
            at("a", 60.0).fetch(script(&[(KEYS, status(500))])),
            unavailable(1),
        )
        .fetching(&[KEYS])
        .test("not again within the pause", &[], at("a", 60.1), unavailable(1))
        .fetching(&[])
        .test("another takes the spare", &[], at("b", 61.0), unavailable(29))
        .fetching(&[KEYS])
        .test("a third waits for the cooldown, not for a fetch", &[], at("c", 64.0), unavailable(26))
        .fetching(&[])
        .test("a known one passes", &["K-4"], known(65.0), passes())
        .fetching(&[])
        .test(
            "the issuer is back, with a new key",
            &["K-5"],
            later(good(keys).key(&new()), 90.0).fetch(rotated()),
            passes(),
        )
        .fetching(&[KEYS])
        .test("now it is known which are missing", &[], at("a", 91.0), denied("key_not_found"))
        .done()
}

fn new() -> Key {
    Key::new("ed25519-other", "new", "EdDSA")
}

fn rotated() -> crate::model::Script {
    script(&[(KEYS, key_set(&[Key::usual().jwk(), new().jwk()]))])
}
