//! Which entries of a JWK Set are of use, and which key a token gets (RFC 7517, RFC 8725 sections 3.1 to 3.4).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, requests, script, with_keys, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Input, Outcome};
use crate::token::good;
use crate::wire::unavailable;

use super::key_life::{KEYS, key_set, with_uri};

pub(super) fn file(keys: &Keys) -> File {
    let notes =
        [("skipped", "An entry that is of no use is skipped: it is not used, and the keys beside it are.")];
    let mut groups = skipped(keys);
    groups.extend(kept(keys));
    groups.extend([shared_kid(keys), namesakes(keys), five(keys), without_kid(keys), nameless(keys)]);
    groups.extend(numbers(keys));
    of(&notes, groups)
}

pub(super) fn missing() -> Outcome {
    denied("key_not_found")
}

/// A set with one odd entry, before a good key.
pub(super) fn beside(
    keys: &Keys,
    comment: &str,
    ids: &[&str],
    entry: Value,
    odd: Input,
    result: Outcome,
) -> Group {
    requests(comment, with_keys(&[entry, Key::usual().jwk()]))
        .proving(ids)
        .noting(&["skipped"])
        .test("signed with it", &[], odd, result)
        .test(
            "signed with the good key beside it",
            &["K-6", "peer:one-bad-key-poisons-the-set"],
            with_token(good(keys).mint()),
            ok(),
        )
        .done()
}

fn skipped(keys: &Keys) -> Vec<Group> {
    let rsa = Key::new("rsa-a", "odd", "RS256");
    let ec = Key::new("p256", "odd", "ES256");
    let ed = Key::new("ed25519-other", "odd", "EdDSA");
    let by = |key: &Key| with_token(good(keys).key(key).mint());
    let cases: Vec<(&str, &[&str], Value, Input)> = vec![
        ("use enc", &["J-1", "peer:enc-keys"], rsa.jwk_with(&json!({"use": "enc"})), by(&rsa)),
        ("use in other case", &["J-1"], rsa.jwk_with(&json!({"use": "SIG"})), by(&rsa)),
        ("use is no text", &["J-1"], rsa.jwk_with(&json!({"use": ["sig"]})), by(&rsa)),
        (
            "key_ops without verify",
            &["J-1"],
            ec.jwk_with(&json!({"use": null, "key_ops": ["sign", "wrapKey"]})),
            by(&ec),
        ),
        ("key_ops is empty", &["J-1"], ec.jwk_with(&json!({"use": null, "key_ops": []})), by(&ec)),
        ("key_ops is no list", &["J-1"], ec.jwk_with(&json!({"use": null, "key_ops": "verify"})), by(&ec)),
        ("an algorithm for encryption", &["J-1"], rsa.jwk_with(&json!({"alg": "RSA-OAEP-256"})), by(&rsa)),
        ("an algorithm that is out of use", &["J-2"], rsa.jwk_with(&json!({"alg": "RS1"})), by(&rsa)),
        ("an algorithm of another kind of key", &["J-1"], rsa.jwk_with(&json!({"alg": "ES256"})), by(&rsa)),
        ("an algorithm of another curve", &["J-1"], ec.jwk_with(&json!({"alg": "ES384"})), by(&ec)),
        ("an algorithm that is no text", &["J-1"], ec.jwk_with(&json!({"alg": 7})), by(&ec)),
        ("an algorithm that is a list", &["J-1"], ec.jwk_with(&json!({"alg": ["ES256"]})), by(&ec)),
        ("an algorithm that is empty", &["J-1"], ec.jwk_with(&json!({"alg": ""})), by(&ec)),
        ("an algorithm in lower case", &["J-1"], rsa.jwk_with(&json!({"alg": "rs256"})), by(&rsa)),
        ("the algorithm none", &["J-1"], rsa.jwk_with(&json!({"alg": "none"})), by(&rsa)),
        ("a public key for HMAC", &["J-1"], rsa.jwk_with(&json!({"alg": "HS256"})), by(&rsa)),
        ("use is empty", &["J-1"], rsa.jwk_with(&json!({"use": ""})), by(&rsa)),
        ("use is a number", &["J-1"], rsa.jwk_with(&json!({"use": 1})), by(&rsa)),
        (
            "use sig, but key_ops without verify",
            &["J-1"],
            ec.jwk_with(&json!({"key_ops": ["encrypt"]})),
            by(&ec),
        ),
        (
            "use enc, but key_ops with verify",
            &["J-1"],
            ec.jwk_with(&json!({"use": "enc", "key_ops": ["verify"]})),
            by(&ec),
        ),
        (
            "key_ops in other case",
            &["J-1"],
            ec.jwk_with(&json!({"use": null, "key_ops": ["VERIFY"]})),
            by(&ec),
        ),
        (
            "key_ops is an object",
            &["J-1"],
            ec.jwk_with(&json!({"use": null, "key_ops": {"verify": true}})),
            by(&ec),
        ),
        (
            "key_ops of nothing but null",
            &["J-1"],
            ec.jwk_with(&json!({"use": null, "key_ops": [null]})),
            by(&ec),
        ),
        (
            "a symmetric key",
            &["J-1"],
            json!({"kty": "oct", "kid": "odd", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyISE", "alg": "HS256"}),
            with_token(good(keys).header("kid", "odd").mint()),
        ),
        (
            "an unknown kind of key",
            &["K-6"],
            json!({"kty": "AKP", "kid": "odd", "alg": "ML-DSA-44", "pub": "AAAA"}),
            with_token(good(keys).header("kid", "odd").mint()),
        ),
        ("kty in lower case", &["K-6"], rsa.jwk_with(&json!({"kty": "rsa"})), by(&rsa)),
        ("kty is absent", &["K-6"], rsa.jwk_with(&json!({"kty": null})), by(&rsa)),
        ("kty is a number", &["K-6"], rsa.jwk_with(&json!({"kty": 1})), by(&rsa)),
        ("kty is a list", &["K-6"], rsa.jwk_with(&json!({"kty": ["RSA"]})), by(&rsa)),
        ("kty of another kind", &["K-6"], rsa.jwk_with(&json!({"kty": "oct"})), by(&rsa)),
        ("the curve is a number", &["K-6"], ec.jwk_with(&json!({"crv": 256})), by(&ec)),
        ("no curve", &["K-6"], ec.jwk_with(&json!({"crv": null})), by(&ec)),
        ("the curve in other case", &["K-6"], ec.jwk_with(&json!({"crv": "p-256"})), by(&ec)),
        ("an unknown curve", &["K-6"], ec.jwk_with(&json!({"crv": "secp256k1"})), by(&ec)),
        ("a curve for key agreement", &["K-6"], ed.jwk_with(&json!({"crv": "X25519"})), by(&ed)),
        ("an Edwards curve as an elliptic one", &["K-6"], ed.jwk_with(&json!({"kty": "EC"})), by(&ed)),
        ("no modulus", &["K-6"], rsa.jwk_with(&json!({"n": null})), by(&rsa)),
        ("a modulus that is not base64url", &["K-6"], rsa.jwk_with(&json!({"n": "+/=="})), by(&rsa)),
        ("a modulus that is a number", &["K-6"], rsa.jwk_with(&json!({"n": 7})), by(&rsa)),
        ("a modulus that is a list", &["K-6"], rsa.jwk_with(&json!({"n": [rsa.jwk()["n"]]})), by(&rsa)),
        ("an even exponent", &["J-2"], rsa.jwk_with(&json!({"e": "AQAA"})), by(&rsa)),
        ("an exponent of 3 and 2^64", &["J-2"], rsa.jwk_with(&json!({"e": "AQAAAAAAAAAD"})), by(&rsa)),
        ("no exponent", &["K-6"], rsa.jwk_with(&json!({"e": null})), by(&rsa)),
        (
            "a modulus of more than 8192 bits",
            &["J-2"],
            rsa.jwk_with(&json!({"n": URL_SAFE_NO_PAD.encode([0xFF; 1025])})),
            by(&rsa),
        ),
        ("a point off the curve", &["J-4"], off_curve(), by(&ec)),
        (
            "a point at infinity",
            &["J-4"],
            ec.jwk_with(&json!({"x": URL_SAFE_NO_PAD.encode([0; 32]), "y": URL_SAFE_NO_PAD.encode([0; 32])})),
            by(&ec),
        ),
        ("a short coordinate", &["J-4"], ec.jwk_with(&json!({"x": "AQ"})), by(&ec)),
        ("no second coordinate", &["J-4"], ec.jwk_with(&json!({"y": null})), by(&ec)),
        (
            "an Ed25519 key of 31 bytes",
            &["J-4"],
            ed.jwk_with(&json!({"x": URL_SAFE_NO_PAD.encode([9; 31])})),
            by(&ed),
        ),
        (
            "a kid that is a number",
            &["K-6"],
            ed.jwk_with(&json!({"kid": 7})),
            with_token(good(keys).key(&ed).header("kid", "7").mint()),
        ),
        ("a kid that is a list", &["K-6"], ed.jwk_with(&json!({"kid": ["odd"]})), by(&ed)),
        ("a kid that is an object", &["K-6"], ed.jwk_with(&json!({"kid": {"odd": "odd"}})), by(&ed)),
        (
            "a kid that is true",
            &["K-6"],
            ed.jwk_with(&json!({"kid": true})),
            with_token(good(keys).key(&ed).header("kid", "true").mint()),
        ),
        ("a kid that is only a part", &["K-6"], ed.jwk_with(&json!({"kid": "od"})), by(&ed)),
    ];
    let mut groups: Vec<Group> = cases
        .into_iter()
        .map(|(comment, ids, entry, odd)| beside(keys, comment, ids, entry, odd, missing()))
        .collect();
    let weak = Key::new("rsa-1024", "odd", "RS256");
    let by_weak = good(keys)
        .header("alg", "RS256")
        .header("kid", "odd")
        .mint_with(|keys, input| keys.sign_elsewhere(&weak, input));
    groups.push(beside(
        keys,
        "an RSA key of 1024 bits",
        &["J-2", "peer:weak-keys"],
        weak_rsa(),
        with_token(by_weak),
        missing(),
    ));
    let forged = good(keys).header("alg", "RS256").header("kid", "odd").mint_with(|_, input| padded(input));
    groups.push(beside(
        keys,
        "an exponent of 1, under which anybody can sign",
        &["J-2", "peer:weak-keys"],
        rsa.jwk_with(&json!({"e": "AQ"})),
        with_token(forged),
        missing(),
    ));
    // Under the neutral point, R = s·B fits every message: with s = 0, R is that point again.
    let small = good(keys).header("kid", "odd").mint_with(|_, _| [vec![1], vec![0; 63]].concat());
    let neutral = ed.jwk_with(&json!({"x": URL_SAFE_NO_PAD.encode([vec![1], vec![0; 31]].concat())}));
    groups.push(beside(
        keys,
        "an Ed25519 key of small order, under which anybody can sign",
        &["J-4"],
        neutral,
        with_token(small),
        missing(),
    ));
    for (comment, entry) in [
        ("null", Value::Null),
        ("a text", json!("x")),
        ("a number", json!(-1.5)),
        ("true", json!(true)),
        ("a list", json!([])),
        ("a list of keys", json!([rsa.jwk()])),
        ("a set", json!({"keys": [rsa.jwk()]})),
        ("an empty object", json!({})),
    ] {
        let group = requests(&format!("{comment} among the keys"), with_keys(&[entry, Key::usual().jwk()]))
            .noting(&["skipped"])
            .test(
                "signed with the good key beside it",
                &["K-6", "peer:one-bad-key-poisons-the-set"],
                with_token(good(keys).mint()),
                ok(),
            );
        groups.push(group.done());
    }
    groups
}

/// EMSA-PKCS1-v1_5 of a message (RFC 8017 section 9.2): under the exponent 1 it is its own signature.
fn padded(message: &[u8]) -> Vec<u8> {
    const SHA256_PREFIX: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
        0x04, 0x20,
    ];
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
    let tail = [&[0][..], &SHA256_PREFIX, hash.as_ref()].concat();
    [vec![0, 1], vec![0xFF; 256 - 2 - tail.len()], tail].concat()
}

/// The public half of `rsa-1024.pem`.
pub(super) fn weak_rsa() -> Value {
    Key::new("rsa-1024", "odd", "RS256").weak_jwk()
}

/// The key of `p256.pem` with one bit of y changed.
pub(super) fn off_curve() -> Value {
    let key = Key::new("p256", "odd", "ES256");
    let jwk = key.jwk();
    let mut y = URL_SAFE_NO_PAD.decode(jwk["y"].as_str().expect("a text")).expect("base64url");
    y[31] ^= 1;
    key.jwk_with(&json!({"y": URL_SAFE_NO_PAD.encode(y)}))
}

fn kept(keys: &Keys) -> Vec<Group> {
    let rsa = Key::new("rsa-a", "odd", "RS256");
    let ec = Key::new("p256", "odd", "ES256");
    let ed = Key::new("ed25519-other", "odd", "EdDSA");
    let leading_zero = || {
        let n = URL_SAFE_NO_PAD.decode(rsa.jwk()["n"].as_str().expect("a text")).expect("base64url");
        URL_SAFE_NO_PAD.encode([vec![0], n].concat())
    };
    let cases: Vec<(&str, &[&str], Value, &Key)> = vec![
        ("use and key_ops", &["J-1"], ec.jwk_with(&json!({"key_ops": ["verify"]})), &ec),
        ("key_ops with more than verify", &["J-1"], ec.jwk_with(&json!({"use": null, "key_ops": ["sign", "verify"]})), &ec),
        ("nothing but the key", &["K-6"], ec.jwk_with(&json!({"use": null, "alg": null})), &ec),
        ("members that are null", &["K-6"], {
            let mut jwk = ec.jwk_with(&json!({"use": null, "alg": null}));
            jwk["use"] = Value::Null;
            jwk["alg"] = Value::Null;
            jwk["key_ops"] = Value::Null;
            jwk
        }, &ec),
        ("certificates and unknown members", &["K-6", "J-8"], ec.jwk_with(&json!({"x5c": ["MIIB"], "x5t": "x", "x5u": "https://attacker.example.net", "exp": 1, "x": ec.jwk()["x"], "ext": true})), &ec),
        ("a private key by mistake: only its public half is read", &["K-6"], ec.jwk_with(&json!({"d": URL_SAFE_NO_PAD.encode([7; 32])})), &ec),
        ("a private RSA key by mistake", &["K-6"], rsa.jwk_with(&json!({"d": "AQ", "p": "AQ", "q": "AQ", "dp": "AQ", "dq": "AQ", "qi": "AQ", "oth": [{"r": "AQ"}]})), &rsa),
        ("a private Ed25519 key by mistake", &["K-6"], ed.jwk_with(&json!({"d": URL_SAFE_NO_PAD.encode([7; 32])})), &ed),
        ("a private member that is no text", &["K-6"], ec.jwk_with(&json!({"d": 1, "k": null})), &ec),
        ("a modulus with a leading zero, as Java writes it", &["K-6"], rsa.jwk_with(&json!({"n": leading_zero()})), &rsa),
    ];
    cases
        .into_iter()
        .map(|(comment, ids, entry, key)| {
            beside(keys, comment, ids, entry, with_token(good(keys).key(key).mint()), ok())
        })
        .collect()
}

fn shared_kid(keys: &Keys) -> Group {
    let ed = Key::new("ed25519", "key", "EdDSA");
    let other = Key::new("ed25519-other", "key", "EdDSA");
    let ec = Key::new("p256", "key", "ES256");
    let stranger = Key::new("p256-other", "key", "ES256");
    let by = |key: &Key| with_token(good(keys).key(key).mint());
    requests("One kid for several keys", with_keys(&[ed.jwk(), ec.jwk(), other.jwk()]))
        .proving(&["design:shared-kid", "K-6"])
        .test("the first", &[], by(&ed), ok())
        .test("one of another algorithm", &[], by(&ec), ok())
        .test("the second of the same algorithm", &[], by(&other), ok())
        .test("none of them", &[], by(&stranger), denied("bad_signature"))
        .test(
            "an algorithm that none of them has",
            &["J-1"],
            by(&Key::new("rsa-a", "key", "RS256")),
            missing(),
        )
        .done()
}

fn namesakes(keys: &Keys) -> Group {
    let key = Key::usual();
    let rsa = Key::new("rsa-a", "ed", "RS256");
    let junk = [
        json!({"kty": "oct", "kid": "ed", "k": "c2VjcmV0", "alg": "HS256"}),
        rsa.jwk_with(&json!({"use": "enc"})),
        json!({"kid": "ed"}),
        key.jwk(),
        key.jwk_with(&json!({"x": "AAAA"})),
        key.jwk(),
    ];
    requests("Entries of no use under the kid of a good key, which is there twice", with_keys(&junk))
        .proving(&["design:shared-kid", "K-6", "peer:one-bad-key-poisons-the-set"])
        .noting(&["skipped"])
        .test("signed with the good key", &[], with_token(good(keys).mint()), ok())
        .test("signed with one of no use", &["J-1"], with_token(good(keys).key(&rsa).mint()), missing())
        .done()
}

fn five(keys: &Keys) -> Group {
    let key = |file: &'static str| Key::new(file, "key", "RS256");
    let set = ["rsa-a", "rsa-b", "rsa-3072", "rsa-a", "rsa-other"].map(|file| key(file).jwk());
    let by = |file: &'static str| with_token(good(keys).key(&key(file)).mint());
    requests("At most four keys are tried", with_keys(&set))
        .proving(&["design:shared-kid"])
        .test("the third", &[], by("rsa-3072"), ok())
        .test("the fifth", &[], by("rsa-other"), denied("bad_signature"))
        .done()
}

fn without_kid(keys: &Keys) -> Group {
    let first = Key::new("rsa-a", "a", "RS256");
    let second = Key::new("rsa-b", "b", "RS256");
    let third = Key::new("rsa-other", "c", "PS256");
    let ec = Key::new("p256", "d", "ES256");
    let by = |key: &Key| with_token(good(keys).key(key).without_header("kid").mint());
    requests(
        "A token without kid: only if exactly one key fits",
        with_keys(&[first.jwk(), second.jwk(), third.jwk(), ec.jwk()]),
    )
    .proving(&["design:no-kid", "K-6"])
    .test("one of its kind", &[], by(&ec), ok())
    .test("one of its algorithm, by the keys' own word", &["J-1"], by(&third), ok())
    .test("two that fit", &[], by(&first), missing())
    .test("none that fits", &[], by(&Key::usual()), missing())
    .test("with the kid there is no doubt", &[], with_token(good(keys).key(&second).mint()), ok())
    .done()
}

fn nameless(keys: &Keys) -> Group {
    let key = Key::usual();
    requests("A key without kid", with_keys(&[key.jwk_with(&json!({"kid": null}))]))
        .proving(&["design:no-kid", "K-6"])
        .test("a token without kid", &[], with_token(good(keys).without_header("kid").mint()), ok())
        .test("a token with a kid means another key", &[], with_token(good(keys).mint()), missing())
        .test("not even with the empty one", &[], with_token(good(keys).header("kid", "").mint()), missing())
        .done()
}

/// How many entries a set may have.
fn numbers(keys: &Keys) -> Vec<Group> {
    let key = Key::usual();
    let usable = |count: usize| -> Vec<Value> {
        let named = |index: usize| key.jwk_with(&json!({"kid": index.to_string(), "use": null, "alg": null}));
        (0..count - 1).map(named).chain([key.jwk()]).collect()
    };
    let thousands = [vec![Value::Null; 10_000], vec![key.jwk()]].concat();
    let unknown = |index: usize| json!({"kty": "AKP", "kid": index.to_string()});
    let mixed: Vec<Value> = (0..500).map(unknown).chain(usable(100)).collect();
    let case = |comment: &str, ids: &[&str], set: &[Value], result: Outcome| {
        let mut group = requests(comment, with_uri()).proving(&["K-6"]);
        group.fetch = Some(script(&[(KEYS, key_set(set))]));
        group.test("a good token", ids, with_token(good(keys).mint()), result).fetching(&[KEYS]).done()
    };
    let poison = &["peer:one-bad-key-poisons-the-set"];
    vec![
        case("Ten thousand entries of no use, and a good key", poison, &thousands, ok()),
        case("500 keys of an unknown kind, and 100 usable ones", poison, &mixed, ok()),
        case("100 usable keys", &[], &usable(100), ok()),
        case("101 usable keys: a failed fetch", &["peer:huge-bodies"], &usable(101), unavailable(1)),
    ]
}
