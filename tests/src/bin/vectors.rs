//! Writes the vectors, or with `--check` says which would change.
#![allow(clippy::print_stdout, reason = "a command")]

use std::process::ExitCode;

use mcp_bearer_tests::output;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("--check") {
        let count = output::write();
        println!("{count} vectors");
        return ExitCode::SUCCESS;
    }
    let stale = output::stale();
    for name in &stale {
        println!("{name} is not what the generator writes");
    }
    if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
