//! What one writes who needs just this: a prepared key, and one pass over the claims.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{self as lc, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_bearer_bench::{ISSUER, RESOURCE};
use serde::Deserialize;
use serde_json::Value;

use super::Peer;

/// The signature without all the rest.
pub struct Signature(ParsedPublicKey);

impl Signature {
    pub fn new(jwk: &Value) -> Self {
        let part = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        Self(match jwk["kty"].as_str().unwrap() {
            "RSA" => lc::RsaPublicKeyComponents { n: part("n"), e: part("e") }
                .to_parsed_public_key(&lc::RSA_PKCS1_2048_8192_SHA256)
                .unwrap(),
            "EC" => {
                let point = [&[4][..], &part("x"), &part("y")].concat();
                ParsedPublicKey::new(&lc::ECDSA_P256_SHA256_FIXED, point).unwrap()
            }
            _ => ParsedPublicKey::new(&lc::ED25519, part("x")).unwrap(),
        })
    }

    /// The signature of each token, decoded.
    pub fn of(&self, tokens: &[String]) -> Vec<Vec<u8>> {
        let end = |token: &String| URL_SAFE_NO_PAD.decode(token.rsplit_once('.').unwrap().1).unwrap();
        tokens.iter().map(end).collect()
    }

    pub fn is_good(&self, token: &str, signature: &[u8]) -> bool {
        let input = &token[..token.rfind('.').unwrap()];
        self.0.verify_sig(input.as_bytes(), signature).is_ok()
    }
}

pub struct ByHand {
    key: Signature,
    algorithm: String,
}

#[derive(Deserialize)]
struct Header<'a> {
    alg: &'a str,
}

#[derive(Deserialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(borrow)]
    aud: Audience<'a>,
    exp: u64,
    nbf: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    #[serde(borrow)]
    Many(Vec<&'a str>),
}

impl ByHand {
    pub fn new(jwk: &Value) -> Self {
        Self { key: Signature::new(jwk), algorithm: jwk["alg"].as_str().unwrap().to_owned() }
    }

    fn check(&self, token: &str) -> Option<()> {
        let (input, end) = token.rsplit_once('.')?;
        let (header, payload) = input.split_once('.')?;
        let decoded = |part| URL_SAFE_NO_PAD.decode(part).ok();
        let header = decoded(header)?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        if header.alg != self.algorithm || !self.key.is_good(token, &decoded(end)?) {
            return None;
        }
        let payload = decoded(payload)?;
        let claims: Claims<'_> = serde_json::from_slice(&payload).ok()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let for_us = match claims.aud {
            Audience::One(one) => one == RESOURCE,
            Audience::Many(many) => many.contains(&RESOURCE),
        };
        let good =
            claims.iss == ISSUER && for_us && now < claims.exp && claims.nbf.is_none_or(|nbf| nbf <= now);
        good.then_some(())
    }
}

impl Peer for ByHand {
    fn name(&self) -> &'static str {
        "by hand, aws-lc-rs and serde_json"
    }

    fn accepts(&self, token: &str) -> bool {
        self.check(token).is_some()
    }
}
