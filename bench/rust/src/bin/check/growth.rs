//! What a check costs as there are more tokens, keys and issuers.

use std::fs;

use mcp_bearer::testing::{Issuer as Minter, SigningKey};
use mcp_bearer::{Algorithm, Issuer, Issuers, IssuersBuilder, ResourceServer};
use mcp_bearer_bench::tokens::{self, COUNT};
use mcp_bearer_bench::{ISSUER, RESOURCE};
use rustix::param::page_size;
use serde_json::json;

use crate::ours::{Ours, fields};
use crate::table::{CPU, Case, Measured, Rounds, Table, cpu, rounded};

pub fn tables(rounds: Rounds) -> Vec<Table> {
    let [unseen, again] = seen(rounds);
    vec![unseen, again, memory(), keys(rounds), issuers(rounds)]
}

/// More and more tokens through one server with the default cache, and the latest of them again.
fn seen(Rounds(rounds): Rounds) -> [Table; 2] {
    let (issuer, _) = tokens::issuer(Algorithm::Ed25519);
    let ours = Ours::new(issuer.issuers());
    let most = std::env::var("TOKENS").map_or(1_000_000, |most| most.parse().expect("TOKENS is a number"));
    let (mut unseen, mut again, mut count, mut latest) = (Vec::new(), Vec::new(), 0, Vec::new());
    for milestone in (0..).map(|zeros| 10_usize.pow(zeros)).take_while(|milestone| *milestone <= most) {
        let mut samples = Vec::new();
        while count < milestone {
            let next = milestone.min(count + COUNT);
            latest = mint(&issuer, count, next);
            samples.push(check(&ours, &latest));
            count = next;
        }
        let name = thousands(milestone);
        let extra = [
            ("tokens held", json!(ours.0.stats().token_cache.tokens)),
            ("resident memory, MB", json!(rounded(resident() as f64 / 1e6))),
        ];
        let samples = samples.split_off(samples.len().saturating_sub(rounds));
        unseen.push(Measured::ours(&name, samples).with(extra));
        again.push(Measured::ours(&name, (0..rounds).map(|_| check(&ours, &latest)).collect()));
    }
    [
        Table::of("EdDSA, tokens never seen before, after so many distinct ones", CPU, unseen)
            .note("One server with the default cache."),
        Table::of("EdDSA, the latest tokens again, after so many distinct ones", CPU, again)
            .note("At most the latest 1,000."),
    ]
}

/// What a remembered token takes, in bytes of resident memory.
fn memory() -> Table {
    let (issuer, _) = tokens::issuer(Algorithm::Ed25519);
    let ours = ResourceServer::builder(RESOURCE).issuers(issuer.issuers()).token_cache(MANY).build().unwrap();
    let ours = Ours(ours);
    // So that what it takes to make tokens is there already.
    let length = mint(&issuer, 0, COUNT)[0].len();
    let before = resident();
    for from in (0..MANY).step_by(COUNT) {
        check(&ours, &mint(&issuer, from, from + COUNT));
    }
    let held = ours.0.stats().token_cache.tokens;
    let each = (resident() - before) as f64 / held as f64;
    let case = Measured::ours("Ed25519", vec![each.round()])
        .with([("tokens held", json!(held)), ("length of a token", json!(length))]);
    Table::of("Memory for each remembered token", "bytes", vec![case])
}

fn mint(issuer: &Minter, from: usize, to: usize) -> Vec<String> {
    fields(&(from..to).map(|n| tokens::token(issuer, n).mint()).collect::<Vec<_>>())
}

/// Microseconds of CPU each.
fn check(ours: &Ours, fields: &[String]) -> f64 {
    let started = cpu();
    assert!(fields.iter().all(|field| ours.allows(field)));
    rounded((cpu() - started) / fields.len() as f64)
}

/// An issuer with many keys: tokens are signed with the last.
fn keys(rounds: Rounds) -> Table {
    let subject = |usable: usize, others: usize| {
        let keys = (0..usable).map(|n| SigningKey::generate(format!("key-{n}"), Algorithm::Ed25519));
        let minter = Minter::with_keys(ISSUER, keys);
        let mut jwks = minter.jwks();
        let other = |n| json!({ "kty": "future", "kid": format!("other-{n}"), "x": "A".repeat(43) });
        jwks["keys"].as_array_mut().unwrap().splice(0..0, (0..others).map(other));
        let issuer = Issuer::new(ISSUER).jwks(jwks.to_string());
        Subject::new(Issuers::builder().issuer(issuer).build().unwrap(), &minter)
    };
    let subjects = [
        ("1".to_owned(), subject(1, 0)),
        ("10".to_owned(), subject(10, 0)),
        ("100".to_owned(), subject(100, 0)),
        ("1,000, of them 900 of an unknown kind".to_owned(), subject(100, 900)),
    ];
    unseen("EdDSA, tokens never seen before, keys in the issuer's set", rounds, &subjects)
        .note("A set of more than 100 usable keys is refused as a whole.")
}

/// Many issuers: tokens are the last one's.
fn issuers(rounds: Rounds) -> Table {
    let subject = |count: usize| {
        let minter = |n| Minter::new(format!("{ISSUER}/tenant-{n}"));
        let minters: Vec<_> = (0..count).map(minter).collect();
        let trusted = |builder: IssuersBuilder, minter: &Minter| {
            builder.issuer(Issuer::new(minter.identifier()).jwks(minter.jwks().to_string()))
        };
        let issuers = minters.iter().fold(Issuers::builder(), trusted).build().unwrap();
        (count.to_string(), Subject::new(issuers, &minters[count - 1]))
    };
    unseen("EdDSA, tokens never seen before, issuers", rounds, &[1, 10, 100].map(subject))
}

struct Subject {
    ours: Ours,
    fields: Vec<String>,
}

impl Subject {
    fn new(issuers: Issuers, minter: &Minter) -> Self {
        Self { ours: Ours::new(issuers), fields: fields(&tokens::good(minter)) }
    }

    fn case(&self, name: &str) -> Case<'_> {
        Case::new(name, COUNT, |n| assert!(self.ours.allows(&self.fields[n])))
            .before(|| self.ours.0.clear_token_cache())
            .ours()
    }
}

fn unseen(title: &str, rounds: Rounds, subjects: &[(String, Subject)]) -> Table {
    let cases: Vec<_> = subjects.iter().map(|(name, subject)| subject.case(name)).collect();
    Table::measure(title, rounds, &cases)
}

/// Bytes of memory that this process has: the second number of `statm` (proc(5)) counts pages.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize =
        statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * page_size()
}

/// With a comma after each three digits.
fn thousands(number: usize) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1_000), number % 1_000),
    }
}

/// Enough that the memory of everything else does not show.
const MANY: usize = 50_000;
