//! How many instructions those paths take that every request takes, counted by callgrind.
//!
//! `instructions.py` runs this and compares. Each case is [`CALLS`] calls; what is made for them
//! beforehand is not counted. Keys, tokens and the time are fixed: only the seeds of hash maps differ
//! from run to run, and over so many calls they even out: to less than 0.3 %.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

use std::hint::black_box;
use std::task::Poll;
use std::time::Duration;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use mcp_bearer::operation::OperationRequest;
use mcp_bearer::testing::{Issuer, Token};
use mcp_bearer::{AccessToken, Authentication, Guard, OperationPolicy, Request, Requirement, ResourceServer};
use mcp_bearer_tests::keys::Key;
use serde_json::json;

#[library_benchmark]
#[bench::token_again(Requests::of(&good()))]
#[bench::unseen_token(Requests::of(&good()).forgotten())]
#[bench::expired_token(Requests::of(&minted(|token| token.expired_since(HOUR))))]
#[bench::malformed_token(Requests::of(&minted(|token| token.raw_payload("{\"iss\":\"https://as.example.com"))))]
fn authorize(requests: Requests) -> Requests {
    requests.run();
    requests
}

// What every unseen token costs anyone.
#[library_benchmark]
#[bench::signature(Signatures::of(&good()))]
fn verify(signatures: Signatures) -> Signatures {
    signatures.run();
    signatures
}

#[library_benchmark]
#[bench::unknown_path(Guard::new(server()))]
fn enter(guard: Guard) -> Guard {
    for _ in 0..CALLS {
        let _ = black_box(guard.try_enter(&Request::new("GET", "/.well-known/unknown")));
    }
    guard
}

#[library_benchmark]
#[bench::tools_call(Operations::new())]
fn permit(operations: Operations) -> Operations {
    operations.run();
    operations
}

struct Requests {
    server: ResourceServer,
    requirement: Requirement,
    fields: Vec<String>,
}

struct Signatures {
    key: ParsedPublicKey,
    all: Vec<(String, Vec<u8>)>,
}

struct Operations {
    server: ResourceServer,
    token: AccessToken,
    /// Each has seeds of its own.
    policies: Vec<OperationPolicy>,
}

impl Requests {
    fn of(tokens: &[String]) -> Self {
        let fields = tokens.iter().map(|token| format!("Bearer {token}")).collect();
        let requests =
            Self { server: server(), requirement: Requirement::scope("todo:read").unwrap(), fields };
        // As on any server: good tokens come before bad ones.
        authenticate(&requests.server, &good()[0]);
        requests.run();
        requests
    }

    fn run(&self) {
        for field in &self.fields {
            let request = Request::new("POST", "/mcp").authorization(field.as_bytes());
            let _ = black_box(self.server.try_authorize(&request, &self.requirement));
        }
    }

    fn forgotten(self) -> Self {
        self.server.clear_token_cache();
        self
    }
}

impl Signatures {
    fn of(tokens: &[String]) -> Self {
        let jwk = key().jwk();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let part = |name: &str| decode(jwk[name].as_str().unwrap());
        let key = RsaPublicKeyComponents { n: part("n"), e: part("e") };
        let split =
            |token: &String| token.rsplit_once('.').map(|(input, end)| (input.to_owned(), decode(end)));
        let signatures = Self {
            key: key.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).unwrap(),
            all: tokens.iter().filter_map(split).collect(),
        };
        signatures.run();
        signatures
    }

    fn run(&self) {
        for (input, signature) in &self.all {
            self.key.verify_sig(input.as_bytes(), signature).unwrap();
        }
    }
}

impl Operations {
    fn new() -> Self {
        let server = server();
        let token = authenticate(&server, &good()[0]);
        let scope = |name| Requirement::scope(name).unwrap();
        let builder = (1..10).fold(OperationPolicy::builder(), |builder, n| {
            builder.tool(format!("tool_{n}"), scope("todo:read"))
        });
        let builder = builder.tool("create_todo", scope("todo:write"));
        let policies = (0..CALLS).map(|_| builder.clone().build().unwrap()).collect();
        let operations = Self { server, token, policies };
        operations.run();
        operations
    }

    fn run(&self) {
        for policy in &self.policies {
            let request = OperationRequest::new("POST", HEADERS, TOOLS_CALL);
            let token = Some(self.token.clone());
            let _ = black_box(self.server.permit_operation(token, policy, &request));
        }
    }
}

fn key() -> Key {
    Key::new("rsa-a", "snk_1234567890", "RS256")
}

fn issuer() -> Issuer {
    Issuer::with_keys("https://as.example.com", [key().load()]).clock(|| Duration::from_secs(1_800_000_000))
}

fn server() -> ResourceServer {
    ResourceServer::builder(RESOURCE).issuers(issuer().issuers()).build().unwrap()
}

fn authenticate(server: &ResourceServer, token: &str) -> AccessToken {
    let field = format!("Bearer {token}");
    match server.try_authenticate(&Request::new("POST", "/mcp").authorization(field.as_bytes())) {
        Poll::Ready(Authentication::Authenticated { token, .. }) => token,
        answer => panic!("{answer:?}"),
    }
}

/// What an MCP client sends.
fn good() -> Vec<String> {
    minted(|token| token)
}

fn minted(change: impl Fn(Token) -> Token) -> Vec<String> {
    let issuer = issuer();
    let token = |n: usize| {
        issuer
            .token(RESOURCE)
            .claim("aud", json!([RESOURCE, "res_1234567890123456"]))
            .subject(format!("usr_{n:016}"))
            .claim("jti", format!("tkn_{n:020}"))
            .claim("oid", "org_12345678901234567")
            .claim("sid", "ses_12345678901234567")
            .claim("roles", json!(["member", "editor"]))
            .claim("permissions", json!(["todo:read", "todo:write", "todo:delete"]))
            .scope("todo:read todo:write")
    };
    (0..CALLS).map(|n| change(token(n)).mint()).collect()
}

const CALLS: usize = 100;
const HOUR: Duration = Duration::from_secs(3_600);
const RESOURCE: &str = "https://mcp.example.com/mcp";
/// 2 KB.
const TOOLS_CALL: &[u8] = include_bytes!("tools_call.json");
const HEADERS: [(&str, &[u8]); 4] = [
    ("host", b"mcp.example.com"),
    ("accept", b"application/json, text/event-stream"),
    ("content-type", b"application/json"),
    ("mcp-protocol-version", b"2025-11-25"),
];

library_benchmark_group!(name = paths, benchmarks = [authorize, verify, enter, permit]);
main!(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::with_args(["--cache-sim=no"]))
        // Memory that was given back is found again at once, whatever the heap looks like.
        .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=127"),
    library_benchmark_groups = paths
);
