//! A signing key.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::algorithm::Algorithm;

/// A private key with its `kid` and the algorithm that it signs with.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    pair: Arc<Pair>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// A new key.
    #[must_use]
    pub fn generate(kid: impl Into<String>, algorithm: Algorithm) -> Self {
        const FAILED: &str = "the system can make keys";
        let pair = match algorithm {
            Algorithm::Es256 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_FIXED_SIGNING).expect(FAILED))
            }
            Algorithm::Es384 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(&lc::ECDSA_P384_SHA384_FIXED_SIGNING).expect(FAILED))
            }
            Algorithm::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().expect(FAILED)),
            _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect(FAILED)),
        };
        Self { kid: kid.into(), algorithm, pair: Arc::new(pair) }
    }

    /// A key from PKCS #8 DER (RFC 5958).
    #[must_use]
    pub fn from_pkcs8(kid: impl Into<String>, algorithm: Algorithm, der: &[u8]) -> Self {
        const WRONG: &str = "a PKCS #8 key of the algorithm's type";
        let pair = match algorithm {
            Algorithm::Es256 => {
                Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(&lc::ECDSA_P256_SHA256_FIXED_SIGNING, der).expect(WRONG))
            }
            Algorithm::Es384 => {
                Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(&lc::ECDSA_P384_SHA384_FIXED_SIGNING, der).expect(WRONG))
            }
            Algorithm::Ed25519 => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).expect(WRONG))
            }
            _ => Pair::Rsa(RsaKeyPair::from_pkcs8(der).expect(WRONG)),
        };
        Self { kid: kid.into(), algorithm, pair: Arc::new(pair) }
    }

    /// The key as PKCS #8 DER.
    #[must_use]
    pub fn to_pkcs8(&self) -> Vec<u8> {
        const FAILED: &str = "a key pair can be written";
        match &*self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().expect(FAILED);
                der.as_ref().to_vec()
            }
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().expect(FAILED).as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().expect(FAILED).as_ref().to_vec(),
        }
    }

    /// The same key under another `kid` or for another algorithm of its type.
    #[must_use]
    pub fn renamed(&self, kid: impl Into<String>, algorithm: Algorithm) -> Self {
        Self { kid: kid.into(), algorithm, pair: Arc::clone(&self.pair) }
    }

    /// `kid`.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The algorithm that it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half as a JWK (RFC 7517 section 4, RFC 8037 section 2).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &*self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "n": encode(public.modulus().big_endian_without_leading_zero()),
                    "e": encode(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Pair::Ecdsa(pair) => {
                // SEC 1 section 2.3.3: 0x04, then x and y of equal length.
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                let crv = if self.algorithm == Algorithm::Es384 { "P-384" } else { "P-256" };
                json!({ "kty": "EC", "crv": crv, "x": encode(x), "y": encode(y) })
            }
            Pair::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) })
            }
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".into(), self.kid.as_str().into());
            members.insert("alg".into(), self.algorithm.as_str().into());
            members.insert("use".into(), "sig".into());
        }
        jwk
    }

    /// The signature of some bytes, in the form of RFC 7518 section 3.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        const FAILED: &str = "a key pair can sign";
        let random = SystemRandom::new();
        match &*self.pair {
            Pair::Rsa(pair) => {
                let padding: &'static dyn lc::RsaEncoding = match self.algorithm {
                    Algorithm::Rs384 => &lc::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &lc::RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &lc::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &lc::RSA_PSS_SHA384,
                    Algorithm::Ps512 => &lc::RSA_PSS_SHA512,
                    _ => &lc::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).expect(FAILED);
                signature
            }
            Pair::Ecdsa(pair) => pair.sign(&random, message).expect(FAILED).as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

/// Shows which key, never the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
