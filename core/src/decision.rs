//! The answers: a refused request is a value, since the first request of every MCP client is one.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use crate::access_token::AccessToken;
use crate::error::Reason;

/// Ordered header fields.
pub type Headers = Vec<(HeaderName, HeaderValue)>;

/// Who is calling.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Authentication {
    /// The token is valid.
    Authenticated(AccessToken),
    /// Answer with this.
    Denied(Denial),
}

/// May they.
///
/// The token is an `AccessToken`, or an `Option` of it where an operation may be public.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decision<T = AccessToken> {
    /// Go on.
    Allowed {
        /// Who is calling.
        token: T,
        /// Fields to add to the response, whatever it is. Empty unless a proof scheme needs some.
        response_headers: Headers,
    },
    /// Answer with this.
    Denied(Denial),
}

/// A refusal, complete as an HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial {
    /// Why: for logs and metrics, not for the client.
    pub reason: Reason,
    /// The HTTP status.
    pub status: u16,
    /// The header fields, in order.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

/// An answer that is not a refusal: protected resource metadata, or its 304, 405 and preflight.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The header fields, in order.
    pub headers: Headers,
    /// The body; empty for HEAD.
    pub body: Bytes,
}

impl Denial {
    /// A refusal for a fault on the caller's side of the API, such as a guard that is not
    /// installed: 500, with nothing about the fault in it.
    #[must_use]
    pub fn internal() -> Self {
        crate::challenge::plain(Reason::Internal)
    }
}

impl<T> Decision<T> {
    pub(crate) const fn allowed(token: T) -> Self {
        Self::Allowed { token, response_headers: Headers::new() }
    }
}

impl From<Denial> for Response {
    fn from(Denial { status, headers, body, .. }: Denial) -> Self {
        Self { status, headers, body }
    }
}
