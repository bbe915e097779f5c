//! Tokens as an MCP client sends them, and tokens that a resource server must refuse.

use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mcp_bearer::testing::{Issuer, SigningKey, Token};
use mcp_bearer::{Algorithm, UnixTime};
use serde_json::{Value, json};

use crate::{ISSUER, RESOURCE};

/// How many tokens of each kind there are.
pub const COUNT: usize = 1_000;
/// The algorithms, and what their files are called.
pub const ALGORITHMS: [(Algorithm, &str); 3] =
    [(Algorithm::Rs256, "RS256"), (Algorithm::Es256, "ES256"), (Algorithm::Ed25519, "EdDSA")];

/// An issuer with a key for this algorithm.
#[must_use]
pub fn issuer(algorithm: Algorithm) -> (Issuer, SigningKey) {
    let key = SigningKey::generate("snk_1234567890", algorithm);
    (Issuer::with_keys(ISSUER, [key.clone()]), key)
}

/// What an MCP client sends, good for a day.
pub fn token(issuer: &Issuer, n: usize) -> Token {
    issuer
        .token(RESOURCE)
        .expires_at(now() + DAY)
        .claim("aud", json!([RESOURCE, "res_1234567890123456"]))
        .subject(format!("usr_{n:016}"))
        .claim("client_id", "m2m_12345678901234567")
        .claim("jti", format!("tkn_{n:020}"))
        .claim("oid", "org_12345678901234567")
        .claim("sid", "ses_12345678901234567")
        .claim("roles", json!(["member", "editor"]))
        .claim("permissions", json!(["todo:read", "todo:write", "todo:delete"]))
        .claim("xuid", "external-user-1234567890")
        .scope("todo:read todo:write")
}

/// The first [`COUNT`] of them.
#[must_use]
pub fn good(issuer: &Issuer) -> Vec<String> {
    first(issuer, COUNT)
}

/// Each with the signature of the next.
#[must_use]
pub fn forged(tokens: &[String]) -> Vec<String> {
    let parts = || tokens.iter().filter_map(|token| token.rsplit_once('.'));
    parts().zip(parts().cycle().skip(1)).map(|((input, _), (_, end))| format!("{input}.{end}")).collect()
}

/// Tokens with one thing wrong, by its name.
#[must_use]
pub fn bad(issuer: &Issuer, key: &SigningKey) -> Vec<(&'static str, String)> {
    let good = || token(issuer, 0);
    let another = SigningKey::generate(key.kid(), key.algorithm());
    let none = good().header("alg", "none");
    let mac = good().header("alg", "HS256");
    let tag =
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, pem(key).as_bytes()), mac.signing_input().as_bytes());
    let id_token = good()
        .header("typ", "JWT")
        .without("client_id")
        .without("scope")
        .claim("nonce", "n-0S6_WzA2Mj")
        .claim("at_hash", "MTIzNDU2Nzg5MDEyMzQ1Ng");
    let bound = json!({ "jkt": URL_SAFE_NO_PAD.encode([7; 32]) });
    vec![
        ("no exp", good().without("exp").mint()),
        ("expired", good().expired_since(HOUR).mint()),
        ("not yet valid", good().claim("nbf", (now() + HOUR).as_secs()).mint()),
        ("wrong audience", good().claim("aud", "https://other.example.com/mcp").mint()),
        ("no audience", good().without("aud").mint()),
        ("wrong issuer", good().claim("iss", "https://other.example.com").mint()),
        ("id token", id_token.mint()),
        ("dpop proof typ", good().header("typ", "dpop+jwt").mint()),
        ("crit", good().header("crit", json!(["x"])).header("x", true).mint()),
        ("bound (cnf)", good().claim("cnf", bound).mint()),
        ("alg none", none.mint_with(b"")),
        ("wrong key", good().key(&another).mint()),
        ("HS256 with the public key", mac.mint_with(tag.as_ref())),
    ]
}

/// All of it, in the form of `build/bench/tokens/<ALG>.json`.
#[must_use]
pub fn file(algorithm: Algorithm, count: usize) -> Value {
    let (issuer, key) = issuer(algorithm);
    let tokens = first(&issuer, count);
    let bad: serde_json::Map<_, Value> =
        bad(&issuer, &key).into_iter().map(|(name, token)| (name.to_owned(), token.into())).collect();
    json!({
        "issuer": ISSUER,
        "audience": RESOURCE,
        "jwks": issuer.jwks(),
        "forged": forged(&tokens),
        "tokens": tokens,
        "bad": bad,
    })
}

fn first(issuer: &Issuer, count: usize) -> Vec<String> {
    (0..count).map(|n| token(issuer, n).mint()).collect()
}

/// The public key as it is published where no JWK set is.
fn pem(key: &SigningKey) -> String {
    let der = key.to_pkcs8();
    let public: PublicKeyX509Der<'static> = match key.algorithm() {
        Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&lc::ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            .unwrap()
            .public_key()
            .as_der()
            .unwrap(),
        Algorithm::Ed25519 => Ed25519KeyPair::from_pkcs8(&der).unwrap().public_key().as_der().unwrap(),
        _ => RsaKeyPair::from_pkcs8(&der).unwrap().public_key().as_der().unwrap(),
    };
    let text = STANDARD.encode(public.as_ref());
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

fn now() -> UnixTime {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
