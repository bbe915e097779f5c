//! The requests of the doctor: one at a time, bounded in time and size, without following anything.
//!
//! What an answer is worth is judged elsewhere.

use std::collections::HashSet;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use http::header::{ACCEPT_ENCODING, DATE, HeaderMap, ORIGIN};
use http::{HeaderName, HeaderValue, Method};
use reqwest::{Certificate, Client};

use super::network::{Internal, Network, Resolver};
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::error::ConfigError;
use crate::fetch::client::{plain, read_certificates};
use crate::json::{self, Object};

/// A client that keeps no cookie and follows no redirect.
pub(super) struct Browser {
    client: Client,
    network: Arc<Network>,
    /// Origins that did not answer once: they are not waited for again.
    silent: Mutex<HashSet<String>>,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Option<String>,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Of a document; nothing of other answers, which may be streams without an end.
    pub(super) body: Vec<u8>,
    received: UnixTime,
}

/// Why nothing came back.
#[derive(Clone, Debug)]
pub(super) enum Silence {
    Timeout,
    Tls(String),
    Connect(String),
    TooLarge,
    Broken(String),
    /// Not asked.
    Internal,
}

pub(super) type Reply = Result<Answer, Silence>;

impl Browser {
    pub(super) fn new(ca_files: &[PathBuf], network: Arc<Network>) -> Result<Self, ConfigError> {
        let mut certificates: Vec<Certificate> = Vec::new();
        for path in ca_files {
            certificates.extend(read_certificates(path)?);
        }
        let mut builder = plain()
            .timeout(TIMEOUT)
            .user_agent(concat!("mcp-bearer-doctor/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Resolver(Arc::clone(&network)));
        // No proxy could reach them.
        if network.is_direct() {
            builder = builder.no_proxy();
        }
        if !certificates.is_empty() {
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|_| {
            ConfigError::new("ca-file", "no TLS client can be made with the certificates of this machine")
        })?;
        Ok(Self { client, network, silent: Mutex::default() })
    }

    /// Only the head of the answer.
    pub(super) async fn head(&self, ask: &Ask) -> Reply {
        self.send(ask).await.map(|(answer, _)| answer)
    }

    /// The answer with its body.
    pub(super) async fn document(&self, ask: &Ask) -> Reply {
        let (mut answer, mut response) = self.send(ask).await?;
        while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
            if answer.body.len().saturating_add(chunk.len()) > MAX_BYTES {
                return Err(Silence::TooLarge);
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    async fn send(&self, ask: &Ask) -> Result<(Answer, reqwest::Response), Silence> {
        self.network.admit(&ask.url).map_err(|Internal| Silence::Internal)?;
        let origin = url::Url::parse(&ask.url).map(|url| url.origin().ascii_serialization());
        let origin = origin.map_err(|error| Silence::Broken(error.to_string()))?;
        let silent = |origin: &str| self.silent.lock().is_ok_and(|silent| silent.contains(origin));
        if silent(&origin) {
            return Err(Silence::Connect("the host has not answered before".to_owned()));
        }
        let mut request = self.client.request(ask.method.clone(), &ask.url).headers(ask.headers.clone());
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        match request.send().await {
            Ok(mut response) => {
                let status = response.status().as_u16();
                let headers = std::mem::take(response.headers_mut());
                let received = SystemClock.now();
                Ok((Answer { status, headers, body: Vec::new(), received }, response))
            }
            Err(error) => {
                let silence = classify(&error);
                if let (Silence::Timeout | Silence::Connect(_) | Silence::Tls(_), Ok(mut silent)) =
                    (&silence, self.silent.lock())
                {
                    silent.insert(origin);
                }
                Err(silence)
            }
        }
    }
}

impl Ask {
    pub(super) fn new(method: Method, url: impl Into<String>) -> Self {
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
        Self { method, url: url.into(), headers, body: None }
    }

    pub(super) fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// With a field; one whose value cannot be sent is left out.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn from(self, origin: &str) -> Self {
        self.with(ORIGIN, origin)
    }

    pub(super) fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(super) const fn method(&self) -> &Method {
        &self.method
    }
}

impl Answer {
    /// A field that comes once.
    pub(super) fn field(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The members of a field that is a comma-separated list, in lower case.
    pub(super) fn list(&self, name: &HeaderName) -> Vec<String> {
        let values = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let members = values.flat_map(|value| value.split(',')).map(|member| member.trim());
        members.filter(|member| !member.is_empty()).map(str::to_ascii_lowercase).collect()
    }

    /// The body as a JSON object without repeated members.
    pub(super) fn json(&self) -> Option<Object<'_>> {
        json::object(std::str::from_utf8(&self.body).ok()?).ok()
    }

    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// How many seconds the clock of whoever answered is ahead of this machine's.
    pub(super) fn ahead(&self) -> Option<i64> {
        let date = httpdate::parse_http_date(self.field(DATE)?).ok()?;
        let there = date.duration_since(UNIX_EPOCH).ok()?.as_secs();
        Some(i64::try_from(there).ok()? - i64::try_from(self.received.as_secs()).ok()?)
    }

    #[cfg(test)]
    pub(super) fn of(status: u16, fields: &[(&'static str, &str)], body: &str) -> Self {
        let fields = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        let mut headers = HeaderMap::new();
        headers.extend(fields);
        Self { status, headers, body: body.into(), received: SystemClock.now() }
    }
}

impl Silence {
    /// What to do, which is something else where nothing was asked.
    pub(super) fn fix(&self, otherwise: &'static str) -> &'static str {
        match self {
            Self::Internal => {
                "Name a host that clients elsewhere can reach; if this one is meant, ask for the server by a \
                 URL of the same network, or name an authorization server with --issuer."
            }
            _ => otherwise,
        }
    }
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Timeout => write!(f, "no answer within {} seconds", TIMEOUT.as_secs()),
            Self::Tls(why) | Self::Connect(why) | Self::Broken(why) => f.write_str(why),
            Self::TooLarge => f.write_str("the answer is larger than 256 KiB"),
            Self::Internal => f.write_str("the host is internal, and is not asked for a server elsewhere"),
        }
    }
}

fn classify(error: &reqwest::Error) -> Silence {
    if error.is_timeout() {
        return Silence::Timeout;
    }
    // Only the innermost says what happened; the ones around it repeat the URL.
    let mut why = String::new();
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(inner) = cause {
        if inner.is::<Internal>() {
            return Silence::Internal;
        }
        why = inner.to_string();
        cause = inner.source();
    }
    let lower = why.to_ascii_lowercase();
    if ["certificate", "tls", "handshake", "corrupt message"].iter().any(|word| lower.contains(word)) {
        Silence::Tls(why)
    } else if error.is_connect() {
        Silence::Connect(why)
    } else {
        Silence::Broken(why)
    }
}

const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_sends_nobody_into_this_network() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (asked, is_asked) in [("http://127.0.0.1:8000/mcp", true), ("https://mcp.example.com/mcp", false)]
        {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let ask = Ask::get(format!("http://{}", listener.local_addr().unwrap()));
            let browser = Browser::new(&[], Network::new(asked, &[])).unwrap();
            let asked = runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    biased;
                    reply = browser.head(&ask) => { assert!(matches!(reply, Err(Silence::Internal))); false }
                    _ = listener.accept() => true,
                }
            });
            assert_eq!(asked, is_asked);
        }
    }

    #[tokio::test]
    async fn nor_by_a_name_that_leads_there() {
        let browser = Browser::new(&[], Network::new("https://mcp.example.com/mcp", &[])).unwrap();
        browser.network.admits_by_name("localhost");
        let error = browser.client.get("http://localhost:1").send().await.unwrap_err();
        assert!(matches!(classify(&error), Silence::Internal), "{error:?}");
    }
}
