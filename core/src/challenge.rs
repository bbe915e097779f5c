//! The `WWW-Authenticate` challenge, and refusals complete with it.
//!
//! Only constants and configured values are written here: nothing of a token or a request ever
//! reaches a header or a body. Which row a reason belongs to is decided in [`crate::error`].

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue};

use crate::decision::Denial;
use crate::error::{ChallengeForm, Reason};
use crate::operation::RpcError;
use crate::scope::ScopeSet;

/// A `Bearer` challenge (RFC 6750 section 3, RFC 9728 section 5.1). `Display` is the header value.
///
/// Each parameter stands at most once, in the order realm, error, `error_description`, scope,
/// `resource_metadata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    parameters: Vec<(&'static str, Cow<'static, str>)>,
}

impl Challenge {
    /// The value of one parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find_map(|(own, value)| (*own == name).then_some(&**value))
    }
}

/// Every value was checked at construction to need no escape in a quoted string.
impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")?;
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            // Without the machinery of `write!`, which costs more than the text.
            for part in [if index == 0 { " " } else { ", " }, name, "=\"", value, "\""] {
                f.write_str(part)?;
            }
        }
        Ok(())
    }
}

/// Turns reasons into answers.
#[derive(Clone, Debug)]
pub(crate) struct Denials {
    pub(crate) realm: Option<String>,
    pub(crate) resource_metadata: String,
    /// What a 401 asks for; `None` means what the route needs.
    pub(crate) challenge_scopes: Option<ScopeSet>,
    /// Some hosts act on a 401 only if it has an error code.
    pub(crate) error_on_missing_token: bool,
}

impl Denials {
    /// A refusal. `needed` are the scopes of the operation, as far as one is known.
    pub(crate) fn denial(&self, reason: Reason, needed: &ScopeSet) -> Denial {
        let challenge = self.challenge(reason, needed);
        let mut body = body(reason);
        if reason == Reason::InsufficientScope {
            body.pop();
            let _ = write!(body, r#","scope":"{needed}"}}"#);
        }
        denial(reason, body, challenge.as_ref(), None)
    }

    /// The keys cannot be had before `retry_after` (RFC 9110 section 10.2.3: whole seconds).
    pub(crate) fn unavailable(&self, retry_after: Duration) -> Denial {
        let seconds = (retry_after.as_secs_f64().ceil() as u64).max(1);
        denial(Reason::KeysUnavailable, body(Reason::KeysUnavailable), None, Some(seconds))
    }

    /// A refusal of the JSON-RPC layer, in its own form. The id is unknown by definition.
    pub(crate) fn rpc(&self, reason: Reason, error: RpcError) -> Denial {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":{},"message":"{}"}}}}"#,
            error.code, error.message
        );
        denial(reason, body, None, None)
    }

    pub(crate) fn challenge(&self, reason: Reason, needed: &ScopeSet) -> Option<Challenge> {
        let row = reason.row();
        let (error, scoped) = match row.challenge {
            ChallengeForm::None => return None,
            ChallengeForm::Bare if self.error_on_missing_token => (Some("invalid_token"), true),
            ChallengeForm::Bare => (None, true),
            ChallengeForm::Error(error) => (Some(error), false),
            ChallengeForm::ErrorAndScope(error) => (Some(error), true),
        };
        let base = self.challenge_scopes.as_ref().filter(|_| row.status == 401);
        let scopes = base.unwrap_or(needed);
        let mut parameters = Vec::with_capacity(5);
        if let Some(realm) = &self.realm {
            parameters.push(("realm", realm.clone().into()));
        }
        if let Some(error) = error {
            parameters.push(("error", error.into()));
            parameters.push(("error_description", row.description.into()));
        }
        if scoped && !scopes.is_empty() {
            parameters.push(("scope", scopes.to_string().into()));
        }
        parameters.push(("resource_metadata", self.resource_metadata.clone().into()));
        Some(Challenge { parameters })
    }
}

/// A refusal that no setting has a part in.
pub(crate) fn plain(reason: Reason) -> Denial {
    denial(reason, body(reason), None, None)
}

fn body(reason: Reason) -> String {
    let row = reason.row();
    [r#"{"error":""#, row.error, r#"","error_description":""#, row.description, r#""}"#].concat()
}

/// Its value, in one piece of memory: a text that grows is moved again and again.
fn text(challenge: &Challenge) -> String {
    let mut text = String::with_capacity(512);
    let _ = write!(text, "{challenge}");
    text
}

fn denial(reason: Reason, body: String, challenge: Option<&Challenge>, retry_after: Option<u64>) -> Denial {
    let mut headers: Vec<(HeaderName, HeaderValue)> = vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    // Every part was checked to be printable ASCII, so that the conversion cannot fail.
    if let Some(value) = challenge.and_then(|challenge| HeaderValue::try_from(text(challenge)).ok()) {
        headers.push((WWW_AUTHENTICATE, value));
    }
    if let Some(seconds) = retry_after {
        headers.push((RETRY_AFTER, HeaderValue::from(seconds)));
    }
    // A browser hides both from a client on another origin unless they are named.
    headers.push((ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("WWW-Authenticate, Retry-After")));
    Denial { reason, status: reason.row().status, headers, body: Bytes::from(body) }
}
