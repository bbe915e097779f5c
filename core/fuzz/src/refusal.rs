//! The refusals that there are, spelled out: whatever a request holds, nothing else is ever sent.

use mcp_bearer::Denial;

/// The metadata of `issuer::RESOURCE`, which every challenge names.
pub const METADATA: &str = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
/// The `challenge_scopes` of every server of the targets.
pub const CHALLENGE_SCOPE: &str = "todo:read";

/// Fails unless the refusal is, byte for byte, one of those that exist. `scopes` are those that a
/// requirement may ask for.
///
/// # Panics
/// That is the point.
pub fn check(denial: &Denial, scopes: &[&str]) {
    let reason = denial.reason.as_str();
    let body = std::str::from_utf8(&denial.body).expect("a body is text");
    let mut headers: Vec<(&str, &str)> = denial
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().expect("a field is printable")))
        .collect();
    assert_eq!(headers.remove(0), ("content-type", "application/json"), "{reason}");
    assert_eq!(headers.remove(0), ("cache-control", "no-store"), "{reason}");
    let expose = ("access-control-expose-headers", "WWW-Authenticate, Retry-After");
    assert_eq!(headers.pop(), Some(expose), "{reason}");

    let plain = |error: &str, text: &str| {
        assert_eq!(body, format!(r#"{{"error":"{error}","error_description":"{text}"}}"#), "{reason}");
    };
    let (status, challenge) = match reason {
        "missing_token" => {
            plain("unauthorized", "An access token is required.");
            (401, Some(format!(r#"scope="{CHALLENGE_SCOPE}", "#)))
        }
        "multiple_credentials" => {
            let text = "The request carries more than one credential.";
            plain("invalid_request", text);
            (400, Some(format!(r#"error="invalid_request", error_description="{text}", "#)))
        }
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
        | "proof_required" => {
            let text = "The access token is invalid or has expired.";
            plain("invalid_token", text);
            let error = format!(r#"error="invalid_token", error_description="{text}", "#);
            (401, Some(format!(r#"{error}scope="{CHALLENGE_SCOPE}", "#)))
        }
        "insufficient_scope" => {
            let text = "The access token lacks a scope that this operation needs.";
            let start = format!(r#"{{"error":"insufficient_scope","error_description":"{text}","scope":""#);
            let needed = body.strip_prefix(&start).and_then(|rest| rest.strip_suffix(r#""}"#));
            let needed = needed.expect("the body of insufficient_scope");
            let mut named: Vec<_> = needed.split(' ').collect();
            assert!(named.iter().all(|scope| scopes.contains(scope)), "{needed:?} is not of {scopes:?}");
            let count = named.len();
            named.sort_unstable();
            named.dedup();
            assert_eq!(named.len(), count, "{needed:?} names a scope twice");
            let error = format!(r#"error="insufficient_scope", error_description="{text}", "#);
            (403, Some(format!(r#"{error}scope="{needed}", "#)))
        }
        "claim_not_satisfied" | "operation_not_allowed" => {
            plain("access_denied", "This operation is not allowed.");
            (403, None)
        }
        "body_too_large" => {
            plain("invalid_request", "The request body is too large.");
            (413, None)
        }
        "body_unsupported" => {
            plain("invalid_request", "The request body must be plain JSON.");
            (415, None)
        }
        "body_malformed" => {
            let errors = [(-32700, "Parse error"), (-32600, "Invalid Request"), (-32020, "Header mismatch")];
            let known = errors.map(|(code, message)| {
                format!(r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":{code},"message":"{message}"}}}}"#)
            });
            assert!(known.iter().any(|own| own == body), "{body:?}");
            (400, None)
        }
        "keys_unavailable" => {
            plain("temporarily_unavailable", "Access tokens cannot be checked at the moment.");
            let (name, seconds) = headers.pop().expect("Retry-After");
            assert_eq!(name, "retry-after");
            assert!(seconds.bytes().all(|byte| byte.is_ascii_digit()), "{seconds:?}");
            assert!((1..=3600).contains(&seconds.parse().unwrap_or(0_u32)), "{seconds:?}");
            (503, None)
        }
        "internal" => {
            plain("server_error", "The server has failed.");
            (500, None)
        }
        other => panic!("{other:?} is no reason"),
    };
    assert_eq!(denial.status, status, "{reason}");
    let challenge = challenge.map(|rest| format!(r#"Bearer {rest}resource_metadata="{METADATA}""#));
    let expected: Vec<_> = challenge.iter().map(|value| ("www-authenticate", value.as_str())).collect();
    assert_eq!(headers, expected, "{reason}");
}
