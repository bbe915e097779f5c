//! What observers are told of decisions, through the public interface. That each refusal of the vectors
//! is told once is in `vectors.rs`.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs, reason = "a panic here is a failed test")]

use std::sync::{Arc, Mutex};
use std::task::Poll;

use mcp_bearer::operation::OperationRequest;
use mcp_bearer::testing::Issuer;
use mcp_bearer::{AccessToken, Authentication, OperationPolicy, Request, Requirement, ResourceServer};

const RESOURCE: &str = "https://mcp.example.com/mcp";
const JSON: (&str, &[u8]) = ("content-type", b"application/json");

struct World {
    server: ResourceServer,
    told: Arc<Mutex<Vec<String>>>,
    token: String,
}

impl World {
    fn new() -> Self {
        let issuer = Issuer::new("https://as.example.com");
        let told = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&told);
        let server = ResourceServer::builder(RESOURCE)
            .issuers(issuer.issuers())
            .on_decision(move |event| {
                assert_eq!(event.resource, RESOURCE);
                let line = event.to_string();
                let (line, _duration) = line.split_once(" duration_us=").unwrap();
                log.lock().unwrap().push(line.to_owned());
            })
            .build()
            .unwrap();
        let token = issuer.token(RESOURCE).claim("sub", "al\nice").scope("todo:read").mint();
        Self { server, told, token }
    }

    fn authenticate(&self, token: &str) -> Option<AccessToken> {
        let header = format!("Bearer {token}");
        match self.server.try_authenticate(&Request::new("GET", "/").authorization(header.as_bytes())) {
            Poll::Ready(Authentication::Authenticated { token, .. }) => Some(token),
            _ => None,
        }
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

#[test]
fn each_check_is_told_in_order() {
    let world = World::new();
    let token = world.authenticate(&world.token).unwrap();
    let fingerprint = token.fingerprint();
    let who = format!(
        r#"issuer="https://as.example.com" subject="al\nice" client_id="client-1" fingerprint={fingerprint}"#
    );
    let _ = world.server.permit(token, &Requirement::scope("todo:write").unwrap());
    assert_eq!(
        world.told(),
        [
            format!("allowed check=token {who}"),
            format!("denied reason=insufficient_scope check=requirement {who}"),
        ]
    );
}

#[test]
fn what_is_not_verified_is_not_told() {
    let world = World::new();
    let good = world.authenticate(&world.token).unwrap();
    // Still base64url without stray bits.
    let forged = format!("{}AAA", &world.token[..world.token.len() - 22]);
    assert!(world.authenticate(&forged).is_none());
    assert!(matches!(world.server.try_authenticate(&Request::new("GET", "/")), Poll::Ready(_)));
    let [_, forged, missing] = <[String; 3]>::try_from(world.told()).unwrap();
    let fingerprint = forged.strip_prefix("denied reason=bad_signature check=token fingerprint=").unwrap();
    assert_eq!(fingerprint.len(), 16);
    assert_ne!(fingerprint, good.fingerprint());
    assert_eq!(missing, "denied reason=missing_token check=token");
}

#[test]
fn operations_are_told_in_words_of_the_policy() {
    let world = World::new();
    let token = world.authenticate(&world.token).unwrap();
    let policy = OperationPolicy::builder()
        .tool("list_todos", Requirement::scope("todo:read").unwrap())
        .method("x/own", Requirement::none())
        .build()
        .unwrap();
    for (message, expected) in [
        (
            r#""method":"tools/call","params":{"name":"list_todos"}"#,
            "allowed operation=tools/call list_todos",
        ),
        (r#""method":"tools/call","params":{"name":"rm -rf"}"#, "operation_not_allowed operation=tools/call"),
        (r#""method":"tools/list""#, "allowed operation=tools/list"),
        (r#""method":"x/own""#, "allowed operation=x/own"),
        (r#""method":"x/what\never""#, "allowed operation=other"),
        (r#""result":{}"#, "allowed operation=response"),
        (r#""method":7"#, "body_malformed"),
    ] {
        world.told();
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,{message}}}"#);
        let request = OperationRequest::new("POST", [JSON], body.as_bytes());
        let _ = world.server.permit_operation(Some(token.clone()), &policy, &request);
        let [told] = <[String; 1]>::try_from(world.told()).unwrap();
        let (told, _who) = told.split_once(" issuer=").unwrap();
        let told = told.replace("denied reason=", "").replace(" check=operation", "").replace('"', "");
        assert_eq!(told, expected, "{message}");
    }
}

#[test]
fn a_snapshot_counts_each_reason() {
    let world = World::new();
    for _ in 0..3 {
        let token = world.authenticate(&world.token).unwrap();
        let _ = world.server.permit(token, &Requirement::scope("todo:write").unwrap());
    }
    world.authenticate("x");
    let stats = world.server.stats();
    assert_eq!(stats.authenticated, 3);
    let denied: Vec<_> = stats.denied.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(denied, [("malformed_token", 1), ("insufficient_scope", 3)]);
    assert_eq!((stats.token_cache.hits, stats.token_cache.misses, stats.token_cache.tokens), (2, 1, 1));
    assert_eq!(stats.keys, world.server.keys_health());
}

/// The fingerprint is what a client gets from `sha256sum`.
#[test]
fn fingerprints_are_those_of_sha256sum() {
    let world = World::new();
    let token = world.authenticate(&world.token).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, world.token.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(token.fingerprint(), hex[..16]);
    assert!(!world.told().concat().contains(&world.token));
}
