//! Writes the tokens that the programs of all languages check, as `build/bench/tokens/<ALG>.json`.

use std::fs;

use mcp_bearer_bench::{output, tokens};

fn main() {
    for (algorithm, name) in tokens::ALGORITHMS {
        fs::write(output(&format!("tokens/{name}.json")), tokens::file(algorithm).to_string()).unwrap();
    }
}
