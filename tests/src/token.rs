//! Tokens, good ones and ones with anything wrong on purpose.
//!
//! Members stand in the order in which they are stated, whatever JSON library features are built.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::keys::{Key, Keys};
use crate::model::Json;

/// 15 January 2027, 08:00 UTC.
pub const NOW: u64 = 1_800_000_000;
/// The issuer of tokens where nothing else is said.
pub const ISSUER: &str = "https://as.example.com";
/// Their audience.
pub const RESOURCE: &str = "https://mcp.example.com/mcp";

/// A token about to be minted.
#[derive(Clone, Debug)]
#[must_use]
pub struct Draft<'k> {
    keys: &'k Keys,
    key: Key,
    header: Vec<(String, Value)>,
    claims: Vec<(String, Value)>,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
}

/// A token for [`RESOURCE`] that is good in every way, with the scope `todo:read`.
pub fn good(keys: &Keys) -> Draft<'_> {
    let key = Key::usual();
    let members = |members: &[(&str, Value)]| {
        members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    };
    Draft {
        keys,
        header: members(&[("alg", json!(key.alg())), ("typ", json!("at+jwt")), ("kid", json!(key.kid()))]),
        claims: members(&[
            ("iss", json!(ISSUER)),
            ("aud", json!(RESOURCE)),
            ("sub", json!("user-1")),
            ("client_id", json!("client-1")),
            ("scope", json!("todo:read")),
            ("iat", json!(NOW - 60)),
            ("exp", json!(NOW + 300)),
            ("jti", json!("token-1")),
        ]),
        key,
        raw_header: None,
        raw_payload: None,
    }
}

impl Draft<'_> {
    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.retain(|(own, _)| own != name);
        self
    }

    /// Sets `scope`.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// Sets a header parameter.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// Leaves a header parameter out.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.retain(|(own, _)| own != name);
        self
    }

    /// Signs with another key, and says so in the header.
    pub fn key(mut self, key: &Key) -> Self {
        self = self.header("alg", key.alg()).header("kid", key.kid());
        self.signed_by(key)
    }

    /// Signs with another key, whatever the header says.
    pub fn signed_by(mut self, key: &Key) -> Self {
        self.key = key.clone();
        self
    }

    /// These bytes are the header.
    pub fn raw_header(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_header = Some(bytes.into());
        self
    }

    /// These bytes are the payload.
    pub fn raw_payload(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_payload = Some(bytes.into());
        self
    }

    /// The payload's text is changed.
    pub fn edit_payload(self, edit: impl FnOnce(String) -> String) -> Self {
        let text = edit(text(&self.claims));
        self.raw_payload(text)
    }

    /// The header's text is changed.
    pub fn edit_header(self, edit: impl FnOnce(String) -> String) -> Self {
        let text = edit(text(&self.header));
        self.raw_header(text)
    }

    /// Encoded header and payload.
    #[must_use]
    pub fn signing_input(&self) -> String {
        let part = |raw: &Option<Vec<u8>>, members: &[(String, Value)]| {
            URL_SAFE_NO_PAD.encode(raw.clone().unwrap_or_else(|| text(members).into_bytes()))
        };
        format!("{}.{}", part(&self.raw_header, &self.header), part(&self.raw_payload, &self.claims))
    }

    /// The token.
    #[must_use]
    pub fn mint(&self) -> String {
        let input = self.signing_input();
        let signature = self.keys.sign(&self.key, input.as_bytes());
        with_signature(&input, &signature)
    }

    /// The token with a changed signature.
    #[must_use]
    pub fn mint_damaged(&self, damage: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
        let input = self.signing_input();
        let signature = damage(self.keys.sign(&self.key, input.as_bytes()));
        with_signature(&input, &signature)
    }

    /// The token with a signature of the caller's.
    #[must_use]
    pub fn mint_with(&self, sign: impl FnOnce(&Keys, &[u8]) -> Vec<u8>) -> String {
        let input = self.signing_input();
        let signature = sign(self.keys, input.as_bytes());
        with_signature(&input, &signature)
    }
}

fn with_signature(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn set(members: &mut Vec<(String, Value)>, name: &str, value: Value) {
    match members.iter_mut().find(|(own, _)| own == name) {
        Some((_, own)) => *own = value,
        None => members.push((name.to_owned(), value)),
    }
}

fn text(members: &[(String, Value)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| {
            let value = serde_json::to_string(&Json(value.clone())).expect("JSON");
            format!("{}:{value}", json!(name))
        })
        .collect();
    format!("{{{}}}", members.join(","))
}
