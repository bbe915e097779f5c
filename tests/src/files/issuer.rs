//! Whose token it is: issuers are compared as strings, and each has its own keys (RFC 7519 section 4.1.1,
//! RFC 8725 section 3.8).

use serde_json::{Value, json};

use crate::author::{
    allowed, denied, file as of, good_token, issuer_with, ok, requests, strings, usual, with_claim,
    with_token, without_claim,
};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Issuer, Settings, Token};
use crate::token::{ISSUER, good};

pub(super) fn file(keys: &Keys) -> File {
    of(&[], vec![issuer(keys), nearly(keys), international(keys), issuers(keys), aliases(keys)])
}

fn issuer(keys: &Keys) -> Group {
    let unknown = || denied("unknown_issuer");
    let malformed = || denied("malformed_claim");
    let iss = |value: Value| with_claim(keys, "iss", value);
    requests("iss is one of ours, compared as a string", usual())
        .proving(&["A-3", "MCP-11"])
        .test("ours", &[], iss(json!(ISSUER)), ok())
        .test("another", &[], iss(json!("https://other.example.com")), unknown())
        .test("ours with a slash", &[], iss(json!("https://as.example.com/")), unknown())
        .test("ours in other case", &[], iss(json!("https://AS.example.com")), unknown())
        .test("ours with the default port", &[], iss(json!("https://as.example.com:443")), unknown())
        .test("ours and more", &[], iss(json!("https://as.example.com.attacker.example.net")), unknown())
        .test("a part of ours", &[], iss(json!("https://as.example")), unknown())
        .test("ours with white space", &[], iss(json!(" https://as.example.com")), unknown())
        .test("empty", &[], iss(json!("")), unknown())
        .test("a list that holds ours", &["peer:iss-as-array"], iss(json!([ISSUER])), malformed())
        .test("a number", &[], iss(json!(1)), malformed())
        .test("null", &[], iss(Value::Null), malformed())
        .test("absent", &["peer:missing-iss"], without_claim(keys, "iss"), denied("missing_claim"))
        .done()
}

fn nearly(keys: &Keys) -> Group {
    let group = requests("What is nearly our issuer is another", usual()).proving(&["A-3", "J-6"]);
    [
        "https://as.example.com ",
        "https://as.example.com\t",
        "https://as.example.com\n",
        "\u{feff}https://as.example.com",
        "https://as.example.com\0",
        "https://as.example.com%00",
        "https://as.example.com%20",
        "https://as.example.com//",
        "https://as.example.com/.",
        "https://as.example.com?",
        "https://as.example.com#",
        "https://as.example.com:",
        "https://as.example.com:8443",
        "https://as.example.com.",
        "https://as.example.co",
        "https://xas.example.com",
        "https://as.example.com@attacker.example.net",
        "https://attacker.example.net/https://as.example.com",
        "https://attacker.example.net?https://as.example.com",
        "https://attacker.example.net#https://as.example.com",
        "https://user@as.example.com",
        "https://as%2Eexample%2Ecom",
        "https://%61s.example.com",
        "https%3A%2F%2Fas.example.com",
        "https:\\\\as.example.com",
        "http://as.example.com",
        "HTTPS://as.example.com",
        "Https://as.example.com",
        "//as.example.com",
        "as.example.com",
        "https://as.example.com https://other.example.com",
        "https://other.example.com,https://as.example.com",
        "https://a\u{455}.example.com",
        "https://as\u{3002}example.com",
        "https://as.example.com\u{301}",
        "\"https://as.example.com\"",
        "null",
    ]
    .into_iter()
    .fold(group, |group, iss| {
        group.test(&format!("{iss:?}"), &[], with_claim(keys, "iss", json!(iss)), denied("unknown_issuer"))
    })
    .test(
        "a list of two",
        &["peer:iss-as-array"],
        with_claim(keys, "iss", json!([ISSUER, ISSUER])),
        denied("malformed_claim"),
    )
    .test(
        "an empty list",
        &["peer:iss-as-array"],
        with_claim(keys, "iss", json!([])),
        denied("malformed_claim"),
    )
    .test("an object", &[], with_claim(keys, "iss", json!({"iss": ISSUER})), denied("malformed_claim"))
    .test("true", &[], with_claim(keys, "iss", json!(true)), denied("malformed_claim"))
    .done()
}

fn international(keys: &Keys) -> Group {
    const OURS: &str = "https://xn--bcher-kva.example.com/a%20b";
    let server = Settings { issuers: Some(vec![issuer_with(OURS, &[Key::usual().jwk()])]), ..usual() };
    let group = requests("An issuer with a name in Punycode and an escape in its path", server)
        .proving(&["A-3", "J-6"])
        .test(
            "ours",
            &[],
            with_claim(keys, "iss", json!(OURS)),
            allowed(Token { issuer: OURS.into(), ..good_token() }),
        );
    [
        "https://b\u{fc}cher.example.com/a%20b",
        "https://bu\u{308}cher.example.com/a%20b",
        "https://b%C3%BCcher.example.com/a%20b",
        "https://XN--BCHER-KVA.example.com/a%20b",
        "https://xn--bcher-kva.example.com/a b",
        "https://xn--bcher-kva.example.com/a+b",
        "https://xn--bcher-kva.example.com/%61%20b",
        "https://xn--bcher-kva.example.com/a%2520b",
    ]
    .into_iter()
    .fold(group, |group, iss| {
        group.test(&format!("{iss:?}"), &[], with_claim(keys, "iss", json!(iss)), denied("unknown_issuer"))
    })
    .done()
}

const OTHER: &str = "https://other.example.com/tenant";

fn issuers(keys: &Keys) -> Group {
    // Both call their key the same.
    let key = Key::new("ed25519-other", "ed", "EdDSA");
    let second = Issuer { audiences: Some(strings(&["res_2"])), ..issuer_with(OTHER, &[key.jwk()]) };
    let server =
        Settings { issuers: Some(vec![issuer_with(ISSUER, &[Key::usual().jwk()]), second]), ..usual() };
    let theirs = || good(keys).claim("iss", OTHER).claim("aud", "res_2");
    let seen = allowed(Token { issuer: OTHER.into(), audiences: strings(&["res_2"]), ..good_token() });
    requests("Two issuers, each with its own keys and audiences", server)
        .proving(&["J-6", "J-7"])
        .test("the first", &[], with_token(good(keys).mint()), ok())
        .test("the second", &[], with_token(theirs().key(&key).mint()), seen)
        .test(
            "the second says it is the first",
            &[],
            with_token(good(keys).key(&key).mint()),
            denied("bad_signature"),
        )
        .test("the first says it is the second", &[], with_token(theirs().mint()), denied("bad_signature"))
        .test(
            "the second, for the audience of the first",
            &[],
            with_token(good(keys).claim("iss", OTHER).key(&key).mint()),
            denied("wrong_audience"),
        )
        .test(
            "the first, for the audience of the second",
            &[],
            with_token(good(keys).claim("aud", "res_2").mint()),
            denied("wrong_audience"),
        )
        .done()
}

fn aliases(keys: &Keys) -> Group {
    let server = Settings {
        issuers: Some(vec![Issuer {
            also: strings(&["https://as.example.com/resources/res_1"]),
            ..issuer_with(ISSUER, &[Key::usual().jwk()])
        }]),
        ..usual()
    };
    let alias = "https://as.example.com/resources/res_1";
    requests("Two names of one issuer, over one source of keys", server)
        .proving(&["A-3", "quickstart:7"])
        .test("the first name", &[], with_token(good(keys).mint()), ok())
        .test(
            "the second name",
            &[],
            with_claim(keys, "iss", json!(alias)),
            allowed(Token { issuer: alias.into(), ..good_token() }),
        )
        .test(
            "a third",
            &[],
            with_claim(keys, "iss", json!("https://as.example.com/resources/res_2")),
            denied("unknown_issuer"),
        )
        .done()
}
