//! How two identifiers differ that should be one: most mistakes are near misses.

use std::fmt;

use url::{Host, Url};

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    Slash,
    Space,
    Case,
    Scheme,
    Host,
    Port,
    Path,
    Everything,
}

impl Difference {
    /// `None` if they are the same, byte for byte.
    pub(super) fn between(one: &str, other: &str) -> Option<Self> {
        let trimmed = |text: &str| text.trim_end_matches('/').to_owned();
        if one == other {
            None
        } else if trimmed(one) == trimmed(other) {
            Some(Self::Slash)
        } else if one.trim() == other.trim() {
            Some(Self::Space)
        } else if one.eq_ignore_ascii_case(other) {
            Some(Self::Case)
        } else {
            Some(Self::between_urls(one, other).unwrap_or(Self::Everything))
        }
    }

    /// Whether somebody most likely meant the same.
    pub(super) const fn is_near(self) -> bool {
        matches!(self, Self::Slash | Self::Space | Self::Case | Self::Scheme | Self::Port)
    }

    fn between_urls(one: &str, other: &str) -> Option<Self> {
        let (one, other) = (Url::parse(one).ok()?, Url::parse(other).ok()?);
        Some(if one.host() != other.host() {
            Self::Host
        } else if one.scheme() != other.scheme() {
            Self::Scheme
        } else if one.port_or_known_default() != other.port_or_known_default() {
            Self::Port
        } else {
            Self::Path
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slash => "they differ in the trailing slash",
            Self::Space => "they differ in a space",
            Self::Case => "they differ in upper and lower case",
            Self::Scheme => "they differ in the scheme, http and https",
            Self::Host => "they differ in the host",
            Self::Port => "they differ in the port",
            Self::Path => "they differ in the path",
            Self::Everything => "they have nothing in common",
        })
    }
}

/// The one of these that is most like `text`, unless it is there itself.
pub(super) fn nearest<'a>(
    text: &str,
    others: impl IntoIterator<Item = &'a str>,
) -> Option<(&'a str, Difference)> {
    let others = others.into_iter().filter_map(|other| Some((other, Difference::between(text, other)?)));
    others.filter(|(_, difference)| difference.is_near()).min_by_key(|(_, difference)| *difference as u8)
}

/// Whether a URL has the same origin and leads to what is at or below the other's path.
pub(super) fn covers(resource: &str, asked: &str) -> bool {
    let (Ok(resource), Ok(asked)) = (Url::parse(resource), Url::parse(asked)) else { return false };
    let path = resource.path().trim_end_matches('/');
    let rest = asked.path().strip_prefix(path);
    resource.origin() == asked.origin()
        && resource.query().is_none()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether two URLs have the same scheme, host and port.
pub(super) fn same_origin(one: &str, other: &str) -> bool {
    matches!((Url::parse(one), Url::parse(other)), (Ok(one), Ok(other)) if one.origin() == other.origin())
}

/// Whether this is plain http to another machine.
pub(super) fn is_open_http(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && !loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        for (other, expected) in [
            ("https://h/mcp", None),
            ("https://h/mcp/", Some(Difference::Slash)),
            ("https://h/mcp ", Some(Difference::Space)),
            ("https://H/mcp", Some(Difference::Case)),
            ("http://h/mcp", Some(Difference::Scheme)),
            ("https://g/mcp", Some(Difference::Host)),
            ("https://h:8443/mcp", Some(Difference::Port)),
            ("https://h/other", Some(Difference::Path)),
            ("res_1", Some(Difference::Everything)),
        ] {
            assert_eq!(Difference::between("https://h/mcp", other), expected, "{other}");
        }
        let near = nearest("https://h/mcp", ["https://g", "http://h/mcp", "https://h/mcp/"]);
        assert_eq!(near, Some(("https://h/mcp/", Difference::Slash)));
        assert_eq!(nearest("res_1", ["res_2"]), None);
    }

    #[test]
    fn an_origin_covers_its_paths() {
        assert!(covers("https://h", "https://h/mcp") && covers("https://h/mcp", "https://h/mcp/"));
        assert!(covers("https://h/", "https://h"));
        assert!(!covers("https://h/mc", "https://h/mcp") && !covers("https://h/mcp", "https://h"));
        assert!(!covers("https://h:8443", "https://h/mcp") && !covers("res_1", "https://h/mcp"));
    }

    #[test]
    fn plain_http_is_open_but_on_this_machine() {
        assert!(is_open_http("http://h"));
        assert!(!is_open_http("http://127.0.0.1:1") && !is_open_http("https://h"));
    }
}
