//! Whether anybody is there: connection, TLS, scheme, clock.

use super::browser::{Answer, Reply, Silence};
use super::compare::is_open_http;
use super::finding::Findings;
use crate::cli::shown::Shown;
use crate::identifier::Identifier;

/// What can be said of the URL alone.
pub(super) fn judge_url(asked: &Identifier, findings: &mut Findings) {
    if is_open_http(asked.as_str()) {
        findings.error(
            "http-in-production",
            format!("{asked:?} is plain http, so that anybody on the way can take tokens."),
            "Serve it over https, for example behind a TLS proxy, and use the https URL everywhere.",
        );
    } else if asked.is_loopback_http() {
        findings.info(
            "http-on-loopback",
            "Plain http is fine on this machine only.",
            "Use an https URL as soon as others connect.",
        );
    }
}

/// Whether there is an answer at all.
pub(super) fn judge<'a>(asked: &Identifier, reply: &'a Reply, findings: &mut Findings) -> Option<&'a Answer> {
    let silence = match reply {
        Ok(answer) => {
            let tls =
                if asked.as_str().starts_with("https") { " over TLS with a valid certificate" } else { "" };
            findings.ok("reachable", format!("The server answers{tls}."));
            return Some(answer);
        }
        Err(silence) => silence,
    };
    let why = silence.to_string();
    let why = Shown(&why);
    match silence {
        Silence::Timeout => findings.error(
            "timeout",
            format!("The server does not answer: {why}."),
            "Start the server, and look for a firewall that drops its packets.",
        ),
        Silence::Tls(_) => findings.error(
            "tls",
            format!("TLS fails: {why}."),
            "Install a certificate for this host with its whole chain, or name your own authority with \
             --ca-file; if the port speaks http, ask with http://.",
        ),
        Silence::Connect(_) => findings.error(
            "unreachable",
            format!("There is no connection to the server: {why}."),
            "Start the server, check host and port, and let the firewall and the container publish the port.",
        ),
        Silence::TooLarge | Silence::Broken(_) | Silence::Internal => findings.error(
            "broken-answer",
            format!("The answer breaks off: {why}."),
            "Look into the logs of the server and of the proxy in front of it.",
        ),
    }
    None
}

/// Tokens are judged by the clock of the server.
pub(super) fn judge_clock(whose: &str, answer: &Answer, findings: &mut Findings) {
    let Some(ahead) = answer.ahead() else { return };
    if ahead.abs() > TOLERATED {
        let way = if ahead > 0 { "ahead of" } else { "behind" };
        findings.warning(
            "clock-skew",
            format!("The clock of {whose} is {} seconds {way} this machine's.", ahead.abs()),
            "Synchronise the clocks of both with NTP: good tokens are refused as expired or not yet valid.",
        );
    }
}

/// The leeway of most resource servers, and of `Builder::leeway`.
const TOLERATED: i64 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::tests::{asked, ids};

    #[test]
    fn each_silence_has_a_name() {
        for (silence, id) in [
            (Silence::Timeout, "timeout"),
            (Silence::Tls("invalid peer certificate: Expired".to_owned()), "tls"),
            (Silence::Connect("refused".to_owned()), "unreachable"),
            (Silence::TooLarge, "broken-answer"),
        ] {
            let mut findings = Findings::default();
            assert!(judge(&asked("https://h"), &Err(silence), &mut findings).is_none());
            assert_eq!(ids(&findings), [id]);
        }
    }

    #[test]
    fn http_is_an_error_for_others_only() {
        for (url, expected) in [
            ("https://h/mcp", None),
            ("http://h/mcp", Some("http-in-production")),
            ("http://localhost:1/mcp", Some("http-on-loopback")),
        ] {
            let mut findings = Findings::default();
            judge_url(&asked(url), &mut findings);
            assert_eq!(ids(&findings), Vec::from_iter(expected));
        }
    }
}
