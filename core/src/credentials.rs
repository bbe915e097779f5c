//! The `Authorization` field: exactly one `Bearer` credential, or a reason why not.
//!
//! Whether the token is a good one is not decided here (see [`crate::token`]).

use std::fmt;

use crate::error::Reason;
use crate::request::FieldValues;

/// A credential as it was sent. `Debug` does not show it.
#[derive(Clone, Copy)]
pub(crate) struct BearerToken<'a>(&'a str);

impl<'a> BearerToken<'a> {
    /// RFC 6750 section 2.1 with the scheme of RFC 9110 section 11.1: case-insensitive, one or
    /// more spaces.
    pub(crate) fn from_values(values: FieldValues<'a>) -> Result<Self, Reason> {
        let Some(value) = values.first() else { return Err(Reason::MissingToken) };
        // RFC 6750 section 3.1: more than one way to include a token is a malformed request.
        if values.is_repeated() {
            return Err(Reason::MultipleCredentials);
        }
        let value = value.trim_ascii();
        let (scheme, rest) = value
            .iter()
            .position(|byte| *byte == b' ')
            .map_or((value, [].as_slice()), |space| value.split_at(space));
        let is_between = |byte: &u8| matches!(byte, b' ' | b',');
        let mut words = rest.split(is_between).filter(|word| !word.is_empty());
        if !scheme.eq_ignore_ascii_case(b"bearer") {
            let second = words.any(|word| word.eq_ignore_ascii_case(b"bearer")) && words.next().is_some();
            return Err(if second { Reason::MultipleCredentials } else { Reason::MissingToken });
        }
        let rest = rest.trim_ascii_start();
        // Most fields hold one word, which is quicker seen than taken apart.
        if memchr::memchr2(b' ', b',', rest).is_some() && words.take(2).count() == 2 {
            return Err(Reason::MultipleCredentials);
        }
        if rest.is_empty() {
            return Err(Reason::MissingToken);
        }
        // What is not token68 is not base64url either and falls with the token's parts.
        std::str::from_utf8(rest).map(Self).map_err(|_| Reason::MalformedToken)
    }

    /// What is a token if the field is in order, found without looking at it: only of use where the
    /// token is known by every byte.
    pub(crate) fn glimpse(values: FieldValues<'a>) -> Option<&'a [u8]> {
        let value = values.first().filter(|_| !values.is_repeated())?.trim_ascii();
        let (scheme, rest) = value.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii_start())
    }

    pub(crate) const fn secret(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for BearerToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken([redacted])")
    }
}
