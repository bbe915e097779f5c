//! Keys: whatever an authorization server answers, and in whatever order things happen.
//!
//! The first part is the settings and, a byte each, the requests with the time that passes before
//! them; then follow the answers, each of a status, header fields and a body.
#![no_main]

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use mcp_bearer::testing::SigningKey;
use mcp_bearer::{
    BoxFuture, Decision, FetchError, FetchRequest, FetchResponse, Issuer, Request, Requirement,
    ResourceServer,
};
use mcp_bearer_fuzz::input::{self, Input};
use mcp_bearer_fuzz::issuer::{ISSUER, NOW, RESOURCE, ed25519, issuer, p256, rsa};
use mcp_bearer_fuzz::json::Node;
use mcp_bearer_fuzz::refusal::{self, CHALLENGE_SCOPE};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let script = input.part().unwrap_or_default();
    let (settings, steps) = script.split_first().unwrap_or((&0, &[]));
    let world = Arc::new(World::default());
    while let (Some(status), fields, body) = (input.part(), input.part(), input.part()) {
        let (fields, body) = (fields.unwrap_or_default(), body.unwrap_or_default());
        lock(&world.answers).push_back(answer(status, fields, body));
    }
    let server = server(*settings, &world);
    if settings & 4 != 0 {
        server.warm_up();
    }
    for step in steps.iter().take(MAX_STEPS) {
        world.clock.fetch_add(PAUSES[usize::from(step & 7)], Ordering::Relaxed);
        let signed = &TOKENS[usize::from(step >> 3) % TOKENS.len()];
        match step >> 6 {
            // The runtime has ended, and what it was to run is lost.
            1 => lock(&world.jobs).clear(),
            // What is under way ends first.
            2 => world.finish(),
            _ => {}
        }
        judge(&world, signed, &world.run(&server, signed));
        assert!(server.keys_health().iter().all(|health| health.issuer == ISSUER));
    }
    world.finish();
});

const MAX_STEPS: usize = 12;
/// Around the times at which something changes: cooldown, freshness, an hour, and all too late.
const PAUSES: [u64; 8] = [0, 1, 29, 31, 61, 301, 3601, 8000];
/// More than an attempt, its repetitions and a second attempt for a new key take.
const MAX_FETCHES: usize = 24;

const KEYS: &str = "https://as.example.com/keys";
const PLACES: [&str; 3] = [
    "https://as.example.com/.well-known/oauth-authorization-server",
    "https://as.example.com/.well-known/openid-configuration",
    KEYS,
];

/// What the server under test is given instead of a clock, a network and a runtime.
struct World {
    clock: AtomicU64,
    answers: Mutex<VecDeque<Answer>>,
    /// The bodies of status 200 that were sent.
    sent: Mutex<Vec<Vec<u8>>>,
    jobs: Mutex<VecDeque<BoxFuture<'static, ()>>>,
    fetches: Mutex<usize>,
}

type Answer = Result<FetchResponse, FetchError>;

struct Signed {
    authorization: String,
    /// The public key as a JWK writes it: any of these coordinates is enough to know it by.
    coordinate: Vec<u8>,
}

static TOKENS: LazyLock<Vec<Signed>> = LazyLock::new(|| {
    let signed = |key: &SigningKey, kid: bool| {
        let token = issuer().token(RESOURCE).claim("exp", NOW + 1_000_000).scope("todo:read").key(key);
        let token = if kid { token } else { token.without_header("kid") };
        let jwk = key.jwk();
        let coordinate = ["x", "n"].iter().find_map(|name| jwk[name].as_str()).expect("a public key");
        Signed { authorization: format!("Bearer {}", token.mint()), coordinate: significant(coordinate) }
    };
    vec![
        signed(&ed25519(), true),
        signed(&ed25519(), false),
        signed(&ed25519().renamed("other", mcp_bearer::Algorithm::Ed25519), true),
        signed(&p256(), true),
        signed(&p256(), false),
        signed(&rsa(), true),
        signed(&rsa().renamed("key", mcp_bearer::Algorithm::Ps256), true),
        signed(&rsa(), false),
    ]
});

impl Default for World {
    fn default() -> Self {
        Self {
            clock: AtomicU64::new(NOW),
            answers: Mutex::default(),
            sent: Mutex::default(),
            jobs: Mutex::default(),
            fetches: Mutex::default(),
        }
    }
}

impl World {
    fn fetch(&self, request: &FetchRequest) -> Answer {
        self.may_ask(&request.url);
        assert!(!request.timeout.is_zero() && request.max_bytes > 0);
        *lock(&self.fetches) += 1;
        assert!(*lock(&self.fetches) <= MAX_FETCHES, "fetches without end");
        let answer = lock(&self.answers).pop_front().unwrap_or(Err(FetchError::Connect));
        if let Ok(FetchResponse { status: 200, body, .. }) = &answer {
            lock(&self.sent).push(body.clone());
        }
        answer
    }

    /// Only what is configured, or what metadata of the very issuer names, is ever asked for.
    fn may_ask(&self, url: &str) {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        assert!(scheme.as_deref() == Some("https") && !url.contains(['#', '\n', ' ']), "{url:?}");
        let named = |document: &Vec<u8>| {
            serde_json::from_slice::<Value>(document)
                .is_ok_and(|document| document["issuer"] == ISSUER && document["jwks_uri"] == url)
        };
        assert!(PLACES.contains(&url) || lock(&self.sent).iter().any(named), "{url:?}");
    }

    /// The decision, which comes without any waiting but for what this world runs.
    fn run(&self, server: &ResourceServer, signed: &Signed) -> Decision {
        let request = Request::new("GET", "/todos").authorization(signed.authorization.as_bytes());
        let needed = Requirement::scope("todo:read").expect("a scope");
        *lock(&self.fetches) = 0;
        if let Poll::Ready(decision) = server.try_authorize(&request, &needed) {
            return decision;
        }
        let mut decision = pin!(server.authorize(&request, &needed));
        loop {
            if let Poll::Ready(decision) = decision.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return decision;
            }
            assert!(self.advance(), "a request waits for nothing");
        }
    }

    /// Runs what was begun longest ago.
    fn advance(&self) -> bool {
        let Some(mut job) = lock(&self.jobs).pop_front() else { return false };
        let ended = job.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(ended.is_ready(), "an attempt waits although every answer is there");
        true
    }

    fn finish(&self) {
        *lock(&self.fetches) = 0;
        while self.advance() {}
    }
}

fn server(settings: u8, world: &Arc<World>) -> ResourceServer {
    let issuer = Issuer::new(ISSUER);
    let issuer = match settings & 3 {
        0 => issuer,
        1 => issuer.jwks_uri(KEYS),
        _ => issuer.fallback_jwks_uri(KEYS),
    };
    let [clock, fetch, spawn] = [(); 3].map(|()| Arc::clone(world));
    ResourceServer::builder(RESOURCE)
        .issuer(issuer)
        .challenge_scopes([CHALLENGE_SCOPE])
        .keys(|keys| {
            keys.clock(move || Duration::from_secs(clock.clock.load(Ordering::Relaxed)))
                .fetch(move |request: FetchRequest| std::future::ready(fetch.fetch(&request)))
                .spawn(move |job: BoxFuture<'static, ()>| lock(&spawn.jobs).push_back(job))
                .jwks_max_stale(Duration::from_secs(if settings & 8 == 0 { 3600 } else { 0 }))
        })
        .build()
        .expect("settings")
}

fn answer(status: &[u8], fields: &[u8], body: &[u8]) -> Answer {
    let status = match status {
        b"timeout" => return Err(FetchError::Timeout),
        b"connect" => return Err(FetchError::Connect),
        b"reset" => return Err(FetchError::Reset),
        b"too_large" => return Err(FetchError::TooLarge),
        number => std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()),
    };
    let Some(status) = status else { return Err(FetchError::Other) };
    let mut headers = HeaderMap::new();
    for (name, value) in input::fields(fields).take(32) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    Ok(FetchResponse::new(status, headers, body.to_vec()))
}

fn judge(world: &World, signed: &Signed, decision: &Decision) {
    match decision {
        Decision::Allowed { token, .. } => {
            assert_eq!(token.issuer(), ISSUER);
            let is_key = |text: &str| significant(text) == signed.coordinate;
            let holds_key = |body: &Vec<u8>| {
                let keys = Node::parse_leniently(String::from_utf8_lossy(body).as_bytes());
                keys.is_some_and(|set| set.all("keys").any(|keys| keys.mentions(&is_key)))
            };
            assert!(lock(&world.sent).iter().any(holds_key), "a key that nobody has sent");
        }
        Decision::Denied(denial) => {
            let reason = denial.reason.as_str();
            assert!(matches!(reason, "key_not_found" | "bad_signature" | "keys_unavailable"), "{reason}");
            assert!(matches!(denial.status, 401 | 503));
            refusal::check(denial, &[]);
        }
        _ => panic!("a third outcome"),
    }
}

/// The bytes of a coordinate without the zeros before it.
fn significant(base64url: &str) -> Vec<u8> {
    let bytes = URL_SAFE_NO_PAD.decode(base64url).unwrap_or_default();
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no panic goes on")
}
