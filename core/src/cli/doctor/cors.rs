//! What a web page on another origin may do (the Fetch standard): browser MCP clients need it.

use http::HeaderName;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
};

use super::browser::{Answer, Reply};
use super::finding::Findings;
use crate::cli::shown::Shown;

/// The fields that MCP clients send and that a page may not send unasked.
pub(super) const REQUEST_HEADERS: [&str; 6] = [
    "authorization",
    "content-type",
    "last-event-id",
    "mcp-method",
    "mcp-protocol-version",
    "mcp-session-id",
];

/// Without these there are clients that get nowhere.
const NEEDED: [&str; 4] = ["authorization", "content-type", "mcp-protocol-version", "mcp-session-id"];

/// Judges the preflight of a request with a token.
pub(super) fn judge_preflight(origin: &str, reply: &Reply, findings: &mut Findings) {
    let Ok(answer) = reply else { return };
    if answer.status == 401 {
        findings.warning(
            "cors-preflight-behind-auth",
            "The preflight of a browser is answered with 401: it never carries a token.",
            "Put the CORS layer outside the token check, so that it answers OPTIONS before that.",
        );
        return;
    }
    if !answer.is_success() || !allows(answer, origin) {
        findings.warning(
            "cors-preflight-refused",
            format!("The preflight of a page from {origin} is not allowed (status {}).", answer.status),
            "Let the CORS layer allow the origins of browser clients, or ask with --origin for one that is.",
        );
        return;
    }
    // Fetch standard: the wildcard does not cover Authorization.
    let allowed = answer.list(&ACCESS_CONTROL_ALLOW_HEADERS);
    let is_allowed =
        |name: &str| allowed.iter().any(|own| own == name || own == "*" && name != "authorization");
    let missing: Vec<&str> = NEEDED.into_iter().filter(|name| !is_allowed(name)).collect();
    if missing.is_empty() {
        findings.ok("cors-preflight", format!("A page from {origin} may send a token."));
    } else {
        findings.warning(
            "cors-headers-not-allowed",
            format!("A page may not send {}.", missing.join(", ")),
            "Add them to Access-Control-Allow-Headers by name; the wildcard does not cover Authorization.",
        );
    }
}

/// Judges whether a page can read the refusal that it starts from.
pub(super) fn judge_challenge(origin: &str, reply: &Reply, findings: &mut Findings) {
    let Ok(answer) = reply else { return };
    if answer.status == 403 {
        findings.warning(
            "cors-origin-refused",
            format!("A request from a page of {origin} is answered with 403."),
            "Allow the origins of browser clients, or ask with --origin for one that is allowed.",
        );
        return;
    }
    if !judge_origin("401", origin, answer, findings) {
        return;
    }
    let exposed = answer.list(&ACCESS_CONTROL_EXPOSE_HEADERS);
    let exposes = |name: &str| exposed.iter().any(|own| own == name || own == "*");
    if !exposes("www-authenticate") {
        findings.warning(
            "cors-challenge-not-exposed",
            "A page cannot read WWW-Authenticate of the 401, where the metadata is named.",
            "Add WWW-Authenticate to Access-Control-Expose-Headers.",
        );
    } else if exposes("mcp-session-id") {
        findings.ok("cors-challenge", "A page can read the challenge, and the session that it would get.");
    } else {
        findings.info(
            "cors-session-not-exposed",
            "A page cannot read Mcp-Session-Id, which servers with sessions answer with.",
            "Add Mcp-Session-Id to Access-Control-Expose-Headers unless the server is stateless.",
        );
    }
}

/// Judges whether a page can read the metadata.
pub(super) fn judge_metadata(origin: &str, reply: &Reply, findings: &mut Findings) {
    let Ok(answer) = reply else { return };
    if allows(answer, origin) && answer.is_success() {
        findings.ok("cors-metadata", "A page can read the metadata.");
    } else {
        findings.warning(
            "cors-metadata-unreadable",
            format!("A page from {origin} cannot read the metadata."),
            "Send Access-Control-Allow-Origin: * with it: it is public.",
        );
    }
}

/// Judges whether a page can read the authorization server's metadata.
pub(super) fn judge_server(issuer: &str, origin: &str, answer: &Answer, findings: &mut Findings) {
    if !allows(answer, origin) {
        findings.info(
            "cors-authorization-server",
            format!("A page cannot read the metadata of {}.", Shown(issuer)),
            "Switch CORS on at the authorization server if browser clients are to be served.",
        );
    }
}

fn judge_origin(whose: &str, origin: &str, answer: &Answer, findings: &mut Findings) -> bool {
    let allowed = answer.list(&ACCESS_CONTROL_ALLOW_ORIGIN);
    if allowed.len() > 1 {
        findings.warning(
            "cors-origin-repeated",
            format!("Access-Control-Allow-Origin comes twice on the {whose}, which no browser accepts."),
            "Let exactly one layer, the outermost, write it.",
        );
        return false;
    }
    if !allows(answer, origin) {
        findings.warning(
            "cors-origin-missing",
            format!("A page from {origin} cannot read the {whose}."),
            "Put the CORS layer outermost, so that Access-Control-Allow-Origin is on refusals, too.",
        );
        return false;
    }
    if allowed.iter().any(|own| own == "*") && is_true(answer, &ACCESS_CONTROL_ALLOW_CREDENTIALS) {
        findings.warning(
            "cors-wildcard-with-credentials",
            "Access-Control-Allow-Origin: * comes with Allow-Credentials, which browsers refuse.",
            "Switch credentials off: tokens travel in Authorization, not in cookies.",
        );
        return false;
    }
    true
}

fn allows(answer: &Answer, origin: &str) -> bool {
    matches!(answer.list(&ACCESS_CONTROL_ALLOW_ORIGIN).as_slice(), [only] if only == "*" || only.eq_ignore_ascii_case(origin))
}

fn is_true(answer: &Answer, name: &HeaderName) -> bool {
    answer.list(name).iter().any(|value| value == "true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::tests::ids;

    #[test]
    fn an_origin_that_is_refused_is_no_challenge() {
        let mut findings = Findings::default();
        judge_challenge("https://a.example", &Ok(Answer::of(403, &[], "")), &mut findings);
        assert_eq!(ids(&findings), ["cors-origin-refused"]);
    }
}
