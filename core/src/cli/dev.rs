//! `mcp-bearer dev`: an issuer for development, on this machine only.
//!
//! Its keys are made at the start and gone at the end. Whoever can run a program here can have any
//! token of it, so nothing but a server under development may trust it.

use std::convert::Infallible;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::TcpListener;
use url::form_urlencoded;

use super::parse_url;
use super::{Stop, Streams, help};
use crate::clock::{Clock, SystemClock};
use crate::scope::ScopeSet;
use crate::testing::Issuer;

pub(super) fn run(parser: &mut lexopt::Parser, streams: &mut Streams<'_>) -> Result<u8, Stop> {
    use lexopt::prelude::{Long, Short, ValueExt};

    let (mut port, mut wanted) = (9000, Wanted::default());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => port = parser.value()?.parse()?,
            Long("resource") => wanted.set("resource", &parser.value()?.string()?)?,
            Long("scope") => wanted.set("scope", &parser.value()?.string()?)?,
            Long("subject") => wanted.set("subject", &parser.value()?.string()?)?,
            Long("expires-in") => wanted.set("expires_in", &parser.value()?.string()?)?,
            Long("help") | Short('h') => return help(streams, HELP),
            other => return Err(other.unexpected().into()),
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(port, wanted, streams))
}

/// What a token is to say.
#[derive(Clone)]
struct Wanted {
    resource: String,
    scope: String,
    subject: String,
    expires_in: u64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            resource: "http://127.0.0.1:8000/mcp".to_owned(),
            scope: String::new(),
            subject: "developer".to_owned(),
            expires_in: 3600,
        }
    }
}

impl Wanted {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "resource" => {
                let resource = parse_url(value).map_err(|error| format!("resource {}", error.message))?;
                resource.as_str().clone_into(&mut self.resource);
            }
            "scope" => {
                let scopes = ScopeSet::new(value.split_whitespace());
                self.scope = scopes.map_err(|error| error.to_string())?.to_string();
            }
            "subject" => value.clone_into(&mut self.subject),
            "expires_in" => {
                let seconds = value.parse().ok().filter(|seconds| (1..=MOST_SECONDS).contains(seconds));
                self.expires_in = seconds.ok_or("expires_in must be 1 to 86400 seconds")?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Until the process ends.
async fn serve(port: u16, wanted: Wanted, streams: &mut Streams<'_>) -> Result<u8, Stop> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener =
        listener.map_err(|_| format!("port {port} of 127.0.0.1 cannot be had: name another with --port"))?;
    let origin = format!("http://{}", listener.local_addr()?);
    let server = Arc::new(Server { issuer: Issuer::new(origin), defaults: wanted });
    server.announce(streams)?;
    loop {
        let Ok((connection, _)) = listener.accept().await else {
            // Out of file descriptors, most likely.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let server = Arc::clone(&server);
        let answer = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(10))
            .serve_connection(TokioIo::new(connection), answer);
        tokio::spawn(connection);
    }
}

struct Server {
    issuer: Issuer,
    defaults: Wanted,
}

impl Server {
    fn announce(&self, streams: &mut Streams<'_>) -> Result<(), Stop> {
        let (issuer, resource) = (self.issuer.identifier(), &quoted(&self.defaults.resource));
        writeln!(
            streams.err,
            "FOR DEVELOPMENT ONLY: anybody on this machine gets any token from {issuer}.\n\
             Never let a server trust it that others can reach. Its keys end with it: Ctrl-C.\n"
        )?;
        writeln!(
            streams.out,
            "export MCP_SERVER_URL={resource}\nexport MCP_BEARER_ISSUERS={issuer}\n\n\
             # a token, good for {} seconds\nTOKEN={}\n\n\
             # another one\nTOKEN=$(curl -s {issuer}/mint -d scope={} -d subject=somebody)",
            self.defaults.expires_in,
            self.mint(&self.defaults),
            quoted(&self.defaults.scope),
        )?;
        streams.out.flush()?;
        Ok(())
    }

    fn mint(&self, wanted: &Wanted) -> String {
        let token = self.issuer.token(wanted.resource.as_str()).subject(wanted.subject.as_str());
        let token = token.expires_at(SystemClock.now() + Duration::from_secs(wanted.expires_in));
        if wanted.scope.is_empty() { token.mint() } else { token.scope(wanted.scope.as_str()).mint() }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        // A page whose host name was made to lead here would get tokens.
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        if host.is_none_or(|host| !is_own(host)) {
            return text(StatusCode::FORBIDDEN, "This is for 127.0.0.1 and localhost only.\n");
        }
        let path = request.uri().path().to_owned();
        match (path.as_str(), request.method()) {
            (
                "/.well-known/oauth-authorization-server" | "/.well-known/openid-configuration",
                &Method::GET,
            ) => public(&self.metadata()),
            ("/jwks", &Method::GET) => public(&self.issuer.jwks()),
            ("/token" | "/mint", &Method::POST) => self.grant(request, path == "/mint").await,
            ("/token" | "/mint", _) => {
                let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "POST a form here.\n");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
                response
            }
            _ => text(StatusCode::NOT_FOUND, "There are /token, /mint, /jwks and the metadata.\n"),
        }
    }

    /// RFC 8414.
    fn metadata(&self) -> serde_json::Value {
        let issuer = self.issuer.identifier();
        json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
        })
    }

    /// A form in, a token out: alone, or as RFC 6749 section 5.1 has it.
    async fn grant(&self, request: Request<Incoming>, alone: bool) -> Response<Full<Bytes>> {
        let Ok(body) = Limited::new(request.into_body(), MAX_FORM).collect().await else {
            return text(StatusCode::PAYLOAD_TOO_LARGE, "The form is too large.\n");
        };
        let mut wanted = self.defaults.clone();
        for (name, value) in form_urlencoded::parse(&body.to_bytes()) {
            if let Err(message) = wanted.set(&name, &value) {
                return text(StatusCode::BAD_REQUEST, &format!("{message}\n"));
            }
        }
        let token = self.mint(&wanted);
        let mut response = if alone {
            text(StatusCode::OK, &token)
        } else {
            json_text(&json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": wanted.expires_in,
                "scope": wanted.scope,
            }))
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn is_own(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost")
}

fn public(document: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = json_text(document);
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn json_text(document: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::OK, &document.to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// A word for a shell, which would take the rest for what it means itself.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/@%+=,[]".contains(&byte);
    if word.bytes().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

const MAX_FORM: usize = 16 * 1024;
const MOST_SECONDS: u64 = 24 * 60 * 60;

const HELP: &str = "\
mcp-bearer dev [options]

Runs an issuer on 127.0.0.1 until Ctrl-C, FOR DEVELOPMENT ONLY, and prints the environment of a server
that trusts it and a token of its. Its keys are new each time.

  --port PORT          default: 9000; 0 takes one that is free
  --resource URL       whom tokens are for; default: http://127.0.0.1:8000/mcp
  --scope SCOPES       what they allow, such as 'todo:read todo:write'; default: nothing
  --subject NAME       whose they are; default: developer
  --expires-in SECONDS how long they live: 1 to 86400; default: 3600

POST /mint answers with a token, and POST /token with one as RFC 6749 has it. Both take a form of
resource, scope, subject and expires_in in place of what the options say.
";
