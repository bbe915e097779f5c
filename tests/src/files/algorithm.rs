//! The algorithm is ours to choose, never the token's (RFC 8725 sections 3.1 and 3.2).

use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512, Key as Secret, sign};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, requests, usual, with_keys, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Settings};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [("confusion", "What is public is no secret, in whatever form somebody hashes it.")];
    of(&notes, vec![algorithm(keys), restricted(keys), hmac(keys), symmetric(keys)])
}

fn algorithm(keys: &Keys) -> Group {
    let unsupported = || denied("unsupported_algorithm");
    let named = |alg: Value| with_token(good(keys).header("alg", alg).mint());
    let unsigned = |alg: &str| with_token(good(keys).header("alg", alg).mint_with(|_, _| Vec::new()));
    let group = requests("Algorithms", usual()).proving(&["A-5", "J-2"]);
    let casings = (0..16_u8).map(|bits| {
        let letter = |(at, letter): (usize, char)| {
            if bits >> at & 1 == 0 { letter } else { letter.to_ascii_uppercase() }
        };
        "none".chars().enumerate().map(letter).collect::<String>()
    });
    let group = casings.fold(group, |group, alg| {
        group.test(&format!("{alg}, without a signature"), &["J-3"], unsigned(&alg), unsupported())
    });
    let group = ["none", "None"].into_iter().fold(group, |group, alg| {
        group.test(&format!("{alg}, with a good signature"), &["J-3"], named(json!(alg)), unsupported())
    });
    let group = [
        "none ",
        "n\u{f6}ne",
        "HS1",
        "ES512",
        "ES256K",
        "RS1",
        "RSA1_5",
        "RSA-OAEP",
        "A128KW",
        "dir",
        "Ed448",
        "eddsa",
        "EDDSA",
        "rs256",
        " EdDSA",
        "",
        "EdDSA\u{0}",
    ]
    .into_iter()
    .fold(group, |group, alg| group.test(&format!("{alg:?}"), &[], named(json!(alg)), unsupported()));
    group
        .test("a number", &[], named(json!(256)), unsupported())
        .test("null", &[], named(Value::Null), unsupported())
        .test("a list", &[], named(json!(["EdDSA"])), unsupported())
        .test("absent", &[], with_token(good(keys).without_header("alg").mint()), unsupported())
        .done()
}

fn restricted(keys: &Keys) -> Group {
    let rsa = Key::new("rsa-a", "rsa", "RS256");
    let both = [Key::usual().jwk(), rsa.jwk()];
    requests(
        "Fewer algorithms by configuration",
        Settings { algorithms: Some(vec!["RS256".into()]), ..with_keys(&both) },
    )
    .proving(&["J-1"])
    .test("the one that is accepted", &[], with_token(good(keys).key(&rsa).mint()), ok())
    .test(
        "another, although the key is published",
        &[],
        with_token(good(keys).mint()),
        denied("unsupported_algorithm"),
    )
    .done()
}

/// The public key as the secret of an HMAC, in every form that an application may have it in.
fn hmac(keys: &Keys) -> Group {
    let rsa = Key::new("rsa-a", "rsa", "RS256");
    let ec = Key::new("p256", "ec", "ES256");
    let ed = Key::usual();
    let set = [&rsa, &ec, &ed].map(Key::jwk);
    let mut group = requests("HMAC with something public as the secret", with_keys(&set))
        .proving(&["A-5", "J-1"])
        .noting(&["confusion"]);
    for (key, forms) in
        [(&rsa, rsa_forms(&rsa.jwk())), (&ec, ec_forms(&ec.jwk())), (&ed, ed_forms(&ed.jwk()))]
    {
        let jwk = key.jwk();
        let jwks = json!({ "keys": set }).to_string();
        let all = forms.into_iter().chain([
            ("the JWK", jwk.to_string().into_bytes()),
            ("the JWK Set", jwks.into_bytes()),
            ("the kid", key.kid().into()),
        ]);
        for (form, secret) in all {
            for (alg, hash) in [("HS256", HMAC_SHA256), ("HS384", HMAC_SHA384), ("HS512", HMAC_SHA512)] {
                let token = good(keys).header("alg", alg).header("kid", key.kid());
                let token =
                    token.mint_with(|_, input| sign(&Secret::new(hash, &secret), input).as_ref().to_vec());
                let comment = format!("{alg} with {form} of the key {}", key.kid());
                group = group.test(&comment, &[], with_token(token), denied("unsupported_algorithm"));
            }
        }
    }
    group.done()
}

/// A set that publishes a secret, or calls a public key one.
fn symmetric(keys: &Keys) -> Group {
    let secret = b"secret-secret-secret-secret-32!!";
    let rsa = Key::new("rsa-a", "rsa", "RS256");
    let oct = json!({"kty": "oct", "kid": "oct", "k": URL_SAFE_NO_PAD.encode(secret), "alg": "HS256", "use": "sig"});
    let set = [oct, rsa.jwk_with(&json!({"alg": "HS256"})), Key::usual().jwk()];
    let by = |kid: &str, secret: &[u8]| {
        let token = good(keys).header("alg", "HS256").header("kid", kid);
        with_token(
            token.mint_with(|_, input| sign(&Secret::new(HMAC_SHA256, secret), input).as_ref().to_vec()),
        )
    };
    let unsupported = || denied("unsupported_algorithm");
    requests("A set with a key for HMAC", with_keys(&set))
        .proving(&["A-5", "J-1", "J-2"])
        .noting(&["confusion"])
        .test("signed with the published secret", &[], by("oct", secret), unsupported())
        .test("signed with nothing as the secret", &[], by("oct", b""), unsupported())
        .test(
            "signed with a public key as the secret",
            &[],
            by("rsa", &bytes(&rsa.jwk(), "n")),
            unsupported(),
        )
        .test(
            "signed with the private key that belongs to that one",
            &[],
            with_token(good(keys).key(&rsa).mint()),
            denied("key_not_found"),
        )
        .test("signed with the good key beside them", &["K-6"], with_token(good(keys).mint()), ok())
        .done()
}

type Forms = Vec<(&'static str, Vec<u8>)>;

fn rsa_forms(jwk: &Value) -> Forms {
    let [n, e] = ["n", "e"].map(|name| bytes(jwk, name));
    let text = jwk["n"].as_str().expect("a text").as_bytes().to_vec();
    let positive = [&[0], &n[..]].concat();
    let plain = der(0x30, &[der(0x02, &positive), der(0x02, &e)].concat());
    let info = key_info(&[RSA_ENCRYPTION, &[0x05, 0x00]].concat(), &plain);
    vec![
        ("the PEM", pem("PUBLIC KEY", &info, "\n", true)),
        ("the PEM without its last line break", pem("PUBLIC KEY", &info, "\n", false)),
        ("the PEM of Windows", pem("PUBLIC KEY", &info, "\r\n", true)),
        ("the PEM of PKCS #1", pem("RSA PUBLIC KEY", &plain, "\n", true)),
        ("the DER", info.clone()),
        ("the DER in base64", STANDARD.encode(&info).into_bytes()),
        ("the DER of PKCS #1", plain),
        ("the modulus", n),
        ("the modulus with its zero", positive),
        ("the modulus as text", text),
    ]
}

fn ec_forms(jwk: &Value) -> Forms {
    let [x, y] = ["x", "y"].map(|name| bytes(jwk, name));
    let point = [&[4], &x[..], &y[..]].concat();
    let info = key_info(&[EC_PUBLIC_KEY, P_256].concat(), &point);
    vec![
        ("the PEM", pem("PUBLIC KEY", &info, "\n", true)),
        ("the DER", info),
        ("the point", point),
        ("the x", x),
    ]
}

fn ed_forms(jwk: &Value) -> Forms {
    let x = bytes(jwk, "x");
    let info = key_info(ED25519, &x);
    let text = jwk["x"].as_str().expect("a text").as_bytes().to_vec();
    vec![
        ("the PEM", pem("PUBLIC KEY", &info, "\n", true)),
        ("the DER", info),
        ("the bytes", x),
        ("the bytes as text", text),
        ("nothing", Vec::new()),
    ]
}

fn bytes(jwk: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("a text")).expect("base64url")
}

/// `SubjectPublicKeyInfo` (RFC 5280 section 4.1).
fn key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    der(0x30, &[der(0x30, algorithm), der(0x03, &[&[0], key].concat())].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let len: Vec<u8> = len.into_iter().skip_while(|byte| *byte == 0).collect();
    let head = match len[..] {
        [short] if short < 0x80 => vec![tag, short],
        _ => [&[tag, 0x80 | u8::try_from(len.len()).expect("short")], &len[..]].concat(),
    };
    [head, content.to_vec()].concat()
}

/// RFC 7468.
fn pem(label: &str, der: &[u8], end: &str, last: bool) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    lines.extend(text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()));
    lines.push(format!("-----END {label}-----"));
    format!("{}{}", lines.join(end), if last { end } else { "" }).into_bytes()
}

const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P_256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
