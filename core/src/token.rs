//! A compact JWS taken apart: strict in form, nothing in it believed yet.
//!
//! The header is judged in [`crate::header`], claims in [`crate::claims`], the signature by a key of
//! [`crate::jwks`]. `jku`, `x5u`, `jwk` and `x5c` are never looked at: a key comes from the issuer's set
//! or not at all.

use crate::algorithm::Algorithm;
use crate::base64url::Base64Url;
use crate::credentials::BearerToken;
use crate::error::Reason;

/// What of a token's outside is accepted.
#[derive(Clone, Debug)]
pub(crate) struct TokenRules {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) max_size: usize,
    /// RFC 9068 section 4: only `at+jwt`.
    pub(crate) strict: bool,
    pub(crate) base64url: Base64Url,
}

/// The parts of a compact JWS (RFC 7515 section 3.1), still encoded.
pub(crate) struct CompactJws<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    signing_input: &'a str,
}

/// What they stand for, which says nothing yet.
pub(crate) struct Decoded<'a> {
    signing_input: &'a str,
    /// Payload and signature, one behind the other.
    bytes: Vec<u8>,
    payload_end: usize,
}

impl<'a> CompactJws<'a> {
    pub(crate) fn split(bearer: BearerToken<'a>, rules: &TokenRules) -> Result<Self, Reason> {
        let text = bearer.secret();
        if text.len() > rules.max_size {
            return Err(Reason::MalformedToken);
        }
        // Five parts would be a JWE, which is not negotiated here.
        let mut dots = memchr::memchr_iter(b'.', text.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(Reason::MalformedToken);
        };
        let part = |range| text.get(range).ok_or(Reason::MalformedToken);
        Ok(Self {
            header: part(0..first)?,
            payload: part(first + 1..second)?,
            signature: part(second + 1..text.len())?,
            signing_input: part(0..second)?,
        })
    }

    pub(crate) const fn header(&self) -> &'a str {
        self.header
    }

    pub(crate) fn decode(&self, base64url: &Base64Url) -> Result<Decoded<'a>, Reason> {
        let mut bytes = Vec::with_capacity(self.payload.len() + self.signature.len());
        let mut part = |part| base64url.decode(part, &mut bytes).ok_or(Reason::MalformedToken);
        let payload_end = part(self.payload)?;
        part(self.signature)?;
        Ok(Decoded { signing_input: self.signing_input, bytes, payload_end })
    }
}

impl<'a> Decoded<'a> {
    /// The claims, still only a peer's word.
    pub(crate) fn payload(&self) -> Result<&str, Reason> {
        let bytes = self.bytes.get(..self.payload_end).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Reason::MalformedToken)
    }

    pub(crate) const fn signing_input(&self) -> &'a [u8] {
        self.signing_input.as_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        self.bytes.get(self.payload_end..).unwrap_or_default()
    }
}
