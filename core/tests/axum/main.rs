//! The layers and the axum adapter through their public interface, without a socket.
#![cfg(all(feature = "axum", feature = "testing"))]
#![allow(clippy::unwrap_used, reason = "a panic here is a failed test")]

mod browsers;
mod metadata;
mod operations;
mod protect;
mod support;
