//! Signatures in every wrong form (RFC 7518 sections 3.3 to 3.5, RFC 8017 section 8.2.2, RFC 8032 section 5.1.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::author::{denied, file as of, ok, requests, with_keys, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group};
use crate::token::{Draft, good};

pub(super) fn file(keys: &Keys) -> File {
    of(&[], vec![ecdsa(keys), ecdsa_384(keys), ed25519(keys), integers(keys), rsa(keys)])
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
        .test(
            "s is one beyond the order",
            &[],
            damaged(&|bytes| [bytes[..32].to_vec(), add_one(&P256_ORDER)].concat()),
            bad(),
        )
        .test(
            "r is one beyond the order",
            &[],
            damaged(&|bytes| [add_one(&P256_ORDER), bytes[32..].to_vec()].concat()),
            bad(),
        )
        .test("r and s are one", &[], damaged(&|_| [&[0; 31][..], &[1], &[0; 31], &[1]].concat()), bad())
        .test("r alone", &[], damaged(&|bytes| bytes[..32].to_vec()), bad())
        .test(
            "each with a zero in front",
            &[],
            damaged(&|bytes| [&[0], &bytes[..32], &[0], &bytes[32..]].concat()),
            bad(),
        )
        .test(
            "as long as one of P-384",
            &[],
            damaged(&|bytes| [&[0; 16], &bytes[..32], &[0; 16], &bytes[32..]].concat()),
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

fn ecdsa_384(keys: &Keys) -> Group {
    let key = Key::new("p384", "key", "ES384");
    let token = good(keys).key(&key);
    let bad = || denied("bad_signature");
    let damaged = |damage: &dyn Fn(Vec<u8>) -> Vec<u8>| with_token(token.mint_damaged(damage));
    requests("The same on P-384", with_keys(&[key.jwk()]))
        .proving(&["J-4"])
        .test("all zero", &[], damaged(&|_| vec![0; 96]), bad())
        .test("r is zero", &[], damaged(&|bytes| [vec![0; 48], bytes[48..].to_vec()].concat()), bad())
        .test("s is zero", &[], damaged(&|bytes| [bytes[..48].to_vec(), vec![0; 48]].concat()), bad())
        .test(
            "r is the order",
            &[],
            damaged(&|bytes| [P384_ORDER.to_vec(), bytes[48..].to_vec()].concat()),
            bad(),
        )
        .test(
            "s is the order",
            &[],
            damaged(&|bytes| [bytes[..48].to_vec(), P384_ORDER.to_vec()].concat()),
            bad(),
        )
        .test("all ones", &[], damaged(&|_| vec![0xFF; 96]), bad())
        .test("in DER", &[], damaged(&|bytes| der(&bytes)), bad())
        .test(
            "as long as one of P-256",
            &[],
            damaged(&|bytes| [&bytes[..32], &bytes[48..80]].concat()),
            bad(),
        )
        .test(
            "s mirrored",
            &[],
            damaged(&|bytes| [bytes[..48].to_vec(), subtract(&P384_ORDER, &bytes[48..])].concat()),
            ok(),
        )
        .done()
}

/// The order of P-384 (FIPS 186-4, D.1.2.4).
const P384_ORDER: [u8; 48] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A,
    0x0D, 0xB2, 0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73,
];

/// Big-endian; the last byte of neither order is the largest.
fn add_one(number: &[u8]) -> Vec<u8> {
    let (last, rest) = number.split_last().expect("not empty");
    [rest, &[last + 1]].concat()
}

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
    let (r, s) = raw.split_at(raw.len() / 2);
    let body = [integer(r), integer(s)].concat();
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

/// RFC 8017 sections 8.2.2 and 5.2.2: as long as the modulus, and less than it.
fn integers(keys: &Keys) -> Group {
    let key = Key::new("rsa-a", "key", "RS256");
    let n = URL_SAFE_NO_PAD.decode(key.jwk()["n"].as_str().expect("a text")).expect("base64url");
    let sign = |draft: &Draft<'_>| keys.sign(&key, draft.signing_input().as_bytes());
    let drafts = (0..).map(|index| good(keys).key(&key).claim("jti", format!("token-{index}")));
    let small = drafts.into_iter().find(|draft| sign(draft)[0] == 0).expect("one in 256");
    let damaged = |damage: &dyn Fn(Vec<u8>) -> Vec<u8>| with_token(small.mint_damaged(damage));
    let bad = || denied("bad_signature");
    requests("An RSA signature that begins with a zero", with_keys(&[key.jwk()]))
        .proving(&["J-4"])
        .test("as it is", &[], with_token(small.mint()), ok())
        .test("without its zero", &[], damaged(&|bytes| bytes[1..].to_vec()), bad())
        .test("with two", &[], damaged(&|bytes| [&[0], &bytes[..]].concat()), bad())
        .test("with a zero moved to the end", &[], damaged(&|bytes| [&bytes[1..], &[0]].concat()), bad())
        .test("the modulus added", &[], damaged(&|bytes| add(&bytes, &n)), bad())
        .test("the modulus itself", &[], damaged(&|_| n.clone()), bad())
        .test("subtracted from the modulus", &[], damaged(&|bytes| subtract(&n, &bytes)), bad())
        .test("as long as one of 3072 bits", &[], damaged(&|bytes| [&[0; 128], &bytes[..]].concat()), bad())
        .test("twice", &[], damaged(&|bytes| bytes.repeat(2)), bad())
        .test("nothing", &["A-5"], damaged(&|_| Vec::new()), bad())
        .test("one zero", &[], damaged(&|_| vec![0]), bad())
        .done()
}

/// Big-endian, of one length that has room for the sum.
fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0_u16;
    let mut sum: Vec<u8> = std::iter::zip(a, b)
        .rev()
        .map(|(a, b)| {
            let sum = u16::from(*a) + u16::from(*b) + carry;
            carry = sum >> 8;
            u8::try_from(sum & 0xFF).expect("a byte")
        })
        .collect();
    assert_eq!(carry, 0, "no room");
    sum.reverse();
    sum
}
