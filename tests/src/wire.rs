//! What a refusal looks like on the wire: the table of the design, written down a second time.
//!
//! Deliberately not taken from the crate under test.

use crate::model::{Fields, Outcome};

/// What of a server's settings is seen in its refusals.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Where the metadata is.
    pub resource_metadata: &'static str,
    /// The base scopes of a 401, space-separated.
    pub challenge_scopes: &'static str,
    /// `realm`.
    pub realm: Option<&'static str>,
    /// `error="invalid_token"` without a token.
    pub error_on_missing_token: bool,
}

impl Wire {
    /// The usual settings.
    pub const fn new(resource_metadata: &'static str) -> Self {
        Self { resource_metadata, challenge_scopes: "", realm: None, error_on_missing_token: false }
    }

    /// With base scopes for 401.
    pub const fn asking(mut self, scopes: &'static str) -> Self {
        self.challenge_scopes = scopes;
        self
    }

    /// A refusal, asking for the configured base scopes if it is one that asks for scopes.
    pub fn denied(&self, reason: &str) -> Outcome {
        self.denied_asking(reason, self.challenge_scopes)
    }

    /// A refusal, asking for these scopes.
    pub fn denied_asking(&self, reason: &str, scope: &str) -> Outcome {
        // | Reason | Status | `error=` | Challenge carries | body `error` |
        const TOKEN: &str = "The access token is invalid or has expired.";
        const FORBIDDEN: &str = "This operation is not allowed.";
        let (status, error, scoped, body_error, text) = match reason {
            "missing_token" => {
                let error = if self.error_on_missing_token { "invalid_token" } else { "" };
                (401, Some(error), true, "unauthorized", "An access token is required.")
            }
            "multiple_credentials" => (
                400,
                Some("invalid_request"),
                false,
                "invalid_request",
                "The request carries more than one credential.",
            ),
            "malformed_token"
            | "unsupported_algorithm"
            | "wrong_type"
            | "critical_header"
            | "unknown_issuer"
            | "wrong_audience"
            | "key_not_found"
            | "bad_signature"
            | "expired"
            | "not_yet_valid"
            | "missing_claim"
            | "malformed_claim"
            | "proof_required" => (401, Some("invalid_token"), true, "invalid_token", TOKEN),
            "insufficient_scope" => (
                403,
                Some("insufficient_scope"),
                true,
                "insufficient_scope",
                "The access token lacks a scope that this operation needs.",
            ),
            "claim_not_satisfied" | "operation_not_allowed" => (403, None, false, "access_denied", FORBIDDEN),
            "body_too_large" => (413, None, false, "invalid_request", "The request body is too large."),
            "body_unsupported" => {
                (415, None, false, "invalid_request", "The request body must be plain JSON.")
            }
            "internal" => (500, None, false, "server_error", "The server has failed."),
            _ => panic!("no row for {reason}"),
        };
        let challenge = error.map(|error| {
            let mut parameters = Vec::new();
            parameters.extend(self.realm.map(|realm| format!("realm=\"{realm}\"")));
            if !error.is_empty() {
                parameters.push(format!("error=\"{error}\""));
                parameters.push(format!("error_description=\"{text}\""));
            }
            if scoped && !scope.is_empty() {
                parameters.push(format!("scope=\"{scope}\""));
            }
            parameters.push(format!("resource_metadata=\"{}\"", self.resource_metadata));
            ("www-authenticate", format!("Bearer {}", parameters.join(", ")))
        });
        let in_body =
            if reason == "insufficient_scope" { format!(r#","scope":"{scope}""#) } else { String::new() };
        let body = format!(r#"{{"error":"{body_error}","error_description":"{text}"{in_body}}}"#);
        refusal(reason, status, challenge, body)
    }
}

/// Keys that cannot be had.
pub fn unavailable(retry_after: u64) -> Outcome {
    let body = r#"{"error":"temporarily_unavailable","error_description":"Access tokens cannot be checked at the moment."}"#;
    refusal("keys_unavailable", 503, Some(("retry-after", retry_after.to_string())), body.to_owned())
}

/// A body that cannot be judged.
pub fn malformed(code: i32, message: &str) -> Outcome {
    let body = format!(r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":{code},"message":"{message}"}}}}"#);
    refusal("body_malformed", 400, None, body)
}

fn refusal(reason: &str, status: u16, extra: Option<(&str, String)>, body: String) -> Outcome {
    let mut headers: Fields =
        vec![("content-type".into(), "application/json".into()), ("cache-control".into(), "no-store".into())];
    headers.extend(extra.map(|(name, value)| (name.to_owned(), value)));
    headers.push(("access-control-expose-headers".into(), "WWW-Authenticate, Retry-After".into()));
    Outcome::Denied { reason: reason.into(), status, headers, body }
}
