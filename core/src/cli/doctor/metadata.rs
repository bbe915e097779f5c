//! Protected resource metadata (RFC 9728): where it is, and what it says.

use std::borrow::Cow;

use http::header::CONTENT_TYPE;

use super::browser::{Answer, Reply};
use super::challenge::{Challenge, OFFLINE_ACCESS, has_offline_access};
use super::compare::{Difference, covers, is_open_http, nearest};
use super::finding::Findings;
use super::network::is_internal;
use crate::cli::parse_url;
use crate::cli::shown::Shown;
use crate::identifier::Identifier;
use crate::json::Json;

pub(super) const NAME: &str = "oauth-protected-resource";

/// What clients go on with.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    /// Where it was found.
    pub(super) url: String,
    pub(super) resource: Option<String>,
    pub(super) authorization_servers: Vec<String>,
    pub(super) scopes_supported: Vec<String>,
}

/// Where a client looks, the first that it finds being the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Challenge,
    Path,
    Root,
}

/// The places without repetition.
pub(super) fn places(asked: &Identifier, challenge: Option<&Challenge>) -> Vec<(Place, String)> {
    let named = challenge.and_then(|challenge| challenge.parameter("resource_metadata"));
    let named = named.filter(|url| url::Url::parse(url).is_ok_and(|url| url.has_host()));
    let root = format!("{}/.well-known/{NAME}", asked.origin());
    let mut places: Vec<(Place, String)> = Vec::new();
    let all = [
        (Place::Challenge, named.map(str::to_owned)),
        (Place::Path, Some(asked.well_known(NAME))),
        (Place::Root, Some(root)),
    ];
    for (place, url) in all {
        if let Some(url) = url.filter(|url| places.iter().all(|(_, own)| own != url)) {
            places.push((place, url));
        }
    }
    places
}

/// Judges what was found, and where it was not.
pub(super) fn judge(
    expected: &Identifier,
    replies: &[(Place, String, Reply)],
    findings: &mut Findings,
) -> Option<Metadata> {
    let mut found: Vec<Metadata> = Vec::new();
    for (place, url, reply) in replies {
        // A resource that is the origin has its metadata at the root, whatever path was asked for.
        if *place == Place::Path && found.first().is_some_and(|own: &Metadata| own.belongs_elsewhere(url)) {
            continue;
        }
        if let Some(metadata) = judge_place(*place, url, reply, !found.is_empty(), findings) {
            found.push(metadata);
        }
    }
    let mut found = found.into_iter();
    let Some(metadata) = found.next() else {
        findings.error(
            "metadata-missing",
            "There is no protected resource metadata at any place where clients look.",
            format!("Serve it at {} without authentication.", expected.well_known(NAME)),
        );
        return None;
    };
    if let Some(other) = found.find(|other| !other.agrees(&metadata)) {
        findings.warning(
            "metadata-differs",
            format!("The metadata at {} and at {} differ.", Shown(&metadata.url), Shown(&other.url)),
            "Serve the same document at both places: clients disagree about which one they read.",
        );
    }
    judge_resource(expected, metadata.resource.as_deref(), findings);
    judge_servers(expected, &metadata, findings);
    judge_scopes(&metadata, findings);
    Some(metadata)
}

impl Metadata {
    fn belongs_elsewhere(&self, url: &str) -> bool {
        let resource = self.resource.as_deref().and_then(|resource| parse_url(resource).ok());
        resource.is_some_and(|resource| resource.path().len() <= 1 && resource.well_known(NAME) != url)
    }

    fn agrees(&self, other: &Self) -> bool {
        self.resource == other.resource && self.authorization_servers == other.authorization_servers
    }
}

fn judge_place(
    place: Place,
    url: &str,
    reply: &Reply,
    others: bool,
    findings: &mut Findings,
) -> Option<Metadata> {
    let url = Shown(url);
    let answer = match reply {
        Ok(answer) => answer,
        Err(silence) => {
            findings.error(
                "metadata-unreachable",
                format!("The metadata at {url} cannot be fetched: {}.", Shown(&silence.to_string())),
                silence.fix(
                    "Name a host in resource_metadata that clients can reach, and serve the document there.",
                ),
            );
            return None;
        }
    };
    match answer.status {
        200 => judge_document(url.0, answer, findings),
        401 | 403 => {
            findings.error(
                "metadata-behind-auth",
                format!("The metadata at {url} is answered with {}.", answer.status),
                "Let this exact path through without a token: clients read it before they have one.",
            );
            None
        }
        300..=399 => {
            findings.error(
                "metadata-redirect",
                format!("The metadata at {url} is answered with a redirect."),
                "Serve the document at this very URL: clients compare it with the resource it names.",
            );
            None
        }
        status if place == Place::Challenge => {
            findings.error(
                "metadata-not-found",
                format!("The challenge names {url} for the metadata, which is answered with {status}."),
                "Serve the metadata there, and let the proxy pass /.well-known/ on to the server.",
            );
            None
        }
        status if place == Place::Path => {
            findings.warning(
                "metadata-path-missing",
                format!("There is no metadata at {url}, where RFC 9728 puts it: the answer is {status}."),
                "Serve it there as well: clients that do not read the challenge look there first.",
            );
            None
        }
        status => {
            if others {
                findings.info(
                    "metadata-root-missing",
                    format!("There is no metadata at {url} ({status}), where older clients look."),
                    "Serve the same document there, too, if this is the only resource of the host.",
                );
            }
            None
        }
    }
}

fn judge_document(url: &str, answer: &Answer, findings: &mut Findings) -> Option<Metadata> {
    let shown = Shown(url);
    let Some(document) = answer.json() else {
        findings.error(
            "metadata-not-json",
            format!("The metadata at {shown} is no JSON object, or has a member twice."),
            "Answer with a JSON document: a web page there usually comes from a catch-all route.",
        );
        return None;
    };
    let media_type = answer.field(CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        findings.warning(
            "metadata-content-type",
            format!(
                "The metadata at {shown} has the content type {}.",
                Shown(if essence.is_empty() { "(none)" } else { essence })
            ),
            "Send Content-Type: application/json (RFC 9728 section 3.2).",
        );
    }
    let mut list = |name: &str| match document.get(name) {
        None | Some(Json::Null) => Vec::new(),
        Some(value) => {
            let items = value.as_array().and_then(|_| value.as_strings());
            if items.is_none() {
                findings.error(
                    "metadata-malformed",
                    format!("{name} of the metadata at {shown} is no array of strings."),
                    format!("Write {name} as a JSON array: [\"…\", \"…\"]."),
                );
            }
            items.into_iter().flatten().map(|item| item.read().into_owned()).collect()
        }
    };
    let methods = list("bearer_methods_supported");
    let metadata = Metadata {
        url: url.to_owned(),
        resource: document.get("resource").and_then(Json::as_str).map(Cow::into_owned),
        authorization_servers: list("authorization_servers"),
        scopes_supported: list("scopes_supported"),
    };
    if !methods.is_empty() && methods.iter().all(|method| method != "header") {
        findings.warning(
            "bearer-methods-without-header",
            "bearer_methods_supported does not name header, the only way in which MCP clients send tokens.",
            "Set it to [\"header\"].",
        );
    }
    Some(metadata)
}

/// RFC 9728 section 3.3: it must be what the client asked for.
fn judge_resource(expected: &Identifier, resource: Option<&str>, findings: &mut Findings) {
    let Some(resource) = resource else {
        findings.error(
            "metadata-without-resource",
            "The metadata does not name its resource.",
            format!("Add \"resource\": \"{}\".", expected.as_str()),
        );
        return;
    };
    let asked = expected.as_str();
    let (id, fix) = match Difference::between(asked, resource) {
        None => {
            findings.ok("resource", format!("The metadata is for {asked}."));
            return;
        }
        // The one slash that URL libraries add by themselves.
        Some(Difference::Slash)
            if expected.path().len() <= 1 && resource.len().abs_diff(asked.len()) == 1 =>
        {
            findings.ok("resource", format!("The metadata is for {}.", Shown(resource)));
            return;
        }
        Some(Difference::Slash) => (
            "resource-trailing-slash",
            "Spell it in one way everywhere, in MCP_SERVER_URL, at the authorization server and in clients: \
             with or without the trailing slash."
                .to_owned(),
        ),
        Some(_) if covers(resource, asked) => {
            findings
                .ok("resource", format!("The metadata is for {}, which covers {asked}.", Shown(resource)));
            return;
        }
        Some(Difference::Scheme) => (
            "resource-scheme",
            format!(
                "Set MCP_SERVER_URL to {asked}: behind a proxy that ends TLS a server must be told its public \
                 scheme."
            ),
        ),
        Some(_) if is_internal(resource) && !same_host(resource, asked) => (
            "resource-internal-host",
            format!("Set MCP_SERVER_URL to {asked}: the server must be told the public host of its proxy."),
        ),
        Some(Difference::Host) => (
            "resource-host",
            format!("Set MCP_SERVER_URL to {asked}, or give clients the URL that the metadata names."),
        ),
        Some(Difference::Port) => (
            "resource-port",
            format!("Set MCP_SERVER_URL to {asked}: the port is the one that clients connect to."),
        ),
        Some(Difference::Case | Difference::Space) => (
            "resource-spelling",
            format!("Spell it as {asked} everywhere: identifiers are compared letter by letter."),
        ),
        Some(Difference::Path | Difference::Everything) => (
            "resource-path",
            format!("Set MCP_SERVER_URL to the full URL of the MCP endpoint, {asked}, or to its origin."),
        ),
    };
    findings.error(
        id,
        format!("The metadata is for {}, not for {asked}, so that clients refuse it.", Shown(resource)),
        fix,
    );
}

fn same_host(one: &str, other: &str) -> bool {
    let host = |url: &str| url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host(one) == host(other)
}

fn judge_servers(expected: &Identifier, metadata: &Metadata, findings: &mut Findings) {
    if metadata.authorization_servers.is_empty() {
        findings.error(
            "authorization-servers-missing",
            "The metadata names no authorization server.",
            "Add authorization_servers with the issuer that clients get their tokens from.",
        );
    }
    for server in &metadata.authorization_servers {
        let shown = Shown(server);
        if url::Url::parse(server).map_or(true, |url| !url.has_host()) {
            findings.error(
                "authorization-server-no-url",
                format!("{shown} in authorization_servers is no URL."),
                "Write the issuer identifier of the authorization server, such as https://auth.example.com.",
            );
        } else if is_open_http(server) {
            findings.error(
                "authorization-server-http",
                format!("The authorization server {shown} is plain http, which clients refuse."),
                "Use the https URL of the authorization server.",
            );
        } else if is_internal(server) && !is_internal(expected.as_str()) {
            findings.error(
                "authorization-server-internal",
                format!("The authorization server {shown} has a name that clients outside cannot reach."),
                "Name the public URL of the authorization server in authorization_servers.",
            );
        }
    }
}

fn judge_scopes(metadata: &Metadata, findings: &mut Findings) {
    let scopes = &metadata.scopes_supported;
    if has_offline_access(scopes.iter().map(String::as_str)) {
        findings.warning(
            "offline-access-advertised",
            "scopes_supported names offline_access.",
            OFFLINE_ACCESS,
        );
    }
    if scopes.is_empty() {
        findings.info(
            "scopes-not-advertised",
            "The metadata does not say which scopes there are.",
            "List in scopes_supported what basic use needs, unless the server needs no scopes.",
        );
    }
    if let Some(scope) = scopes.iter().find(|scope| scope.contains([' ', ',', '"', '\\'])) {
        findings.error(
            "scope-malformed",
            format!("{} in scopes_supported is not one scope.", Shown(scope)),
            "Write each scope as a string of its own.",
        );
    }
}

/// Compares with what whoever asks expects.
pub(super) fn judge_expected(
    metadata: &Metadata,
    issuers: &[String],
    scopes: &[String],
    findings: &mut Findings,
) {
    let servers = || metadata.authorization_servers.iter().map(String::as_str);
    for issuer in issuers.iter().filter(|issuer| servers().all(|server| server != issuer.as_str())) {
        if let Some((near, difference)) = nearest(issuer, servers()) {
            findings.error(
                "issuer-not-advertised",
                format!("The metadata names {} where {issuer} is expected: {difference}.", Shown(near)),
                "Copy the issuer from the authorization server's own metadata, letter by letter.",
            );
        } else if !servers().any(|server| covers(issuer, server)) {
            findings.warning(
                "issuer-not-advertised",
                format!("The metadata does not name {issuer} as an authorization server."),
                "Add it to authorization_servers (MCP_BEARER_AUTHORIZATION_SERVERS) if clients are to use it.",
            );
        }
    }
    let known = || metadata.scopes_supported.iter().map(String::as_str);
    for scope in scopes.iter().filter(|scope| known().all(|own| own != scope.as_str())) {
        let near = nearest(scope, known()).map(|(near, _)| format!(", but {}", Shown(near)));
        findings.warning(
            "scope-not-advertised",
            format!("scopes_supported does not name {scope}{}.", near.unwrap_or_default()),
            "Name the scopes that clients should ask for, exactly as the authorization server spells them.",
        );
    }
}
