//! Tokens: which check refuses each, and a word of its fix.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_bearer::testing::Token;
use serde_json::json;

use crate::world::World;

type Mint = fn(&World) -> Token;

#[test]
fn each_wrong_token_is_explained() {
    for (name, mint, id, word) in WRONG {
        let world = World::healthy().moves("forged", "accepted");
        let token = mint(&world).mint();
        refused(name, world, token, id, word);
    }
}

#[test]
fn what_is_no_jwt_is_explained() {
    let cut = World::healthy().token().mint().rsplit_once('.').unwrap().0.to_owned();
    for token in ["2YotnFZFEjr1zCsicMWpAA", "e30.e30.e30.e30.e30", "a.b.c", &cut] {
        let world = World::healthy().moves("forged", "accepted");
        refused(token, world, token.to_owned(), "token-malformed", "JWT");
    }
}

#[test]
fn keys_that_cannot_be_had_are_said() {
    let world = World::healthy().moves("forged", "accepted").status("keys", 500);
    let token = world.token().mint();
    refused("no keys", world, token, "token-keys-unavailable", "keys");
}

#[test]
fn without_an_issuer_nothing_is_compared() {
    let report =
        World::healthy().metadata("authorization_servers", json!([])).doctor(&["--token", "{token}"]);
    assert_eq!(report.find("token-not-checked").severity, "info");
    assert_eq!(report.find("token-accepted").severity, "ok");
}

fn refused(name: &str, world: World, token: String, id: &str, word: &str) {
    let url = world.url();
    let report = world.run(&url, &["--token".to_owned(), token]);
    let finding = report.find(id);
    assert!(finding.fix.as_deref().unwrap_or_default().contains(word), "{name}: {finding:?}");
    assert_eq!((finding.severity.as_str(), report.code), ("error", 1), "{name}");
    assert_eq!(report.find("token-refused").severity, "error", "{name}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let world = World::healthy();
    let audience = format!("{}/", world.url());
    let issuer = format!("{}/", world.issuer.identifier());
    let token =
        world.token().claim("iss", issuer).claim("aud", audience).expired_since(Duration::from_secs(7200));
    let (token, url) = (token.mint(), world.url());
    let report = world.run(&url, &["--token".to_owned(), token]);
    for (id, what) in [
        ("token-issuer", "trailing slash"),
        ("token-audience", "trailing slash"),
        ("token-expired", "2 hours ago"),
        ("token-accepted-although", "200"),
    ] {
        assert!(report.find(id).what.contains(what), "{:?}", report.find(id));
    }
    assert_eq!(report.code, 1, "a server that accepts an expired token does not check it");
}

#[test]
fn what_the_server_says_is_reported() {
    let wrong = r#"Bearer error="invalid_token", error_description="Wrong audience.""#;
    let forbidden = r#"Bearer error="insufficient_scope", scope="todo:read todo:write""#;
    for (status, challenge, id, what, word) in [
        (401, wrong, "token-refused", "Wrong audience", "configured otherwise"),
        (403, forbidden, "token-insufficient-scope", "todo:read todo:write", "grant"),
        (403, "Bearer", "token-forbidden", "forbids", "log"),
        (503, "Bearer", "token-server-unavailable", "503", "reach"),
        (500, "Bearer", "token-server-error", "500", "log"),
    ] {
        let world =
            World::healthy().status("accepted", status).set("accepted", "www-authenticate", challenge);
        let report = world.doctor(&["--token", "{token}"]);
        let finding = report.find(id);
        assert!(finding.what.contains(what) && finding.fix.as_deref().unwrap().contains(word), "{finding:?}");
        assert_eq!((report.find("token").severity.as_str(), report.code), ("ok", 1));
    }
}

#[test]
fn an_expected_configuration_stands_in_for_the_metadata() {
    let world = World::healthy();
    let environment = world.origin.clone();
    let token = world.token().claim("iss", environment.clone()).claim("aud", "res_1").mint();
    let url = world.url();
    let options =
        ["--token", &token, "--issuer", &environment, "--audience", "res_1", "--scope", "todo:read"];
    let report = world.run(&url, &options.map(str::to_owned));
    assert_eq!(report.find("token").severity, "ok");
    assert_eq!(report.find("token-accepted").severity, "ok");
}

#[test]
fn a_server_that_accepts_more_than_its_metadata_says_is_a_warning() {
    let world = World::healthy();
    let (token, url) = (world.token().claim("aud", "res_1").mint(), world.url());
    let report = world.run(&url, &["--token".to_owned(), token]);
    assert_eq!(report.find("token-audience").severity, "warning");
    assert_eq!((report.find("token-accepted-although").severity.as_str(), report.code), ("warning", 0));
}

#[test]
fn scopes_and_lives_are_looked_at() {
    let world = World::healthy();
    let (token, url) = (world.token().scope("Todo:Read").claim("exp", now() + 86_400).mint(), world.url());
    let report = world.run(&url, &["--token".to_owned(), token]);
    assert!(report.find("token-scope").fix.as_deref().unwrap().contains("case-sensitive"));
    assert_eq!(report.find("token-long-lived").severity, "info");

    let world = World::healthy();
    let (token, url) = (world.token().mint(), world.url());
    let report = world.run(&url, &["--token", &token, "--scope", "todo:delete"].map(str::to_owned));
    assert_eq!((report.find("token-scope").severity.as_str(), report.code), ("error", 1));
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[rustfmt::skip]
const WRONG: &[(&str, Mint, &str, &str)] = &[
    ("alg none", |w| w.token().header("alg", "none"), "token-algorithm", "RS256"),
    ("alg HS256", |w| w.token().header("alg", "HS256"), "token-algorithm", "RS256"),
    ("an ID token by type", |w| w.token().header("typ", "id_token+jwt"), "token-type", "ID token"),
    ("an ID token by claims", |w| w.token().header("typ", "JWT").claim("at_hash", "x"), "token-type", "ID token"),
    ("crit", |w| w.token().header("crit", json!(["b64"])), "token-critical-header", "extension"),
    ("issuer with a slash", |w| w.token().claim("iss", format!("{}/", w.issuer.identifier())), "token-issuer", "exactly"),
    ("another issuer", |w| w.token().claim("iss", "https://a.example.com"), "token-issuer", "MCP_BEARER_ISSUERS"),
    ("audience with a slash", |w| w.token().claim("aud", format!("{}/", w.url())), "token-audience", "resource="),
    ("the wrong audience", |w| w.token().claim("aud", "https://b.example.com"), "token-audience", "MCP_BEARER_AUDIENCES"),
    ("no audience", |w| w.token().without("aud"), "token-missing-claim", "resource parameter"),
    ("no end", |w| w.token().without("exp"), "token-missing-claim", "issue"),
    ("a time as text", |w| w.token().claim("exp", "tomorrow"), "token-malformed-claim", "RFC 7519"),
    ("expired", |w| w.token().expired_since(Duration::from_secs(600)), "token-expired", "NTP"),
    ("clock skew", |w| w.token().claim("nbf", now() + 600), "token-not-yet-valid", "NTP"),
    ("bound by DPoP", |w| w.token().claim("cnf", json!({ "jkt": "x" })), "token-proof-required", "DPoP"),
    ("a key that is not published", |w| w.token().header("kid", "old"), "token-key-not-found", "rotated"),
    ("no kid, no fitting key", |w| w.token().without_header("kid").header("alg", "ES256"), "token-key-not-found", "kid"),
    ("another environment's key", |w| w.token().forged(), "token-signature", "environment"),
];
