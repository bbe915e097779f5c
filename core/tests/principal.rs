//! Whom a token speaks for.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a panic here is a failed test")]

use std::collections::HashSet;
use std::task::Poll;

use mcp_bearer::testing::{Issuer, Token};
use mcp_bearer::{AccessToken, Decision, Principal, Request, Requirement, ResourceServer};

const RESOURCE: &str = "https://mcp.example.com/mcp";

fn verified(issuer: &Issuer, change: impl FnOnce(Token) -> Token) -> AccessToken {
    let server = ResourceServer::builder(RESOURCE).issuers(issuer.issuers()).build().unwrap();
    let header = format!("Bearer {}", change(issuer.token(RESOURCE)).mint());
    let request = Request::new("GET", "/").authorization(header.as_bytes());
    match server.try_authorize(&request, &Requirement::none()) {
        Poll::Ready(Decision::Allowed { token, .. }) => token,
        other => panic!("{other:?}"),
    }
}

fn principal(issuer: &Issuer, change: impl FnOnce(Token) -> Token) -> Option<Principal> {
    verified(issuer, change).principal()
}

#[test]
fn the_subject_whatever_the_client_and_the_token() {
    let issuer = Issuer::new("https://as.example.com");
    let first = principal(&issuer, |token| token.subject("alice").claim("client_id", "one")).unwrap();
    let second =
        principal(&issuer, |token| token.subject("alice").claim("client_id", "two").claim("jti", "2"));
    assert_eq!(Some(&first), second.as_ref());
    assert_eq!((first.issuer(), first.claim(), first.value()), ("https://as.example.com", "sub", "alice"));
    assert_eq!(first.to_string(), r#"["https://as.example.com","sub","alice"]"#);
}

#[test]
fn the_client_without_a_subject() {
    let issuer = Issuer::new("https://as.example.com");
    let client =
        principal(&issuer, |token| token.without("sub").without("client_id").claim("azp", "job")).unwrap();
    assert_eq!((client.claim(), client.value()), ("client_id", "job"));
    assert_eq!(principal(&issuer, |token| token.without("sub").without("client_id").without("azp")), None);
}

#[test]
fn no_two_are_the_same() {
    let [one, other] = ["https://as.example.com", "https://as.example.com/"].map(Issuer::new);
    let subjects = ["alice", "Alice", "alice ", "", r#"","sub","alice"#, "\u{e4}", "a\u{308}", "\\", "\n"];
    let mut keys = HashSet::new();
    let mut texts = HashSet::new();
    for issuer in [&one, &other] {
        for name in subjects {
            let user = principal(issuer, |token| token.subject(name)).unwrap();
            let client = principal(issuer, |token| token.without("sub").claim("client_id", name)).unwrap();
            for principal in [user, client] {
                assert!(texts.insert(principal.to_string()), "{principal}");
                assert!(keys.insert(principal));
            }
        }
    }
    assert_eq!(keys.len(), 2 * 2 * subjects.len());
}
