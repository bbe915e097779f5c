//! The keys of an authorization server (RFC 7517): whether tokens can be checked with them.

use std::collections::HashSet;

use super::browser::{Answer, Reply};
use super::finding::Findings;
use crate::cli::shown::Shown;
use crate::jwks::inspect::{self, Entry};

/// Judges the answer of `jwks_uri`. Returns it if there is a usable key in it.
pub(super) fn judge<'a>(url: &str, reply: &'a Reply, findings: &mut Findings) -> Option<&'a Answer> {
    let url = Shown(url);
    let answer = match reply {
        Ok(answer) => answer,
        Err(silence) => {
            findings.error(
                "jwks-unreachable",
                format!("The keys at {url} cannot be fetched: {}.", Shown(&silence.to_string())),
                silence.fix(
                    "Check jwks_uri in the authorization server's metadata, and the firewall on the way to it.",
                ),
            );
            return None;
        }
    };
    if answer.status != 200 {
        findings.error(
            "jwks-status",
            format!("The keys at {url} are answered with {}.", answer.status),
            "Publish the key set at this URL without authentication and without a redirect.",
        );
        return None;
    }
    let entries = match inspect::entries(&answer.body) {
        Ok(entries) => entries,
        Err(why) => {
            findings.error(
                "jwks-malformed",
                format!("What is at {url} cannot be used: {why}."),
                "Publish a JWK Set there: {\"keys\": […]}.",
            );
            return None;
        }
    };
    judge_entries(&entries, findings);
    match inspect::usable(&answer.body) {
        Ok(()) => {
            let usable: Vec<&Entry> = entries.iter().filter(|entry| !entry.algorithms.is_empty()).collect();
            let mut algorithms: Vec<&str> = Vec::new();
            for algorithm in usable.iter().flat_map(|entry| &entry.algorithms).map(|one| one.as_str()) {
                if !algorithms.contains(&algorithm) {
                    algorithms.push(algorithm);
                }
            }
            let keys = if usable.len() == 1 { "One key" } else { "Keys" };
            findings.ok("jwks", format!("{keys} for {} at {url}.", algorithms.join(", ")));
            Some(answer)
        }
        Err(why) => {
            findings.error(
                "jwks-without-usable-key",
                format!("No token can be checked with the keys at {url}: {why}."),
                "Sign with RS256, PS256, ES256 or EdDSA, and publish the public key with \"use\": \"sig\".",
            );
            None
        }
    }
}

fn judge_entries(entries: &[Entry], findings: &mut Findings) {
    let mut kids = HashSet::new();
    for entry in entries {
        let name =
            entry.kid.as_deref().map_or_else(|| "without kid".to_owned(), |kid| Shown(kid).to_string());
        if entry.is_secret {
            findings.error(
                "jwks-private-key",
                format!("The key {name} is published with its secret members: anybody can make tokens."),
                "Replace the key at once, and publish only its public members.",
            );
        }
        if let Some(bits) = entry.rsa_bits.filter(|bits| *bits < 2048) {
            findings.error(
                "jwks-rsa-too-short",
                format!("The RSA key {name} has {bits} bits and is not used."),
                "Make an RSA key of at least 2048 bits, or one for ES256 or EdDSA.",
            );
        }
        if entry.algorithms.is_empty() {
            if entry.rsa_bits.is_none_or(|bits| bits >= 2048) && !entry.is_secret {
                findings.info(
                    "jwks-unused-key",
                    format!(
                        "The key {name} ({}) is of no use for checking access tokens.",
                        Shown(&entry.kind)
                    ),
                    "Nothing is to be done if tokens are signed with another key.",
                );
            }
        } else if let Some(kid) = &entry.kid {
            if !kids.insert(kid) {
                findings.warning(
                    "jwks-duplicate-kid",
                    format!("Two keys have the kid {name}."),
                    "Give each key a kid of its own.",
                );
            }
        } else {
            findings.warning(
                "jwks-key-without-kid",
                "A key has no kid, so that tokens cannot say that they are signed with it.",
                "Give each key a kid, and put it into the header of tokens: rotation needs it.",
            );
        }
    }
}
