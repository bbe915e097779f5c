//! `mcp-bearer doctor` against servers that are well, and against each with one thing wrong.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

mod dev;
mod planted;
mod program;
mod tokens;
mod world;
