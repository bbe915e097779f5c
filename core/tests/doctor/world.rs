//! A protected server and its authorization server, on 127.0.0.1, whose every answer can be replaced.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use mcp_bearer::cli::{self, Streams};
use mcp_bearer::testing::Issuer;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Every answer by the name of what asks for it.
pub(crate) struct World {
    pub(crate) origin: String,
    pub(crate) issuer: Issuer,
    pages: BTreeMap<&'static str, Page>,
    listener: std::net::TcpListener,
}

#[derive(Clone, Default)]
struct Page {
    status: u16,
    fields: Vec<(&'static str, String)>,
    body: String,
}

/// What the doctor says.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) code: u8,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Debug, serde::Deserialize)]
pub(crate) struct Finding {
    pub(crate) id: String,
    pub(crate) severity: String,
    pub(crate) what: String,
    pub(crate) fix: Option<String>,
}

impl World {
    /// All is well.
    pub(crate) fn healthy() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Issuer::new(format!("{origin}/tenant"));
        let challenge = format!(
            r#"Bearer scope="todo:read", resource_metadata="{origin}/.well-known/oauth-protected-resource/mcp""#
        );
        let invalid = challenge.replacen("Bearer ", r#"Bearer error="invalid_token", "#, 1);
        let refusal = Page::new(401)
            .with("www-authenticate", challenge)
            .with("access-control-allow-origin", "*")
            .with("access-control-expose-headers", "WWW-Authenticate, Mcp-Session-Id");
        let mut forged = refusal.clone();
        forged.set("www-authenticate", invalid);
        let preflight = Page::new(204).with("access-control-allow-origin", "*").with(
            "access-control-allow-headers",
            "Authorization, Content-Type, MCP-Protocol-Version, Mcp-Method, Mcp-Session-Id, Last-Event-ID",
        );
        let metadata = Page::json(&json!({
            "resource": format!("{origin}/mcp"),
            "authorization_servers": [issuer.identifier()],
            "scopes_supported": ["todo:read", "todo:write"],
            "bearer_methods_supported": ["header"],
        }));
        let server = Page::json(&json!({
            "issuer": issuer.identifier(),
            "authorization_endpoint": format!("{origin}/authorize"),
            "token_endpoint": format!("{origin}/token"),
            "jwks_uri": format!("{origin}/keys"),
            "registration_endpoint": format!("{origin}/register"),
            "client_id_metadata_document_supported": true,
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "scopes_supported": ["todo:read", "todo:write", "offline_access"],
        }));
        let pages = BTreeMap::from([
            ("refusal", refusal.clone()),
            ("get", refusal.clone()),
            ("unknown path", refusal.clone()),
            ("well-known suffix", refusal),
            ("forged", forged),
            ("accepted", Page::new(200)),
            ("call", Page::new(200)),
            ("preflight", preflight),
            ("metadata", metadata.clone()),
            ("root metadata", metadata),
            ("server", server),
            ("openid", Page::new(404)),
            ("openid appended", Page::new(404)),
            ("keys", Page::json(&issuer.jwks())),
        ]);
        Self { origin, issuer, pages, listener }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// A good token's makings.
    pub(crate) fn token(&self) -> mcp_bearer::testing::Token {
        self.issuer.token(self.url()).scope("todo:read")
    }

    fn page(&mut self, name: &str) -> &mut Page {
        self.pages.get_mut(name).unwrap()
    }

    pub(crate) fn status(mut self, page: &str, status: u16) -> Self {
        self.page(page).status = status;
        self
    }

    pub(crate) fn set(mut self, page: &str, field: &'static str, value: &str) -> Self {
        self.page(page).set(field, value);
        self
    }

    pub(crate) fn unset(mut self, page: &str, field: &str) -> Self {
        self.page(page).unset(field);
        self
    }

    pub(crate) fn body(mut self, page: &str, body: &str) -> Self {
        body.clone_into(&mut self.page(page).body);
        self
    }

    /// What one page was the other is; the first is not found.
    pub(crate) fn moves(mut self, from: &str, to: &str) -> Self {
        let page = self.page(from).clone();
        *self.page(to) = page;
        if from == "server" { self.status(from, 404) } else { self }
    }

    /// Sets a member of a document, or removes it. `{origin}` and `{host}` stand for the server's.
    pub(crate) fn member(mut self, page: &str, member: &str, value: impl Into<Value>) -> Self {
        let value = value.into().to_string().replace("{origin}", &self.origin);
        let host = self.origin.trim_start_matches("http://");
        let value: Value = serde_json::from_str(&value.replace("{host}", host)).unwrap();
        let page = self.page(page);
        let mut document: Value = serde_json::from_str(&page.body).unwrap();
        document[member] = value;
        document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        page.body = document.to_string();
        self
    }

    /// The same of the metadata, wherever it is served.
    pub(crate) fn metadata(self, member: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.member("metadata", member, value.clone()).member("root metadata", member, value)
    }

    /// Publishes the key once for each of these changes, which are members to set or remove.
    pub(crate) fn keys(mut self, changes: &[Value]) -> Self {
        let change = |change: &Value| {
            let mut key = self.issuer.jwks()["keys"][0].take();
            let key = key.as_object_mut().unwrap();
            key.extend(change.as_object().unwrap().clone());
            key.retain(|_, value| !value.is_null());
            Value::Object(key.clone())
        };
        let keys: Vec<Value> = changes.iter().map(change).collect();
        self.page("keys").body = json!({ "keys": keys }).to_string();
        self
    }

    /// Changes the challenge of a 401 without a token.
    pub(crate) fn challenge(mut self, from: &str, to: &str) -> Self {
        let from = from.replace("{origin}", &self.origin);
        let page = self.page("refusal");
        let field = page.fields.iter_mut().find(|(name, _)| *name == "www-authenticate").unwrap();
        assert!(field.1.contains(&from), "{from}");
        field.1 = field.1.replace(&from, to);
        self
    }

    /// What the doctor says of it; `{token}` among the arguments is a good token.
    pub(crate) fn doctor(self, arguments: &[&str]) -> Report {
        let url = self.url();
        self.doctor_of(&url, arguments)
    }

    pub(crate) fn doctor_of(self, url: &str, arguments: &[&str]) -> Report {
        let token = self.token().mint();
        let arguments = arguments.iter().map(|argument| argument.replace("{token}", &token));
        self.run(url, &arguments.collect::<Vec<_>>())
    }

    pub(crate) fn run(self, url: &str, arguments: &[String]) -> Report {
        let (pages, listener) = (Arc::new(self.pages), self.listener);
        RUNTIME.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let app = Router::new().fallback(async move |request: Request| answer(&pages, &request));
            axum::serve(listener, app).await.unwrap();
        });
        ask(url, arguments)
    }
}

/// What the doctor says of a URL.
pub(crate) fn ask(url: &str, arguments: &[String]) -> Report {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = ["doctor", url, "--json"].into_iter().map(str::to_owned).chain(arguments.iter().cloned());
    let code = cli::run(all.map(Into::into), &mut Streams::new(std::io::empty(), &mut out, &mut err));
    let text = String::from_utf8(out).unwrap();
    assert_eq!(String::from_utf8(err).unwrap(), "");
    for secret in
        arguments.iter().filter_map(|argument| argument.rsplit('.').next()).filter(|part| part.len() > 40)
    {
        assert!(!text.contains(secret), "a signature is shown");
    }
    let mut document: Value = serde_json::from_str(&text).unwrap();
    Report { code, findings: serde_json::from_value(document["findings"].take()).unwrap() }
}

impl Report {
    pub(crate) fn find(&self, id: &str) -> &Finding {
        let found = self.findings.iter().find(|finding| finding.id == id);
        found.unwrap_or_else(|| panic!("no {id} among {:#?}", self.findings))
    }

    /// What is not as it should be.
    pub(crate) fn complaints(&self) -> Vec<&Finding> {
        let bad = |finding: &&Finding| matches!(finding.severity.as_str(), "warning" | "error");
        self.findings.iter().filter(bad).collect()
    }
}

impl Page {
    fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    fn json(value: &Value) -> Self {
        let page = Self { status: 200, body: value.to_string(), ..Self::default() };
        page.with("content-type", "application/json").with("access-control-allow-origin", "*")
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// In place of all values that the field has.
    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.unset(name);
        self.fields.push((name, value.into()));
    }

    fn unset(&mut self, name: &str) {
        self.fields.retain(|(own, _)| *own != name);
    }
}

fn answer(pages: &BTreeMap<&'static str, Page>, request: &Request) -> Response {
    let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap());
    let session = request.headers().contains_key("mcp-protocol-version");
    let name = match (request.method().as_str(), request.uri().path(), authorization) {
        ("OPTIONS", ..) => "preflight",
        (_, "/.well-known/oauth-protected-resource/mcp", _) => "metadata",
        (_, "/.well-known/oauth-protected-resource", _) => "root metadata",
        (_, "/.well-known/oauth-authorization-server/tenant", _) => "server",
        (_, "/.well-known/openid-configuration/tenant", _) => "openid",
        (_, "/tenant/.well-known/openid-configuration", _) => "openid appended",
        (_, "/keys", _) => "keys",
        (_, "/mcp", Some("Bearer not.a.token")) => "forged",
        (_, "/mcp", Some(_)) => "accepted",
        ("POST", "/mcp", None) if session => "call",
        ("POST", "/mcp", None) => "refusal",
        (_, "/mcp", None) => "get",
        (_, path, _) if path.contains(".well-known") => "well-known suffix",
        _ => "unknown path",
    };
    let page = &pages[name];
    let mut response = Response::builder().status(page.status);
    for (name, value) in &page.fields {
        response = response.header(*name, value);
    }
    response.body(Body::from(page.body.clone())).unwrap()
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
