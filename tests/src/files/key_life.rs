//! Which keys are fetched when: for whom, at a rotation, in a flood. When they get old is `key_refresh`'s,
//! when they cannot be had `key_outage`'s.

use serde_json::{Value, json};

use crate::author::{
    WIRE, all_of, allowed, bare, denied, file as of, good_token, json_answer, ok, request, requests, script,
    status, strings, usual, with_token,
};
use crate::keys::{Key, Keys};
use crate::model::{Answer, Call, File, Group, Input, Issuer, Outcome, Policy, Settings, Token};
use crate::token::{Draft, ISSUER, NOW, good};
use crate::wire::unavailable;

pub(super) fn file(keys: &Keys) -> File {
    of(
        &[],
        vec![
            lazy(keys),
            rotation(keys),
            cooldown(keys),
            repeated(keys),
            remembered(keys, "Tokens are remembered", None),
            remembered(keys, "No token is", Some(0)),
            apart(keys),
            public(keys),
        ],
    )
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

/// A token that lives for more than a day, at this time after [`NOW`].
pub(super) fn later(token: Draft<'_>, after: f64) -> Input {
    with_token(token.claim("exp", NOW + 100_000).mint()).after(after)
}

/// It goes on with a token of [`later`].
pub(super) fn passes() -> Outcome {
    allowed(Token { expires_at: 1_800_100_000.0, ..good_token() })
}

pub(super) fn text(status: u16, content_type: &str, body: &str) -> Answer {
    Answer::Response {
        status,
        headers: vec![("content-type".into(), content_type.into())],
        body: body.into(),
    }
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

fn rotation(keys: &Keys) -> Group {
    let old = Key::new("ed25519", "old", "EdDSA");
    let new = Key::new("ed25519-other", "new", "EdDSA");
    let by = |key: &Key, after: f64| later(good(keys).key(key), after);
    let set =
        |keys: &[&Key]| script(&[(KEYS, key_set(&keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()))]);
    let mut group = requests("Rotation", with_uri()).proving(&["K-5"]);
    group.fetch = Some(set(&[&old]));
    group
        .test("the old key", &[], by(&old, 0.0), passes())
        .fetching(&[KEYS])
        .test(
            "the new key, as soon as it is published, right after a fetch",
            &["K-2", "peer:new-key-refused"],
            by(&new, 0.1).fetch(set(&[&old, &new])),
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
    let unknown = |kid: &str, after: f64| later(good(keys).header("kid", kid), after);
    let absent = || denied("key_not_found");
    let mut group =
        requests("Invented kids cost the issuer little", with_uri()).proving(&["K-2", "peer:fetch-per-kid"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("a known one", &[], later(good(keys), 0.0), passes())
        .fetching(&[KEYS])
        .test("an unknown one: the set may have changed", &[], unknown("a", 0.1), absent())
        .fetching(&[KEYS])
        .test("two fetches are enough for a while", &[], unknown("b", 0.2), absent())
        .fetching(&[])
        .test("for all of the cooldown", &[], unknown("c", 29.9), absent())
        .fetching(&[])
        .test("the known one meanwhile", &[], later(good(keys), 29.9), passes())
        .fetching(&[])
        .test("then one", &[], unknown("d", 30.1), absent())
        .fetching(&[KEYS])
        .test("and no second", &[], unknown("e", 30.2), absent())
        .fetching(&[])
        .test("nor after half a cooldown", &[], unknown("f", 45.0), absent())
        .fetching(&[])
        .test("after two quiet cooldowns there are two again", &[], unknown("g", 105.0), absent())
        .fetching(&[KEYS])
        .test("the spare", &[], unknown("h", 105.1), absent())
        .fetching(&[KEYS])
        .test("and no third", &[], unknown("i", 105.2), absent())
        .fetching(&[])
        .done()
}

fn repeated(keys: &Keys) -> Group {
    let old = Key::new("ed25519-other", "old", "EdDSA");
    let new = Key::new("ed25519-other", "new", "EdDSA");
    let by = |key: &Key, after: f64| later(good(keys).key(key), after);
    let absent = || denied("key_not_found");
    let mut group = requests("A withdrawn key that goes on being used", with_uri()).proving(&["K-2"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("is looked for", &[], by(&old, 0.0), absent())
        .fetching(&[KEYS])
        .test("is looked for once in a cooldown", &[], by(&old, 1.0), absent())
        .fetching(&[])
        .test("again", &[], by(&old, 2.0), absent())
        .fetching(&[])
        .test(
            "so that a rotation finds the spare",
            &["K-5"],
            by(&new, 3.0).fetch(script(&[(KEYS, key_set(&[Key::usual().jwk(), new.jwk()]))])),
            passes(),
        )
        .fetching(&[KEYS])
        .test("and once in the next", &[], by(&old, 33.5), absent())
        .fetching(&[KEYS])
        .done()
}

/// Each of these is sent before and after something changes; in between it may be remembered. The
/// answers are the same where that is off.
fn remembered(keys: &Keys, comment: &str, token_cache: Option<usize>) -> Group {
    let other = Key::new("ed25519-other", "other", "EdDSA");
    let gone = || script(&[(KEYS, key_set(&[other.jwk()]))]);
    let renamed = || script(&[(KEYS, key_set(&[Key::new("ed25519", "renamed", "EdDSA").jwk()]))]);
    let namesake = Key::new("ed25519-other", Key::usual().kid(), "EdDSA");
    let impostor = || script(&[(KEYS, key_set(&[namesake.jwk()]))]);
    let back = || script(&[(KEYS, usual_keys())]);
    let token = |after: f64| later(good(keys), after);
    let brief = |after: f64| with_token(good(keys).mint()).after(after);
    let begun = |after: f64| with_token(good(keys).claim("nbf", NOW + 4).mint()).after(after);
    let comment = format!("A token that was seen before is judged as if it were not. {comment}");
    let mut group =
        requests(&comment, Settings { token_cache, ..with_uri() }).proving(&["design:token-cache"]);
    group.fetch = Some(back());
    group
        .test("a token", &[], token(0.0), passes())
        .test("again", &[], token(1.0), passes())
        .fetching(&[])
        .test(
            "for more than it is good for",
            &["MCP-16"],
            token(2.0).requiring(&[all_of(&["todo:admin"])]),
            WIRE.denied_asking("insufficient_scope", "todo:admin"),
        )
        .test("one that expires", &[], brief(3.0), ok())
        .test("one that has begun", &["A-6"], begun(4.0), ok())
        .test("the clock is set back to before that", &["A-6"], begun(-27.0), denied("not_yet_valid"))
        .test("within the leeway", &["A-6"], brief(329.0), ok())
        .test("beyond it", &["A-6"], brief(330.0), denied("expired"))
        .test("its key is withdrawn", &["K-5"], token(3600.0).fetch(gone()), denied("key_not_found"))
        .test("its key has another name", &["K-5"], token(7200.0).fetch(renamed()), denied("key_not_found"))
        .test("another key has its name", &["K-5"], token(9000.0).fetch(impostor()), denied("bad_signature"))
        .test("its key is back", &["K-5"], token(10_800.0).fetch(back()), passes())
        .test(
            "a byte less",
            &["J-5"],
            with_token(&good(keys).mint()[1..]).after(10_801.0),
            denied("malformed_token"),
        )
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
            allowed(Token { issuer: OTHER.into(), ..good_token() }),
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
