//! Why a request is refused, and what each reason looks like on the wire.
//!
//! [`Reason`] says who is at fault and how; the table directly beneath it is the only place in the
//! project that knows the status of a refusal, its `error` value or its description.

use std::fmt;

/// The precise reason of a refusal.
///
/// Meant for logs, events and metrics. Clients see only the row of the table that the reason
/// belongs to: what exactly was wrong with a token is not told to whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No `Authorization` field, another scheme, or `Bearer` with nothing after it.
    MissingToken,
    /// A repeated `Authorization` field, or a second credential in it (RFC 6750 section 2).
    MultipleCredentials,
    /// Not a `token68`, too long, or not a compact JWS (RFC 7515 section 3.1).
    MalformedToken,
    /// `alg` is unknown, symmetric, `none`, or not among the accepted algorithms.
    UnsupportedAlgorithm,
    /// Another kind of token, such as an ID token (RFC 9068 section 4, RFC 8725 section 3.11).
    WrongType,
    /// `crit`, or a header that changes how a token is to be read (RFC 7515 section 4.1.11).
    CriticalHeader,
    /// `iss` is none of the configured issuers.
    UnknownIssuer,
    /// `aud` does not name this resource, nor does an allowed client stand in for it.
    WrongAudience,
    /// The issuer publishes no key that fits the token's `kid` and `alg`.
    KeyNotFound,
    /// The signature is not by the issuer's key.
    BadSignature,
    /// `exp` has passed.
    Expired,
    /// `nbf` is in the future.
    NotYetValid,
    /// A required claim is absent.
    MissingClaim,
    /// A claim has a type or form that its definition rules out.
    MalformedClaim,
    /// The token is bound to a key or certificate (`cnf`) whose proof is not enabled here.
    ProofRequired,
    /// The token lacks a scope that the operation needs.
    InsufficientScope,
    /// The token lacks a claim value that the operation needs.
    ClaimNotSatisfied,
    /// The operation policy does not name this tool, resource or prompt.
    OperationNotAllowed,
    /// The body of a policed endpoint exceeds the limit.
    BodyTooLarge,
    /// The body of a policed endpoint is coded, in another charset, or not JSON.
    BodyUnsupported,
    /// The body of a policed endpoint cannot be judged.
    BodyMalformed,
    /// The issuer's keys cannot be had now.
    KeysUnavailable,
    /// A fault on this side.
    Internal,
}

/// One row of the table: what a client sees.
pub(crate) struct Row {
    pub(crate) status: u16,
    /// `error` in the body.
    pub(crate) error: &'static str,
    /// Letters, spaces and full stops only: clients search the challenge by substring.
    pub(crate) description: &'static str,
    pub(crate) challenge: ChallengeForm,
}

/// Which parameters the challenge of a row carries, `resource_metadata` always among them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChallengeForm {
    /// No challenge: to authorize again would not help.
    None,
    /// RFC 6750 section 3.1: no error code for a request without credentials.
    Bare,
    /// `error`, without a scope.
    Error(&'static str),
    /// `error`, and the scopes to ask for.
    ErrorAndScope(&'static str),
}

impl Reason {
    /// In the order of their declaration.
    pub(crate) const ALL: [Self; 23] = [
        Self::MissingToken,
        Self::MultipleCredentials,
        Self::MalformedToken,
        Self::UnsupportedAlgorithm,
        Self::WrongType,
        Self::CriticalHeader,
        Self::UnknownIssuer,
        Self::WrongAudience,
        Self::KeyNotFound,
        Self::BadSignature,
        Self::Expired,
        Self::NotYetValid,
        Self::MissingClaim,
        Self::MalformedClaim,
        Self::ProofRequired,
        Self::InsufficientScope,
        Self::ClaimNotSatisfied,
        Self::OperationNotAllowed,
        Self::BodyTooLarge,
        Self::BodyUnsupported,
        Self::BodyMalformed,
        Self::KeysUnavailable,
        Self::Internal,
    ];

    pub(crate) const fn row(self) -> Row {
        use ChallengeForm::{Bare, Error, ErrorAndScope, None};
        let (status, error, description, challenge) = match self {
            Self::MissingToken => (401, "unauthorized", "An access token is required.", Bare),
            Self::MultipleCredentials => (
                400,
                "invalid_request",
                "The request carries more than one credential.",
                Error("invalid_request"),
            ),
            Self::MalformedToken
            | Self::UnsupportedAlgorithm
            | Self::WrongType
            | Self::CriticalHeader
            | Self::UnknownIssuer
            | Self::WrongAudience
            | Self::KeyNotFound
            | Self::BadSignature
            | Self::Expired
            | Self::NotYetValid
            | Self::MissingClaim
            | Self::MalformedClaim
            | Self::ProofRequired => (
                401,
                "invalid_token",
                "The access token is invalid or has expired.",
                ErrorAndScope("invalid_token"),
            ),
            Self::InsufficientScope => (
                403,
                "insufficient_scope",
                "The access token lacks a scope that this operation needs.",
                ErrorAndScope("insufficient_scope"),
            ),
            Self::ClaimNotSatisfied | Self::OperationNotAllowed => {
                (403, "access_denied", "This operation is not allowed.", None)
            }
            Self::BodyTooLarge => (413, "invalid_request", "The request body is too large.", None),
            Self::BodyUnsupported => (415, "invalid_request", "The request body must be plain JSON.", None),
            // Clients get a JSON-RPC error instead of these texts: `operation::Refusal`.
            Self::BodyMalformed => (400, "invalid_request", "The request body is malformed.", None),
            Self::KeysUnavailable => {
                (503, "temporarily_unavailable", "Access tokens cannot be checked at the moment.", None)
            }
            Self::Internal => (500, "server_error", "The server has failed.", None),
        };
        Row { status, error, description, challenge }
    }

    /// The name that logs, vectors and all three languages use, such as `missing_token`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingToken => "missing_token",
            Self::MultipleCredentials => "multiple_credentials",
            Self::MalformedToken => "malformed_token",
            Self::UnsupportedAlgorithm => "unsupported_algorithm",
            Self::WrongType => "wrong_type",
            Self::CriticalHeader => "critical_header",
            Self::UnknownIssuer => "unknown_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::KeyNotFound => "key_not_found",
            Self::BadSignature => "bad_signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::MissingClaim => "missing_claim",
            Self::MalformedClaim => "malformed_claim",
            Self::ProofRequired => "proof_required",
            Self::InsufficientScope => "insufficient_scope",
            Self::ClaimNotSatisfied => "claim_not_satisfied",
            Self::OperationNotAllowed => "operation_not_allowed",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyUnsupported => "body_unsupported",
            Self::BodyMalformed => "body_malformed",
            Self::KeysUnavailable => "keys_unavailable",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A setting is wrong: its name, and what it should look like.
///
/// Never caused by a request. The only error that this crate returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The setting, or the environment variable that it came from.
    pub setting: String,
    /// What is wrong with it and what it should look like.
    pub message: String,
}

impl ConfigError {
    pub(crate) fn new(setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self { setting: setting.into(), message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.message)
    }
}

impl std::error::Error for ConfigError {}
