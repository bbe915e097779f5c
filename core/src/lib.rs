//! The OAuth 2.1 resource server for MCP servers and any other HTTP API.

mod access_token;
mod builder;
mod challenge;
mod claims;
mod clock;
mod credentials;
mod decision;
mod environment;
mod error;
mod fetch;
mod guard;
mod identifier;
mod json;
mod jwks;
mod metadata;
mod operation;
mod request;
mod requirement;
mod scope;
mod server;
mod signature;
mod spawn;
mod token;
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;

// The public interface is:
pub use crate::access_token::AccessToken;
pub use crate::builder::Builder;
pub use crate::challenge::Challenge;
pub use crate::clock::{Clock, SystemClock, UnixTime};
pub use crate::decision::{Authentication, Decision, Denial, Headers, Response};
pub use crate::error::{ConfigError, Reason};
pub use crate::guard::{Entry, Guard, OperationGuard};
pub use crate::jwks::{Issuer, Issuers, IssuersBuilder};
pub use crate::metadata::{MetadataRoutes, ProtectedResourceMetadata, RootAlias};
pub use crate::operation::OperationPolicy;
pub use crate::request::Request;
pub use crate::requirement::Requirement;
pub use crate::scope::ScopeSet;
pub use crate::server::ResourceServer;
pub use crate::signature::Algorithm;
