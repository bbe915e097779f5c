//! Remembered tokens, by one thread and by two at once.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use mcp_bearer::Algorithm;
use mcp_bearer_bench::tokens::{self, COUNT};

use crate::ours::{Ours, fields};
use crate::table::{Measured, Rounds, Table, rounded};

pub fn tables(Rounds(rounds): Rounds) -> Vec<Table> {
    let (issuer, _) = tokens::issuer(Algorithm::Ed25519);
    let ours = Ours::new(issuer.issuers());
    let fields = fields(&tokens::good(&issuer));
    assert!(fields.iter().all(|field| ours.allows(field)));
    // Each thread has its own part of the tokens, or all have the first.
    let distinct = |threads| run(threads, &|thread, n| assert!(ours.allows(&fields[thread * PART + n])));
    let shared = |threads| run(threads, &|_, _| assert!(ours.allows(&fields[0])));
    vec![
        table("Remembered tokens, distinct ones on each thread", rounds, &distinct),
        table("Remembered tokens, one that all threads ask for", rounds, &shared),
    ]
}

fn table(title: &str, rounds: usize, run: &dyn Fn(usize) -> f64) -> Table {
    let (one, two) = (0..rounds).map(|_| (run(1), run(2))).unzip();
    let cases = vec![Measured::ours("one thread", one), Measured::ours("two threads", two)];
    Table::of(title, "µs of wall-clock time per check, over all threads", cases)
}

/// How long each check takes, over all threads.
fn run(threads: usize, check: &(dyn Fn(usize, usize) + Sync)) -> f64 {
    let barrier = Barrier::new(threads);
    let work = |thread| {
        barrier.wait();
        let started = Instant::now();
        for _ in 0..TIMES {
            (0..PART).for_each(|n| check(thread, n));
        }
        started.elapsed()
    };
    let slowest = thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        all.into_iter().map(|one| one.join().unwrap()).max().unwrap()
    });
    rounded(slowest.as_secs_f64() * 1e6 / (threads * TIMES * PART) as f64)
}

const PART: usize = COUNT / 2;
const TIMES: usize = 100;
