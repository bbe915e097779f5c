//! The program `mcp-bearer`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_bearer::cli::main(std::env::args_os().skip(1)).into()
}
