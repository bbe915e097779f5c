//! The verified token, as applications see it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::clock::UnixTime;
use crate::json::{Strings, Text};
use crate::observe;
use crate::principal::Principal;
use crate::scope::ScopeSet;

/// A token that has passed every check. Cheap to clone.
///
/// Registered claims are accessors under their registered names' meaning; everything else is in
/// [`claims`](Self::claims).
///
/// Only a check makes one, so that whoever holds it knows that there was one:
///
/// ```compile_fail,E0599
/// let token = mcp_bearer::AccessToken::from("eyJhbGciOi");
/// ```
#[derive(Clone)]
pub struct AccessToken(Arc<Inner>);

struct Inner {
    token: Box<str>,
    /// The claims that have accessors, one behind the other.
    text: String,
    issuer: Span,
    subject: Option<Span>,
    client_id: Option<Span>,
    jti: Option<Span>,
    acr: Option<Span>,
    audiences: Vec<Span>,
    amr: Vec<Span>,
    scopes: ScopeSet,
    expires_at: UnixTime,
    issued_at: Option<UnixTime>,
    auth_time: Option<UnixTime>,
    payload: OnceLock<Box<str>>,
    claims: OnceLock<Map<String, Value>>,
}

/// What the claim rules leave of a payload.
#[derive(Default)]
pub(crate) struct Values<'a> {
    pub(crate) token: &'a str,
    pub(crate) issuer: Text<'a>,
    pub(crate) subject: Option<Text<'a>>,
    pub(crate) client_id: Option<Text<'a>>,
    pub(crate) jti: Option<Text<'a>>,
    pub(crate) acr: Option<Text<'a>>,
    pub(crate) audiences: Strings<'a>,
    pub(crate) amr: Strings<'a>,
    pub(crate) scopes: ScopeSet,
    pub(crate) expires_at: UnixTime,
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) auth_time: Option<UnixTime>,
}

/// A part of a text.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

impl AccessToken {
    /// Keeps copies of the short texts in one piece of memory: a cache holds thousands of tokens.
    pub(crate) fn new(values: Values<'_>) -> Self {
        let Values { issuer, subject, client_id, jti, acr, audiences, amr, .. } = values;
        let one = [Some(issuer), subject, client_id, jti, acr];
        let room = one.into_iter().flatten().map(Text::room).sum::<usize>() + audiences.room() + amr.room();
        let mut text = String::with_capacity(room);
        let mut keep = |part: Text<'_>| {
            let start = text.len();
            text.push_str(&part.read());
            Span { start, end: text.len() }
        };
        Self(Arc::new(Inner {
            token: values.token.into(),
            issuer: keep(issuer),
            subject: subject.map(&mut keep),
            client_id: client_id.map(&mut keep),
            jti: jti.map(&mut keep),
            acr: acr.map(&mut keep),
            audiences: audiences.map(&mut keep).collect(),
            amr: amr.map(&mut keep).collect(),
            scopes: values.scopes,
            expires_at: values.expires_at,
            issued_at: values.issued_at,
            auth_time: values.auth_time,
            payload: OnceLock::new(),
            claims: OnceLock::new(),
            text,
        }))
    }

    fn text(&self, span: Span) -> &str {
        self.0.text.get(span.start..span.end).unwrap_or_default()
    }

    /// `iss`: one of the configured issuers, exactly as configured.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.text(self.0.issuer)
    }

    /// `sub`. Absent from some providers' machine tokens; unique only together with the issuer.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.map(|span| self.text(span))
    }

    /// `client_id`, else `azp`; never the subject.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.0.client_id.map(|span| self.text(span))
    }

    /// Whom it speaks for, as a key. `None` if it names neither a subject nor a client.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        Principal::of(self)
    }

    /// `aud`, one or several.
    pub fn audiences(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.audiences.iter().map(|span| self.text(*span))
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
        self.0.jti.map(|span| self.text(span))
    }

    /// `auth_time`: when the user last authenticated.
    #[must_use]
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.0.auth_time
    }

    /// `acr`: how the user authenticated.
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.0.acr.map(|span| self.text(span))
    }

    /// `amr`: by which methods.
    pub fn amr(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.amr.iter().map(|span| self.text(*span))
    }

    /// `cnf`: the key or certificate that the token is bound to (RFC 7800).
    #[must_use]
    pub fn confirmation(&self) -> Option<&Value> {
        self.claim("cnf")
    }

    /// All claims, parsed at the first call.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        self.0.claims.get_or_init(|| serde_json::from_str(self.claims_json()).unwrap_or_default())
    }

    /// One claim.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims().get(name)
    }

    /// The claims as the issuer wrote them: a JSON object. Decoded at the first call.
    #[must_use]
    pub fn claims_json(&self) -> &str {
        self.0.payload.get_or_init(|| {
            let payload = self.secret().split('.').nth(1).unwrap_or_default();
            // It was read before.
            let text = URL_SAFE_NO_PAD.decode(payload).ok().and_then(|json| String::from_utf8(json).ok());
            text.unwrap_or_default().into()
        })
    }

    /// What stands for the token in a log, so that its requests can be found: the first 64 bits of its
    /// SHA-256, as 16 hexadecimal digits. Whoever has the token gets the same from
    /// `printf %s "$TOKEN" | sha256sum`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        observe::fingerprint(self.secret().as_bytes())
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
