//! One issuer as it is configured. Which issuers there are, and everything else, is `builder`'s.

use super::download::Target;
use super::set::KeySet;
use crate::error::ConfigError;
use crate::identifier::{HttpHosts, Identifier};

/// One authorization server: its `iss` values, where its keys are, and its audiences.
///
/// ```
/// use mcp_bearer::Issuer;
///
/// let issuer = Issuer::new("https://env.example.com")
///     .also("https://env.example.com/resources/res_1")
///     .fallback_jwks_uri("https://env.example.com/keys")
///     .audiences(["res_1"]);
/// ```
#[derive(Clone, Debug)]
pub struct Issuer {
    pub(super) identifiers: Vec<String>,
    jwks_uri: Option<String>,
    fallback_jwks_uri: Option<String>,
    jwks: Option<Vec<u8>>,
    pub(super) audiences: Option<Vec<String>>,
}

impl Issuer {
    /// An issuer whose keys are found through its metadata (RFC 8414, `OpenID` Connect Discovery).
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            identifiers: vec![issuer.into()],
            jwks_uri: None,
            fallback_jwks_uri: None,
            jwks: None,
            audiences: None,
        }
    }

    /// A further `iss` value of the same issuer, over the same keys. Metadata is always that of
    /// the first one.
    #[must_use]
    pub fn also(mut self, issuer: impl Into<String>) -> Self {
        self.identifiers.push(issuer.into());
        self
    }

    /// Takes the keys from this URL instead of looking for metadata.
    #[must_use]
    pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(url.into());
        self
    }

    /// Takes the keys from this URL when the issuer has answered every place where its metadata
    /// could be, none of the answers was usable, and none named another issuer.
    #[must_use]
    pub fn fallback_jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.fallback_jwks_uri = Some(url.into());
        self
    }

    /// Uses this JWK Set (RFC 7517 section 5) and never fetches anything.
    #[must_use]
    pub fn jwks(mut self, json: impl Into<Vec<u8>>) -> Self {
        self.jwks = Some(json.into());
        self
    }

    /// The audiences that tokens of this issuer must name, instead of the resource server's.
    #[must_use]
    pub fn audiences<S: Into<String>>(mut self, audiences: impl IntoIterator<Item = S>) -> Self {
        self.audiences = Some(audiences.into_iter().map(Into::into).collect());
        self
    }
}

impl From<&str> for Issuer {
    fn from(issuer: &str) -> Self {
        Self::new(issuer)
    }
}

impl From<String> for Issuer {
    fn from(issuer: String) -> Self {
        Self::new(issuer)
    }
}

/// Where the keys of a checked issuer are.
pub(super) enum Keys {
    Static(KeySet),
    Remote(Target),
}

impl Issuer {
    pub(super) fn check(self, http_hosts: &[String]) -> Result<Keys, ConfigError> {
        let mut identifiers = Vec::new();
        for text in &self.identifiers {
            let hosts = HttpHosts { loopback: true, listed: http_hosts };
            identifiers.push(Identifier::parse("issuers", text, hosts)?);
        }
        if self.audiences.as_ref().is_some_and(|all| all.is_empty() || all.iter().any(String::is_empty)) {
            return Err(ConfigError::new("audiences", "an issuer's own list must not be empty"));
        }
        let Some(issuer) = identifiers.into_iter().next() else {
            return Err(ConfigError::new("issuers", "must not be empty"));
        };
        // Plain http of one issuer on this machine extends to its keys, and to nobody else's.
        let hosts = HttpHosts { loopback: issuer.is_loopback_http(), listed: http_hosts };
        for (setting, url) in [("jwks_uri", &self.jwks_uri), ("fallback_jwks_uri", &self.fallback_jwks_uri)] {
            if let Some(url) = url {
                Identifier::parse_url(setting, url, hosts)?;
            }
        }
        match (self.jwks, self.jwks_uri, self.fallback_jwks_uri) {
            (Some(json), None, None) => KeySet::parse(&json).map(Keys::Static).map_err(|failure| {
                ConfigError::new("jwks", format!("{failure}; a JWK Set is {{\"keys\":[...]}}"))
            }),
            (None, Some(url), None) => Ok(Keys::Remote(Target::Keys(url))),
            (None, None, fallback) => Ok(Keys::Remote(Target::Metadata { issuer, fallback })),
            (Some(_), ..) => {
                Err(ConfigError::new("jwks", "leaves nothing to fetch: remove the other key sources"))
            }
            (None, Some(_), Some(_)) => Err(ConfigError::new(
                "fallback_jwks_uri",
                "stands in for metadata, which jwks_uri skips: remove one of the two",
            )),
        }
    }
}
