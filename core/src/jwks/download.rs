//! One attempt to get an issuer's keys: metadata if need be, then the JWK Set, within one deadline.
//!
//! When an attempt is made, and what its failure means for requests, is `policy`'s.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::discovery::{self, Metadata};
use super::set::KeySet;
use crate::fetch::{Fetch, FetchError, FetchRequest, FetchResponse};
use crate::identifier::{HttpHosts, Identifier};

/// Everything that an attempt needs.
pub(super) struct Download {
    pub(super) target: Target,
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) http_hosts: Arc<[String]>,
    /// For the whole attempt.
    pub(super) timeout: Duration,
}

/// Where an attempt begins.
pub(super) enum Target {
    /// At the issuer's metadata.
    Metadata { issuer: Identifier, fallback: Option<String> },
    /// At the keys.
    Keys(String),
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No answer.
    Fetch(FetchError),
    /// Another status than 200.
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
    pub(super) async fn run(&self) -> Result<KeySet, Failure> {
        let deadline = Instant::now() + self.timeout;
        let jwks_uri = match &self.target {
            Target::Keys(url) => url.clone(),
            Target::Metadata { issuer, fallback } => {
                self.discover(issuer, fallback.as_deref(), deadline).await?
            }
        };
        KeySet::parse(&self.get(jwks_uri, deadline).await?)
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
            match self.get(url, deadline).await {
                Ok(document) => match discovery::judge(&document, issuer, http) {
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

    async fn get(&self, url: String, deadline: Instant) -> Result<Vec<u8>, Failure> {
        let timeout = deadline.saturating_duration_since(Instant::now());
        if timeout.is_zero() {
            return Err(Failure::Fetch(FetchError::Timeout));
        }
        let request = FetchRequest::new(url, timeout, MAX_BYTES);
        accept(self.fetch.fetch(request).await.map_err(Failure::Fetch)?)
    }
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

/// The body of an answer that can be what was asked for.
fn accept(response: FetchResponse) -> Result<Vec<u8>, Failure> {
    // Redirects are statuses like others here: where keys come from is the settings' and the
    // metadata's to say.
    if response.status != 200 {
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
    Ok(response.body)
}

fn is_html(content_type: &[u8]) -> bool {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"text/html")
}

const MAX_BYTES: usize = 256 * 1024;
