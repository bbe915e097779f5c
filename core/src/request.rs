//! What of a request decides: never more than the caller hands over.

use crate::credentials::BearerToken;
use crate::error::Reason;

/// The parts of an HTTP request that an authorization decision can depend on.
///
/// Hand over every `Authorization` and `DPoP` field value as a value of its own, in order: a
/// repeated field must be seen as repeated (RFC 6750 section 2). The target is the origin-form
/// target as the client sent it; `Host` and forwarded fields are deliberately absent, the origin
/// is the configured one.
///
/// ```
/// use mcp_bearer::Request;
///
/// let request = Request::new("GET", "/todos?done=false").authorization(b"Bearer abc");
/// assert_eq!(request.method(), "GET");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    method: &'a str,
    target: &'a str,
    authorization: FieldValues<'a>,
    dpop: FieldValues<'a>,
    client_certificate: Option<&'a [u8]>,
    if_none_match: Option<&'a [u8]>,
    origin: bool,
    access_control_request_method: bool,
}

/// The values of one field. Two are as wrong as three, so that no more than two are kept.
#[derive(Clone, Copy, Default)]
pub(crate) struct FieldValues<'a> {
    first: Option<&'a [u8]>,
    repeated: bool,
}

impl<'a> Request<'a> {
    /// The names of the header fields that can matter. Whoever has to copy fields may leave out the
    /// others.
    pub const FIELDS: &'static [&'static str] =
        &["authorization", "dpop", "origin", "if-none-match", "access-control-request-method"];

    /// A request without credentials.
    #[must_use]
    pub const fn new(method: &'a str, target: &'a str) -> Self {
        const NONE: FieldValues<'static> = FieldValues { first: None, repeated: false };
        Self {
            method,
            target,
            authorization: NONE,
            dpop: NONE,
            client_certificate: None,
            if_none_match: None,
            origin: false,
            access_control_request_method: false,
        }
    }

    /// Adds one header field of any name; those that decide nothing are ignored.
    #[must_use]
    pub fn field(mut self, name: &str, value: &'a [u8]) -> Self {
        // Every request has many fields and few of these; their lengths tell most apart.
        match name.len() {
            13 if name.eq_ignore_ascii_case("authorization") => self.authorization.push(value),
            4 if name.eq_ignore_ascii_case("dpop") => self.dpop.push(value),
            6 if name.eq_ignore_ascii_case("origin") => self.origin = true,
            13 if name.eq_ignore_ascii_case("if-none-match") => self.if_none_match = Some(value),
            29 if name.eq_ignore_ascii_case("access-control-request-method") => {
                self.access_control_request_method = true;
            }
            _ => {}
        }
        self
    }

    /// Adds header fields.
    #[must_use]
    pub fn fields(self, fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        fields.into_iter().fold(self, |request, (name, value)| request.field(name, value))
    }

    /// Adds one `Authorization` field value.
    #[must_use]
    pub fn authorization(mut self, value: &'a [u8]) -> Self {
        self.authorization.push(value);
        self
    }

    /// Adds one `DPoP` field value (RFC 9449 section 4.3).
    #[must_use]
    pub fn dpop(mut self, value: &'a [u8]) -> Self {
        self.dpop.push(value);
        self
    }

    /// The DER of the client certificate of the TLS connection (RFC 8705 section 3).
    #[must_use]
    pub const fn client_certificate(mut self, der: &'a [u8]) -> Self {
        self.client_certificate = Some(der);
        self
    }

    /// The request method.
    #[must_use]
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// The origin-form target.
    #[must_use]
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// The path of the target, as the client sent it.
    #[must_use]
    pub fn path(&self) -> &'a str {
        // Most targets are short: a search that is made for long texts takes longer.
        let end = self.target.bytes().position(|byte| byte == b'?');
        self.target.get(..end.unwrap_or(self.target.len())).unwrap_or_default()
    }

    /// A CORS preflight (Fetch standard, section 4.8).
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        is_preflight(self.method, self.origin, self.access_control_request_method)
    }

    /// Whether there is no Bearer credential, good or bad.
    pub(crate) fn has_no_token(&self) -> bool {
        matches!(BearerToken::from_values(self.authorization), Err(Reason::MissingToken))
    }

    pub(crate) const fn if_none_match(&self) -> Option<&'a [u8]> {
        self.if_none_match
    }

    pub(crate) const fn authorization_values(&self) -> FieldValues<'a> {
        self.authorization
    }
}

/// A CORS preflight (Fetch standard, section 4.8), by its method and by whether it has `Origin` and
/// `Access-Control-Request-Method`.
pub(crate) fn is_preflight(method: &str, origin: bool, access_control_request_method: bool) -> bool {
    method == "OPTIONS" && origin && access_control_request_method
}

impl<'a, B> From<&'a http::Request<B>> for Request<'a> {
    fn from(request: &'a http::Request<B>) -> Self {
        Self::new(request.method().as_str(), target(request.uri())).fields(fields(request.headers()))
    }
}

impl<'a> From<&'a http::request::Parts> for Request<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self::new(parts.method.as_str(), target(&parts.uri)).fields(fields(&parts.headers))
    }
}

fn target(uri: &http::Uri) -> &str {
    uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str)
}

fn fields(headers: &http::HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

impl<'a> FieldValues<'a> {
    fn push(&mut self, value: &'a [u8]) {
        if self.first.is_some() {
            self.repeated = true;
        } else {
            self.first = Some(value);
        }
    }

    pub(crate) const fn first(&self) -> Option<&'a [u8]> {
        self.first
    }

    pub(crate) const fn is_repeated(&self) -> bool {
        self.repeated
    }
}

/// Credentials never reach a log.
impl std::fmt::Debug for FieldValues<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.first, self.repeated) {
            (None, _) => "none",
            (Some(_), false) => "one [redacted]",
            (Some(_), true) => "several [redacted]",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_named_fields_matter() {
        let seen = |name: &str| format!("{:?}", Request::new("GET", "/").field(name, b"x"));
        for name in Request::FIELDS {
            assert_ne!(seen(name), seen("x"), "{name}");
            assert_eq!(seen(&name.to_uppercase()), seen(name), "{name}");
        }
        for name in ["accept", "host", "x-forwarded-for", "cookie", "if-match", "proxy-authorization"] {
            assert_eq!(seen(name), seen("x"), "{name}");
        }
    }
}
