//! The refusal that every flow starts with: a 401 and its `WWW-Authenticate`.

use std::borrow::Cow;

use http::header::WWW_AUTHENTICATE;

use super::browser::{Answer, Reply};
use super::compare::same_origin;
use super::finding::Findings;
use super::network::is_internal;
use crate::cli::shown::Shown;
use crate::identifier::Identifier;

/// One challenge (RFC 9110 section 11.6.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn is_bearer(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("bearer")
    }
}

/// The `Bearer` challenge of an answer.
pub(super) fn bearer(answer: &Answer) -> Option<Challenge> {
    challenges(answer).ok()?.into_iter().find(Challenge::is_bearer)
}

/// Judges what a request without a token is answered with. Returns what clients can read of it.
pub(super) fn judge(asked: &Identifier, answer: &Answer, findings: &mut Findings) -> Option<Challenge> {
    match answer.status {
        401 => {}
        200..=299 => {
            findings.error(
                "unauthenticated-access",
                format!("A request without a token is answered with {}.", answer.status),
                "Put the guard in front of the whole application: without a token the answer must be 401.",
            );
            return None;
        }
        300..=399 => {
            let to = answer.field("location").unwrap_or("nowhere");
            findings.error(
                "redirect",
                format!("The server redirects to {}, which MCP clients do not follow.", Shown(to)),
                "Give clients the final URL, and answer API requests with 401 instead of a login page.",
            );
            return None;
        }
        403 => {
            findings.error(
                "forbidden-without-token",
                "A request without a token is answered with 403, so that no client starts to authorize.",
                "Answer 401 with a WWW-Authenticate challenge when there is no token.",
            );
            return None;
        }
        404 | 405 => {
            findings.error(
                "endpoint-not-found",
                format!("The server answers {} for this URL, to POST and to GET.", answer.status),
                "Ask with the full URL of the MCP endpoint, and let the proxy pass its path on unchanged.",
            );
            return None;
        }
        500..=599 => {
            findings.error(
                "server-error",
                format!("A request without a token is answered with {}.", answer.status),
                "Look into the server's log: a missing token must not be an exception but a 401.",
            );
            return None;
        }
        status => {
            findings.error(
                "unexpected-status",
                format!("A request without a token is answered with {status} instead of 401."),
                "Check the token before anything else of a request, and answer 401 when there is none.",
            );
            return None;
        }
    }
    if !answer.headers.contains_key(WWW_AUTHENTICATE) {
        findings.error(
            "challenge-missing",
            "The 401 has no WWW-Authenticate field.",
            "Send WWW-Authenticate: Bearer resource_metadata=\"…\" with every 401, and let no proxy drop it.",
        );
        return None;
    }
    let challenges = match challenges(answer) {
        Ok(challenges) => challenges,
        Err(why) => {
            findings.error(
                "challenge-malformed",
                format!("The WWW-Authenticate field cannot be parsed: {why}."),
                "Write it as RFC 9110 section 11.6.1 has it: Bearer name=\"value\", name=\"value\".",
            );
            return None;
        }
    };
    let first_is_bearer = challenges.first().is_some_and(Challenge::is_bearer);
    let Some(bearer) = challenges.into_iter().find(Challenge::is_bearer) else {
        findings.error(
            "challenge-not-bearer",
            "No challenge of the 401 is for the Bearer scheme.",
            "Send a Bearer challenge: MCP clients know no other scheme.",
        );
        return None;
    };
    let before = findings.iter().count();
    if !first_is_bearer {
        findings.warning(
            "challenge-not-first",
            "The Bearer challenge comes after another one, which some MCP clients do not look past.",
            "Put the Bearer challenge first.",
        );
    }
    judge_parameters(asked, &bearer, findings);
    if findings.iter().count() == before {
        findings.ok("challenge", "Without a token the answer is 401 with a Bearer challenge.");
    }
    Some(bearer)
}

/// Judges the answer to a token that is none.
pub(super) fn judge_forged(reply: &Reply, findings: &mut Findings) {
    let Ok(answer) = reply else { return };
    match answer.status {
        401 if bearer(answer).is_some_and(|bearer| bearer.parameter("error") == Some("invalid_token")) => {
            findings.ok("invalid-token", "A token that is none is answered with 401 invalid_token.");
        }
        401 => findings.warning(
            "invalid-token-without-error",
            "The 401 for a bad token does not say error=\"invalid_token\", so that clients do not get a new one.",
            "Add error=\"invalid_token\" to the challenge when a token was sent (RFC 6750 section 3.1).",
        ),
        status @ 500..=599 => findings.error(
            "invalid-token-server-error",
            format!("A token that is none is answered with {status}."),
            "Catch what the token check throws, and answer 401 with error=\"invalid_token\".",
        ),
        status => findings.error(
            "invalid-token-accepted",
            format!("A token that is none is answered with {status} instead of 401."),
            "Check the signature, issuer, audience and expiry of every token before the request is handled.",
        ),
    }
}

fn judge_parameters(asked: &Identifier, bearer: &Challenge, findings: &mut Findings) {
    if bearer.parameter("error").is_some() {
        findings.warning(
            "challenge-error-without-token",
            "The challenge carries an error code although no token was sent (RFC 6750 section 3.1).",
            "Leave out error and error_description when the request has no credentials.",
        );
    }
    if has_offline_access(bearer.parameter("scope").unwrap_or_default().split(' ')) {
        findings.warning(
            "offline-access-advertised",
            "The challenge asks for offline_access.",
            OFFLINE_ACCESS,
        );
    }
    match bearer.parameter("resource_metadata") {
        None => findings.error(
            "challenge-without-metadata",
            "The challenge does not say where the metadata is.",
            format!("Add resource_metadata=\"{}\".", asked.well_known(super::metadata::NAME)),
        ),
        Some(url) if url::Url::parse(url).map_or(true, |url| !url.has_host()) => findings.error(
            "challenge-metadata-relative",
            format!("The resource_metadata of the challenge is no absolute URL: {}.", Shown(url)),
            format!("Write it out: {}.", asked.well_known(super::metadata::NAME)),
        ),
        Some(url) if !same_origin(url, asked.as_str()) => {
            let id = if is_internal(url) { "challenge-internal-host" } else { "challenge-other-origin" };
            findings.error(
                id,
                format!("The challenge sends clients to another origin for the metadata: {}.", Shown(url)),
                "Configure the server with its public URL (MCP_SERVER_URL): it must not build URLs from the \
                 Host that its proxy sends.",
            );
        }
        Some(_) => {}
    }
}

/// It is between client and authorization server, and no permission of this resource.
pub(super) fn has_offline_access<'a>(mut scopes: impl Iterator<Item = &'a str>) -> bool {
    scopes.any(|scope| scope == "offline_access")
}

pub(super) const OFFLINE_ACCESS: &str =
    "Remove offline_access here: clients ask the authorization server for it if they want to refresh.";

fn challenges(answer: &Answer) -> Result<Vec<Challenge>, &'static str> {
    let mut all = Vec::new();
    for value in answer.headers.get_all(WWW_AUTHENTICATE) {
        let text = value.to_str().map_err(|_| "it has bytes other than printable ASCII")?;
        Parser { rest: text }.list(&mut all)?;
    }
    if all.is_empty() { Err("it is empty") } else { Ok(all) }
}

/// Strict: whitespace and commas only where RFC 9110 sections 5.6.1 and 11.6.1 have them.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn list(mut self, into: &mut Vec<Challenge>) -> Result<(), &'static str> {
        loop {
            self.space();
            while self.take(',') {
                self.space();
            }
            if self.rest.is_empty() {
                return Ok(());
            }
            into.push(self.challenge()?);
        }
    }

    fn challenge(&mut self) -> Result<Challenge, &'static str> {
        let scheme = self.token().ok_or("there is no scheme where one should be")?.to_owned();
        let mut challenge = Challenge { scheme, parameters: Vec::new() };
        let had_space = self.space();
        if had_space && self.token68() {
            return Ok(challenge);
        }
        let mut first = true;
        loop {
            let before = self.rest;
            if !first {
                while self.take(',') {
                    self.space();
                }
            }
            match self.parameter()? {
                // Another challenge follows, or nothing.
                None => {
                    self.rest = before;
                    let ends = before.is_empty() || before.starts_with(',');
                    return if ends {
                        Ok(challenge)
                    } else {
                        Err("there is no comma between two parameters")
                    };
                }
                Some(_) if first && !had_space => return Err("there is no space after the scheme"),
                Some((name, value)) => {
                    if challenge.parameter(name).is_some() {
                        return Err("a parameter comes twice");
                    }
                    challenge.parameters.push((name.to_owned(), value.into_owned()));
                }
            }
            first = false;
            self.space();
            if !self.rest.is_empty() && !self.rest.starts_with(',') {
                return Err("there is no comma between two parameters");
            }
        }
    }

    /// `None`, with nothing taken that matters, where a parameter does not begin.
    fn parameter(&mut self) -> Result<Option<(&'a str, Cow<'a, str>)>, &'static str> {
        let Some(name) = self.token() else { return Ok(None) };
        self.space();
        if !self.take('=') {
            return Ok(None);
        }
        self.space();
        if self.take('"') {
            return Ok(Some((name, self.quoted()?)));
        }
        let value = self.token().ok_or("a parameter has neither a token nor a quoted string for a value")?;
        Ok(Some((name, value.into())))
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, &'static str> {
        let mut value = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(value.into());
                }
                '\\' => value.push(characters.next().ok_or("a quoted string has no end")?.1),
                other => value.push(other),
            }
        }
        Err("a quoted string has no end")
    }

    fn token(&mut self) -> Option<&'a str> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let end = self.rest.bytes().position(|byte| !is_token(byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    /// Whether a token68 stands here alone, as `Negotiate` and its like have it.
    fn token68(&mut self) -> bool {
        let is_token68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let end = self.rest.bytes().position(|byte| !is_token68(byte)).unwrap_or(self.rest.len());
        let rest = self.rest.get(end..).unwrap_or_default().trim_start_matches('=').trim_start();
        let alone = end > 0 && (rest.is_empty() || rest.starts_with(','));
        if alone {
            self.rest = rest;
        }
        alone
    }

    fn space(&mut self) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let some = rest.len() < self.rest.len();
        self.rest = rest;
        some
    }

    fn take(&mut self, character: char) -> bool {
        let rest = self.rest.strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<Vec<String>, &'static str> {
        let all = challenges(&Answer::of(401, &[("www-authenticate", value)], ""))?;
        let show = |Challenge { scheme, parameters }: Challenge| {
            parameters.iter().fold(scheme, |text, (name, value)| format!("{text} {name}={value}"))
        };
        Ok(all.into_iter().map(show).collect())
    }

    #[test]
    fn the_grammar_of_rfc_9110() {
        for (value, expected) in [
            ("Bearer", vec!["Bearer"]),
            ("bearer realm=x", vec!["bearer realm=x"]),
            (r#"Bearer realm="a, \"b\"", scope="x y""#, vec![r#"Bearer realm=a, "b" scope=x y"#]),
            (r#"Basic realm="x", Bearer a="1" ,b = "2""#, vec!["Basic realm=x", "Bearer a=1 b=2"]),
            ("Negotiate YII=, Bearer a=1", vec!["Negotiate", "Bearer a=1"]),
            ("Negotiate, Bearer", vec!["Negotiate", "Bearer"]),
            (", Bearer a=1,, b=2,", vec!["Bearer a=1 b=2"]),
        ] {
            assert_eq!(parse(value).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn what_is_no_challenge_is_refused() {
        for value in [
            "",
            r#"Bearer realm="x"#,
            r#"Bearer a="1" b="2""#,
            r#"Bearer a="1", a="2""#,
            r#"Bearer a="1", A="2""#,
            r#"Bearer a=https://h/"#,
            r#""Bearer""#,
            r#"Bearer: a="1""#,
            r#"Bearer a="\"#,
        ] {
            assert!(parse(value).is_err(), "{value}");
        }
    }
}
