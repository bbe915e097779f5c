//! Writes the tokens that the programs of all languages check, as `build/bench/tokens/<ALG>.json`.
//!
//! With a number it writes a file with so many good RS256 tokens instead, `build/bench/tokens/many.json`:
//! a server under load is to see each of them once.

use std::{env, fs};

use mcp_bearer::Algorithm;
use mcp_bearer_bench::{output, tokens};

fn main() {
    if let Some(count) = env::args().nth(1) {
        return write("many", Algorithm::Rs256, count.parse().unwrap());
    }
    for (algorithm, name) in tokens::ALGORITHMS {
        write(name, algorithm, tokens::COUNT);
    }
}

fn write(name: &str, algorithm: Algorithm, count: usize) {
    fs::write(output(&format!("tokens/{name}.json")), tokens::file(algorithm, count).to_string()).unwrap();
}
