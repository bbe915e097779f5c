//! What a token says of itself, for people to read. Nothing of it is proved, and nothing decided by it.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// The two readable parts of a JWS.
#[derive(Debug, Default)]
pub(super) struct Unverified {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
}

impl Unverified {
    /// More forgiving than any check: what is broken is what people want to look at.
    pub(super) fn read(token: &str) -> Result<Self, &'static str> {
        let parts: Vec<&str> = token.split('.').collect();
        match parts.as_slice() {
            [header, payload, _] => Ok(Self {
                header: object(header).ok_or("its header is no base64url of a JSON object")?,
                claims: object(payload).ok_or("its claims are no base64url of a JSON object")?,
            }),
            [_, _, _, _, _] => Err("it is encrypted (five parts), so that only its recipient can read it"),
            [_] => Err("it is opaque: no JWT but a reference that only its issuer understands"),
            _ => Err("it does not have the three parts of a JWT"),
        }
    }

    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// A claim that is a string or an array of strings.
    pub(super) fn texts(&self, claim: &str) -> Vec<&str> {
        match self.claims.get(claim) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(value) => value.as_str().into_iter().collect(),
            None => Vec::new(),
        }
    }

    pub(super) fn date(&self, claim: &str) -> Option<Duration> {
        date(self.claims.get(claim)?)
    }
}

/// A `NumericDate` (RFC 7519 section 2) that can be written.
pub(super) fn date(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().filter(|seconds| (0.0..YEAR_9999).contains(seconds))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// As in HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn written(time: Duration) -> String {
    if time.as_secs_f64() < YEAR_9999 {
        httpdate::fmt_http_date(UNIX_EPOCH + time)
    } else {
        format!("{} seconds after 1970", time.as_secs())
    }
}

/// How long, in the largest unit that leaves two digits or more of meaning.
pub(super) fn span(duration: Duration) -> String {
    match duration.as_secs() {
        1 => "1 second".to_owned(),
        seconds @ 0..=119 => format!("{seconds} seconds"),
        seconds @ 120..=7199 => format!("{} minutes", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    const FORGIVING: GeneralPurpose = GeneralPurpose::new(
        &alphabet::URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    serde_json::from_slice(&FORGIVING.decode(part).ok()?).ok()
}

const YEAR_9999: f64 = 253_370_764_800.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        assert_eq!(written(Duration::from_secs(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(written(Duration::MAX), "18446744073709551615 seconds after 1970");
        for (seconds, expected) in
            [(1, "1 second"), (90, "90 seconds"), (300, "5 minutes"), (90_000, "25 hours")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for token in ["", "x", "a.b", "a.b.c", "a.b.c.d", "a.b.c.d.e", "e30.W10.x"] {
            assert!(Unverified::read(token).is_err(), "{token}");
        }
        assert!(Unverified::read("e30.e30.").is_ok() && Unverified::read("e30=.e30.x").is_ok());
        for claim in [Value::from(-1), Value::from(1e300), Value::from("1")] {
            assert_eq!(date(&claim), None);
        }
    }
}
