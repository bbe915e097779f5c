//! The program `mcp-bearer`.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs it on the standard streams of this process, without holding the interpreter up.
#[pyfunction]
#[pyo3(signature = (arguments, /))]
pub(crate) fn cli(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| mcp_bearer::cli::main(arguments))
}
