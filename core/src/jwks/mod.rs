//! Where the keys come from: one source per issuer, discovered, named, or given.
//!
//! A token is none of its business beyond the three things that select a key: `iss`, `kid`, `alg`.
//! Nothing that a token says is ever fetched (RFC 8725 section 3.10), and no key of one issuer ever
//! checks a token of another (RFC 8725 section 3.8).
//!
//! ```text
//! issuer,     settings -> Issuers                         checked once
//! builder
//! source      find(kid, alg, now): what is in memory, else the one fetch that all wait for
//! state       what is known of them, changed as a whole
//! policy      use, wait, refuse or unavailable; fetch     pure
//! missing     kids that were lately not found             bounded
//! download    one attempt: metadata, then keys            one deadline
//! discovery   where metadata is, and what it is worth     pure
//! freshness   how long an answer may be used              pure
//! health      what there is to see of all this
//! inspect     what a document is worth, for whoever explains it
//! set, key    a JWK Set, a JWK                            pure
//! ```

mod builder;
mod discovery;
mod download;
mod freshness;
mod health;
#[cfg(feature = "cli")]
pub(crate) mod inspect;
mod issuer;
mod key;
mod missing;
mod policy;
mod set;
mod source;
mod state;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

pub use builder::IssuersBuilder;
pub use health::{KeyHealth, KeysEvent, KeysHealth, KeysStatus};
pub use issuer::Issuer;
pub(crate) use key::{Thumbprint, VerificationKey};
pub(crate) use policy::Waited;
pub(crate) use source::{Find, Flight, KeySource};

use crate::claims::Audience;
use crate::clock::{Clock, UnixTime};
use crate::error::ConfigError;

/// The accepted issuers and their keys: a handle that several resource servers can share.
///
/// Cloning is cheap, and clones share the keys. Nothing is fetched, and no thread is started,
/// before the first token asks for a key.
///
/// ```
/// use mcp_bearer::{Issuer, Issuers};
///
/// let issuers = Issuers::builder()
///     .issuer("https://auth.example.com")
///     .issuer(Issuer::new("https://other.example.com").jwks_uri("https://other.example.com/keys"))
///     .build()?;
/// # Ok::<(), mcp_bearer::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Issuers(Arc<Inner>);

struct Inner {
    /// As configured, for what lists them.
    identifiers: Vec<Box<str>>,
    entries: HashMap<Box<str>, Arc<IssuerEntry>>,
    /// Each entry once, in the order of configuration.
    issuers: Vec<Arc<IssuerEntry>>,
    /// `dangerously_allow_http_hosts`.
    http_hosts: Arc<[String]>,
    clock: Arc<dyn Clock>,
}

impl Issuers {
    /// Issuers whose keys are found through their metadata, with default settings.
    ///
    /// # Errors
    /// As [`IssuersBuilder::build`].
    pub fn new<I: Into<Issuer>>(issuers: impl IntoIterator<Item = I>) -> Result<Self, ConfigError> {
        issuers.into_iter().fold(Self::builder(), IssuersBuilder::issuer).build()
    }

    /// Issuers with settings.
    pub fn builder() -> IssuersBuilder {
        IssuersBuilder::default()
    }

    /// Begins to fetch the keys that are not in memory, or old, in the background, so that the first
    /// request does not wait for them. Returns at once.
    pub fn warm_up(&self) {
        let now = self.now();
        self.0.issuers.iter().for_each(|issuer| issuer.keys.warm_up(now));
    }

    /// The state of each issuer's keys, in the order of configuration.
    #[must_use]
    pub fn keys_health(&self) -> Vec<KeysHealth> {
        let now = self.now();
        self.0.issuers.iter().map(|issuer| issuer.keys.health(now)).collect()
    }

    /// The time that everything about a token is judged by.
    pub(crate) fn now(&self) -> UnixTime {
        self.0.clock.now()
    }

    /// The issuer that says exactly this of itself, compared as a string (RFC 9068 section 4).
    pub(crate) fn get(&self, iss: &str) -> Option<&Arc<IssuerEntry>> {
        self.0.entries.get(iss)
    }

    /// Every accepted `iss` value, in the order of configuration.
    pub fn identifiers(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.identifiers.iter().map(AsRef::as_ref)
    }

    /// The hosts for which plain http is tolerated by configuration.
    pub(crate) fn http_hosts(&self) -> &[String] {
        &self.0.http_hosts
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.identifiers().filter_map(|iss| self.get(iss).map(|entry| (iss, entry)));
        f.debug_map().entries(entries).finish()
    }
}

/// One issuer.
#[derive(Debug)]
pub(crate) struct IssuerEntry {
    audiences: Option<Vec<Audience>>,
    keys: KeySource,
}

impl IssuerEntry {
    /// The audiences for tokens of this issuer, if it has its own.
    pub(crate) fn audiences(&self) -> Option<&[Audience]> {
        self.audiences.as_deref()
    }

    pub(crate) const fn keys(&self) -> &KeySource {
        &self.keys
    }
}

#[cfg(test)]
mod tests;
