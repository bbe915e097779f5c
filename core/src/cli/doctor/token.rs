//! A token: which check of the core refuses it, why, and what the server itself says.

use std::task::Poll;
use std::time::Duration;

use super::browser::{Answer, Reply};
use super::challenge;
use super::compare::nearest;
use super::finding::{Findings, Severity};
use crate::access_token::AccessToken;
use crate::cli::shown::Shown;
use crate::cli::unverified::{Unverified, span, written};
use crate::clock::UnixTime;
use crate::decision::Decision;
use crate::error::Reason;
use crate::fetch::{BoxFuture, FetchError, FetchRequest};
use crate::jwks::inspect::{self, Entry};
use crate::jwks::{Issuer, Issuers};
use crate::request::Request;
use crate::requirement::Requirement;
use crate::server::ResourceServer;

/// How the server would have to be configured to agree with its metadata, or with what is expected.
#[derive(Clone, Debug, Default)]
pub(super) struct Configuration {
    pub(super) audiences: Vec<String>,
    /// Identifiers, each with its key set if that could be had.
    pub(super) issuers: Vec<(String, Option<Vec<u8>>)>,
    /// What the token should have.
    pub(super) scopes: Vec<String>,
    /// What the metadata advertises.
    pub(super) scopes_supported: Vec<String>,
}

/// Judges a token, and the server's own answer to it if it was asked.
pub(super) fn judge(
    token: &str,
    configuration: &Configuration,
    now: UnixTime,
    reply: Option<&Reply>,
    findings: &mut Findings,
) {
    if configuration.server(now).is_none() {
        findings.info(
            "token-not-checked",
            "Nothing is known that the token could be compared with: no authorization server can be asked.",
            "Mend what is said of them above, or name one with --issuer.",
        );
    }
    let (reasons, verified) = reasons(token, configuration, now);
    let said = Unverified::read(token);
    let accepts = matches!(reply, Some(Ok(answer)) if !matches!(answer.status, 401 | 403 | 500..=599));
    let severity = if accepts { Severity::Warning } else { Severity::Error };
    for reason in &reasons {
        let (id, what, fix) = match &said {
            Err(why) => (
                "token-malformed",
                format!("The token cannot be checked: {why}."),
                "Have the authorization server issue JWT access tokens (RFC 9068) for this resource."
                    .to_owned(),
            ),
            Ok(said) => explain(*reason, said, configuration, now),
        };
        findings.add(severity, id, what, fix);
    }
    if let Ok(said) = &said {
        judge_lifetime(said, findings);
    }
    if let Some(token) = &verified {
        if reasons.is_empty() {
            let scopes = if token.scopes().is_empty() {
                "no scopes".to_owned()
            } else {
                format!("the scopes {}", Shown(&token.scopes().to_string()))
            };
            findings.ok("token", format!("The token passes every check, and has {scopes}."));
        }
        judge_scopes(token, configuration, findings);
    }
    if let Some(reply) = reply {
        judge_reply(reply, &reasons, said.as_ref().ok(), findings);
    }
}

/// Why the core would refuse the token: first to last, each as if the ones before it were mended.
/// The token, if its signature is good.
fn reasons(token: &str, configuration: &Configuration, now: UnixTime) -> (Vec<Reason>, Option<AccessToken>) {
    let said = Unverified::read(token).unwrap_or_default();
    let header = format!("Bearer {token}");
    let request = Request::new("POST", "/").authorization(header.as_bytes());
    let (mut configuration, mut now) = (configuration.clone(), now);
    let mut reasons = Vec::new();
    loop {
        let Some(server) = configuration.server(now) else { return (reasons, None) };
        let reason = match server.try_authorize(&request, &Requirement::none()) {
            Poll::Ready(Decision::Allowed { token, .. }) => return (reasons, Some(token)),
            Poll::Ready(Decision::Denied(denial)) => denial.reason,
            Poll::Pending => Reason::KeysUnavailable,
        };
        if reasons.contains(&reason) {
            return (reasons, None);
        }
        reasons.push(reason);
        match (reason, said.text("iss"), said.date("exp"), said.date("nbf")) {
            (Reason::UnknownIssuer, Some(iss), ..) => {
                let keys = configuration.issuers.iter().find_map(|(_, keys)| keys.clone());
                configuration.issuers = vec![(iss.to_owned(), keys)];
            }
            (Reason::WrongAudience, ..) => {
                configuration.audiences = said.texts("aud").into_iter().map(str::to_owned).collect();
            }
            (Reason::Expired, _, Some(exp), _) => now = exp.saturating_sub(Duration::from_secs(1)),
            (Reason::NotYetValid, _, _, Some(nbf)) => now = nbf,
            _ => return (reasons, None),
        }
    }
}

impl Configuration {
    /// `None` if there is nothing to judge by.
    fn server(&self, now: UnixTime) -> Option<ResourceServer> {
        let nowhere = |_: FetchRequest| async { Err(FetchError::Connect) };
        let mut issuers = Issuers::builder()
            .clock(move || now)
            .fetch(nowhere)
            // Nothing is fetched: whoever would wait for it is told that there are no keys.
            .spawn(|_: BoxFuture<'static, ()>| {});
        for (issuer, keys) in &self.issuers {
            let issuer = Issuer::new(issuer);
            issuers = issuers.issuer(match keys {
                Some(keys) => issuer.jwks(keys.clone()),
                None => issuer,
            });
        }
        // What it is called does not matter: only its audiences are compared.
        let server = ResourceServer::builder("https://resource.invalid").issuers(issuers.build().ok()?);
        server.audiences(&self.audiences).build().ok()
    }
}

fn explain(
    reason: Reason,
    said: &Unverified,
    configuration: &Configuration,
    now: UnixTime,
) -> (&'static str, String, String) {
    let header = |name: &str| said.header.get(name).map_or_else(|| "absent".to_owned(), plain);
    match reason {
        Reason::UnsupportedAlgorithm => (
            "token-algorithm",
            format!("alg is {}, which no resource server may accept.", header("alg")),
            "Have the authorization server sign access tokens with RS256, PS256, ES256 or EdDSA.".to_owned(),
        ),
        Reason::WrongType => (
            "token-type",
            format!("This is another kind of token: typ is {}{}.", header("typ"), marks(said)),
            "Send the access token, not the ID token; its typ is at+jwt or JWT.".to_owned(),
        ),
        Reason::CriticalHeader => (
            "token-critical-header",
            "The header has crit, b64 or zip, which change how a token is read.".to_owned(),
            "Switch that extension off at the authorization server.".to_owned(),
        ),
        Reason::UnknownIssuer => explain_issuer(said, configuration),
        Reason::WrongAudience => explain_audience(said, configuration),
        Reason::MissingClaim => {
            let missing = ["iss", "aud", "exp"].into_iter().filter(|name| !said.claims.contains_key(*name));
            (
                "token-missing-claim",
                format!("The token lacks a required claim: {}.", missing.collect::<Vec<_>>().join(", ")),
                "Have the authorization server issue it: for aud, ask for the token with the resource parameter."
                    .to_owned(),
            )
        }
        Reason::MalformedClaim => (
            "token-malformed-claim",
            "A claim has a type that its definition rules out, such as a time as a string.".to_owned(),
            "Compare the claims (`mcp-bearer decode`) with RFC 7519 section 4.1 and RFC 9068 section 2.2."
                .to_owned(),
        ),
        Reason::Expired => {
            let expired = said.date("exp").unwrap_or_default();
            (
                "token-expired",
                format!(
                    "The token expired {} ago, on {}.",
                    span(now.saturating_sub(expired)),
                    written(expired)
                ),
                "Get a new token; if this one is new, synchronise the clocks with NTP.".to_owned(),
            )
        }
        Reason::NotYetValid => {
            let valid = said.date("nbf").unwrap_or_default();
            (
                "token-not-yet-valid",
                format!("nbf is {} in the future, {}.", span(valid.saturating_sub(now)), written(valid)),
                "Synchronise the clocks of this machine, the server and the authorization server with NTP."
                    .to_owned(),
            )
        }
        Reason::ProofRequired => (
            "token-proof-required",
            "The token is bound to a key or certificate (cnf), whose proof is not checked here.".to_owned(),
            "Ask for a plain Bearer token, without DPoP and mutual TLS.".to_owned(),
        ),
        Reason::KeyNotFound => explain_key(said, configuration),
        Reason::BadSignature => (
            "token-signature",
            "The signature is not by the issuer's key.".to_owned(),
            "Get the token from this very authorization server: another environment has other keys, and a \
             copied token may be cut short."
                .to_owned(),
        ),
        Reason::KeysUnavailable => (
            "token-keys-unavailable",
            "All claims are good, but the signature cannot be checked: the issuer's keys cannot be had."
                .to_owned(),
            "Mend what is said of the authorization server and its keys above.".to_owned(),
        ),
        _ => (
            "token-malformed",
            "The token is not a JWT in compact form, or is longer than 16 KiB.".to_owned(),
            "Copy the whole access token, without quotes and line breaks.".to_owned(),
        ),
    }
}

fn explain_issuer(said: &Unverified, configuration: &Configuration) -> (&'static str, String, String) {
    let iss = said.text("iss").unwrap_or_default();
    let accepted = || configuration.issuers.iter().map(|(issuer, _)| issuer.as_str());
    let (what, fix) = match nearest(iss, accepted()) {
        Some((near, difference)) => (
            format!("iss is {}, where {} is accepted: {difference}.", Shown(iss), Shown(near)),
            format!("Configure the server with the issuer exactly as tokens spell it: {}.", Shown(iss)),
        ),
        None => (
            format!("iss is {}, where {} is accepted.", Shown(iss), listed(accepted())),
            format!(
                "Get the token from that authorization server, or trust this one: MCP_BEARER_ISSUERS={}, and \
                 --issuer here.",
                Shown(iss)
            ),
        ),
    };
    ("token-issuer", what, fix)
}

fn explain_audience(said: &Unverified, configuration: &Configuration) -> (&'static str, String, String) {
    let audiences = said.texts("aud");
    let accepted = || configuration.audiences.iter().map(String::as_str);
    let near = audiences.iter().find_map(|audience| nearest(audience, accepted()));
    let difference = near.map(|(_, difference)| format!(": {difference}")).unwrap_or_default();
    let wanted = near.map(|(near, _)| near).or_else(|| accepted().next()).unwrap_or_default();
    (
        "token-audience",
        format!("aud is {}, where {} is accepted{difference}.", listed(audiences), listed(accepted())),
        format!(
            "Ask for the token with resource={}, spelled in this way at the authorization server, too; or set \
             MCP_BEARER_AUDIENCES to what tokens name.",
            Shown(wanted)
        ),
    )
}

fn explain_key(said: &Unverified, configuration: &Configuration) -> (&'static str, String, String) {
    let iss = said.text("iss");
    let keys = configuration.issuers.iter().find(|(issuer, _)| Some(issuer.as_str()) == iss);
    let keys = keys.and_then(|(_, keys)| inspect::entries(keys.as_ref()?).ok()).unwrap_or_default();
    let kids = listed(
        keys.iter()
            .filter(|key: &&Entry| !key.algorithms.is_empty())
            .map(|key| key.kid.as_deref().unwrap_or("(no kid)")),
    );
    let alg = said.header.get("alg").map(plain).unwrap_or_default();
    match said.header.get("kid").map(plain) {
        Some(kid) => (
            "token-key-not-found",
            format!("No published key has the kid {kid} and is for {alg}: there are {kids}."),
            "Get a new token if keys have been rotated; else publish the signing key at jwks_uri.".to_owned(),
        ),
        None => (
            "token-key-not-found",
            format!("The token has no kid, and not exactly one of the keys {kids} is for {alg}."),
            "Have the authorization server put the kid of its key into the header of tokens.".to_owned(),
        ),
    }
}

/// Short lives are advice, not a rule.
fn judge_lifetime(said: &Unverified, findings: &mut Findings) {
    let (Some(exp), Some(iat)) = (said.date("exp"), said.date("iat")) else { return };
    let lifetime = exp.saturating_sub(iat);
    if lifetime > LONG {
        findings.info(
            "token-long-lived",
            format!("The token lives {}: whoever steals it can use it for as long.", span(lifetime)),
            "Let access tokens live 5 to 60 minutes, and clients refresh them.",
        );
    }
}

fn judge_scopes(token: &AccessToken, configuration: &Configuration, findings: &mut Findings) {
    let granted = token.scopes();
    for scope in configuration.scopes.iter().filter(|scope| !granted.contains(scope)) {
        let near = nearest(scope, granted.iter());
        let near = near.map(|(near, _)| format!(", but {}", Shown(near))).unwrap_or_default();
        findings.error(
            "token-scope",
            format!("The token does not have the scope {scope}{near}."),
            "Ask for it by its exact name, and grant it to user and client at the authorization server.",
        );
    }
    let supported = &configuration.scopes_supported;
    if configuration.scopes.is_empty()
        && !supported.is_empty()
        && !supported.iter().any(|scope| granted.contains(scope))
    {
        let near = granted.iter().find_map(|scope| nearest(scope, supported.iter().map(String::as_str)));
        let near = near.map(|(near, difference)| format!("; of {} {difference}", Shown(near)));
        findings.warning(
            "token-scope",
            format!(
                "The token has none of the scopes that the server advertises{}.",
                near.unwrap_or_default()
            ),
            "Ask for the scopes by their exact names, which are case-sensitive, and grant them to the user.",
        );
    }
}

/// What the server itself says.
fn judge_reply(reply: &Reply, reasons: &[Reason], said: Option<&Unverified>, findings: &mut Findings) {
    let answer = match reply {
        Ok(answer) => answer,
        Err(silence) => {
            findings.error(
                "token-unanswered",
                format!("A request with the token is not answered: {}.", Shown(&silence.to_string())),
                "Look into the server's log, and whether it can reach the authorization server.",
            );
            return;
        }
    };
    match answer.status {
        401 => findings.error(
            "token-refused",
            format!("The server refuses the token{}.", given(answer)),
            refused(reasons, said),
        ),
        403 => judge_forbidden(answer, findings),
        503 => findings.error(
            "token-server-unavailable",
            "The server cannot check tokens at the moment (503).",
            "Let the server reach the authorization server: DNS, firewall, proxy, certificate authority.",
        ),
        500..=599 => findings.error(
            "token-server-error",
            format!("A request with the token is answered with {}.", answer.status),
            "Look into the server's log: a bad token must be a 401, and a good one no error.",
        ),
        status if reasons.is_empty() => {
            findings.ok("token-accepted", format!("The server accepts the token (status {status})."));
        }
        status => {
            let forged = |reason: &Reason| {
                !matches!(reason, Reason::UnknownIssuer | Reason::WrongAudience | Reason::KeysUnavailable)
            };
            let severity = if reasons.iter().any(forged) { Severity::Error } else { Severity::Warning };
            findings.add(
                severity,
                "token-accepted-although",
                format!("The server accepts the token all the same (status {status})."),
                "If it is meant to, ask with --issuer and --audience as it is configured; else switch its checks \
                 of issuer, audience, time and signature on."
                    .to_owned(),
            );
        }
    }
}

fn judge_forbidden(answer: &Answer, findings: &mut Findings) {
    let challenge = challenge::bearer(answer);
    let scope = challenge.as_ref().and_then(|challenge| challenge.parameter("scope"));
    match scope {
        Some(scope) => findings.error(
            "token-insufficient-scope",
            format!("The server wants the scope {}.", Shown(scope)),
            "Ask for a token with all of these, and grant them to the user at the authorization server.",
        ),
        None => findings.error(
            "token-forbidden",
            format!("The server forbids the request{}.", given(answer)),
            "Look into the server's log for the reason, such as a role or client that it wants.",
        ),
    }
}

fn given(answer: &Answer) -> String {
    let challenge = challenge::bearer(answer);
    let parameter = |name: &str| challenge.as_ref().and_then(|challenge| challenge.parameter(name));
    let texts = ["error", "error_description"].into_iter().filter_map(parameter);
    let texts: Vec<String> = texts.map(|text| Shown(text.trim_end_matches('.')).to_string()).collect();
    if texts.is_empty() { String::new() } else { format!(": {}", texts.join(", ")) }
}

fn refused(reasons: &[Reason], said: Option<&Unverified>) -> String {
    if !reasons.is_empty() {
        return "Mend what is said of the token above.".to_owned();
    }
    let iss = said.and_then(|said| said.text("iss")).unwrap_or_default();
    let aud = said.map(|said| said.texts("aud")).unwrap_or_default();
    format!(
        "The server is configured otherwise than its metadata says: compare its issuer with {} and its audience \
         with {}, and look into its log for the reason.",
        Shown(iss),
        listed(aud)
    )
}

/// What gives another kind of token away.
fn marks(said: &Unverified) -> String {
    let marks = ["at_hash", "c_hash", "s_hash", "events", "token_use", "nonce"];
    let found: Vec<_> = marks.into_iter().filter(|name| said.claims.contains_key(*name)).collect();
    if found.is_empty() { String::new() } else { format!(", and it has {}", found.join(", ")) }
}

fn plain(value: &serde_json::Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Shown(&text).to_string()
}

fn listed<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| Shown(text).to_string()).collect();
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(" or ") }
}

const LONG: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::browser::Silence;
    use crate::cli::doctor::tests::ids;

    #[test]
    fn a_request_with_a_token_may_get_no_answer() {
        let mut findings = Findings::default();
        judge_reply(&Err(Silence::Timeout), &[], None, &mut findings);
        assert_eq!(ids(&findings), ["token-unanswered"]);
    }
}
