//! A compact JWS taken apart: strict in form, nothing in it believed yet.
//!
//! Claims are judged in [`crate::claims`], the signature by a key of [`crate::jwks`]. `jku`,
//! `x5u`, `jwk` and `x5c` are never looked at: a key comes from the issuer's set or not at all.

use std::borrow::Cow;
use std::ops::Range;

use crate::algorithm::Algorithm;
use crate::base64url::Base64Url;
use crate::credentials::BearerToken;
use crate::error::Reason;
use crate::json::{self, Json, Malformed, Members};

/// What of a token's outside is accepted.
#[derive(Clone, Debug)]
pub(crate) struct TokenRules {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) max_size: usize,
    /// RFC 9068 section 4: only `at+jwt`.
    pub(crate) strict: bool,
    pub(crate) base64url: Base64Url,
}

/// A compact JWS (RFC 7515 section 3.1) with its parts decoded, which says nothing yet.
pub(crate) struct CompactJws<'a> {
    signing_input: &'a str,
    /// Header, payload and signature, one behind the other.
    decoded: Vec<u8>,
    header_end: usize,
    /// A header that is refused is the reason, whatever follows it.
    payload_end: Result<usize, Reason>,
}

impl<'a> CompactJws<'a> {
    pub(crate) fn decode(bearer: BearerToken<'a>, rules: &TokenRules) -> Result<Self, Reason> {
        let text = bearer.secret();
        if text.len() > rules.max_size {
            return Err(Reason::MalformedToken);
        }
        // Five parts would be a JWE, which is not negotiated here.
        let mut dots = memchr::memchr_iter(b'.', text.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(Reason::MalformedToken);
        };
        let mut decoded = Vec::with_capacity(text.len());
        let mut part = |range| {
            let part = text.get(range).unwrap_or_default();
            rules.base64url.decode(part, &mut decoded).ok_or(Reason::MalformedToken)
        };
        let header_end = part(0..first)?;
        let payload_end = part(first + 1..second);
        let payload_end = payload_end.and_then(|end| part(second + 1..text.len()).map(|_| end));
        let signing_input = text.get(..second).unwrap_or_default();
        Ok(Self { signing_input, decoded, header_end, payload_end })
    }

    pub(crate) const fn signing_input(&self) -> &'a [u8] {
        self.signing_input.as_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.payload_end.ok().and_then(|end| self.decoded.get(end..)).unwrap_or_default()
    }

    fn header(&self) -> Result<&str, Reason> {
        self.json(0..self.header_end)
    }

    /// The claims, still only a peer's word.
    pub(crate) fn payload(&self) -> Result<&str, Reason> {
        self.json(self.header_end..self.payload_end?)
    }

    fn json(&self, part: Range<usize>) -> Result<&str, Reason> {
        let bytes = self.decoded.get(part).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Reason::MalformedToken)
    }
}

/// A JOSE header that has passed.
pub(crate) struct Header<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Cow<'a, str>>,
    /// It says `at+jwt`.
    pub(crate) typed: bool,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(jws: &'a CompactJws<'_>, rules: &TokenRules) -> Result<Self, Reason> {
        let header: Parameters<'_> =
            json::members(jws.header()?).map_err(|Malformed| Reason::MalformedToken)?;
        let algorithm = header.algorithm(rules)?;
        let typed = header.is_access_token(rules)?;
        // RFC 7515 section 4.1.11: no extension is understood here. `b64` (RFC 7797) and `zip` change
        // how the payload is read, with or without `crit`.
        if header.crit.is_some() || header.b64.is_some() || header.zip.is_some() {
            return Err(Reason::CriticalHeader);
        }
        match header.kid {
            None => Ok(Self { algorithm, kid: None, typed }),
            Some(Json::String(kid)) => Ok(Self { algorithm, kid: Some(kid.read()), typed }),
            Some(_) => Err(Reason::MalformedToken),
        }
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
