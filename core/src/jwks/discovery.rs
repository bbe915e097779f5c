//! Authorization server metadata: where it may be, and whether a document is the issuer's own.
//!
//! Nothing is fetched here.

use crate::identifier::{HttpHosts, Identifier};
use crate::json::{self, Malformed};

/// The URLs to try, in order: the forms of [RFC 8414 section 3.1], the same for `OpenID` Connect
/// ([section 5]), and what [OpenID Connect Discovery section 4.1] appends.
///
/// [RFC 8414 section 3.1]: https://www.rfc-editor.org/rfc/rfc8414#section-3.1
/// [section 5]: https://www.rfc-editor.org/rfc/rfc8414#section-5
/// [OpenID Connect Discovery section 4.1]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest
pub(super) fn metadata_urls(issuer: &Identifier) -> Vec<String> {
    // All three remove a terminating slash.
    let (origin, path) = (issuer.origin(), issuer.path());
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut urls = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
        format!("{origin}{path}/.well-known/openid-configuration"),
    ];
    urls.dedup(); // without a path the last two are one
    urls
}

/// What a document is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Metadata {
    /// The issuer's own, with the URL of its keys.
    Own { jwks_uri: String },
    /// It names another issuer, or names it in a way that cannot be compared.
    Foreign,
    /// No JSON object, no issuer, or no URL of keys that may be fetched.
    Unusable,
}

/// Judges a document that one of the forms answered with.
///
/// `http` is what the configured issuer allows: it extends to the URL of the keys, so that metadata
/// cannot move them to where anybody could change them.
pub(super) fn judge(document: &[u8], issuer: &Identifier, http: HttpHosts<'_>) -> Metadata {
    let document = std::str::from_utf8(document).map_err(|_| Malformed).and_then(json::object);
    let Ok(document) = document else { return Metadata::Unusable };
    // RFC 8414 section 3.3: the issuer must be identical, byte for byte.
    match document.get("issuer") {
        Some(own) if own.as_str().as_deref() == Some(issuer.as_str()) => {}
        Some(_) => return Metadata::Foreign,
        None => return Metadata::Unusable,
    }
    match document.get("jwks_uri").and_then(json::Json::as_str) {
        Some(url) if Identifier::parse_url("jwks_uri", &url, http).is_ok() => {
            Metadata::Own { jwks_uri: url.into_owned() }
        }
        _ => Metadata::Unusable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTPS: HttpHosts<'_> = HttpHosts { loopback: false, listed: &[] };
    const LOOPBACK: HttpHosts<'_> = HttpHosts { loopback: true, listed: &[] };

    fn issuer(text: &str) -> Identifier {
        Identifier::parse("issuers", text, LOOPBACK).unwrap()
    }

    #[test]
    fn three_forms_in_order() {
        for slash in ["", "/"] {
            assert_eq!(
                metadata_urls(&issuer(&format!("https://h:8/a/b{slash}"))),
                [
                    "https://h:8/.well-known/oauth-authorization-server/a/b",
                    "https://h:8/.well-known/openid-configuration/a/b",
                    "https://h:8/a/b/.well-known/openid-configuration",
                ]
            );
            assert_eq!(
                metadata_urls(&issuer(&format!("https://h{slash}"))),
                [
                    "https://h/.well-known/oauth-authorization-server",
                    "https://h/.well-known/openid-configuration",
                ]
            );
        }
    }

    #[test]
    fn the_issuer_is_compared_byte_for_byte() {
        let own = Metadata::Own { jwks_uri: "https://k/keys?v=1".to_owned() };
        for (named, expected) in [
            (r#""issuer":"https://h/a","#, own),
            (
                r#""issuer":"https:\/\/h\/\u0061","#,
                Metadata::Own { jwks_uri: "https://k/keys?v=1".to_owned() },
            ),
            (r#""issuer":"https://h/a/","#, Metadata::Foreign),
            (r#""issuer":"https://H/a","#, Metadata::Foreign),
            (r#""issuer":"https://evil","#, Metadata::Foreign),
            (r#""issuer":["https://h/a"],"#, Metadata::Foreign),
            (r#""issuer":null,"#, Metadata::Foreign),
            ("", Metadata::Unusable),
            (r#""issuer":"https://h/a","issuer":"https://h/a","#, Metadata::Unusable),
        ] {
            let document = format!(r#"{{{named}"jwks_uri":"https://k/keys?v=1"}}"#);
            assert_eq!(judge(document.as_bytes(), &issuer("https://h/a"), HTTPS), expected, "{named}");
        }
    }

    #[test]
    fn a_url_of_keys_that_may_not_be_fetched_is_none() {
        for url in [
            "",
            "/keys",
            "http://h/keys",
            "http://127.0.0.1/keys",
            "file:///keys",
            "https://u:p@h/keys",
            "https://h/keys#f",
            "https://h/\\nkeys",
        ] {
            let document = format!(r#"{{"issuer":"https://h","jwks_uri":"{url}"}}"#);
            assert_eq!(judge(document.as_bytes(), &issuer("https://h"), HTTPS), Metadata::Unusable, "{url}");
        }
        let document = br#"{"issuer":"http://localhost:1","jwks_uri":"http://localhost:1/keys"}"#;
        assert_ne!(judge(document, &issuer("http://localhost:1"), LOOPBACK), Metadata::Unusable);
        let away = br#"{"issuer":"http://localhost:1","jwks_uri":"http://h/keys"}"#;
        assert_eq!(judge(away, &issuer("http://localhost:1"), LOOPBACK), Metadata::Unusable);
        for document in
            ["<html>", "[]", "", r#"{"issuer":"https://h"}"#, r#"{"issuer":"https://h","jwks_uri":1}"#]
        {
            assert_eq!(judge(document.as_bytes(), &issuer("https://h"), HTTPS), Metadata::Unusable);
        }
    }
}
