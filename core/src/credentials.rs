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
        let mut words = rest.split(|byte| matches!(byte, b' ' | b',')).filter(|word| !word.is_empty());
        if !scheme.eq_ignore_ascii_case(b"bearer") {
            let second = words.any(|word| word.eq_ignore_ascii_case(b"bearer")) && words.next().is_some();
            return Err(if second { Reason::MultipleCredentials } else { Reason::MissingToken });
        }
        match (words.next(), words.next()) {
            (Some(_), Some(_)) => Err(Reason::MultipleCredentials),
            // What is not token68 is not base64url either and falls with the token's parts.
            (Some(_), None) => {
                std::str::from_utf8(rest.trim_ascii()).map(Self).map_err(|_| Reason::MalformedToken)
            }
            (None, _) if rest.trim_ascii().is_empty() => Err(Reason::MissingToken),
            (None, _) => Err(Reason::MalformedToken),
        }
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
