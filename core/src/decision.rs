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
    #[non_exhaustive]
    Authenticated {
        /// Who is calling.
        token: AccessToken,
        /// Fields to add to the response, whatever it is. Empty unless a proof scheme needs some.
        response_headers: Headers,
    },
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
    #[non_exhaustive]
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

    /// With fields that authentication gave for the response, whatever it is.
    pub(crate) fn adding(mut self, fields: Headers) -> Self {
        match &mut self {
            Self::Allowed { response_headers, .. } => response_headers.extend(fields),
            Self::Denied(denial) => denial.headers.extend(fields),
        }
        self
    }
}

impl From<Denial> for Response {
    fn from(Denial { status, headers, body, .. }: Denial) -> Self {
        Self { status, headers, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proof_adds_is_on_every_answer() {
        let fields = || vec![(HeaderName::from_static("dpop-nonce"), HeaderValue::from_static("1"))];
        match Decision::allowed(()).adding(fields()) {
            Decision::Allowed { response_headers, .. } => assert_eq!(response_headers, fields()),
            Decision::Denied(denial) => panic!("{denial:?}"),
        }
        match Decision::<()>::Denied(Denial::internal()).adding(fields()) {
            Decision::Allowed { .. } => panic!("a refusal stays one"),
            Decision::Denied(denial) => assert!(denial.headers.ends_with(&fields())),
        }
    }
}
