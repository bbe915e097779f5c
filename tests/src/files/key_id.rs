//! What a token says of keys: a kid is data, and no key or URL comes with a token (RFC 7515 sections 4.1.2
//! to 4.1.8, RFC 8725 section 3.10).

use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, requests, script, usual, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group};
use crate::token::good;

use super::key_life::{KEYS, key_set, usual_keys, with_uri};

pub(super) fn file(keys: &Keys) -> File {
    of(&[], vec![key_id(keys), fetched(keys)])
}

fn key_id(keys: &Keys) -> Group {
    let other = Key::new("ed25519-other", "ed", "EdDSA");
    let absent = || denied("key_not_found");
    let kid = |kid: Value| with_token(good(keys).header("kid", kid).mint());
    let smuggled =
        |name: &str, value: Value| with_token(good(keys).signed_by(&other).header(name, value).mint());
    let bad = || denied("bad_signature");
    requests("A kid is data, and keys do not come with the token", usual())
        .proving(&["J-8"])
        .test("an unknown kid", &["A-5"], kid(json!("other")), absent())
        .test("a kid in other case", &[], kid(json!("ED")), absent())
        .test("an empty kid", &[], kid(json!("")), absent())
        .test("a path", &[], kid(json!("../../../../dev/null")), absent())
        .test("SQL", &[], kid(json!("ed' OR '1'='1")), absent())
        .test("a URL", &[], kid(json!("https://attacker.example.net/keys")), absent())
        .test("header injection", &["B-07"], kid(json!("x\"\r\nSet-Cookie: a=b")), absent())
        .test("a zero", &[], kid(json!("\0")), absent())
        .test("ours and a zero", &[], kid(json!("ed\0")), absent())
        .test("ours and a space", &[], kid(json!("ed ")), absent())
        .test("ours, percent-encoded", &[], kid(json!("%65d")), absent())
        .test("ours in letters that look alike", &[], kid(json!("\u{435}d")), absent())
        .test("a pattern", &[], kid(json!("*")), absent())
        .test("a path to ours", &[], kid(json!("./ed")), absent())
        .test("a command", &[], kid(json!("ed|/bin/true")), absent())
        .test("a name that every JavaScript object has", &[], kid(json!("__proto__")), absent())
        .test("10,000 characters", &["J-5"], kid(json!("e".repeat(10_000))), absent())
        .test("a list", &[], kid(json!(["ed"])), denied("malformed_token"))
        .test("an object", &[], kid(json!({"ed": "ed"})), denied("malformed_token"))
        .test("true", &[], kid(json!(true)), denied("malformed_token"))
        .test("a number", &[], kid(json!(1)), denied("malformed_token"))
        .test("null", &[], kid(Value::Null), denied("malformed_token"))
        .test(
            "no kid, and only one key fits",
            &["K-6"],
            with_token(good(keys).without_header("kid").mint()),
            ok(),
        )
        .test("the key in the header", &[], smuggled("jwk", other.jwk()), bad())
        .test(
            "a URL of keys in the header",
            &[],
            smuggled("jku", json!("https://attacker.example.net/keys")),
            bad(),
        )
        .test(
            "a URL of certificates in the header",
            &[],
            smuggled("x5u", json!("https://attacker.example.net/cert")),
            bad(),
        )
        .test("a certificate in the header", &[], smuggled("x5c", json!(["MIIB"])), bad())
        .test(
            "a good token may carry them all",
            &[],
            with_token(
                good(keys)
                    .header("jku", "https://attacker.example.net/keys")
                    .header("x5u", "https://attacker.example.net/cert")
                    .header("jwk", other.jwk())
                    .mint(),
            ),
            ok(),
        )
        .done()
}

/// Wherever a token points to, its maker's key is there. Nobody looks.
fn fetched(keys: &Keys) -> Group {
    const PLACE: &str = "https://attacker.example.net/keys";
    const LOCAL: &str = "http://169.254.169.254/latest/meta-data";
    let other = Key::new("ed25519-other", "ed", "EdDSA");
    let theirs = || good(keys).signed_by(&other);
    let bad = || denied("bad_signature");
    let mut group = requests("A token that brings keys or names their place", with_uri()).proving(&["J-8"]);
    let place = key_set(&[other.jwk()]);
    group.fetch = Some(script(&[(KEYS, usual_keys()), (PLACE, place.clone()), (LOCAL, place)]));
    let group = group.test("a good one", &[], with_token(good(keys).mint()), ok()).fetching(&[KEYS]);
    let cases: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("nothing", vec![]),
        ("jwk", vec![("jwk", other.jwk())]),
        ("jwk without a kid", vec![("jwk", other.jwk_with(&json!({"kid": null})))]),
        ("jwk and its place", vec![("jwk", other.jwk()), ("jku", json!(PLACE))]),
        ("jku", vec![("jku", json!(PLACE))]),
        ("jku in this network", vec![("jku", json!(LOCAL))]),
        ("jku in a file", vec![("jku", json!("file:///etc/passwd"))]),
        (
            "jku of the issuer and more",
            vec![("jku", json!("https://as.example.com/keys?x=https://attacker.example.net"))],
        ),
        ("jku that is no text", vec![("jku", json!([PLACE]))]),
        ("x5u", vec![("x5u", json!(PLACE))]),
        ("x5u in this network", vec![("x5u", json!(LOCAL))]),
        ("x5c", vec![("x5c", json!(["MIIB"]))]),
        ("x5c that is no list", vec![("x5c", json!("MIIB"))]),
        ("x5t", vec![("x5t", json!("dGh1bWJwcmludA")), ("x5t#S256", json!("dGh1bWJwcmludA"))]),
        (
            "all of them",
            vec![
                ("jwk", other.jwk()),
                ("jku", json!(PLACE)),
                ("x5u", json!(PLACE)),
                ("x5c", json!(["MIIB"])),
            ],
        ),
        ("a place as iss of the header", vec![("iss", json!(PLACE)), ("jwks_uri", json!(PLACE))]),
    ];
    let with = |members: &[(&str, Value)], token| {
        members
            .iter()
            .fold(token, |token: crate::token::Draft<'_>, (name, value)| token.header(name, value.clone()))
    };
    let group = cases.iter().fold(group, |group, (what, members)| {
        let forged = with_token(with(members, theirs()).mint());
        group.test(&format!("by another key, with {what}"), &[], forged, bad()).fetching(&[])
    });
    cases
        .iter()
        .skip(1)
        .fold(group, |group, (what, members)| {
            let token = with_token(with(members, good(keys)).mint());
            group.test(&format!("by the good key, with {what}"), &[], token, ok()).fetching(&[])
        })
        .test(
            "claims that name a place",
            &[],
            with_token(
                theirs()
                    .claim("jku", PLACE)
                    .claim("jwks_uri", PLACE)
                    .claim("jwks", json!({"keys": [other.jwk()]}))
                    .mint(),
            ),
            bad(),
        )
        .fetching(&[])
        .test(
            "a place as the issuer",
            &["A-3"],
            with_token(theirs().claim("iss", "https://attacker.example.net").mint()),
            denied("unknown_issuer"),
        )
        .fetching(&[])
        .done()
}
