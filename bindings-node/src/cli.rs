//! The program `mcp-bearer`.

use napi_derive::napi;

/// Runs it on the standard streams of this process, until it is done. For `bin/mcp-bearer.js` only.
#[napi(skip_typescript)]
pub fn cli(arguments: Vec<String>) -> u32 {
    mcp_bearer::cli::main(arguments.into_iter().map(Into::into)).into()
}
