//! What there is to see of decisions: for logs, metrics and traces. Nothing here decides anything.
//!
//! Each check that is made is told to the functions of
//! [`Builder::on_decision`](crate::Builder::on_decision), refused or not: that of the token, that of
//! a [`Requirement`](crate::Requirement), that of an operation. A refused request has one refusal, the
//! last of its checks. What happens to keys is told by
//! [`IssuersBuilder::on_keys_event`](crate::IssuersBuilder::on_keys_event).
//!
//! ```
//! use mcp_bearer::ResourceServer;
//!
//! let server = ResourceServer::builder("https://mcp.example.com/mcp")
//!     .issuer("https://as.example.com")
//!     .on_decision(|event| {
//!         if let Some(reason) = event.reason {
//!             eprintln!("{reason}: {:?} {:?}", event.client_id, event.fingerprint());
//!         }
//!     })
//!     .build()?;
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
//!
//! [`tracing`] and [`metrics`](mod@metrics) have functions that can be given there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;

use crate::access_token::AccessToken;
use crate::cache::TokenCacheStats;
use crate::credentials::BearerToken;
use crate::error::Reason;
use crate::jwks::KeysHealth;
use crate::operation::Operation;
use crate::request::Request;
use crate::scope::ScopeSet;

#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "tracing")]
pub mod tracing;

/// A check has been made.
///
/// Holds nothing that is not verified, and no token: of a refused one only its
/// [fingerprint](Self::fingerprint) can be had.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct DecisionEvent<'a> {
    /// The resource, as configured.
    pub resource: &'a str,
    /// What was checked.
    pub check: Check,
    /// Why the request is refused; `None` if it may go on.
    pub reason: Option<Reason>,
    /// `iss` of a verified token.
    pub issuer: Option<&'a str>,
    /// `sub` of a verified token.
    pub subject: Option<&'a str>,
    /// `client_id`, else `azp`, of a verified token.
    pub client_id: Option<&'a str>,
    /// The scopes of a verified token.
    pub scopes: Option<&'a ScopeSet>,
    /// Of a [`Check::Operation`] whose body could be read. Its names are those of the policy and of
    /// the MCP specification, whatever the client has written: there are not many.
    pub operation: Option<Operation<'a>>,
    /// The time that it took, waiting for keys included.
    pub duration: Duration,
    credential: Option<&'a [u8]>,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// Who is calling.
    Token,
    /// Whether a verified token satisfies a requirement.
    Requirement,
    /// Whether it satisfies what an operation policy asks for.
    Operation,
}

/// What a server has done since it was built.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// How many requests had a good token.
    pub authenticated: u64,
    /// How many were refused for each reason, without those that never were.
    pub denied: Vec<(Reason, u64)>,
    /// How the cache of verified tokens does.
    pub token_cache: TokenCacheStats,
    /// The state of each issuer's keys, in the order of configuration.
    pub keys: Vec<KeysHealth>,
}

impl DecisionEvent<'_> {
    /// Whether the request may go on.
    #[must_use]
    pub const fn allowed(&self) -> bool {
        self.reason.is_none()
    }

    /// The HTTP status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.reason.map(|reason| reason.row().status)
    }

    /// The [fingerprint](AccessToken::fingerprint) of the token, verified or not: to find the requests
    /// of one token without writing it down. `None` if there was not one.
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        self.credential.map(fingerprint)
    }
}

/// One line for a log. What comes from a token is quoted.
impl fmt::Display for DecisionEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            None => f.write_str("allowed")?,
            Some(reason) => write!(f, "denied reason={reason}")?,
        }
        write!(f, " check={}", self.check)?;
        if let Some(operation) = self.operation {
            write!(f, " operation={operation:?}", operation = operation.to_string())?;
        }
        for (name, value) in
            [("issuer", self.issuer), ("subject", self.subject), ("client_id", self.client_id)]
        {
            if let Some(value) = value {
                write!(f, " {name}={value:?}")?;
            }
        }
        if let Some(fingerprint) = self.fingerprint() {
            write!(f, " fingerprint={fingerprint}")?;
        }
        write!(f, " duration_us={}", self.duration.as_micros())
    }
}

impl fmt::Debug for DecisionEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecisionEvent({self})")
    }
}

impl Check {
    /// The name that all three languages use, such as `token`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Requirement => "requirement",
            Self::Operation => "operation",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first 64 bits of the SHA-256 of a token, as 16 hexadecimal digits: as good as a number drawn at
/// random, as long as the token has a signature.
pub(crate) fn fingerprint(token: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, token);
    digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A function that is told of checks.
pub(crate) type Observer = Arc<dyn Fn(&DecisionEvent<'_>) + Send + Sync>;

/// Who is told, and what is counted.
pub(crate) struct Observers {
    resource: Box<str>,
    functions: Vec<Observer>,
    denied: [AtomicU64; Reason::ALL.len()],
}

impl Observers {
    pub(crate) fn new(resource: &str, functions: Vec<Observer>) -> Self {
        Self { resource: resource.into(), functions, denied: Default::default() }
    }

    /// A check begins. The clock is looked at only where somebody is told how long it took.
    pub(crate) fn watch(&self, check: Check) -> Watch<'_> {
        let since = (!self.functions.is_empty()).then(Instant::now);
        Watch { observers: self, check, since }
    }

    #[cold]
    fn tell(&self, check: Check, duration: Duration, outcome: Outcome<'_>) {
        let Outcome { reason, token, request, operation } = outcome;
        let sent = || request.and_then(|request| BearerToken::glimpse(request.authorization_values()));
        let event = DecisionEvent {
            resource: &self.resource,
            check,
            reason,
            issuer: token.map(AccessToken::issuer),
            subject: token.and_then(AccessToken::subject),
            client_id: token.and_then(AccessToken::client_id),
            scopes: token.map(AccessToken::scopes),
            operation,
            duration,
            credential: token.map(|token| token.secret().as_bytes()).or_else(sent),
        };
        for tell in &self.functions {
            tell(&event);
        }
    }

    /// How many were refused for each reason.
    pub(crate) fn denied(&self) -> Vec<(Reason, u64)> {
        let counts = self.denied.iter().map(|count| count.load(Ordering::Relaxed));
        Reason::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").field("denied", &self.denied()).finish_non_exhaustive()
    }
}

/// A check under way.
pub(crate) struct Watch<'o> {
    observers: &'o Observers,
    check: Check,
    since: Option<Instant>,
}

/// How a check has ended.
#[derive(Clone, Copy, Default)]
pub(crate) struct Outcome<'a> {
    /// Why the request is refused, if it is.
    pub(crate) reason: Option<Reason>,
    /// That is verified, now or before.
    pub(crate) token: Option<&'a AccessToken>,
    /// That may have another.
    pub(crate) request: Option<&'a Request<'a>>,
    pub(crate) operation: Option<Operation<'a>>,
}

impl Watch<'_> {
    #[inline]
    pub(crate) fn end(self, outcome: Outcome<'_>) {
        let Self { observers, check, since } = self;
        let count = outcome.reason.and_then(|reason| observers.denied.get(reason as usize));
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(since) = since {
            observers.tell(check, since.elapsed(), outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_place_of_its_own() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index, "{reason}");
        }
    }
}
