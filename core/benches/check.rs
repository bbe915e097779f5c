//! What a check costs beside the signature that it cannot do without.
//!
//! ```text
//! cargo bench -p mcp-bearer --features testing
//! ```
//!
//! Every case runs in every round, one after the other, so that all see the same machine. Read the
//! ratios: the median over the rounds, and the best.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a program for developers"
)]

use std::hint::black_box;
use std::sync::Barrier;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self as lc, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_bearer::testing::{Issuer, SigningKey};
use mcp_bearer::{Algorithm, Decision, Request, Requirement, ResourceServer};
use serde_json::json;

const RESOURCE: &str = "https://mcp.example.com/mcp";
const TOKENS: usize = 1_000;
const ROUNDS: usize = 21;

fn main() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::Ed25519] {
        Subject::new(algorithm).compare();
    }
    threads();
}

/// A server, its issuer, and tokens that nobody has seen.
struct Subject {
    algorithm: Algorithm,
    server: ResourceServer,
    tokens: Vec<String>,
    fields: Vec<String>,
    /// With a signature of another token.
    forged: Vec<String>,
    key: ParsedPublicKey,
    signatures: Vec<Vec<u8>>,
}

impl Subject {
    fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate("snk_1234567890", algorithm);
        let issuer = Issuer::with_keys("https://as.example.com", [key.clone()]);
        let server = ResourceServer::builder(RESOURCE).issuers(issuer.issuers()).build().unwrap();
        let tokens: Vec<String> = (0..TOKENS).map(|n| token(&issuer, n)).collect();
        let parts = |token: &str| {
            token.rsplit_once('.').map(|(input, end)| (input.to_owned(), end.to_owned())).unwrap()
        };
        let fields = tokens.iter().map(|token| format!("Bearer {token}")).collect();
        let forged = (0..TOKENS)
            .map(|n| format!("Bearer {}.{}", parts(&tokens[n]).0, parts(&tokens[(n + 1) % TOKENS]).1))
            .collect();
        let signatures = tokens.iter().map(|token| URL_SAFE_NO_PAD.decode(parts(token).1).unwrap()).collect();
        Self { algorithm, server, tokens, fields, forged, key: parsed(&key.jwk()), signatures }
    }

    fn signature(&self, n: usize) {
        let (input, _) = self.tokens[n].rsplit_once('.').unwrap();
        self.key.verify_sig(input.as_bytes(), &self.signatures[n]).unwrap();
    }

    fn check(&self, field: &str) -> bool {
        let request = Request::new("GET", "/todos").authorization(field.as_bytes());
        match self.server.try_authorize(&request, &Requirement::none()) {
            Poll::Ready(Decision::Allowed { token, .. }) => black_box(token.subject().is_some()),
            Poll::Ready(_) => false,
            Poll::Pending => panic!("keys are in memory"),
        }
    }

    fn compare(&self) {
        let sha = |n: usize| {
            black_box(digest::digest(&digest::SHA256, self.tokens[n].as_bytes()));
        };
        let all = |run: &dyn Fn(usize)| time(TOKENS, || (0..TOKENS).for_each(run));
        let mut table = Table::new(&["signature", "unseen", "forged", "again", "SHA-256 of the token"]);
        for _ in 0..ROUNDS {
            self.server.clear_token_cache();
            let signature = all(&|n| self.signature(n));
            let unseen = all(&|n| assert!(self.check(&self.fields[n])));
            let forged = all(&|n| assert!(!self.check(&self.forged[n])));
            let again = all(&|_| assert!(self.check(&self.fields[0])));
            table.push(&[signature, unseen, forged, again, all(&sha)]);
        }
        println!("{} · tokens of {} bytes", self.algorithm, self.tokens[0].len());
        table.print();
    }
}

/// What an MCP client sends.
fn token(issuer: &Issuer, n: usize) -> String {
    issuer
        .token(RESOURCE)
        .claim("aud", json!([RESOURCE, "res_1234567890123456"]))
        .subject(format!("usr_{n:016}"))
        .claim("client_id", "m2m_12345678901234567")
        .claim("jti", format!("tkn_{n:020}"))
        .claim("oid", "org_12345678901234567")
        .claim("sid", "ses_12345678901234567")
        .claim("roles", json!(["member", "editor"]))
        .claim("permissions", json!(["todo:read", "todo:write", "todo:delete"]))
        .claim("xuid", "external-user-1234567890")
        .scope("todo:read todo:write")
        .mint()
}

fn parsed(jwk: &serde_json::Value) -> ParsedPublicKey {
    let part = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    match jwk["kty"].as_str().unwrap() {
        "RSA" => lc::RsaPublicKeyComponents { n: part("n"), e: part("e") }
            .to_parsed_public_key(&lc::RSA_PKCS1_2048_8192_SHA256)
            .unwrap(),
        "EC" => {
            ParsedPublicKey::new(&lc::ECDSA_P256_SHA256_FIXED, [&[4][..], &part("x"), &part("y")].concat())
                .unwrap()
        }
        _ => ParsedPublicKey::new(&lc::ED25519, part("x")).unwrap(),
    }
}

/// Remembered tokens, by one thread and by two at once.
fn threads() {
    let subject = Subject::new(Algorithm::Ed25519);
    assert!(subject.fields.iter().all(|field| subject.check(field)));
    let run = |threads: usize, own: bool| {
        let barrier = Barrier::new(threads);
        let work = |first: usize| {
            barrier.wait();
            let started = Instant::now();
            for _ in 0..100 {
                for n in 0..TOKENS / 2 {
                    let n = if own { first * TOKENS / 2 + n } else { 0 };
                    assert!(subject.check(&subject.fields[n]));
                }
            }
            started.elapsed()
        };
        let slowest = thread::scope(|scope| {
            let all: Vec<_> = (0..threads).map(|first| scope.spawn(move || work(first))).collect();
            all.into_iter().map(|one| one.join().unwrap()).max().unwrap()
        });
        slowest.as_secs_f64() * 1e6 / (threads * 100 * TOKENS / 2) as f64
    };
    let mut table = Table::new(&["one thread, own", "two, own", "one thread, shared", "two, shared"]);
    for _ in 0..ROUNDS {
        table.push(&[run(1, true), run(2, true), run(1, false), run(2, false)]);
    }
    println!("Remembered tokens, time per token over all threads");
    table.print();
}

/// Microseconds each.
fn time(count: usize, run: impl FnOnce()) -> f64 {
    let started = Instant::now();
    run();
    let elapsed: Duration = started.elapsed();
    elapsed.as_secs_f64() * 1e6 / count as f64
}

struct Table {
    names: Vec<&'static str>,
    rounds: Vec<Vec<f64>>,
}

impl Table {
    fn new(names: &[&'static str]) -> Self {
        Self { names: names.to_vec(), rounds: Vec::new() }
    }

    fn push(&mut self, round: &[f64]) {
        self.rounds.push(round.to_vec());
    }

    /// Each case beside the first.
    fn print(&self) {
        println!("  {:<24} {:>9} {:>9} {:>9} {:>9}", "", "median µs", "best µs", "ratio", "best");
        for (case, name) in self.names.iter().enumerate() {
            let times: Vec<f64> = self.rounds.iter().map(|round| round[case]).collect();
            let ratios: Vec<f64> = self.rounds.iter().map(|round| round[case] / round[0]).collect();
            let (median, best) = summary(times);
            let (ratio, least) = summary(ratios);
            println!("  {name:<24} {median:>9.3} {best:>9.3} {ratio:>9.3} {least:>9.3}");
        }
    }
}

fn summary(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0])
}
