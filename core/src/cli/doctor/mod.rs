//! `mcp-bearer doctor`: what an MCP client would stumble over.
//!
//! ```text
//! browser, network        the requests, bounded, and whom they go to
//! reach                   is anybody there
//! challenge, paths        the 401, and ways around it
//! metadata, cors          what clients and pages read before they have a token
//! authorization_server    where they get one
//! jwks, token             whether it can be checked, and why it is refused
//! compare                 near misses
//! finding, report         what is said of all this
//! ```
//!
//! The requests are made here. What an answer is worth is a function of the answer, in the module that
//! is named after its subject; what a token is worth is the crate's own verdict.

mod authorization_server;
mod browser;
mod challenge;
mod compare;
mod cors;
mod finding;
mod jwks;
mod metadata;
mod network;
mod options;
mod paths;
mod reach;
mod report;
mod token;

use http::Method;
use http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE,
};

use self::authorization_server::Server;
use self::browser::{Answer, Ask, Browser, Reply};
use self::finding::{Findings, Severity};
use self::metadata::Metadata;
use self::network::Network;
use self::options::Options;
use self::token::Configuration;
use super::{Stop, Streams, help, parse_url};
use crate::clock::{Clock, SystemClock};
use crate::jwks::inspect;

pub(super) fn run(parser: &mut lexopt::Parser, streams: &mut Streams<'_>) -> Result<u8, Stop> {
    let Some(options) = Options::parse(parser, streams)? else {
        return help(streams, options::HELP);
    };
    let network = Network::new(options.asked.as_str(), &options.issuers);
    let browser = Browser::new(&options.ca_files, network).map_err(|error| Stop::Usage(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let findings =
        runtime.block_on(Visit { options: &options, browser, findings: Findings::default() }.all());
    let (url, out) = (options.asked.as_str(), &mut streams.out);
    if options.json {
        report::json(url, &findings, out)?;
    } else {
        report::table(url, &findings, options.color, out)?;
    }
    Ok(u8::from(findings.count(Severity::Error) > 0))
}

struct Visit<'a> {
    options: &'a Options,
    browser: Browser,
    findings: Findings,
}

impl Visit<'_> {
    /// In the order of a client's first visit.
    async fn all(mut self) -> Findings {
        let asked = &self.options.asked;
        reach::judge_url(asked, &mut self.findings);
        let first = self.browser.head(&initialize(asked.as_str())).await;
        let Some(first) = reach::judge(asked, &first, &mut self.findings) else { return self.findings };
        reach::judge_clock("the server", first, &mut self.findings);

        let (opening, refusal) = self.refused(first).await;
        let refusal = refusal.as_ref().unwrap_or(first);
        let challenge = challenge::judge(&self.options.resource, refusal, &mut self.findings);
        if refusal.status == 401 {
            self.other_ways(&opening).await;
        }
        let metadata = self.metadata(challenge.as_ref()).await;
        self.pages(&opening, refusal, metadata.as_ref()).await;
        let servers = self.authorization_servers(metadata.as_ref()).await;
        if let Some(token) = self.options.token() {
            self.token(token, &opening, metadata.unwrap_or_default(), servers).await;
        }
        self.findings
    }

    /// The request that needs a token, and its refusal unless that is the first answer.
    async fn refused(&mut self, first: &Answer) -> (Ask, Option<Answer>) {
        let url = self.options.asked.as_str();
        let next = match first.status {
            // A route of another API than MCP.
            404 | 405 => Ask::get(url),
            // Servers may let clients look around before they need a token.
            200..=299 => {
                let call = post(url, CALL).with(PROTOCOL_VERSION, PROTOCOL);
                match first.field(SESSION) {
                    Some(session) => call.with(SESSION, session),
                    None => call,
                }
            }
            _ => return (initialize(url), None),
        };
        match self.browser.head(&next).await {
            Ok(answer) if answer.status == 401 => {
                if next.method() == Method::POST {
                    self.findings.info(
                        "lazy-authentication",
                        "The server lets clients initialize without a token, and asks for one when a tool is called.",
                        "Nothing is to be done if this is meant; some clients expect the 401 at once.",
                    );
                }
                (next, Some(answer))
            }
            Ok(answer) if next.method() == Method::GET => (next, Some(answer)),
            _ => (initialize(url), None),
        }
    }

    /// A server that refuses one request must refuse the others.
    async fn other_ways(&mut self, opening: &Ask) {
        let url = self.options.asked.as_str();
        if opening.method() == Method::POST
            && let Ok(answer) = self.browser.head(&Ask::get(url).with(ACCEPT, "text/event-stream")).await
            && answer.is_success()
        {
            self.findings.error(
                "unauthenticated-access",
                "POST needs a token, but GET is answered without one.",
                "Protect all methods of the endpoint: GET opens a stream of the server's messages.",
            );
        }
        let forged = self.browser.head(&opening.clone().with(AUTHORIZATION, "Bearer not.a.token")).await;
        challenge::judge_forged(&forged, &mut self.findings);

        let mut probes: Vec<(String, Reply, Reply)> = Vec::new();
        for base in [
            format!("{}/mcp-bearer-doctor", self.options.asked.origin()),
            format!("{}/mcp-bearer-doctor", url.trim_end_matches('/')),
        ] {
            if probes.iter().any(|(own, ..)| *own == base) {
                continue;
            }
            let plain = self.browser.head(&Ask::get(&base)).await;
            let suffixed = self.browser.head(&Ask::get(format!("{base}{}", paths::SUFFIX))).await;
            probes.push((base, plain, suffixed));
        }
        paths::judge(&probes, &mut self.findings);
    }

    async fn metadata(&mut self, challenge: Option<&challenge::Challenge>) -> Option<Metadata> {
        let mut replies = Vec::new();
        for (place, url) in metadata::places(&self.options.asked, challenge) {
            let reply = self.browser.document(&Ask::get(&url).with(ACCEPT, "application/json")).await;
            replies.push((place, url, reply));
        }
        let metadata = metadata::judge(&self.options.resource, &replies, &mut self.findings)?;
        metadata::judge_expected(&metadata, &self.options.issuers, &self.options.scopes, &mut self.findings);
        Some(metadata)
    }

    /// What a browser lets a page on another origin do.
    async fn pages(&mut self, opening: &Ask, refusal: &Answer, metadata: Option<&Metadata>) {
        let (url, origin) = (self.options.asked.as_str(), self.options.origin.as_str());
        let preflight = Ask::new(Method::OPTIONS, url)
            .from(origin)
            .with(ACCESS_CONTROL_REQUEST_METHOD, opening.method().as_str())
            .with(ACCESS_CONTROL_REQUEST_HEADERS, &cors::REQUEST_HEADERS.join(","));
        cors::judge_preflight(origin, &self.browser.head(&preflight).await, &mut self.findings);
        if refusal.status == 401 {
            let reply = self.browser.head(&opening.clone().from(origin)).await;
            cors::judge_challenge(origin, &reply, &mut self.findings);
        }
        if let Some(metadata) = metadata {
            let reply = self.browser.head(&Ask::get(&metadata.url).from(origin)).await;
            cors::judge_metadata(origin, &reply, &mut self.findings);
        }
    }

    /// Those that are advertised and those that are expected, with their keys.
    async fn authorization_servers(&mut self, metadata: Option<&Metadata>) -> Vec<(String, Option<Vec<u8>>)> {
        let advertised =
            metadata.map(|metadata| metadata.authorization_servers.as_slice()).unwrap_or_default();
        let scopes = metadata.map(|metadata| metadata.scopes_supported.as_slice()).unwrap_or_default();
        let mut servers: Vec<(String, Option<Vec<u8>>)> = Vec::new();
        for issuer in advertised.iter().chain(&self.options.issuers) {
            if servers.len() == MOST_SERVERS || servers.iter().any(|(own, _)| own == issuer) {
                continue;
            }
            let keys = self.authorization_server(issuer, scopes).await;
            servers.push((issuer.clone(), keys));
        }
        servers
    }

    async fn authorization_server(&mut self, issuer: &str, scopes: &[String]) -> Option<Vec<u8>> {
        // What cannot be asked, or must not be, has been named before.
        let issuer = parse_url(issuer).ok().filter(|issuer| !compare::is_open_http(issuer.as_str()))?;
        let mut replies = Vec::new();
        for url in inspect::metadata_urls(&issuer) {
            let ask = Ask::get(&url).from(&self.options.origin).with(ACCEPT, "application/json");
            replies.push((url, self.browser.document(&ask).await));
        }
        let (server, answer) = authorization_server::judge(&issuer, &replies, scopes, &mut self.findings)?;
        reach::judge_clock("the authorization server", answer, &mut self.findings);
        cors::judge_server(issuer.as_str(), &self.options.origin, answer, &mut self.findings);
        let Server { jwks_uri } = server;
        let reply = self.browser.document(&Ask::get(&jwks_uri).with(ACCEPT, "application/json")).await;
        jwks::judge(&jwks_uri, &reply, &mut self.findings).map(|answer| answer.body.clone())
    }

    async fn token(
        &mut self,
        token: &str,
        opening: &Ask,
        metadata: Metadata,
        servers: Vec<(String, Option<Vec<u8>>)>,
    ) {
        let options = self.options;
        // Several names of one issuer share its keys, as in Scalekit's shape.
        let any = servers.iter().find_map(|(_, keys)| keys.clone());
        let issuers = servers
            .into_iter()
            .filter(|(issuer, _)| options.issuers.is_empty() || options.issuers.contains(issuer))
            .filter(|(issuer, _)| parse_url(issuer).is_ok() && !compare::is_open_http(issuer))
            .map(|(issuer, keys)| (issuer, keys.or_else(|| any.clone())))
            .collect();
        let resource = metadata.resource.unwrap_or_else(|| options.resource.as_str().to_owned());
        let audiences = if options.audiences.is_empty() { vec![resource] } else { options.audiences.clone() };
        let configuration = Configuration {
            audiences,
            issuers,
            scopes: options.scopes.clone(),
            scopes_supported: metadata.scopes_supported,
        };
        let reply = if compare::is_open_http(options.asked.as_str()) {
            self.findings.warning(
                "token-not-sent",
                "The token is not sent over plain http.",
                "Ask with the https URL of the server.",
            );
            None
        } else {
            Some(self.browser.head(&opening.clone().with(AUTHORIZATION, &format!("Bearer {token}"))).await)
        };
        token::judge(token, &configuration, SystemClock.now(), reply.as_ref(), &mut self.findings);
    }
}

fn initialize(url: &str) -> Ask {
    post(url, INITIALIZE)
}

fn post(url: &str, body: &str) -> Ask {
    Ask::new(Method::POST, url)
        .with(CONTENT_TYPE, "application/json")
        .with(ACCEPT, "application/json, text/event-stream")
        .body(body)
}

const SESSION: http::HeaderName = http::HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: http::HeaderName = http::HeaderName::from_static("mcp-protocol-version");
const PROTOCOL: &str = "2025-06-18";

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"mcp-bearer-doctor","version":"1"}}}"#;
/// A tool that no server has.
const CALL: &str =
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"mcp-bearer-doctor","arguments":{}}}"#;

const MOST_SERVERS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::Identifier;

    pub(super) fn asked(url: &str) -> Identifier {
        parse_url(url).unwrap()
    }

    pub(super) fn ids(findings: &Findings) -> Vec<&'static str> {
        findings.iter().map(|finding| finding.id).collect()
    }
}
