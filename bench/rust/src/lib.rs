//! What the programs here share: the tokens, and where files are.
#![allow(clippy::missing_panics_doc, reason = "a program for developers")]

pub mod tokens;

use std::path::{Path, PathBuf};

/// The authorization server.
pub const ISSUER: &str = "https://as.example.com";
/// The resource server, and the audience of its tokens.
pub const RESOURCE: &str = "https://mcp.example.com/mcp";

/// Where all parts of the bench leave their files.
#[must_use]
pub fn output(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build/bench").join(name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).unwrap();
    }
    path
}
