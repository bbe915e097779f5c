//! Protected resource metadata (RFC 9728): the document, and the routes that serve it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    CACHE_CONTROL, CONTENT_TYPE, ETAG,
};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::decision::{Headers, Response};
use crate::error::ConfigError;
use crate::identifier::Identifier;
use crate::request::Request;

/// The last segment of the well-known URI (RFC 9728 section 3).
const NAME: &str = "oauth-protected-resource";
const ROOT: &str = "/.well-known/oauth-protected-resource";

/// The document of one resource, built once.
#[derive(Clone, Debug)]
pub struct ProtectedResourceMetadata {
    json: Bytes,
    etag: HeaderValue,
    url: String,
    path: String,
    resource: String,
}

/// Who answers at the root well-known URI, which clients try second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootAlias {
    /// The only resource there is.
    #[default]
    Only,
    /// The resource with this identifier.
    Resource(String),
    /// Nobody, unless a resource is itself the origin.
    Nobody,
}

/// The metadata routes of one application: for each resource the path-inserted well-known URI
/// (RFC 9728 section 3.1), and the root one as an alias. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MetadataRoutes {
    routes: Arc<[(String, ProtectedResourceMetadata)]>,
}

impl ProtectedResourceMetadata {
    pub(crate) fn new(
        resource: &Identifier,
        authorization_servers: &[String],
        scopes_supported: &[String],
        extra: &Map<String, Value>,
    ) -> Result<Self, ConfigError> {
        // Sorted, whatever features of `serde_json` are on: the text is what the ETag stands for.
        let mut document: BTreeMap<String, Value> = BTreeMap::new();
        document.insert("resource".into(), resource.as_str().into());
        document.insert("authorization_servers".into(), authorization_servers.into());
        document.insert("scopes_supported".into(), scopes_supported.into());
        document.insert("bearer_methods_supported".into(), Value::from(vec!["header"]));
        for (name, value) in extra {
            check_extra(name, value)?;
            document.insert(name.clone(), value.clone());
        }
        // RFC 9728 section 3.2: members with zero values are omitted.
        document.retain(|_, value| !is_empty(value));
        let json = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
        let url = resource.well_known(NAME);
        let path = url.strip_prefix(resource.origin()).unwrap_or(ROOT).to_owned();
        Ok(Self { etag: etag(&json), json, url, path, resource: resource.as_str().to_owned() })
    }

    /// The document as JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        std::str::from_utf8(&self.json).unwrap_or_default()
    }

    /// The identifier of the resource, exactly as configured.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Where it is: the `resource_metadata` of every challenge.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path of [`url`](Self::url).
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Answers a request for this document, wherever it is served.
    #[must_use]
    pub fn respond(&self, request: &Request<'_>) -> Response {
        let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
        let cors = fixed(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        let caching = || vec![fixed(CACHE_CONTROL, "public, max-age=3600"), (ETAG, self.etag.clone())];
        let response = |status: u16, headers: Headers, body: Bytes| Response { status, headers, body };
        match request.method() {
            method @ ("GET" | "HEAD") => {
                let mut headers = vec![cors];
                headers.extend(caching());
                if request.if_none_match().is_some_and(|tags| self.is_current(tags)) {
                    return response(304, headers, Bytes::new());
                }
                headers.insert(0, fixed(CONTENT_TYPE, "application/json"));
                response(200, headers, if method == "GET" { self.json.clone() } else { Bytes::new() })
            }
            "OPTIONS" => {
                let headers = vec![
                    cors,
                    fixed(ACCESS_CONTROL_ALLOW_METHODS, METHODS),
                    fixed(ACCESS_CONTROL_ALLOW_HEADERS, "*"),
                    fixed(ALLOW, METHODS),
                ];
                response(204, headers, Bytes::new())
            }
            _ => response(405, vec![cors, fixed(ALLOW, METHODS)], Bytes::new()),
        }
    }

    /// RFC 9110 section 13.1.2, weak comparison.
    fn is_current(&self, if_none_match: &[u8]) -> bool {
        if_none_match
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == self.etag.as_bytes())
    }
}

impl MetadataRoutes {
    /// The routes of the only resource.
    pub(crate) fn of(document: ProtectedResourceMetadata) -> Self {
        let alias = (document.path != ROOT).then(|| (ROOT.to_owned(), document.clone()));
        let own = (document.path.clone(), document);
        Self { routes: [own].into_iter().chain(alias).collect() }
    }

    /// The routes of these resources.
    ///
    /// # Errors
    /// Two resources with the same path, or several and no choice of who answers at the root.
    pub fn new(
        resources: impl IntoIterator<Item = ProtectedResourceMetadata>,
        root: &RootAlias,
    ) -> Result<Self, ConfigError> {
        let mut routes: Vec<(String, ProtectedResourceMetadata)> = Vec::new();
        for document in resources {
            if routes.iter().any(|(path, _)| *path == document.path) {
                return Err(ConfigError::new(
                    "resource",
                    "two resources share one metadata path; give each a path of its own",
                ));
            }
            routes.push((document.path.clone(), document));
        }
        let alias = match (root, routes.as_slice()) {
            _ if routes.iter().any(|(path, _)| path == ROOT) => None,
            (RootAlias::Only, [(_, only)]) => Some(only.clone()),
            (RootAlias::Only, []) | (RootAlias::Nobody, _) => None,
            (RootAlias::Only, _) => {
                return Err(ConfigError::new(
                    "root_alias",
                    "several resources share this origin; name the one that answers at the root well-known URI, or nobody",
                ));
            }
            (RootAlias::Resource(resource), _) => {
                let chosen = routes.iter().find(|(_, document)| document.resource == *resource);
                let chosen = chosen.ok_or_else(|| {
                    ConfigError::new("root_alias", "must be the identifier of one of the resources")
                })?;
                Some(chosen.1.clone())
            }
        };
        routes.extend(alias.map(|document| (ROOT.to_owned(), document)));
        Ok(Self { routes: routes.into() })
    }

    /// The paths that are served.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.routes.iter().map(|(path, _)| path.as_str())
    }

    /// Answers a request if it is for one of the documents: its path is compared exactly, whatever
    /// its query.
    #[must_use]
    pub fn respond(&self, request: &Request<'_>) -> Option<Response> {
        let path = request.path();
        let (_, document) = self.routes.iter().find(|(own, _)| own == path)?;
        Some(document.respond(request))
    }
}

const METHODS: &str = "GET, HEAD, OPTIONS";

/// The further members that RFC 9728 section 2 registers, and extensions.
fn check_extra(name: &str, value: &Value) -> Result<(), ConfigError> {
    let wrong = |what: &str| Err(ConfigError::new(format!("metadata.{name}"), what));
    let is_url = |value: &Value| value.as_str().is_some_and(|url| url::Url::parse(url).is_ok());
    let strings = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    match name.split('#').next().unwrap_or(name) {
        "resource" | "authorization_servers" | "scopes_supported" | "bearer_methods_supported" => {
            wrong("follows from the other settings and cannot be set here")
        }
        "dpop_signing_alg_values_supported"
        | "dpop_bound_access_tokens_required"
        | "tls_client_certificate_bound_access_tokens" => {
            wrong("advertises a proof that is not checked here")
        }
        "jwks_uri" | "resource_documentation" | "resource_policy_uri" | "resource_tos_uri"
            if !is_url(value) =>
        {
            wrong("must be an absolute URL")
        }
        "resource_name" | "signed_metadata" if !value.is_string() => wrong("must be a string"),
        "resource_signing_alg_values_supported" | "authorization_details_types_supported"
            if !strings(value) =>
        {
            wrong("must be a list of strings")
        }
        "resource_signing_alg_values_supported"
            if value.as_array().is_some_and(|items| items.iter().any(|item| item == "none")) =>
        {
            wrong("must not list none")
        }
        _ => Ok(()),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A strong validator: half a SHA-256 of the document.
fn etag(json: &[u8]) -> HeaderValue {
    use base64::Engine;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, json);
    let half = digest.as_ref().get(..16).unwrap_or_default();
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(half);
    HeaderValue::try_from(format!("\"{text}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}
