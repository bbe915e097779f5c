//! The Node-API side of the npm package `mcp-bearer`: convert in, one call of the crate, convert
//! out. It holds no rule; every decision, header and status comes from the crate.
//!
//! ```text
//! options         options objects, strictly: an unknown or wrong one is a ConfigError
//! request, text   what of a request decides
//! answer          decisions, refusals and entries
//! access_token    what can be read from a verified token
//! requirement, policy, issuers, server, guard, operation_guard    the classes, as in the crate
//! handle, recent  what JavaScript holds of them for the calls that are made for each request
//! health, observe what there is to see of the issuers' keys, and of decisions
//! home            the thread that a function belongs to
//! clock, fetch    the two seams that JavaScript can fill
//! testing         the issuer for tests
//! worker          the one thread, started by the first fetch
//! cli             the program `mcp-bearer`
//! ```
//!
//! Calls are synchronous wherever the keys are in memory; only a call that has to wait for a fetch
//! gives a promise that is not settled yet. The event loop never waits.

#![allow(
    missing_debug_implementations,
    private_interfaces,
    unnameable_types,
    unreachable_pub,
    reason = "nothing of this library is used from Rust: what is public is so for the napi macros"
)]
#![allow(clippy::needless_pass_by_value, reason = "values come from JavaScript owned")]
#![expect(unsafe_code, reason = "the napi macros and traits need it; every block of ours says why it holds")]

mod access_token;
mod answer;
mod cli;
mod clock;
mod config_error;
mod fetch;
mod guard;
mod handle;
mod health;
mod home;
mod issuers;
mod json;
mod metadata;
mod observe;
mod operation_guard;
mod options;
mod policy;
mod recent;
mod request;
mod requirement;
mod rule;
mod server;
mod testing;
mod text;
mod worker;
