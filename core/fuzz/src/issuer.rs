//! One issuer with the keys of `tests/keys`: what the vectors hold is signed with them.

use std::time::Duration;

use aws_lc_rs::signature as lc;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mcp_bearer::Algorithm;
use mcp_bearer::testing::{Issuer, SigningKey};
use serde_json::Value;

pub const ISSUER: &str = "https://as.example.com";
pub const RESOURCE: &str = "https://mcp.example.com/mcp";
pub const NOW: u64 = 1_800_000_000;

/// An issuer whose clock stands still. It signs with Ed25519.
#[must_use]
pub fn issuer() -> Issuer {
    Issuer::with_keys(ISSUER, [p256(), ed25519()]).clock(|| Duration::from_secs(NOW))
}

#[must_use]
pub fn ed25519() -> SigningKey {
    key("ed", Algorithm::Ed25519, include_str!("../../../tests/keys/ed25519.pem"))
}

#[must_use]
pub fn p256() -> SigningKey {
    key("key", Algorithm::Es256, include_str!("../../../tests/keys/p256.pem"))
}

#[must_use]
pub fn rsa() -> SigningKey {
    key("key", Algorithm::Rs256, include_str!("../../../tests/keys/rsa-a.pem"))
}

fn key(kid: &str, algorithm: Algorithm, pem: &str) -> SigningKey {
    let lines = pem.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1);
    let base64: String = lines.take_while(|line| !line.starts_with("-----END")).collect();
    SigningKey::from_pkcs8(kid, algorithm, &STANDARD.decode(base64).expect("PEM"))
}

/// Whether one of the issuer's two keys has signed these bytes, by the signature library alone.
#[must_use]
pub fn has_signed(message: &[u8], signature: &[u8]) -> bool {
    let coordinate = |jwk: &Value, name: &str| {
        URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("a coordinate")).expect("base64url")
    };
    let (ed25519, p256) = (ed25519().jwk(), p256().jwk());
    let point = [vec![4], coordinate(&p256, "x"), coordinate(&p256, "y")].concat();
    lc::UnparsedPublicKey::new(&lc::ED25519, coordinate(&ed25519, "x")).verify(message, signature).is_ok()
        || lc::UnparsedPublicKey::new(&lc::ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
}
