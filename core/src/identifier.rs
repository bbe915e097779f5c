//! Identifiers that are URLs: compared as strings, never as URLs.
//!
//! A URL type that adds a slash to `https://host` breaks every comparison that the standards
//! define (RFC 8414 section 3.3, RFC 9728 section 3.3), so the exact text is what is kept.

use std::fmt;

use url::{Host, Url};

use crate::error::ConfigError;

/// A configured URL: its exact text, known to be absolute, printable and safe to quote.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identifier {
    text: Box<str>,
    /// Where the path starts in `text`; its length if there is none.
    path: usize,
    loopback: bool,
    http: bool,
}

/// For which hosts plain http is tolerated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpHosts<'a> {
    /// Literal loopback hosts: for local development.
    pub(crate) loopback: bool,
    /// `dangerously_allow_http_hosts`.
    pub(crate) listed: &'a [String],
}

impl Identifier {
    /// An issuer, a resource or another identifier: https, without userinfo, query or fragment.
    pub(crate) fn parse(setting: &str, text: &str, http: HttpHosts<'_>) -> Result<Self, ConfigError> {
        let identifier = Self::parse_url(setting, text, http)?;
        if text.contains(['?', '#']) {
            return Err(wrong(setting, "must have no query and no fragment"));
        }
        Ok(identifier)
    }

    /// A URL to fetch or to show: https, without userinfo or fragment; a query is fine.
    pub(crate) fn parse_url(setting: &str, text: &str, http: HttpHosts<'_>) -> Result<Self, ConfigError> {
        // The URL parser drops tabs and newlines and mends backslashes; an identifier that it
        // would have to mend is not the text that a token or document carries.
        if !text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)) {
            return Err(wrong(setting, "must be printable ASCII without spaces, quotes or backslashes"));
        }
        let url = Url::parse(text).map_err(|_| wrong(setting, "must be an absolute URL"))?;
        let is_http = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(wrong(setting, "must start with https://")),
        };
        // The parser also finds a host where the slashes are too few, too many or elsewhere.
        let rest = text.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//"));
        let rest = rest.filter(|rest| !rest.starts_with('/'));
        let rest = rest.ok_or_else(|| wrong(setting, "must be an absolute URL"))?;
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return Err(wrong(setting, "must name a host")),
        };
        let listed = url.host_str().is_some_and(|host| http.listed.iter().any(|own| own == host));
        if is_http && !(loopback && http.loopback || listed) {
            return Err(wrong(
                setting,
                "is http, which is for loopback hosts and those in dangerously_allow_http_hosts, a setting \
                 of `keys`: it must start with https://",
            ));
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // An empty user name too, which the parser drops.
        if authority.contains('@') {
            return Err(wrong(setting, "must carry no user name or password"));
        }
        if url.fragment().is_some() {
            return Err(wrong(setting, "must have no fragment"));
        }
        let path = text.len() - rest.len() + authority.len();
        Ok(Self { text: text.into(), path, loopback, http: is_http })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme and authority, spelled as configured.
    pub(crate) fn origin(&self) -> &str {
        self.text.get(..self.path).unwrap_or_default()
    }

    /// The path as configured: empty for `https://host`.
    pub(crate) fn path(&self) -> &str {
        self.text.get(self.path..).unwrap_or_default()
    }

    /// `/.well-known/…` put between host and path: RFC 8414 section 3.1, RFC 9728 section 3.1.
    /// Only the slash directly after the host is removed.
    pub(crate) fn well_known(&self, name: &str) -> String {
        let path = if self.path() == "/" { "" } else { self.path() };
        format!("{}/.well-known/{name}{path}", self.origin())
    }

    /// Whether this is http on a loopback host, which extends to what it names.
    pub(crate) const fn is_loopback_http(&self) -> bool {
        self.loopback && self.http
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

fn wrong(setting: &str, what: &str) -> ConfigError {
    let good = match setting {
        "resource" => "https://mcp.example.com/mcp",
        "jwks_uri" | "fallback_jwks_uri" => "https://auth.example.com/keys",
        _ => "https://auth.example.com",
    };
    ConfigError::new(setting, format!("{what}, such as {good}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTPS_ONLY: HttpHosts<'_> = HttpHosts { loopback: false, listed: &[] };

    fn parse(text: &str) -> Identifier {
        Identifier::parse("resource", text, HttpHosts { loopback: true, listed: &[] }).unwrap()
    }

    #[test]
    fn well_known_is_put_between_host_and_path() {
        for (resource, expected) in [
            ("https://h", "https://h/.well-known/x"),
            ("https://h/", "https://h/.well-known/x"),
            ("https://h/mcp", "https://h/.well-known/x/mcp"),
            ("https://h/mcp/", "https://h/.well-known/x/mcp/"),
            ("HTTPS://H:8443/a/b", "HTTPS://H:8443/.well-known/x/a/b"),
        ] {
            assert_eq!(parse(resource).well_known("x"), expected);
        }
    }

    #[test]
    fn http_is_for_loopback_only() {
        assert!(Identifier::parse("issuer", "http://127.0.0.1:1", HTTPS_ONLY).is_err());
        assert!(parse("http://[::1]:1").is_loopback_http());
        let far = HttpHosts { loopback: true, listed: &[] };
        assert!(Identifier::parse("issuer", "http://localhost.example.com", far).is_err());
    }

    #[test]
    fn what_a_url_parser_would_mend_is_refused() {
        for text in [
            "https://h/\n",
            "https:\\\\h",
            "https://h/a b",
            "h",
            "https://u:p@h",
            "https://h?q",
            "https://h#f",
            "https:h",
            "https:///h",
            "https:h://x",
            "https://@h",
        ] {
            assert!(Identifier::parse("resource", text, HTTPS_ONLY).is_err(), "{text}");
        }
    }
}
