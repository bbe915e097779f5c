//! Authorization server metadata (RFC 8414, OpenID Connect Discovery): what MCP clients need of it.

use std::collections::HashSet;

use super::browser::{Answer, Reply};
use super::compare::{Difference, is_open_http, nearest};
use super::finding::Findings;
use crate::cli::shown::Shown;
use crate::identifier::Identifier;
use crate::json::{Json, Object, Text};
use crate::jwks::inspect;

/// What the doctor goes on with.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) jwks_uri: String,
}

/// Judges what the forms of its URL were answered with, in order.
pub(super) fn judge<'a>(
    issuer: &Identifier,
    replies: &'a [(String, Reply)],
    scopes: &[String],
    findings: &mut Findings,
) -> Option<(Server, &'a Answer)> {
    let shown = Shown(issuer.as_str());
    let answers = || replies.iter().filter_map(|(url, reply)| Some((url, reply.as_ref().ok()?)));
    if let (None, Some((_, Err(silence)))) = (answers().next(), replies.first()) {
        findings.error(
            "authorization-server-unreachable",
            format!("The authorization server {shown} does not answer: {}.", Shown(&silence.to_string())),
            silence.fix(
                "Check its URL in authorization_servers, and that this machine and the server can reach it.",
            ),
        );
        return None;
    }
    let documents = answers().filter(|(_, answer)| answer.status == 200);
    let documents: Vec<_> =
        documents.filter_map(|(url, answer)| Some((url, answer, answer.json()?))).collect();
    if documents.is_empty() {
        let tried: Vec<_> =
            answers().map(|(url, answer)| format!("{} ({})", Shown(url), answer.status)).collect();
        findings.error(
            "authorization-server-metadata-missing",
            format!("There is no metadata of {shown} at {}.", tried.join(", ")),
            "Correct the issuer in authorization_servers, or serve RFC 8414 or OpenID metadata at one of these.",
        );
        return None;
    }
    let own = documents.iter().find(|(_, _, document)| {
        document.get("issuer").and_then(Json::as_str).is_some_and(|own| own == issuer.as_str())
    });
    let Some((url, answer, document)) = own else {
        judge_foreign(issuer, documents.iter().map(|(url, _, document)| (url.as_str(), document)), findings);
        return None;
    };
    findings.ok("authorization-server", format!("{shown} has metadata at {}.", Shown(url)));
    judge_flow(issuer, document, findings);
    judge_registration(issuer, document, findings);
    judge_scopes(document, scopes, findings);
    let jwks_uri = document.get("jwks_uri").and_then(Json::as_str);
    match jwks_uri {
        Some(jwks_uri) if inspect::is_own(&answer.body, issuer) => {
            Some((Server { jwks_uri: jwks_uri.into_owned() }, *answer))
        }
        jwks_uri => {
            let what = jwks_uri.map_or_else(
                || format!("The metadata of {shown} names no jwks_uri."),
                |url| format!("The jwks_uri of {shown} cannot be used: {}.", Shown(&url)),
            );
            findings.error(
                "jwks-uri",
                what,
                "Publish an https jwks_uri, or configure the server with one (MCP_BEARER_JWKS_URI).",
            );
            None
        }
    }
}

/// RFC 8414 section 3.3: the issuer must be identical, byte for byte.
fn judge_foreign<'a>(
    issuer: &Identifier,
    documents: impl Iterator<Item = (&'a str, &'a Object<'a>)>,
    findings: &mut Findings,
) {
    let named = documents.filter_map(|(url, document)| Some((url, document.get("issuer")?.as_str()?)));
    let Some((url, named)) = named.last() else {
        findings.error(
            "issuer-missing",
            format!("The metadata of {} names no issuer.", Shown(issuer.as_str())),
            "Add issuer to the authorization server's metadata: it is required.",
        );
        return;
    };
    let difference = Difference::between(issuer.as_str(), &named);
    let difference = difference.map(|difference| format!(": {difference}")).unwrap_or_default();
    findings.error(
        "issuer-mismatch",
        format!(
            "authorization_servers names {}, but {} says that it is {}{difference}.",
            Shown(issuer.as_str()),
            Shown(url),
            Shown(&named)
        ),
        format!(
            "Write the issuer as its own metadata does, {}, in authorization_servers and MCP_BEARER_ISSUERS.",
            Shown(&named)
        ),
    );
}

/// OAuth 2.1: the authorization code flow, with PKCE.
fn judge_flow(issuer: &Identifier, document: &Object<'_>, findings: &mut Findings) {
    let shown = Shown(issuer.as_str());
    for name in ["authorization_endpoint", "token_endpoint"] {
        let url = document.get(name).and_then(Json::as_str);
        if url.is_none_or(|url| is_open_http(&url)) {
            findings.error(
                "authorization-server-endpoint",
                format!("{shown} has no {name} that clients can use."),
                format!("Publish an https {name} in the authorization server's metadata."),
            );
        }
    }
    if names(document, "code_challenge_methods_supported", "S256") == Some(true) {
        findings.ok("pkce", format!("{shown} supports PKCE with S256."));
    } else {
        findings.error(
            "pkce-not-advertised",
            format!("{shown} does not say that it supports PKCE with S256, so that MCP clients refuse it."),
            "Switch PKCE on, and publish code_challenge_methods_supported: [\"S256\"].",
        );
    }
    if names(document, "grant_types_supported", "authorization_code") == Some(false) {
        findings.error(
            "authorization-code-not-supported",
            format!("{shown} does not offer the authorization code grant."),
            "Switch it on: MCP clients use it with PKCE and nothing else for people.",
        );
    }
}

fn judge_registration(issuer: &Identifier, document: &Object<'_>, findings: &mut Findings) {
    let shown = Shown(issuer.as_str());
    let dynamic = document.get("registration_endpoint").and_then(Json::as_str).is_some();
    let documents = document.get("client_id_metadata_document_supported") == Some(Json::Bool(true));
    let ways = match (dynamic, documents) {
        (true, true) => "by dynamic registration and by client id metadata documents",
        (true, false) => "by dynamic registration",
        (false, true) => "by client id metadata documents",
        (false, false) => {
            findings.warning(
                "registration-not-offered",
                format!(
                    "{shown} lets no client register itself: those that nobody has registered by hand, such as \
                     Claude, Cursor or VS Code, cannot connect."
                ),
                "Switch on client id metadata documents or dynamic registration, or register each client and \
                 give its users the client id.",
            );
            return;
        }
    };
    findings.ok("registration", format!("Clients register with {shown} {ways}."));
    if dynamic && !documents {
        findings.info(
            "registration-dynamic-only",
            format!("{shown} knows no client id metadata documents, which newer MCP clients prefer."),
            "Switch them on where the authorization server has them.",
        );
    }
}

/// A client asks the authorization server for what the resource advertises.
fn judge_scopes(document: &Object<'_>, advertised: &[String], findings: &mut Findings) {
    let Some(known) = document.get("scopes_supported").and_then(Json::as_strings) else { return };
    let known: Vec<_> = known.map(Text::read).collect();
    let names: HashSet<&str> = known.iter().map(|own| &**own).collect();
    for scope in advertised.iter().filter(|scope| !names.contains(scope.as_str())).take(MOST_NAMED) {
        let near = nearest(scope, names.iter().copied());
        let near = near.map(|(near, _)| format!(", but {}", Shown(near))).unwrap_or_default();
        findings.warning(
            "scope-unknown-to-issuer",
            format!("The authorization server does not list the scope {}{near}.", Shown(scope)),
            "Define the scope there with exactly this spelling: scopes are case-sensitive.",
        );
    }
}

/// More would not be read either.
const MOST_NAMED: usize = 10;

/// `None` if the member is absent.
fn names(document: &Object<'_>, member: &str, wanted: &str) -> Option<bool> {
    let strings = document.get(member)?.as_strings();
    Some(strings.is_some_and(|mut strings| strings.any(|own| own.read() == wanted)))
}
