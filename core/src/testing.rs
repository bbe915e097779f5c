//! An issuer in this process, for tests: it makes keys, publishes them as a key set, and mints
//! tokens, good ones and ones with anything wrong on purpose.
//!
//! Nothing here is for production: keys are made on the spot and any panic is a failed test.
//!
//! ```
//! use mcp_bearer::testing::Issuer;
//! use mcp_bearer::{Decision, Request, Requirement, ResourceServer};
//! use std::task::Poll;
//!
//! let issuer = Issuer::new("https://as.example.com");
//! let server = ResourceServer::builder("https://mcp.example.com").issuers(issuer.issuers()).build()?;
//!
//! let header = format!("Bearer {}", issuer.token("https://mcp.example.com").scope("todo:read").mint());
//! let request = Request::new("GET", "/todos").authorization(header.as_bytes());
//! let decision = server.try_authorize(&request, &Requirement::scope("todo:read")?);
//! assert!(matches!(decision, Poll::Ready(Decision::Allowed { .. })));
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a panic here is a failed test")]

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::algorithm::Algorithm;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::jwks::{self, Issuers};

/// An authorization server reduced to its signing keys.
#[derive(Clone, Debug)]
pub struct Issuer {
    identifier: String,
    keys: Vec<SigningKey>,
    clock: Arc<dyn Clock>,
}

/// A private key with its `kid` and the algorithm that it signs with.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    pair: Arc<Pair>,
}

/// A token about to be minted. Every part can be replaced.
#[derive(Clone, Debug)]
#[must_use]
pub struct Token {
    key: SigningKey,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Issuer {
    /// An issuer with one new Ed25519 key.
    #[must_use]
    pub fn new(identifier: impl Into<String>) -> Self {
        Self::with_keys(identifier, [SigningKey::generate("test-key", Algorithm::Ed25519)])
    }

    /// An issuer with these keys; tokens are signed with the last.
    #[must_use]
    pub fn with_keys(identifier: impl Into<String>, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        let keys = keys.into_iter().collect();
        Self { identifier: identifier.into(), keys, clock: Arc::new(SystemClock) }
    }

    /// Tells this issuer, and the servers that trust it through [`issuers`](Self::issuers), the time.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Publishes a further key and signs with it from now on.
    pub fn rotate(&mut self, key: SigningKey) {
        self.keys.push(key);
    }

    /// The identifier: `iss`.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The public keys as a JWK set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": self.keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() })
    }

    /// A handle that trusts this issuer's present keys, without a network.
    #[must_use]
    pub fn issuers(&self) -> Issuers {
        let clock = Arc::clone(&self.clock);
        Issuers::builder()
            .issuer(jwks::Issuer::new(&self.identifier).jwks(self.jwks().to_string()))
            .clock(move || clock.now())
            .build()
            .expect("an issuer for tests has a valid identifier and keys")
    }

    /// A good token for a resource: valid for five minutes, typed `at+jwt`, without scopes.
    pub fn token(&self, audience: impl Into<String>) -> Token {
        let key = self.keys.last().expect("an issuer for tests has a key").clone();
        let now = self.clock.now().as_secs();
        let header = json!({ "alg": key.algorithm.as_str(), "typ": "at+jwt", "kid": key.kid });
        let claims = json!({
            "iss": self.identifier,
            "aud": audience.into(),
            "sub": "user-1",
            "client_id": "client-1",
            "iat": now,
            "exp": now + 300,
            "jti": "token-1",
        });
        let members = |value: Value| value.as_object().cloned().unwrap_or_default();
        Token { key, header: members(header), claims: members(claims), raw_header: None, raw_payload: None }
    }
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

impl Token {
    /// Sets a claim.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a header parameter.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// Leaves a header parameter out.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Sets `scope`, values separated by spaces.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.claim("scope", scope.into())
    }

    /// Sets `sub`.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.claim("sub", subject.into())
    }

    /// Sets `exp`.
    pub fn expires_at(self, time: UnixTime) -> Self {
        self.claim("exp", time.as_secs())
    }

    /// Moves `iat` and `exp` into the past, so that the token expired this long ago.
    pub fn expired_since(self, ago: Duration) -> Self {
        let issued = self.claims.get("iat").and_then(Value::as_u64).unwrap_or_default();
        let expired = issued.saturating_sub(ago.as_secs());
        self.claim("exp", expired).claim("iat", expired.saturating_sub(300))
    }

    /// Signs with another key. The header says so unless it is set afterwards.
    pub fn key(mut self, key: &SigningKey) -> Self {
        self.header.insert("alg".into(), key.algorithm.as_str().into());
        self.header.insert("kid".into(), key.kid.as_str().into());
        self.key = key.clone();
        self
    }

    /// Uses these bytes as the header.
    pub fn raw_header(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_header = Some(bytes.into());
        self
    }

    /// Uses these bytes as the payload.
    pub fn raw_payload(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_payload = Some(bytes.into());
        self
    }

    /// What is signed: the encoded header and payload.
    #[must_use]
    pub fn signing_input(&self) -> String {
        let json = |raw: &Option<Vec<u8>>, members: &Map<String, Value>| {
            raw.clone().unwrap_or_else(|| Value::Object(members.clone()).to_string().into_bytes())
        };
        let header = URL_SAFE_NO_PAD.encode(json(&self.raw_header, &self.header));
        format!("{header}.{}", URL_SAFE_NO_PAD.encode(json(&self.raw_payload, &self.claims)))
    }

    /// The key that will sign.
    #[must_use]
    pub const fn signing_key(&self) -> &SigningKey {
        &self.key
    }

    /// The token with a given signature.
    #[must_use]
    pub fn mint_with(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.signing_input(), URL_SAFE_NO_PAD.encode(signature))
    }

    /// The token.
    #[must_use]
    pub fn mint(&self) -> String {
        self.mint_with(&self.key.sign(self.signing_input().as_bytes()))
    }
}

/// Shows which key, never the key.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
