//! Signatures: every algorithm, every way to get one wrong (RFC 7518 section 3, RFC 8032, RFC 8725 section 3.1).

use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, requests, with_keys, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let mut groups: Vec<Group> = ALGORITHMS.into_iter().map(|(file, alg)| plain(keys, file, alg)).collect();
    groups.extend([ecdsa(keys), ed25519(keys), rsa(keys), bound(keys), mismatched(keys)]);
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
    if file == "p384" {
        return group.done();
    }
    group.test("by another key", &["J-6"], with_token(token.signed_by(&other).mint()), bad()).done()
}

fn ecdsa(keys: &Keys) -> Group {
    let key = Key::new("p256", "key", "ES256");
    let token = good(keys).key(&key);
    let bad = || denied("bad_signature");
    let damaged = |damage: &dyn Fn(Vec<u8>) -> Vec<u8>| with_token(token.mint_damaged(damage));
    requests("ECDSA signatures are r and s of full length, both in range", with_keys(&[key.jwk()]))
        .proving(&["J-4"])
        .test("all zero", &[], damaged(&|_| vec![0; 64]), bad())
        .test("r is zero", &[], damaged(&|bytes| [vec![0; 32], bytes[32..].to_vec()].concat()), bad())
        .test("s is zero", &[], damaged(&|bytes| [bytes[..32].to_vec(), vec![0; 32]].concat()), bad())
        .test(
            "r is the order of the curve",
            &[],
            damaged(&|bytes| [P256_ORDER.to_vec(), bytes[32..].to_vec()].concat()),
            bad(),
        )
        .test(
            "s is the order of the curve",
            &[],
            damaged(&|bytes| [bytes[..32].to_vec(), P256_ORDER.to_vec()].concat()),
            bad(),
        )
        .test("all ones", &[], damaged(&|_| vec![0xFF; 64]), bad())
        .test(
            "r and s swapped",
            &[],
            damaged(&|bytes| [bytes[32..].to_vec(), bytes[..32].to_vec()].concat()),
            bad(),
        )
        .test("in DER", &[], damaged(&|bytes| der(&bytes)), bad())
        .test(
            "s mirrored: JWS does not ask for the lower one",
            &[],
            damaged(&|bytes| [bytes[..32].to_vec(), subtract(&P256_ORDER, &bytes[32..])].concat()),
            ok(),
        )
        .done()
}

/// The order of P-256 (FIPS 186-4, D.1.2.3).
const P256_ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC,
    0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// Big-endian `a - b`.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0_i16;
    let mut result = vec![0; a.len()];
    for index in (0..a.len()).rev() {
        let difference = i16::from(a[index]) - i16::from(b[index]) - borrow;
        borrow = i16::from(difference < 0);
        result[index] = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    result
}

/// `SEQUENCE { INTEGER r, INTEGER s }`.
fn der(raw: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != 0).expect("not zero");
        let padded =
            [if bytes[start] & 0x80 == 0 { vec![] } else { vec![0] }, bytes[start..].to_vec()].concat();
        [vec![2, u8::try_from(padded.len()).expect("short")], padded].concat()
    };
    let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
    [vec![0x30, u8::try_from(body.len()).expect("short")], body].concat()
}

fn ed25519(keys: &Keys) -> Group {
    let key = Key::usual();
    let token = good(keys);
    let bad = || denied("bad_signature");
    let damaged = |damage: &dyn Fn(Vec<u8>) -> Vec<u8>| with_token(token.mint_damaged(damage));
    requests("Ed25519 signatures, of which there is one", with_keys(&[key.jwk()]))
        .proving(&["J-4"])
        .test("all zero", &[], damaged(&|_| vec![0; 64]), bad())
        .test(
            "the order added to s",
            &[],
            damaged(&|bytes| [bytes[..32].to_vec(), add_order(&bytes[32..])].concat()),
            bad(),
        )
        .test("R is the neutral point, s is zero", &[], damaged(&|_| [vec![1], vec![0; 63]].concat()), bad())
        .test(
            "the key's other name",
            &["J-1"],
            with_token(good(keys).key(&Key::new("ed25519", "ed", "Ed25519")).mint()),
            ok(),
        )
        .done()
}

/// Little-endian `s` plus the order of edwards25519 (RFC 8032 section 5.1).
fn add_order(s: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    let sum = s.iter().zip(ORDER).map(|(a, b)| {
        let sum = u16::from(*a) + u16::from(b) + carry;
        carry = sum >> 8;
        u8::try_from(sum & 0xFF).expect("a byte")
    });
    sum.collect()
}

fn rsa(keys: &Keys) -> Group {
    let key = Key::new("rsa-a", "key", "RS256");
    let token = good(keys).key(&key);
    let bad = || denied("bad_signature");
    let with = |alg: &'static str| {
        with_token(token.mint_with(|keys, input| keys.sign(&Key::new("rsa-a", "key", alg), input)))
    };
    requests(
        "RSA signatures, of the algorithm that the header says",
        with_keys(&[key.jwk_with(&json!({"alg": null}))]),
    )
    .proving(&["J-1"])
    .test("as it says", &[], with_token(token.mint()), ok())
    .test("another hash", &[], with("RS512"), bad())
    .test("another padding", &[], with("PS256"), bad())
    .test("all zero", &["J-4"], with_token(token.mint_damaged(|bytes| vec![0; bytes.len()])), bad())
    .test(
        "one",
        &["J-4"],
        with_token(token.mint_damaged(|bytes| [vec![0; bytes.len() - 1], vec![1]].concat())),
        bad(),
    )
    .test("all ones", &["J-4"], with_token(token.mint_damaged(|bytes| vec![0xFF; bytes.len()])), bad())
    .test(
        "a key without alg takes every algorithm of its kind",
        &[],
        with_token(good(keys).key(&Key::new("rsa-a", "key", "PS512")).mint()),
        ok(),
    )
    .done()
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
        .done()
}

fn mismatched(keys: &Keys) -> Group {
    let set = [
        Key::new("rsa-a", "rsa", "RS256").jwk_with(&json!({"alg": null})),
        Key::new("p256", "ec", "ES256").jwk_with(&json!({"alg": null})),
        Key::new("ed25519", "ed", "EdDSA").jwk_with(&json!({"alg": null})),
    ];
    let named = |alg: &str, kid: &str| {
        with_token(good(keys).header("alg", alg).header("kid", Value::from(kid)).mint())
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
    ]
    .into_iter()
    .fold(group, |group, (alg, kid)| {
        group.test(&format!("{alg} with the key {kid}"), &[], named(alg, kid), denied("key_not_found"))
    })
    .done()
}
