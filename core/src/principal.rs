//! Whom a verified token speaks for.

use std::fmt;

use serde_json::Value;

use crate::access_token::AccessToken;

/// Whom a token speaks for: a key for sessions, lists of one's own, and rate limits.
///
/// It is the issuer with the subject, since `sub` is unique only within one issuer, or with the
/// client where a token has no subject. The two never meet: a client whose identifier is spelled
/// like a user is another principal. It stays the same from one token to the next.
///
/// The text of a principal is the JSON array of its three parts, such as
/// `["https://auth.example.com","sub","alice"]`: as good a key as the principal itself, in a log or
/// a store that several programs share.
///
/// ```
/// use std::collections::HashMap;
///
/// use mcp_bearer::{AccessToken, Principal};
///
/// fn count(calls: &mut HashMap<Principal, u64>, token: &AccessToken) {
///     if let Some(principal) = token.principal() {
///         *calls.entry(principal).or_default() += 1;
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    issuer: Box<str>,
    claim: &'static str,
    value: Box<str>,
}

impl Principal {
    /// Nobody can be told from anybody else by a token without subject and client.
    pub(crate) fn of(token: &AccessToken) -> Option<Self> {
        let (claim, value) = match token.subject() {
            Some(subject) => ("sub", subject),
            None => ("client_id", token.client_id()?),
        };
        Some(Self { issuer: token.issuer().into(), claim, value: value.into() })
    }

    /// `iss`, exactly as configured.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What identifies it: `sub`, or `client_id` (also where the token calls it `azp`).
    #[must_use]
    pub fn claim(&self) -> &'static str {
        self.claim
    }

    /// The subject or the client, as the issuer spells it.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// The JSON array of issuer, claim and value.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Value::from(vec![self.issuer(), self.claim(), self.value()]).fmt(f)
    }
}
