//! A token about to be minted.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::signing_key::SigningKey;
use crate::clock::UnixTime;

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

impl Token {
    pub(super) fn new(key: &SigningKey, issuer: &str, audience: &str, now: UnixTime) -> Self {
        let now = now.as_secs();
        let header = json!({ "alg": key.algorithm().as_str(), "typ": "at+jwt", "kid": key.kid() });
        let claims = json!({
            "iss": issuer,
            "aud": audience,
            "sub": "user-1",
            "client_id": "client-1",
            "iat": now,
            "exp": now.saturating_add(LIFETIME),
            "jti": "token-1",
        });
        let members = |value: Value| value.as_object().cloned().unwrap_or_default();
        Self {
            key: key.clone(),
            header: members(header),
            claims: members(claims),
            raw_header: None,
            raw_payload: None,
        }
    }

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

    /// Sets `iss`.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// Sets `aud`.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.claim("aud", audience.into())
    }

    /// Sets `sub`.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.claim("sub", subject.into())
    }

    /// Sets `exp`.
    pub fn expires_at(self, time: UnixTime) -> Self {
        self.claim("exp", time.as_secs())
    }

    /// Moves `iat` and `exp` into the past, so that the token expired this long ago. A server has a
    /// leeway, by default of 30 seconds.
    pub fn expired_since(self, ago: Duration) -> Self {
        let expired = self.issued_at().saturating_sub(ago.as_secs());
        self.claim("exp", expired).claim("iat", expired.saturating_sub(LIFETIME))
    }

    /// Sets `nbf`, so that the token becomes valid after this long. The leeway counts here, too.
    pub fn not_valid_for(self, wait: Duration) -> Self {
        let valid = self.issued_at().saturating_add(wait.as_secs());
        self.claim("nbf", valid)
    }

    /// Signs with another key. The header says so unless it is set afterwards.
    pub fn key(mut self, key: &SigningKey) -> Self {
        self.header.insert("alg".into(), key.algorithm().as_str().into());
        self.header.insert("kid".into(), key.kid().into());
        self.key = key.clone();
        self
    }

    /// Signs with a new key of the same name, so that the signature is wrong.
    pub fn forged(mut self) -> Self {
        self.key = SigningKey::generate(self.key.kid(), self.key.algorithm());
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

    /// The token as the value of an `Authorization` field.
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.mint())
    }

    fn issued_at(&self) -> u64 {
        self.claims.get("iat").and_then(Value::as_u64).unwrap_or_default()
    }
}

/// How long a good token is valid, in seconds.
const LIFETIME: u64 = 300;
