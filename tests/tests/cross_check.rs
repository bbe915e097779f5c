//! A second opinion: what we accept and refuse as a signature, `jsonwebtoken` accepts and refuses.
//!
//! Only signatures are compared. Its rules for claims and headers are not ours (see the vectors).
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a panic here is a failed test"
)]

use std::task::Poll;
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm as Their, DecodingKey};
use mcp_bearer::testing::{Issuer, SigningKey};
use mcp_bearer::{Algorithm, Decision, Request, Requirement, ResourceServer};
use mcp_bearer_tests::folder;
use mcp_bearer_tests::model::{File, Group, Outcome};
use serde_json::Value;

const RESOURCE: &str = "https://mcp.example.com/mcp";

/// Fresh keys of every algorithm; good signatures, damaged ones, and ones by other keys.
#[test]
fn fresh_signatures() {
    for &algorithm in Algorithm::ALL {
        let issuer = Issuer::with_keys("https://as.example.com", [SigningKey::generate("key", algorithm)]);
        let server = ResourceServer::builder(RESOURCE).issuers(issuer.issuers()).build().unwrap();
        let their_key: Jwk = serde_json::from_value(issuer.jwks()["keys"][0].clone()).unwrap();
        let other = SigningKey::generate("key", algorithm);
        for round in 0..20_u8 {
            let draft = issuer.token(RESOURCE).claim("round", round);
            let input = draft.signing_input();
            let good = draft.signing_key().sign(input.as_bytes());
            let mut damaged = good.clone();
            let at = usize::from(round) * 13 % damaged.len();
            damaged[at] ^= 1 << (round % 8);
            for (signature, expected) in
                [(good, true), (damaged, false), (other.sign(input.as_bytes()), false)]
            {
                let token = draft.mint_with(&signature);
                assert_eq!(ours(&server, &token), expected, "ours, {algorithm}: {token}");
                assert_eq!(theirs(&their_key, &token), Some(expected), "theirs, {algorithm}: {token}");
            }
        }
    }
}

/// The vectors about signatures, as far as the other implementation knows their algorithm.
#[test]
fn vectors_about_signatures() {
    let groups = ["signature.json", "signature_forms.json"].into_iter().flat_map(|name| {
        let text = std::fs::read_to_string(folder("vectors").join(name)).unwrap();
        let file: File = serde_json::from_str(&text).unwrap();
        file.test_groups
    });
    let mut compared = 0;
    for group in groups {
        let Group::Request { server, tests, .. } = &group else { continue };
        let jwks = server.issuers.as_ref().unwrap()[0].jwks.as_ref().unwrap();
        for test in tests {
            let expected = match &test.result {
                Outcome::Allowed { .. } => true,
                Outcome::Denied { reason, .. } if reason == "bad_signature" => false,
                _ => continue,
            };
            let token = test.input.headers[0].1.trim_start_matches("Bearer ");
            let kid = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid);
            let key =
                jwks.0["keys"].as_array().unwrap().iter().find(|key| key["kid"].as_str() == kid.as_deref());
            let Some(verdict) = key.and_then(|key| theirs(&known(key)?, token)) else { continue };
            assert_eq!(verdict, expected, "{} {}", test.tc_id, test.comment);
            compared += 1;
        }
    }
    assert!(compared > 80, "only {compared} were compared");
}

/// It does not know the newer name of Ed25519 as a key's algorithm either.
fn known(key: &Value) -> Option<Jwk> {
    serde_json::from_value(key.clone()).ok()
}

fn ours(server: &ResourceServer, token: &str) -> bool {
    let header = format!("Bearer {token}");
    let request = Request::new("GET", "/").authorization(header.as_bytes());
    match server.try_authorize(&request, &Requirement::none()) {
        Poll::Ready(Decision::Allowed { .. }) => true,
        Poll::Ready(Decision::Denied(denial)) => {
            assert_eq!(denial.reason.as_str(), "bad_signature");
            false
        }
        other => panic!("{other:?}"),
    }
}

/// `None`: it does not know the algorithm.
fn theirs(key: &Jwk, token: &str) -> Option<bool> {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let algorithm: Their = jsonwebtoken::decode_header(token).ok()?.alg;
    let key = DecodingKey::from_jwk(key).unwrap();
    Some(jsonwebtoken::crypto::verify(signature, input.as_bytes(), &key, algorithm).unwrap_or(false))
}

#[test]
fn the_clock_of_a_test_is_its_own() {
    let then = Duration::from_secs(1_000_000_000);
    let issuer = Issuer::new("https://as.example.com").clock(move || then);
    let server = ResourceServer::builder(RESOURCE).issuers(issuer.issuers()).build().unwrap();
    assert!(ours(&server, &issuer.token(RESOURCE).mint()));
}
