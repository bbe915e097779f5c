//! The built-in [`Fetch`]: reqwest over HTTP/1, rustls and the platform's certificate verifier.
//!
//! It looks at no proxy variable and keeps no cookie; reqwest appears in no public signature. Other
//! crates in a build may switch on reqwest features (decoders, cookies, system proxies), so
//! everything that such a feature would turn on is turned off by name.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, IF_NONE_MATCH};
use reqwest::redirect;
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy};

use super::{BoxFuture, Fetch, FetchError, FetchRequest, FetchResponse};
use crate::error::ConfigError;
use crate::spawn::PerProcess;

/// Fetches over the network.
pub(crate) struct HttpFetch {
    certificates: Vec<Certificate>,
    proxy: Option<Proxy>,
    /// Built at the first use in each process: a client's connections belong to the process that
    /// opened them, and loading the system's certificates takes milliseconds.
    client: PerProcess<Client>,
}

impl HttpFetch {
    /// Fails on what can be known to be wrong without the network.
    pub(crate) fn new(
        ca_files: &[PathBuf],
        proxy: Option<&str>,
        no_proxy: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let mut certificates = Vec::new();
        for path in ca_files {
            certificates.extend(read_certificates(path)?);
        }
        let proxy = proxy.map(|url| parse_proxy(url, no_proxy)).transpose()?;
        Ok(Self { certificates, proxy, client: PerProcess::default() })
    }

    fn build(&self) -> Result<Client, FetchError> {
        let mut builder = plain()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            // Long enough for the keys to follow the metadata on one connection.
            .pool_idle_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(1)
            .user_agent(concat!("mcp-bearer/", env!("CARGO_PKG_VERSION")));
        if !self.certificates.is_empty() {
            builder = builder.tls_certs_merge(self.certificates.iter().cloned());
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        builder.build().map_err(|_| FetchError::Other)
    }

    async fn get(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let client = self.client.get_or_try_init(|_| true, || self.build())?;
        let condition: HeaderMap =
            request.if_none_match.map(|etag| (IF_NONE_MATCH, etag)).into_iter().collect();
        let mut response = client
            .get(&request.url)
            .headers(condition)
            .header(ACCEPT, "application/json, application/jwk-set+json")
            .header(ACCEPT_ENCODING, "identity")
            // Covers the body as well, so that a server that drips is cut off too.
            .timeout(request.timeout)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let announced = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse::<usize>().ok()) > Some(request.max_bytes) {
            return Err(FetchError::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
            if body.len().saturating_add(chunk.len()) > request.max_bytes {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status().as_u16();
        Ok(FetchResponse::new(status, std::mem::take(response.headers_mut()), body))
    }
}

impl Fetch for HttpFetch {
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'_, Result<FetchResponse, FetchError>> {
        Box::pin(self.get(request))
    }
}

impl fmt::Debug for HttpFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may hold a password.
        f.debug_struct("HttpFetch").finish_non_exhaustive()
    }
}

fn classify(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        FetchError::Timeout
    } else if error.is_connect() {
        FetchError::Connect
    } else if error.is_request() || error.is_body() || error.is_decode() {
        FetchError::Reset
    } else {
        FetchError::Other
    }
}

/// What gets exactly the answer that was asked for: from no other URL, and not decoded.
pub(crate) fn plain() -> ClientBuilder {
    Client::builder()
        .http1_only()
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
}

pub(crate) fn read_certificates(path: &PathBuf) -> Result<Vec<Certificate>, ConfigError> {
    let wrong = |what: &str| {
        let message = format!("{} {what}; a PEM file with CERTIFICATE blocks is needed", path.display());
        ConfigError::new("ca_file", message)
    };
    let pem = fs::read(path).map_err(|_| wrong("cannot be read"))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| wrong("is not PEM"))?;
    if certificates.is_empty() {
        return Err(wrong("holds no certificate"));
    }
    // reqwest looks at what is inside only when a client is built; this one trusts nothing else,
    // so that the system's store is not loaded for the sake of the check.
    Client::builder()
        .no_proxy()
        .tls_certs_only(certificates.iter().cloned())
        .build()
        .map_err(|_| wrong("holds a certificate that cannot be used"))?;
    Ok(certificates)
}

/// A proxy for https URLs; http is for loopback and listed hosts, which are reached directly.
fn parse_proxy(text: &str, no_proxy: Option<&str>) -> Result<Proxy, ConfigError> {
    let wrong = || ConfigError::new("proxy", "must be a URL such as http://proxy.example.com:3128");
    // `HTTPS_PROXY=proxy:3128` is common.
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = url::Url::parse(&text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong());
    }
    let proxy = Proxy::https(url).map_err(|_| wrong())?;
    Ok(proxy.no_proxy(no_proxy.and_then(NoProxy::from_string)))
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
