//! Verified tokens and the last good header are remembered, and nothing else is.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a panic here is a failed test"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use mcp_bearer::testing::{Issuer, SigningKey};
use mcp_bearer::{
    Algorithm, BoxFuture, Decision, FetchRequest, FetchResponse, Issuers, Request, Requirement,
    ResourceServer,
};

const ISSUER: &str = "https://as.example.com";
const RESOURCE: &str = "https://mcp.example.com/mcp";

/// An issuer whose key set can change, and a clock.
struct World {
    issuer: Issuer,
    jwks: Arc<Mutex<String>>,
    now: Arc<AtomicU64>,
    server: ResourceServer,
}

impl World {
    fn new(tokens: usize) -> Self {
        let now = Arc::new(AtomicU64::new(1_800_000_000));
        let clock = {
            let now = Arc::clone(&now);
            move || Duration::from_secs(now.load(Ordering::SeqCst))
        };
        let issuer = Issuer::new(ISSUER).clock(clock.clone());
        let jwks = Arc::new(Mutex::new(issuer.jwks().to_string()));
        let published = Arc::clone(&jwks);
        let fetch = move |_: FetchRequest| {
            let body = published.lock().unwrap().clone().into_bytes();
            std::future::ready(Ok(FetchResponse::new(200, Default::default(), body)))
        };
        let issuers = Issuers::builder()
            .issuer(mcp_bearer::Issuer::new(ISSUER).jwks_uri("https://as.example.com/keys"))
            .clock(clock)
            .fetch(fetch)
            .spawn(|future: BoxFuture<'static, ()>| drop(tokio::spawn(future)))
            .build()
            .unwrap();
        let server = ResourceServer::builder(RESOURCE)
            .issuers(issuers)
            .token_cache(tokens)
            .leeway(Duration::ZERO)
            .build()
            .unwrap();
        Self { issuer, jwks, now, server }
    }

    async fn reason(&self, token: &str) -> &'static str {
        let header = format!("Bearer {token}");
        self.reason_of(&Request::new("GET", "/").authorization(header.as_bytes())).await
    }

    async fn reason_of(&self, request: &Request<'_>) -> &'static str {
        match self.server.authorize(request, &Requirement::none()).await {
            Decision::Allowed { .. } => "allowed",
            Decision::Denied(denial) => denial.reason.as_str(),
            _ => unreachable!(),
        }
    }

    fn counts(&self) -> (u64, u64, usize) {
        let stats = self.server.stats().token_cache;
        (stats.hits, stats.misses, stats.tokens)
    }
}

#[tokio::test]
async fn a_token_is_verified_once() {
    let world = World::new(100);
    let token = world.issuer.token(RESOURCE).scope("a").mint();
    for _ in 0..3 {
        assert_eq!(world.reason(&token).await, "allowed");
    }
    assert_eq!(world.counts(), (2, 1, 1));
    world.server.clear_token_cache();
    assert_eq!(world.counts().2, 0);
    assert_eq!(world.reason(&token).await, "allowed");
    assert_eq!(world.counts(), (2, 2, 1));
}

#[tokio::test]
async fn every_spelling_of_the_field_finds_it_and_nothing_else_does() {
    let world = World::new(100);
    let token = world.issuer.token(RESOURCE).mint();
    assert_eq!(world.reason(&token).await, "allowed");
    for (value, reason) in [
        (format!("bearer {token}"), "allowed"),
        (format!("BEARER   {token}"), "allowed"),
        (format!("Bearer {token}x"), "malformed_token"),
        (format!("Bearer {token} x"), "multiple_credentials"),
        (format!("Bearer {token},"), "malformed_token"),
        (format!("Basic {token}"), "missing_token"),
        (format!("Bearer{token}"), "missing_token"),
        (token.clone(), "missing_token"),
    ] {
        let request = Request::new("GET", "/").authorization(value.as_bytes());
        assert_eq!(world.reason_of(&request).await, reason, "{value}");
    }
    let value = format!("Bearer {token}");
    let twice = Request::new("GET", "/").authorization(value.as_bytes()).authorization(value.as_bytes());
    assert_eq!(world.reason_of(&twice).await, "multiple_credentials");
    assert_eq!(world.counts().0, 2);
}

#[tokio::test]
async fn the_latest_tokens_are_kept_however_many_came_before() {
    let world = World::new(64);
    let tokens: Vec<_> =
        (0..1_000).map(|n| world.issuer.token(RESOURCE).subject(format!("{n}")).mint()).collect();
    for token in &tokens {
        assert_eq!(world.reason(token).await, "allowed");
    }
    assert_eq!(world.counts(), (0, 1_000, 64));
    // Eight have room even if they all belong together.
    for token in &tokens[992..] {
        assert_eq!(world.reason(token).await, "allowed");
    }
    assert_eq!(world.counts(), (8, 1_000, 64));
}

#[tokio::test]
async fn whether_a_token_is_remembered_can_be_asked() {
    let world = World::new(100);
    let value = format!("Bearer {}", world.issuer.token(RESOURCE).mint());
    let request = Request::new("GET", "/").authorization(value.as_bytes());
    assert!(!world.server.remembers(&request));
    assert_eq!(world.reason_of(&request).await, "allowed");
    assert!(world.server.remembers(&request));
    assert!(!world.server.remembers(&Request::new("GET", "/")));
    world.server.clear_token_cache();
    assert!(!world.server.remembers(&request));
    assert_eq!(world.counts().0, 0);
}

#[tokio::test]
async fn time_goes_on_for_a_remembered_token() {
    let world = World::new(100);
    let token = world.issuer.token(RESOURCE).claim("nbf", 1_800_000_000_u64).mint();
    assert_eq!(world.reason(&token).await, "allowed");
    world.now.store(1_800_000_299, Ordering::SeqCst);
    assert_eq!(world.reason(&token).await, "allowed");
    world.now.store(1_800_000_300, Ordering::SeqCst);
    assert_eq!(world.reason(&token).await, "expired");
    world.now.store(1_799_999_999, Ordering::SeqCst);
    assert_eq!(world.reason(&token).await, "not_yet_valid");
}

#[tokio::test]
async fn a_key_that_has_left_the_set_refuses_the_tokens_that_are_remembered() {
    let mut world = World::new(100);
    let token = world.issuer.token(RESOURCE).claim("exp", 1_900_000_000_u64).mint();
    assert_eq!(world.reason(&token).await, "allowed");
    assert_eq!(world.reason(&token).await, "allowed");
    let old = world.jwks.lock().unwrap().clone();
    world.issuer.rotate_to(SigningKey::generate("next", Algorithm::Es256));
    let mut both = world.issuer.jwks();
    *world.jwks.lock().unwrap() = both.to_string();
    world.now.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(world.reason(&token).await, "allowed", "its key is still there");

    both["keys"].as_array_mut().unwrap().remove(0);
    *world.jwks.lock().unwrap() = both.to_string();
    world.now.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(world.reason(&token).await, "key_not_found");

    // The same key under another name is another key, as it is for a token that is not remembered.
    *world.jwks.lock().unwrap() = old.replace("test-key", "renamed");
    world.now.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(world.reason(&token).await, "key_not_found");
    *world.jwks.lock().unwrap() = old;
    world.now.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(world.reason(&token).await, "allowed");
}

#[tokio::test]
async fn refusals_are_not_remembered_and_neither_is_anything_when_it_is_off() {
    let world = World::new(100);
    let other = Issuer::new(ISSUER).clock(|| Duration::from_secs(1_800_000_000));
    let forged = other.token(RESOURCE).mint();
    for _ in 0..3 {
        assert_eq!(world.reason(&forged).await, "bad_signature");
    }
    assert_eq!(world.counts(), (0, 0, 0));
    let huge = world.issuer.token(RESOURCE).claim("x", "x".repeat(5_000)).mint();
    let off = World::new(0);
    for (world, token) in [(&world, huge), (&off, off.issuer.token(RESOURCE).mint())] {
        for _ in 0..3 {
            assert_eq!(world.reason(&token).await, "allowed");
        }
        assert_eq!(world.counts(), (0, 3, 0));
    }
}

#[tokio::test]
async fn it_holds_no_more_than_it_may_and_keeps_what_is_used() {
    let world = World::new(64);
    let often = world.issuer.token(RESOURCE).mint();
    assert_eq!(world.reason(&often).await, "allowed");
    let mut kept = 0;
    for n in 0..1_000 {
        assert_eq!(world.reason(&world.issuer.token(RESOURCE).claim("n", n).mint()).await, "allowed");
        let before = world.counts().0;
        assert_eq!(world.reason(&often).await, "allowed");
        kept += world.counts().0 - before;
    }
    assert!(world.counts().2 <= 64);
    assert!(kept >= 990, "{kept}");
}

#[test]
fn it_belongs_to_one_server_and_is_no_way_around_its_audience() {
    let issuer = Issuer::new(ISSUER);
    let token = issuer.token(RESOURCE).mint();
    let header = format!("Bearer {token}");
    let request = Request::new("GET", "/").authorization(header.as_bytes());
    let issuers = issuer.issuers();
    let one = ResourceServer::builder(RESOURCE).issuers(issuers.clone()).build().unwrap();
    let other = ResourceServer::builder("https://other.example.com").issuers(issuers).build().unwrap();
    assert!(matches!(
        one.try_authorize(&request, &Requirement::none()),
        Poll::Ready(Decision::Allowed { .. })
    ));
    assert!(matches!(other.try_authorize(&request, &Requirement::none()), Poll::Ready(Decision::Denied(_))));
    let missing = Requirement::scope("todo:read").unwrap();
    assert!(
        matches!(one.try_authorize(&request, &missing), Poll::Ready(Decision::Denied(_))),
        "no decision is kept"
    );
}

#[tokio::test]
async fn a_known_header_says_nothing_of_another_nor_of_a_signature() {
    let world = World::new(0);
    let token = || world.issuer.token(RESOURCE);
    for _ in 0..2 {
        for (token, reason) in [
            (token().mint(), "allowed"),
            (token().mint_with(&[0; 64]), "bad_signature"),
            (token().claim("token_use", "id").mint(), "allowed"),
            (token().claim("token_use", "id").header("typ", "JWT").mint(), "wrong_type"),
            (token().header("typ", "JWT").mint(), "allowed"),
            (token().claim("token_use", "id").header("typ", "JWT").mint(), "wrong_type"),
            (token().header("crit", "exp").mint(), "critical_header"),
            (token().header("alg", "none").mint(), "unsupported_algorithm"),
        ] {
            assert_eq!(world.reason(&token).await, reason, "{token}");
        }
    }
}
