//! The verified token, as applications see it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use crate::clock::UnixTime;
use crate::scope::ScopeSet;

/// A token that has passed every check. Cheap to clone.
///
/// Registered claims are accessors under their registered names' meaning; everything else is in
/// [`claims`](Self::claims).
#[derive(Clone)]
pub struct AccessToken(Arc<Inner>);

/// What the claim rules leave of a payload.
#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) token: Box<str>,
    pub(crate) issuer: Box<str>,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) client_id: Option<Box<str>>,
    pub(crate) audiences: Vec<Box<str>>,
    pub(crate) scopes: ScopeSet,
    pub(crate) expires_at: UnixTime,
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) jti: Option<Box<str>>,
    pub(crate) auth_time: Option<UnixTime>,
    pub(crate) acr: Option<Box<str>>,
    pub(crate) amr: Vec<Box<str>>,
    pub(crate) payload: Box<str>,
    pub(crate) claims: OnceLock<Map<String, Value>>,
}

impl AccessToken {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// `iss`: one of the configured issuers, exactly as configured.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// `sub`. Absent from some providers' machine tokens; unique only together with the issuer.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// `client_id`, else `azp`; never the subject.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.0.client_id.as_deref()
    }

    /// `aud`, one or several.
    pub fn audiences(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.audiences.iter().map(AsRef::as_ref)
    }

    /// The granted scopes: `scope`, `scopes` or `scp`, the first that is present.
    #[must_use]
    pub fn scopes(&self) -> &ScopeSet {
        &self.0.scopes
    }

    /// `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        Some(self.0.expires_at)
    }

    /// `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.0.issued_at
    }

    /// `jti`.
    #[must_use]
    pub fn jti(&self) -> Option<&str> {
        self.0.jti.as_deref()
    }

    /// `auth_time`: when the user last authenticated.
    #[must_use]
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.0.auth_time
    }

    /// `acr`: how the user authenticated.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.0.acr.as_deref()
    }

    /// `amr`: by which methods.
    pub fn amr(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.amr.iter().map(AsRef::as_ref)
    }

    /// `cnf`: the key or certificate that the token is bound to (RFC 7800).
    #[must_use]
    pub fn confirmation(&self) -> Option<&Value> {
        self.claim("cnf")
    }

    /// All claims, parsed at the first call.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        self.0.claims.get_or_init(|| serde_json::from_str(&self.0.payload).unwrap_or_default())
    }

    /// One claim.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims().get(name)
    }

    /// The claims as the issuer wrote them: a JSON object.
    #[must_use]
    pub fn claims_json(&self) -> &str {
        &self.0.payload
    }

    /// The token itself, for SDK types that hold one. It is a credential: never log it, never
    /// pass it on to another service.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0.token
    }
}

/// Shows who, never the token.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .field("client_id", &self.client_id())
            .field("scopes", &self.scopes())
            .field("expires_at", &self.0.expires_at)
            .finish_non_exhaustive()
    }
}
