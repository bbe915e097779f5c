//! What a check costs in Rust: beside its signature, beside the peers, and as work grows.
//!
//! ```text
//! cargo run --release --bin check        ROUNDS=3 for a quick look
//! ```
//!
//! Writes `build/bench/results/rust.json`.

mod algorithms;
mod growth;
mod ours;
mod peers;
mod policy;
mod report;
mod table;
mod threads;

use report::Report;
use table::Rounds;

fn main() {
    let rounds = Rounds::from_env();
    let mut report = Report::new();
    report.add(algorithms::tables(rounds));
    report.add(threads::tables(rounds));
    report.add(policy::tables(rounds));
    report.add(growth::tables(rounds));
    report.write();
}
