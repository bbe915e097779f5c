//! The shared vectors: their shape, and what makes them.
//!
//! ```text
//! model    the shape of a file, which the Rust runner reads too
//! settings what a file configures
//! keys     the fixed keys, and signatures that are the same at each run
//! token    tokens, good ones and ones with anything wrong
//! wire     what refusals look like: the design's table, written a second time
//! author   the words in which cases are stated
//! files    the cases, one module per file
//! output   how a file is written
//! ```
//!
//! Nothing in here asks the code under test what the answer is.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a panic here is a failed test"
)]

pub mod author;
pub mod files;
pub mod keys;
pub mod model;
pub mod output;
mod settings;
pub mod token;
pub mod wire;

use std::path::PathBuf;

/// A folder of `tests/`.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}
