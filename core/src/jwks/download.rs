//! One attempt to get an issuer's keys: metadata if need be, then the JWK Set, within one deadline.
//!
//! When an attempt is made, and what its failure means for requests, is `policy`'s.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderValue;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG};

use super::discovery::{self, Metadata};
use super::freshness;
use super::policy::elapsed;
use super::set::KeySet;
use crate::clock::UnixTime;
use crate::fetch::{Fetch, FetchError, FetchRequest, FetchResponse};
use crate::identifier::{HttpHosts, Identifier};

/// Everything that an attempt needs.
pub(super) struct Download {
    pub(super) target: Target,
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) http_hosts: Arc<[String]>,
}

/// Where an attempt begins.
pub(super) enum Target {
    /// At the issuer's metadata.
    Metadata { issuer: Identifier, fallback: Option<String> },
    /// At the keys.
    Keys(String),
}

/// What an attempt brings, and what the next one builds on.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) set: Arc<KeySet>,
    /// For how long the issuer says that the set may be used.
    pub(super) lifetime: Option<Duration>,
    url: Arc<str>,
    /// When metadata named `url`.
    named: UnixTime,
    /// The validator of the set (RFC 9110 section 8.8.3).
    etag: Option<HeaderValue>,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No answer.
    Fetch(FetchError),
    /// Another status than 200, or 304 where that was asked for.
    Status(u16),
    /// A content coding, which was not asked for.
    Coded,
    /// A web page.
    Html,
    /// No form of metadata was usable.
    NoMetadata,
    /// Metadata of another issuer (RFC 8414 section 3.3).
    ForeignMetadata,
    /// Not a JWK Set.
    NotKeys,
    /// More keys than any issuer needs.
    TooManyKeys,
    /// A JWK Set without a single key that can check a signature here.
    NoUsableKey,
    /// Whoever ran the attempt dropped it.
    Abandoned,
}

impl Download {
    /// `known`: what the last attempt brought, if that succeeded. After a failure everything is asked
    /// for again: the issuer may have moved its keys. `timeout` is for the whole attempt.
    pub(super) async fn run(
        &self,
        known: Option<&Loaded>,
        now: UnixTime,
        timeout: Duration,
    ) -> Result<Loaded, Failure> {
        let deadline = Instant::now() + timeout;
        let (url, named) = match (&self.target, known) {
            (Target::Keys(url), _) => (url.as_str().into(), now),
            (Target::Metadata { .. }, Some(known))
                if elapsed(known.named, now).is_some_and(|age| age < METADATA_LIFETIME) =>
            {
                (Arc::clone(&known.url), known.named)
            }
            (Target::Metadata { issuer, fallback }, _) => {
                (self.discover(issuer, fallback.as_deref(), deadline).await?.into(), now)
            }
        };
        let known = known.filter(|known| known.url == url);
        let etag = known.and_then(|known| known.etag.clone());
        let answer = self.get(&url, etag, deadline).await?;
        Ok(match known {
            // RFC 9111 section 4.3.4: what the answer does not say anew holds on.
            Some(known) if answer.not_modified => Loaded {
                set: Arc::clone(&known.set),
                lifetime: answer.lifetime.or(known.lifetime),
                url,
                named,
                etag: answer.etag.or_else(|| known.etag.clone()),
            },
            _ => Loaded {
                set: Arc::new(KeySet::parse(&answer.body)?),
                lifetime: answer.lifetime,
                url,
                named,
                etag: answer.etag,
            },
        })
    }

    /// The URL of the issuer's keys.
    async fn discover(
        &self,
        issuer: &Identifier,
        fallback: Option<&str>,
        deadline: Instant,
    ) -> Result<String, Failure> {
        let http = HttpHosts { loopback: issuer.is_loopback_http(), listed: &self.http_hosts };
        let mut foreign = false;
        for url in discovery::metadata_urls(issuer) {
            match self.get(&url, None, deadline).await {
                Ok(document) => match discovery::judge(&document.body, issuer, http) {
                    Metadata::Own { jwks_uri } => return Ok(jwks_uri),
                    Metadata::Foreign => foreign = true,
                    Metadata::Unusable => {}
                },
                Err(failure) if failure.is_outage() => return Err(failure),
                Err(_) => {}
            }
        }
        match fallback {
            _ if foreign => Err(Failure::ForeignMetadata),
            Some(url) => Ok(url.to_owned()),
            None => Err(Failure::NoMetadata),
        }
    }

    /// Asks, and once more at once if the connection failed: the issuer may have been restarted,
    /// or have closed a connection that was kept.
    async fn get(&self, url: &str, etag: Option<HeaderValue>, deadline: Instant) -> Result<Answer, Failure> {
        let mut again = true;
        loop {
            let timeout = deadline.saturating_duration_since(Instant::now());
            if timeout.is_zero() {
                return Err(Failure::Fetch(FetchError::Timeout));
            }
            let mut request = FetchRequest::new(url, timeout, MAX_BYTES);
            request.if_none_match.clone_from(&etag);
            match self.fetch.fetch(request).await {
                Err(FetchError::Connect | FetchError::Reset) if again => again = false,
                Err(error) => return Err(Failure::Fetch(error)),
                Ok(response) => return accept(response, etag.is_some()),
            }
        }
    }
}

/// An answer that can be what was asked for.
struct Answer {
    body: Vec<u8>,
    not_modified: bool,
    etag: Option<HeaderValue>,
    lifetime: Option<Duration>,
}

impl Failure {
    /// Whether the issuer is down rather than without a document at this place: to ask at the next
    /// one could turn an outage into a different answer.
    const fn is_outage(self) -> bool {
        match self {
            Self::Fetch(FetchError::TooLarge) => false,
            Self::Fetch(_) | Self::Status(500..=599) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetch(error) => return error.fmt(f),
            Self::Status(status) => return write!(f, "status {status}"),
            Self::Coded => "the answer has a content coding",
            Self::Html => "the answer is a web page",
            Self::NoMetadata => "no usable metadata",
            Self::ForeignMetadata => "the metadata is of another issuer",
            Self::NotKeys => "not a JWK Set",
            Self::TooManyKeys => "more than 100 keys",
            Self::NoUsableKey => "no usable key",
            Self::Abandoned => "the attempt was dropped",
        })
    }
}

fn accept(response: FetchResponse, conditional: bool) -> Result<Answer, Failure> {
    // Redirects are statuses like others here: where keys come from is the settings' and the
    // metadata's to say.
    let not_modified = conditional && response.status == 304;
    if response.status != 200 && !not_modified {
        return Err(Failure::Status(response.status));
    }
    if response.headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
        return Err(Failure::Coded);
    }
    if response.headers.get_all(CONTENT_TYPE).iter().any(|kind| is_html(kind.as_bytes())) {
        return Err(Failure::Html);
    }
    // Not every fetch keeps its limit.
    if response.body.len() > MAX_BYTES {
        return Err(Failure::Fetch(FetchError::TooLarge));
    }
    let etag = response.headers.get(ETAG).filter(|etag| etag.len() <= MAX_ETAG).cloned();
    let lifetime = freshness::lifetime(&response.headers);
    Ok(Answer { body: response.body, not_modified, etag, lifetime })
}

fn is_html(content_type: &[u8]) -> bool {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"text/html")
}

const MAX_BYTES: usize = 256 * 1024;
const MAX_ETAG: usize = 1024;
const METADATA_LIFETIME: Duration = Duration::from_secs(60 * 60);
