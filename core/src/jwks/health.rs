//! What there is to see of an issuer's keys: for logs, metrics and health checks.
//!
//! Nothing here decides anything.

use std::fmt;
use std::time::Duration;

use crate::algorithm::Algorithm;
use crate::clock::UnixTime;

/// The keys of one issuer as they are now. Never a part of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeysHealth {
    /// The issuer, as configured: the first of its identifiers.
    pub issuer: String,
    /// Whether tokens can be checked with what is in memory.
    pub status: KeysStatus,
    /// Time since the keys were asked for that are in memory. `None` if there are none, or if they
    /// are given and never fetched.
    pub age: Option<Duration>,
    /// Why the last attempt failed, in constant words. `None` if it succeeded, or if there was none.
    pub last_error: Option<String>,
    /// An attempt is under way.
    pub fetching: bool,
    /// From when on a request makes the next attempt begin. `None` if the next one may at once, or if
    /// keys are never fetched.
    pub next_attempt: Option<UnixTime>,
    /// The usable keys.
    pub keys: Vec<KeyHealth>,
    /// The issuer publishes private or symmetric keys, which everybody can then sign with. They
    /// are not kept; whoever runs the issuer should be told.
    pub exposes_secrets: bool,
}

/// One usable key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyHealth {
    /// The key's identifier (RFC 7517 section 4.5).
    pub kid: Option<String>,
    /// What it may check.
    pub algorithms: Vec<Algorithm>,
}

/// Whether tokens can be checked with what is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeysStatus {
    /// Yes.
    Fresh,
    /// The keys are past their freshness. They are used if the issuer fails, up to
    /// [`jwks_max_stale`](crate::IssuersBuilder::jwks_max_stale).
    Stale,
    /// There are none, or they are too old.
    None,
}

/// Something has happened to an issuer's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeysEvent {
    /// They have been fetched, or are known to be unchanged.
    Fetched,
    /// An attempt has failed. [`KeysHealth::status`] says what tokens are checked with meanwhile.
    Failed,
}

impl KeysStatus {
    /// The name that all three languages use, such as `fresh`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::None => "none",
        }
    }
}

impl KeysEvent {
    /// The name that all three languages use, such as `fetched`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for KeysStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for KeysEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
