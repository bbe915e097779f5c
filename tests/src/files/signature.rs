//! Signatures: every algorithm, and which key it may be used with (RFC 7518 section 3, RFC 8725 section 3.1).

use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, requests, with_keys, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let mut groups: Vec<Group> = ALGORITHMS.into_iter().map(|(file, alg)| plain(keys, file, alg)).collect();
    groups.extend([bound(keys), mismatched(keys)]);
    of(&[], groups)
}

const ALGORITHMS: [(&str, &str); 11] = [
    ("rsa-a", "RS256"),
    ("rsa-a", "RS384"),
    ("rsa-a", "RS512"),
    ("rsa-a", "PS256"),
    ("rsa-a", "PS384"),
    ("rsa-a", "PS512"),
    ("rsa-3072", "RS256"),
    ("p256", "ES256"),
    ("p384", "ES384"),
    ("ed25519", "EdDSA"),
    ("ed25519", "Ed25519"),
];

fn plain(keys: &Keys, file: &'static str, alg: &'static str) -> Group {
    let key = Key::new(file, "key", alg);
    let other = Key::new(
        if file.starts_with("rsa") {
            "rsa-other"
        } else if file == "p256" {
            "p256-other"
        } else if file == "p384" {
            "p384-other"
        } else {
            "ed25519-other"
        },
        "key",
        alg,
    );
    let token = good(keys).key(&key);
    let bad = || denied("bad_signature");
    let group = requests(&format!("{alg} with {file}"), with_keys(&[key.jwk()]))
        .proving(&["A-5", "J-3"])
        .test("a good signature", &[], with_token(token.mint()), ok())
        .test(
            "one bit changed at the start",
            &[],
            with_token(token.mint_damaged(|mut bytes| {
                bytes[0] ^= 0x40;
                bytes
            })),
            bad(),
        )
        .test(
            "one bit changed in the middle",
            &[],
            with_token(token.mint_damaged(|mut bytes| {
                let at = bytes.len() / 2;
                bytes[at] ^= 1;
                bytes
            })),
            bad(),
        )
        .test(
            "of other claims",
            &[],
            with_token(
                token
                    .clone()
                    .claim("sub", "admin")
                    .mint_with(|keys, _| keys.sign(&key, token.signing_input().as_bytes())),
            ),
            bad(),
        )
        .test(
            "cut short",
            &[],
            with_token(token.mint_damaged(|mut bytes| {
                bytes.pop();
                bytes
            })),
            bad(),
        )
        .test(
            "one byte longer",
            &[],
            with_token(token.mint_damaged(|mut bytes| {
                bytes.push(0);
                bytes
            })),
            bad(),
        )
        .test(
            "a zero in front",
            &[],
            with_token(token.mint_damaged(|bytes| [vec![0], bytes].concat())),
            bad(),
        );
    group.test("by another key", &["J-6"], with_token(token.signed_by(&other).mint()), bad()).done()
}

fn bound(keys: &Keys) -> Group {
    let key = |alg: &'static str| Key::new("rsa-a", "key", alg);
    requests("A key is for one algorithm if it says so", with_keys(&[key("RS256").jwk()]))
        .proving(&["J-1"])
        .test("the one", &[], with_token(good(keys).key(&key("RS256")).mint()), ok())
        .test(
            "another padding",
            &["peer:jwk-alg-ignored"],
            with_token(good(keys).key(&key("PS256")).mint()),
            denied("key_not_found"),
        )
        .test(
            "another hash",
            &["peer:jwk-alg-ignored"],
            with_token(good(keys).key(&key("RS384")).mint()),
            denied("key_not_found"),
        )
        .test(
            "the one's name over another's signature",
            &[],
            with_token(good(keys).key(&key("RS256")).signed_by(&key("PS256")).mint()),
            denied("bad_signature"),
        )
        .done()
}

fn mismatched(keys: &Keys) -> Group {
    let set = [
        Key::new("rsa-a", "rsa", "RS256").jwk_with(&json!({"alg": null})),
        Key::new("p256", "ec", "ES256").jwk_with(&json!({"alg": null})),
        Key::new("p384", "big", "ES384").jwk_with(&json!({"alg": null})),
        Key::new("ed25519", "ed", "EdDSA").jwk_with(&json!({"alg": null})),
    ];
    let by = |kid: &str| match kid {
        "rsa" => Key::new("rsa-a", "rsa", "RS256"),
        "ec" => Key::new("p256", "ec", "ES256"),
        "big" => Key::new("p384", "big", "ES384"),
        _ => Key::usual(),
    };
    let named = |alg: &str, kid: &str| {
        with_token(good(keys).header("alg", alg).header("kid", Value::from(kid)).signed_by(&by(kid)).mint())
    };
    let group = requests("Key and algorithm are of one kind", with_keys(&set)).proving(&["A-5", "J-1"]);
    [
        ("ES256", "rsa"),
        ("EdDSA", "rsa"),
        ("RS256", "ec"),
        ("ES384", "ec"),
        ("EdDSA", "ec"),
        ("RS256", "ed"),
        ("ES256", "ed"),
        ("ES256", "big"),
        ("RS384", "big"),
        ("Ed25519", "big"),
        ("ES384", "rsa"),
        ("Ed25519", "rsa"),
        ("PS256", "ec"),
        ("PS512", "ed"),
        ("ES384", "ed"),
    ]
    .into_iter()
    .fold(group, |group, (alg, kid)| {
        group.test(&format!("{alg} with the key {kid}"), &[], named(alg, kid), denied("key_not_found"))
    })
    .done()
}
