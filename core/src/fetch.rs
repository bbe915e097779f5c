//! The one way out of the process: a URL goes in, a bounded answer comes back.
//!
//! Which URL is asked, when, and what an answer is worth is none of its business: that is
//! [`crate::jwks`]. Nothing here follows a redirect, decodes a body or reads a token.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

#[cfg(feature = "reqwest")]
pub(crate) mod client;

/// A boxed future, as object-safe traits need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Fetches metadata and keys with GET. Tests pass a closure.
///
/// An implementation ends within [`FetchRequest::timeout`], reads no more than
/// [`FetchRequest::max_bytes`] of a body, follows no redirect (its answer is reported like any
/// other), and asks for no content coding: what comes from an authorization server must not be able
/// to send this process elsewhere, nor to fill its memory.
///
/// ```
/// use mcp_bearer::{Fetch, FetchRequest, FetchResponse};
///
/// let canned = |request: FetchRequest| async move {
///     assert_eq!(request.url, "https://auth.example.com/keys");
///     Ok(FetchResponse::new(200, Default::default(), br#"{"keys":[]}"#.to_vec()))
/// };
/// let _: &dyn Fetch = &canned;
/// ```
pub trait Fetch: Send + Sync {
    /// Asks for one URL.
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'_, Result<FetchResponse, FetchError>>;
}

impl<F, R> Fetch for F
where
    F: Fn(FetchRequest) -> R + Send + Sync,
    R: Future<Output = Result<FetchResponse, FetchError>> + Send + 'static,
{
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'_, Result<FetchResponse, FetchError>> {
        Box::pin(self(request))
    }
}

impl fmt::Debug for dyn Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetch")
    }
}

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchRequest {
    /// Absolute, and already checked: https, or http where the settings allow it.
    pub url: String,
    /// What is left of the total deadline: connecting, waiting and reading together.
    pub timeout: Duration,
    /// The longest body that is still of use. A longer one is [`FetchError::TooLarge`].
    pub max_bytes: usize,
    /// The `If-None-Match` field to send (RFC 9110 section 13.1.2): a 304 then says that the keys
    /// are still the same. An implementation may leave it out.
    pub if_none_match: Option<HeaderValue>,
}

impl FetchRequest {
    /// A GET of `url`.
    #[must_use]
    pub fn new(url: impl Into<String>, timeout: Duration, max_bytes: usize) -> Self {
        Self { url: url.into(), timeout, max_bytes, if_none_match: None }
    }
}

/// What came back, whatever its status.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FetchResponse {
    /// The status code.
    pub status: u16,
    /// The header fields. `Content-Type` and `Content-Encoding` are judged; `Cache-Control`, `Age`
    /// and `ETag` say how long the keys may be used and how to ask for them again.
    pub headers: HeaderMap,
    /// The body, not decoded.
    pub body: Vec<u8>,
}

impl FetchResponse {
    /// An answer.
    #[must_use]
    pub const fn new(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self { status, headers, body }
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// Not within [`FetchRequest::timeout`].
    Timeout,
    /// No connection: name resolution, refusal, or TLS. Asked for once more at once.
    Connect,
    /// The connection broke off before the answer was whole. Asked for once more at once.
    Reset,
    /// The body exceeds [`FetchRequest::max_bytes`].
    TooLarge,
    /// Anything else.
    Other,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no answer in time",
            Self::Connect => "no connection",
            Self::Reset => "the connection broke off",
            Self::TooLarge => "the answer is too large",
            Self::Other => "the exchange failed",
        })
    }
}

impl std::error::Error for FetchError {}
