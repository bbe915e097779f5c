//! For how long an answer says that it may be used (RFC 9111 sections 4.2 and 5).
//!
//! What becomes of that is `policy`'s.

use std::time::Duration;

use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL};

/// Within a minute and an hour; `None` if the answer does not say.
pub(super) fn lifetime(headers: &HeaderMap) -> Option<Duration> {
    let mut max_age = None;
    for directive in values(headers, CACHE_CONTROL.as_str()).flat_map(|value| value.split(',')) {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        let name = name.trim();
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(SHORTEST);
        }
        if name.eq_ignore_ascii_case("max-age") {
            // RFC 9111 section 4.2.1: of several the smallest; what is malformed counts as stale.
            let seconds = seconds(argument.trim().trim_matches('"')).unwrap_or(0);
            max_age = Some(max_age.map_or(seconds, |other: u64| other.min(seconds)));
        }
    }
    let age = values(headers, AGE.as_str()).find_map(seconds).unwrap_or(0);
    Some(Duration::from_secs(max_age?.saturating_sub(age)).clamp(SHORTEST, LONGEST))
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
}

/// RFC 9111 section 1.2.2: more than can be counted is as much as can be.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_less_age_within_bounds() {
        type Fields = &'static [(&'static str, &'static str)];
        let rows: &[(Fields, Option<u64>)] = &[
            (&[], None),
            (&[("cache-control", "public")], None),
            (&[("age", "10")], None),
            (&[("cache-control", "max-age=600")], Some(600)),
            (&[("cache-control", "public, Max-Age=\"600\" , must-revalidate")], Some(600)),
            (&[("cache-control", "public"), ("cache-control", "max-age=600")], Some(600)),
            (&[("cache-control", "max-age=600, max-age=300")], Some(300)),
            (&[("cache-control", "max-age=600"), ("age", "100")], Some(500)),
            (&[("cache-control", "max-age=600"), ("age", "x")], Some(600)),
            (&[("cache-control", "max-age=600"), ("age", "9999999999999999999999")], Some(60)),
            (&[("cache-control", "max-age=0")], Some(60)),
            (&[("cache-control", "max-age=-1")], Some(60)),
            (&[("cache-control", "max-age")], Some(60)),
            (&[("cache-control", "max-age=86400")], Some(3600)),
            (&[("cache-control", "max-age=99999999999999999999")], Some(3600)),
            (&[("cache-control", "max-age=600, no-store")], Some(60)),
            (&[("cache-control", "no-cache")], Some(60)),
            (&[("cache-control", "s-maxage=600")], None),
        ];
        for (fields, expected) in rows {
            let mut headers = HeaderMap::new();
            for (name, value) in *fields {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(lifetime(&headers), expected.map(Duration::from_secs), "{headers:?}");
        }
    }
}
