//! The JOSE header: which algorithm, which key, and whether this is an access token at all.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::algorithm::Algorithm;
use crate::error::Reason;
use crate::json::{self, Json, Malformed, Members};
use crate::token::TokenRules;

/// A JOSE header that has passed.
#[derive(Debug)]
pub(crate) struct Header {
    /// In base64url, as it stands in the token.
    encoded: Box<str>,
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Box<str>>,
    /// It says `at+jwt`.
    pub(crate) typed: bool,
}

/// The last header that was under a good signature. Tokens by one key have the same, letter by letter,
/// and what it says depends on nothing but the rules, which never change: it need not be read again.
#[derive(Debug, Default)]
pub(crate) struct LastHeader(ArcSwapOption<Header>);

impl LastHeader {
    pub(crate) fn judge(&self, encoded: &str, rules: &TokenRules) -> Result<Arc<Header>, Reason> {
        match &*self.0.load() {
            Some(last) if *last.encoded == *encoded => Ok(Arc::clone(last)),
            _ => Header::parse(encoded, rules).map(Arc::new),
        }
    }

    /// This one was under a good signature.
    pub(crate) fn keep(&self, header: Arc<Header>) {
        if !self.0.load().as_ref().is_some_and(|last| Arc::ptr_eq(last, &header)) {
            self.0.store(Some(header));
        }
    }
}

impl Header {
    fn parse(encoded: &str, rules: &TokenRules) -> Result<Self, Reason> {
        let mut bytes = Vec::with_capacity(encoded.len());
        rules.base64url.decode(encoded, &mut bytes).ok_or(Reason::MalformedToken)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Reason::MalformedToken)?;
        let header: Parameters<'_> = json::members(text).map_err(|Malformed| Reason::MalformedToken)?;
        let algorithm = header.algorithm(rules)?;
        let typed = header.is_access_token(rules)?;
        // RFC 7515 section 4.1.11: no extension is understood here. `b64` (RFC 7797) and `zip` change
        // how the payload is read, with or without `crit`.
        if header.crit.is_some() || header.b64.is_some() || header.zip.is_some() {
            return Err(Reason::CriticalHeader);
        }
        let kid = match header.kid {
            None => None,
            Some(Json::String(kid)) => Some(kid.read().into()),
            Some(_) => return Err(Reason::MalformedToken),
        };
        Ok(Self { encoded: encoded.into(), algorithm, kid, typed })
    }
}

/// The parameters of a JOSE header that decide (RFC 7515 section 4.1).
#[derive(Default)]
struct Parameters<'a> {
    alg: Option<Json<'a>>,
    kid: Option<Json<'a>>,
    typ: Option<Json<'a>>,
    crit: Option<Json<'a>>,
    b64: Option<Json<'a>>,
    zip: Option<Json<'a>>,
}

impl<'a> Members<'a> for Parameters<'a> {
    fn place(&mut self, name: &str) -> Option<&mut Option<Json<'a>>> {
        Some(match name {
            "alg" => &mut self.alg,
            "kid" => &mut self.kid,
            "typ" => &mut self.typ,
            "crit" => &mut self.crit,
            "b64" => &mut self.b64,
            "zip" => &mut self.zip,
            _ => return None,
        })
    }
}

impl Parameters<'_> {
    /// RFC 8725 section 3.1: the algorithms are ours to choose, never the token's.
    fn algorithm(&self, rules: &TokenRules) -> Result<Algorithm, Reason> {
        self.alg
            .and_then(Json::as_str)
            .and_then(|name| Algorithm::from_name(&name))
            .filter(|algorithm| rules.algorithms.contains(algorithm))
            .ok_or(Reason::UnsupportedAlgorithm)
    }

    /// RFC 9068 section 4 with RFC 8725 section 3.11: a token that says it is something else is.
    fn is_access_token(&self, rules: &TokenRules) -> Result<bool, Reason> {
        let typ = self.typ.map(|typ| typ.as_str().ok_or(Reason::WrongType)).transpose()?;
        let is = |known: &str| typ.as_ref().is_some_and(|typ| typ.eq_ignore_ascii_case(known));
        if is("at+jwt") || is("application/at+jwt") {
            return Ok(true);
        }
        if !rules.strict && (typ.is_none() || is("JWT")) { Ok(false) } else { Err(Reason::WrongType) }
    }
}
