//! How long keys live: what is no key set, refresh, rotation, cooldown, outages.
//!
//! What later versions may do sooner or later (stale keys, back-off, refresh ahead) is left open here.

use serde_json::{Value, json};

use crate::author::{
    WIRE, bare, denied, failure, file as of, json_answer, ok, request, requests, script, status, strings,
    usual, with_token,
};
use crate::keys::{Key, Keys};
use crate::model::{
    Answer, Call, FetchFailure, File, Group, Input, Issuer, Outcome, Policy, Settings, Token,
};
use crate::token::{ISSUER, NOW, good};
use crate::wire::unavailable;

pub(super) fn file(keys: &Keys) -> File {
    let mut groups = bad_sets(keys);
    groups.extend([
        lazy(keys),
        refresh(keys),
        rotation(keys),
        cooldown(keys),
        outage(keys),
        apart(keys),
        public(keys),
    ]);
    of(&[], groups)
}

pub(super) const KEYS: &str = "https://as.example.com/keys";

pub(super) fn remote(issuer: Issuer) -> Settings {
    Settings { issuers: Some(vec![issuer]), ..usual() }
}

pub(super) fn named(issuer: &str) -> Issuer {
    Issuer { issuer: issuer.into(), ..Issuer::default() }
}

/// The usual server, with keys from [`KEYS`].
pub(super) fn with_uri() -> Settings {
    remote(Issuer { jwks_uri: Some(KEYS.into()), ..named(ISSUER) })
}

pub(super) fn key_set(keys: &[Value]) -> Answer {
    json_answer(json!({ "keys": keys }))
}

pub(super) fn usual_keys() -> Answer {
    key_set(&[Key::usual().jwk()])
}

pub(super) fn document(issuer: &str) -> Answer {
    json_answer(
        json!({"issuer": issuer, "jwks_uri": KEYS, "authorization_endpoint": "https://as.example.com/authorize"}),
    )
}

pub(super) fn text(status: u16, content_type: &str, body: &str) -> Answer {
    Answer::Response {
        status,
        headers: vec![("content-type".into(), content_type.into())],
        body: body.into(),
    }
}

fn bad_sets(keys: &Keys) -> Vec<Group> {
    let ed = Key::usual().jwk();
    let set = json!({ "keys": [ed] }).to_string();
    let coded = Answer::Response {
        status: 200,
        headers: vec![("content-encoding".into(), "gzip".into())],
        body: set.clone(),
    };
    let redirect = Answer::Response {
        status: 307,
        headers: vec![("location".into(), "https://attacker.example.net/keys".into())],
        body: set.clone(),
    };
    let deep = format!(r#"{{"x":{}{},"keys":[{ed}]}}"#, "[".repeat(20), "]".repeat(20));
    let twice = format!(r#"{{"keys":[],"keys":[{ed}]}}"#);
    let json = |body: &str| text(200, "application/json", body);
    let cases: Vec<(&str, &[&str], Answer)> = vec![
        ("Keys that are not there", &["K-8"], status(404)),
        ("A server error", &["K-8"], status(500)),
        ("An answer without content", &[], status(204)),
        ("No answer in time", &["peer:slow-drip"], failure(FetchFailure::Timeout)),
        ("Too long an answer", &["peer:huge-bodies"], failure(FetchFailure::TooLarge)),
        ("A broken connection", &[], failure(FetchFailure::Other)),
        ("A redirect, which is not followed", &["peer:redirect-followed"], redirect),
        ("A content coding that was not asked for", &["peer:huge-bodies"], coded),
        ("A web page", &[], text(200, "text/html; charset=utf-8", &set)),
        ("No JSON", &[], json("not JSON")),
        ("No set", &[], json("[]")),
        ("No keys", &[], json(r#"{"keys":[]}"#)),
        ("No usable key", &["J-1"], key_set(&[json!({"kty": "oct", "k": "AAAA", "kid": "ed"})])),
        ("JSON that is nested too deep", &["J-5"], json(&deep)),
        ("Two lists of keys", &["J-5"], json(&twice)),
        ("A byte order mark", &["J-5"], json(&format!("\u{feff}{set}"))),
    ];
    cases
        .into_iter()
        .map(|(comment, ids, answer)| {
            let mut group = requests(comment, with_uri()).proving(&["K-6", "peer:401-without-keys"]);
            group.fetch = Some(script(&[(KEYS, answer)]));
            group
                .test(
                    "the first token: 503, since it may be a good one",
                    ids,
                    with_token(good(keys).mint()),
                    unavailable(1),
                )
                .fetching(&[KEYS])
                .test(
                    "recovery, without a restart",
                    &["K-8"],
                    with_token(good(keys).mint()).after(120.0).fetch(script(&[(KEYS, usual_keys())])),
                    ok(),
                )
                .fetching(&[KEYS])
                .done()
        })
        .collect()
}

fn lazy(keys: &Keys) -> Group {
    let with = |name: &str, value: Value| with_token(good(keys).claim(name, value).mint());
    let attacker = "https://attacker.example.net/keys";
    let mut group = requests("Nothing is fetched before a token deserves it", with_uri())
        .proving(&["design:junk-costs-no-fetch"]);
    group.fetch = Some(script(&[(KEYS, usual_keys()), (attacker, usual_keys())]));
    group
        .test("no token", &["K-8"], bare(), denied("missing_token"))
        .fetching(&[])
        .test("junk", &[], with_token("a.b.c"), denied("malformed_token"))
        .fetching(&[])
        .test(
            "an unsupported algorithm",
            &[],
            with_token(good(keys).header("alg", "HS256").mint()),
            denied("unsupported_algorithm"),
        )
        .fetching(&[])
        .test(
            "another issuer",
            &[],
            with("iss", json!("https://other.example.com")),
            denied("unknown_issuer"),
        )
        .fetching(&[])
        .test("another audience", &[], with("aud", json!("x")), denied("wrong_audience"))
        .fetching(&[])
        .test("an expired token", &[], with("exp", json!(NOW - 100)), denied("expired"))
        .fetching(&[])
        .test(
            "a token that brings a URL of keys",
            &["J-8"],
            with_token(
                good(keys).header("jku", attacker).header("x5u", attacker).header("kid", attacker).mint(),
            ),
            denied("key_not_found"),
        )
        .fetching(&[KEYS])
        .done()
}

fn refresh(keys: &Keys) -> Group {
    let at = |after: f64| with_token(good(keys).claim("exp", NOW + 100_000).mint()).after(after);
    let passes =
        || crate::author::allowed(Token { expires_at: 1_800_100_000.0, ..crate::author::good_token() });
    let mut group = requests("Keys are fetched once, and again when they are no longer fresh", with_uri())
        .proving(&["K-1"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("the first token", &[], at(0.0), passes())
        .fetching(&[KEYS])
        .test("the second", &[], at(1.0), passes())
        .fetching(&[])
        .test("three minutes later", &[], at(180.0), passes())
        .fetching(&[])
        .test("an hour later: an idle server waits for new ones", &[], at(3600.0), passes())
        .fetching(&[KEYS])
        .test("and again none", &[], at(3601.0), passes())
        .fetching(&[])
        .done()
}

fn rotation(keys: &Keys) -> Group {
    let old = Key::new("ed25519", "old", "EdDSA");
    let new = Key::new("ed25519-other", "new", "EdDSA");
    let by = |key: &Key, after: f64| {
        with_token(good(keys).key(key).claim("exp", NOW + 100_000).mint()).after(after)
    };
    let passes =
        || crate::author::allowed(Token { expires_at: 1_800_100_000.0, ..crate::author::good_token() });
    let set =
        |keys: &[&Key]| script(&[(KEYS, key_set(&keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()))]);
    let mut group = requests("Rotation", with_uri()).proving(&["K-5"]);
    group.fetch = Some(set(&[&old]));
    group
        .test("the old key", &[], by(&old, 0.0), passes())
        .fetching(&[KEYS])
        .test(
            "the new key, as soon as it is published",
            &["K-2", "peer:new-key-refused"],
            by(&new, 60.0).fetch(set(&[&old, &new])),
            passes(),
        )
        .fetching(&[KEYS])
        .test("the old key, as long as it is published", &[], by(&old, 61.0), passes())
        .fetching(&[])
        .test(
            "the old key, gone at the next fetch",
            &[],
            by(&old, 3600.0).fetch(set(&[&new])),
            denied("key_not_found"),
        )
        .test("the new key", &[], by(&new, 3601.0), passes())
        .done()
}

fn cooldown(keys: &Keys) -> Group {
    let unknown = |kid: &str, after: f64| {
        with_token(good(keys).header("kid", kid).claim("exp", NOW + 100_000).mint()).after(after)
    };
    let known = |after: f64| with_token(good(keys).claim("exp", NOW + 100_000).mint()).after(after);
    let passes =
        || crate::author::allowed(Token { expires_at: 1_800_100_000.0, ..crate::author::good_token() });
    let absent = || denied("key_not_found");
    let mut group =
        requests("Invented kids cost the issuer little", with_uri()).proving(&["K-2", "peer:fetch-per-kid"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("a known one", &[], known(0.0), passes())
        .fetching(&[KEYS])
        .test("an unknown one: the set may have changed", &[], unknown("a", 60.0), absent())
        .fetching(&[KEYS])
        .test("another", &[], unknown("b", 60.1), absent())
        .test("another", &[], unknown("c", 60.2), absent())
        .test("from the third on none is fetched for", &[], unknown("d", 60.3), absent())
        .fetching(&[])
        .test("nor half a minute later, almost", &[], unknown("e", 89.0), absent())
        .fetching(&[])
        .test("the known one meanwhile", &[], known(89.5), passes())
        .fetching(&[])
        .test("after the cooldown the set is looked at again", &[], unknown("f", 120.0), absent())
        .fetching(&[KEYS])
        .done()
}

fn outage(keys: &Keys) -> Group {
    let at = |after: f64| with_token(good(keys).claim("exp", NOW + 100_000).mint()).after(after);
    let passes =
        || crate::author::allowed(Token { expires_at: 1_800_100_000.0, ..crate::author::good_token() });
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
        .test("the issuer is back", &[], at(120.0).fetch(script(&[(KEYS, usual_keys())])), passes())
        .fetching(&[KEYS])
        .test(
            "an unknown kid while it is down again: who knows",
            &["K-2"],
            with_token(good(keys).header("kid", "x").mint())
                .after(180.0)
                .fetch(script(&[(KEYS, status(500))])),
            unavailable(30),
        )
        .fetching(&[KEYS])
        .test("a known one passes", &["K-4"], at(181.0), passes())
        .fetching(&[])
        .done()
}

fn apart(keys: &Keys) -> Group {
    const OTHER: &str = "https://other.example.com";
    const OTHER_KEYS: &str = "https://other.example.com/keys";
    let other = Key::new("ed25519-other", "ed", "EdDSA");
    let server = Settings {
        issuers: Some(vec![
            Issuer { jwks_uri: Some(KEYS.into()), ..named(ISSUER) },
            Issuer { jwks_uri: Some(OTHER_KEYS.into()), ..named(OTHER) },
        ]),
        ..usual()
    };
    let theirs = |after: f64| with_token(good(keys).claim("iss", OTHER).key(&other).mint()).after(after);
    let mut group = requests("Each issuer has its own keys and its own troubles", server).proving(&["J-6"]);
    group.fetch = Some(script(&[(KEYS, usual_keys()), (OTHER_KEYS, status(503))]));
    group
        .test("the first", &[], with_token(good(keys).mint()), ok())
        .fetching(&[KEYS])
        .test("the second is down", &["K-8"], theirs(1.0), unavailable(1))
        .fetching(&[OTHER_KEYS])
        .test(
            "which is not the trouble of the first",
            &["K-8"],
            with_token(good(keys).mint()).after(2.0),
            ok(),
        )
        .fetching(&[])
        .test(
            "the second is back",
            &[],
            theirs(120.0).fetch(script(&[(OTHER_KEYS, key_set(&[other.jwk()]))])),
            crate::author::allowed(Token { issuer: OTHER.into(), ..crate::author::good_token() }),
        )
        .fetching(&[OTHER_KEYS])
        .done()
}

fn public(keys: &Keys) -> Group {
    let mut group =
        requests("Keys that cannot be had never trouble a request without credentials", with_uri())
            .proving(&["design:public-operations"]);
    group.fetch = Some(script(&[(KEYS, status(503))]));
    group.policy = Some(Policy { public_methods: strings(&["ping"]), ..Policy::default() });
    group.public_routes = strings(&["/health"]);
    let ping = || {
        request(Call::Operation, "POST", "/mcp")
            .header("content-type", "application/json")
            .body(crate::model::Body::Text(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.into()))
    };
    let anonymous = Outcome::Allowed { token: None, response_headers: Vec::new() };
    let preflight: Input = request(Call::Guard, "OPTIONS", "/mcp")
        .header("origin", "https://a.example")
        .header("access-control-request-method", "POST");
    group
        .test("a public operation", &["K-8"], ping(), anonymous)
        .fetching(&[])
        .test("the same with a token", &["K-8"], ping().token(good(keys).mint()), unavailable(1))
        .fetching(&[KEYS])
        .test("a public route", &[], request(Call::Guard, "GET", "/health"), Outcome::Public {})
        .fetching(&[])
        .test("a preflight", &["design:cors"], preflight, Outcome::Public {})
        .fetching(&[])
        .test("no token", &[], request(Call::Guard, "GET", "/todos"), WIRE.denied("missing_token"))
        .fetching(&[])
        .done()
}
