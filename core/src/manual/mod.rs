//! The manual: what a reference of types and methods does not say.
//!
//! Nothing here is code. These pages are kept beside it so that they change with it; a test checks
//! the names in them.
//!
//! - [`frameworks`]: the layers in tower, in hyper and around an MCP server of the official SDK.
//! - [`keys`]: every default of the keys' life cycle, rotation, revocation, outages, and what to
//!   watch.
//! - [`performance`]: what a check costs, and what a deployment should set.
//! - [`vulnerabilities`]: what has gone wrong in other libraries, and why it cannot here.

pub mod frameworks;
pub mod keys;
pub mod performance;
pub mod vulnerabilities;
