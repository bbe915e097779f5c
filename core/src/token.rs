//! A compact JWS taken apart: strict in form, nothing in it believed yet.
//!
//! Claims are judged in [`crate::claims`], the signature by a key of [`crate::jwks`]. `jku`,
//! `x5u`, `jwk` and `x5c` are never looked at: a key comes from the issuer's set or not at all.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::algorithm::Algorithm;
use crate::credentials::BearerToken;
use crate::error::Reason;
use crate::json::{self, Json, Object};

/// What of a token's outside is accepted.
#[derive(Clone, Debug)]
pub(crate) struct TokenRules {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) max_size: usize,
    /// RFC 9068 section 4: only `at+jwt`.
    pub(crate) strict: bool,
}

/// A token in the right form. Its header has passed; its payload and signature have not.
pub(crate) struct UnverifiedToken<'a> {
    text: &'a str,
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    /// The header says `at+jwt`.
    pub(crate) typed: bool,
    payload: Vec<u8>,
    signing_input: usize,
    signature: Vec<u8>,
}

impl<'a> UnverifiedToken<'a> {
    pub(crate) fn parse(bearer: BearerToken<'a>, rules: &TokenRules) -> Result<Self, Reason> {
        let text = bearer.secret();
        if text.len() > rules.max_size {
            return Err(Reason::MalformedToken);
        }
        // RFC 7515 section 3.1. Five parts would be a JWE, which is not negotiated here.
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Reason::MalformedToken);
        };
        let signing_input = header.len() + 1 + payload.len();
        let header = decode(header)?;
        let header = json::object(&header).map_err(|_| Reason::MalformedToken)?;
        let algorithm = algorithm(&header, rules)?;
        let typed = is_access_token_type(&header, rules)?;
        no_critical(&header)?;
        let kid = match header.get("kid") {
            None => None,
            Some(Json::String(kid)) => Some(kid.clone().into_owned()),
            Some(_) => return Err(Reason::MalformedToken),
        };
        Ok(Self {
            text,
            algorithm,
            kid,
            typed,
            payload: decode(payload)?,
            signing_input,
            signature: decode(signature)?,
        })
    }

    /// The JSON of the claims, still only a peer's word.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(crate) fn signing_input(&self) -> &'a [u8] {
        self.text.as_bytes().get(..self.signing_input).unwrap_or_default()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// RFC 7515 section 2: base64url without padding; RFC 4648 section 3.5: no stray bits.
fn decode(part: &str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Reason::MalformedToken)
}

/// RFC 8725 section 3.1: the algorithms are ours to choose, never the token's.
fn algorithm(header: &Object<'_>, rules: &TokenRules) -> Result<Algorithm, Reason> {
    header
        .get("alg")
        .and_then(Json::as_str)
        .and_then(Algorithm::from_name)
        .filter(|algorithm| rules.algorithms.contains(algorithm))
        .ok_or(Reason::UnsupportedAlgorithm)
}

/// RFC 9068 section 4 with RFC 8725 section 3.11: a token that says it is something else is.
fn is_access_token_type(header: &Object<'_>, rules: &TokenRules) -> Result<bool, Reason> {
    let is = |typ: &str, known: &str| typ.eq_ignore_ascii_case(known);
    match header.get("typ") {
        Some(Json::String(typ)) if is(typ, "at+jwt") || is(typ, "application/at+jwt") => Ok(true),
        Some(Json::String(typ)) if is(typ, "JWT") && !rules.strict => Ok(false),
        None if !rules.strict => Ok(false),
        _ => Err(Reason::WrongType),
    }
}

/// RFC 7515 section 4.1.11: no extension is understood here. `b64` (RFC 7797) and `zip` change how
/// the payload is read, with or without `crit`.
fn no_critical(header: &Object<'_>) -> Result<(), Reason> {
    if ["crit", "b64", "zip"].iter().any(|name| header.contains(name)) {
        return Err(Reason::CriticalHeader);
    }
    Ok(())
}
