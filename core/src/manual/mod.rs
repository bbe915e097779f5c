//! The manual: what a reference of types and methods does not say.
//!
//! Nothing here is code. These pages are kept beside it so that they change with it; a test checks
//! the names in them.
//!
//! - [`answers`]: what each reason means, whose fault it is, and what to do.
//! - [`configuration`]: every setting and variable in three languages; recipes for providers.
//! - [`operations`]: what tools need, step-up, and what is closed by default.
//! - [`frameworks`]: the layers in tower, in hyper and around an MCP server of the official SDK.
//! - [`keys`]: every default of the keys' life cycle, rotation, revocation, outages, and what to
//!   watch.
//! - [`observability`]: decisions in logs, metrics and traces.
//! - [`deployment`]: proxies, paths, workers, clocks, the order of layers.
//! - [`performance`]: what a check costs, and what a deployment should set.
//! - [`vulnerabilities`]: what has gone wrong in other libraries, and why it cannot here.
//!
//! Whoever comes from the code of Scalekit's quickstart, or from `scalekit.validateToken`, finds each line
//! that goes and each that comes [beside the code][migration].
//!
//! [migration]: https://github.com/mcp-bearer/mcp-bearer/blob/main/docs/migration.md

pub mod answers;
pub mod configuration;
pub mod deployment;
pub mod frameworks;
pub mod keys;
pub mod observability;
pub mod operations;
pub mod performance;
pub mod vulnerabilities;
