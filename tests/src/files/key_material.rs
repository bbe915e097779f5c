//! Which numbers make a key: sizes, exponents, points (RFC 7518 section 6, RFC 8725 sections 3.2 and 3.4).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, requests, with_keys, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Input};
use crate::token::good;

use super::key_sets::{beside, missing};

pub(super) fn file(keys: &Keys) -> File {
    let notes =
        [("skipped", "An entry that is of no use is skipped: it is not used, and the keys beside it are.")];
    let mut groups = rsa(keys);
    groups.extend(elliptic(keys));
    groups.extend(edwards(keys));
    groups.push(small_order(keys));
    of(&notes, groups)
}

/// A good token by a key that is refused here even for signing.
fn elsewhere(keys: &Keys, key: &Key) -> Input {
    with_token(good(keys).key(key).mint_with(|keys, input| keys.sign_elsewhere(key, input)))
}

fn text(bytes: impl AsRef<[u8]>) -> Value {
    URL_SAFE_NO_PAD.encode(bytes).into()
}

fn member(jwk: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("a text")).expect("base64url")
}

fn rsa(keys: &Keys) -> Vec<Group> {
    let key = Key::new("rsa-a", "odd", "RS256");
    let by = || with_token(good(keys).key(&key).mint());
    let n = member(&key.jwk(), "n");
    let skipped = |comment: &str, ids: &[&str], members: Value| {
        beside(keys, comment, ids, key.jwk_with(&members), by(), missing())
    };
    let weak = Key::new("rsa-1024", "odd", "RS256");
    let almost = Key::new("rsa-2047", "odd", "RS256");
    let three = Key::new("rsa-exponent-3", "odd", "RS256");
    let largest = Key::new("rsa-8192", "odd", "RS256");
    let zeros = [vec![0; 128], member(&weak.weak_jwk(), "n")].concat();
    let mut padded = weak.weak_jwk();
    padded["n"] = text(zeros);
    vec![
        beside(
            keys,
            "a modulus of 2047 bits",
            &["J-2", "peer:weak-keys"],
            almost.weak_jwk(),
            elsewhere(keys, &almost),
            missing(),
        ),
        beside(
            keys,
            "a modulus of 1024 bits that zeros make longer",
            &["J-2", "peer:weak-keys"],
            padded,
            elsewhere(keys, &weak),
            missing(),
        ),
        beside(keys, "a modulus of 2048 bits", &["J-2"], key.jwk(), by(), ok()),
        beside(
            keys,
            "a modulus of 8192 bits",
            &["J-2"],
            largest.jwk(),
            with_token(good(keys).key(&largest).mint()),
            ok(),
        ),
        skipped("a modulus of 8193 bits", &["J-2"], json!({"n": text([vec![1], vec![0xFF; 1024]].concat())})),
        skipped("a modulus of 65,536 bits", &["J-2"], json!({"n": text([0xFF; 8192])})),
        skipped("an even modulus", &["J-2"], {
            let (last, rest) = n.split_last().expect("not empty");
            json!({"n": text([rest, &[last & 0xFE]].concat())})
        }),
        skipped("a modulus of nothing", &["K-6"], json!({"n": ""})),
        skipped("a modulus of zero", &["K-6"], json!({"n": text([0; 256])})),
        skipped(
            "a modulus with padding",
            &["K-6"],
            json!({"n": format!("{}==", key.jwk()["n"].as_str().expect("a text"))}),
        ),
        skipped("an exponent of nothing", &["J-2"], json!({"e": ""})),
        skipped("an exponent of zero", &["J-2"], json!({"e": text([0])})),
        skipped("an exponent of two", &["J-2"], json!({"e": text([2])})),
        skipped("an exponent of 2^32 + 1", &["J-2"], json!({"e": text([1, 0, 0, 0, 1])})),
        skipped("an exponent as long as the modulus", &["J-2"], json!({"e": text(&n)})),
        skipped("an exponent that is a number", &["K-6"], json!({"e": 65537})),
        beside(keys, "an exponent of three", &["J-2"], three.weak_jwk(), elsewhere(keys, &three), ok()),
        beside(
            keys,
            "an exponent with a leading zero",
            &["K-6"],
            key.jwk_with(&json!({"e": text([0, 1, 0, 1])})),
            by(),
            ok(),
        ),
    ]
}

fn elliptic(keys: &Keys) -> Vec<Group> {
    let p256 = Key::new("p256", "odd", "ES256");
    let p384 = Key::new("p384", "odd", "ES384");
    let skipped = |comment: &str, key: &Key, members: Value| {
        let odd = with_token(good(keys).key(key).mint());
        beside(keys, comment, &["J-4"], key.jwk_with(&members), odd, missing())
    };
    let [x, y] = ["x", "y"].map(|name| member(&p256.jwk(), name));
    let zero = |bytes: &[u8]| text([&[0], bytes].concat());
    let mut off = member(&p384.jwk(), "y");
    off[47] ^= 1;
    let joined = [&x[..], &y[..]].concat();
    vec![
        skipped("a point off P-384", &p384, json!({"y": text(&off)})),
        skipped("zeros on P-384", &p384, json!({"x": text([0; 48]), "y": text([0; 48])})),
        skipped("a coordinate beyond the prime", &p256, json!({"x": text([0xFF; 32])})),
        skipped("coordinates with a leading zero", &p256, json!({"x": zero(&x), "y": zero(&y)})),
        skipped(
            "coordinates of 31 and 33 bytes",
            &p256,
            json!({"x": text(&joined[..31]), "y": text(&joined[31..])}),
        ),
        skipped("a point at infinity, of no bytes", &p256, json!({"x": "", "y": ""})),
        skipped("a compressed point", &p256, json!({"x": text([&[2], &x[..]].concat()), "y": null})),
        skipped("a point of P-256 on P-384", &p384, json!({"x": text(&x), "y": text(&y)})),
        skipped("a coordinate that is a number", &p256, json!({"x": 1})),
        skipped("P-521, which is not supported", &p256, {
            json!({"crv": "P-521", "alg": null, "x": text([0; 66]), "y": text([0; 66])})
        }),
    ]
}

fn edwards(keys: &Keys) -> Vec<Group> {
    let key = Key::new("ed25519-other", "odd", "EdDSA");
    let skipped = |comment: &str, ids: &[&str], members: Value| {
        let odd = with_token(good(keys).key(&key).mint());
        beside(keys, comment, ids, key.jwk_with(&members), odd, missing())
    };
    let x = member(&key.jwk(), "x");
    vec![
        beside(
            keys,
            "a point off the curve, under which no signature is good",
            &["J-4"],
            key.jwk_with(&json!({"x": text([vec![2], vec![0; 31]].concat())})),
            with_token(good(keys).key(&key).mint()),
            denied("bad_signature"),
        ),
        skipped("33 bytes", &["J-4"], json!({"x": text([&x[..], &[0]].concat())})),
        skipped("no bytes", &["J-4"], json!({"x": ""})),
        skipped("Ed448, which is not supported", &["K-6"], json!({"crv": "Ed448", "x": text([9; 57])})),
        skipped("no curve", &["K-6"], json!({"crv": null})),
        skipped("the curve in other case", &["K-6"], json!({"crv": "ed25519"})),
    ]
}

/// The y coordinates of all points of small order, little-endian, as far as 255 bits have room for
/// them also with the prime 2^255 - 19 added: those of the orders 1, 2, 4 and 8.
const SMALL_ORDER: [(&str, &str); 7] = [
    ("1", "0100000000000000000000000000000000000000000000000000000000000000"),
    ("-1", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("0", "0000000000000000000000000000000000000000000000000000000000000000"),
    ("0, written as the prime", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("1, written as the prime and one", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("one of order eight", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ("the other of order eight", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
];

/// Under each of them one signature fits many messages.
fn small_order(keys: &Keys) -> Group {
    let bytes = |hex: &str| -> Vec<u8> {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
        (0..hex.len()).step_by(2).map(digits).collect()
    };
    let ed = Key::usual();
    let points = SMALL_ORDER.into_iter().flat_map(|(name, hex)| {
        let negative = |mut point: Vec<u8>| {
            point[31] |= 0x80;
            point
        };
        [
            (format!("y is {name}"), bytes(hex)),
            (format!("y is {name}, with the sign of x"), negative(bytes(hex))),
        ]
    });
    let points: Vec<(String, Vec<u8>)> = points.collect();
    let entries = points.iter().map(|(name, point)| ed.jwk_with(&json!({"kid": name, "x": text(point)})));
    let set: Vec<Value> = entries.chain([ed.jwk()]).collect();
    let group = requests("Ed25519 keys of small order", with_keys(&set))
        .proving(&["J-4", "peer:weak-keys"])
        .noting(&["skipped"])
        .test("the good key beside them", &["K-6"], with_token(good(keys).mint()), ok());
    points
        .iter()
        .fold(group, |group, (name, _)| {
            let neutral = [vec![1], vec![0; 63]].concat();
            let token = good(keys).header("kid", name.as_str()).mint_with(|_, _| neutral);
            group.test(name, &[], with_token(token), denied("key_not_found"))
        })
        .done()
}
