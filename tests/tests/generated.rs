//! The committed vectors are what the generator writes, byte for byte.
#![allow(missing_docs, reason = "a test")]

#[test]
fn the_files_are_current() {
    let stale = mcp_bearer_tests::output::stale();
    assert!(stale.is_empty(), "run `cargo run --release -p mcp-bearer-tests --bin vectors`: {stale:?}");
}
