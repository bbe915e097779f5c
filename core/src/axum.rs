//! The layers of [`crate::tower`] at home in axum: one installing call, and extractors.
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use axum::{Json, Router, routing::get};
//! use mcp_bearer::axum::{protect, require_scope};
//! use mcp_bearer::{AccessToken, Guard, ResourceServer};
//! # use mcp_bearer::testing::Issuer;
//! # let issuers = Issuer::new("https://as.example.com").issuers();
//!
//! async fn me(token: AccessToken) -> Json<Option<String>> {
//!     Json(token.subject().map(str::to_owned))
//! }
//!
//! let server = ResourceServer::builder("https://mcp.example.com").issuers(issuers).build()?;
//! let app: Router = Router::new()
//!     .route("/me", get(me))
//!     .route("/todos", get(me).layer(require_scope("todo:read")?));
//! let app = protect(app, Guard::new(server));
//! # }
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
//!
//! An MCP endpoint gets an [`OperationsLayer`], which says what each of its tools needs. It belongs
//! to the endpoint, whatever path leads there:
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use axum::Router;
//! use axum::routing::{MethodRouter, any};
//! use mcp_bearer::axum::{OperationsLayer, protect};
//! use mcp_bearer::{Guard, OperationPolicy, Requirement, ResourceServer};
//! # use mcp_bearer::testing::Issuer;
//! # let issuers = Issuer::new("https://as.example.com").issuers();
//! # let mcp: MethodRouter = any(async || "the MCP server of an SDK");
//!
//! let server = ResourceServer::builder("https://mcp.example.com/mcp").issuers(issuers).build()?;
//! let policy = OperationPolicy::builder()
//!     .tool("list_todos", Requirement::scope("todo:read")?)
//!     .tool("create_todo", Requirement::scope("todo:write")?)
//!     .build()?;
//! let app: Router = Router::new().route("/mcp", mcp.layer(OperationsLayer::new(server.clone(), policy)));
//! let app = protect(app, Guard::new(server));
//! # }
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```

use std::convert::Infallible;

use ::axum::Router;
use ::axum::body::Body;
use ::axum::extract::{FromRequestParts, OptionalFromRequestParts};
use ::axum::response::IntoResponse;
use ::axum::routing::any;
use http::request::Parts;

use crate::access_token::AccessToken;
use crate::decision::{Denial, Response};
use crate::error::ConfigError;
use crate::guard::Guard;
use crate::metadata::MetadataRoutes;
use crate::request::Request;
use crate::requirement::Requirement;
use crate::tower::{ProtectLayer, RequireLayer};

pub use crate::tower::OperationsLayer;

/// Protects a whole application and serves its metadata. Put the CORS layer around the result.
///
/// Call it last: a route that is added to the result is outside, and answers anybody.
pub fn protect<S: Clone + Send + Sync + 'static>(app: Router<S>, guard: Guard) -> Router<S> {
    app.layer(ProtectLayer::new(guard))
}

/// A layer for a route that needs a scope. The application must be [`protect`]ed.
///
/// # Errors
/// What is no scope.
pub fn require_scope(scope: impl AsRef<str>) -> Result<RequireLayer, ConfigError> {
    Requirement::scope(scope).map(RequireLayer::new)
}

/// A layer for a route that needs whatever the requirement says.
#[must_use]
pub fn require(requirement: Requirement) -> RequireLayer {
    RequireLayer::new(requirement)
}

/// The metadata routes alone, for applications whose parts are guarded one by one.
pub fn metadata<S: Clone + Send + Sync + 'static>(routes: &MetadataRoutes) -> Router<S> {
    routes.paths().fold(Router::new(), |router, path| {
        let routes = routes.clone();
        let answer = move |request: http::Request<Body>| async move {
            // Nothing but the paths of the documents leads here, unless the routes were nested.
            routes.respond(&Request::from(&request)).unwrap_or_else(|| Denial::internal().into())
        };
        router.route(path, any(answer))
    })
}

/// The verified token. Where no guard has left one, the request fails with 500.
impl<S: Sync> FromRequestParts<S> for AccessToken {
    type Rejection = Denial;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denial> {
        parts.extensions.get().cloned().ok_or_else(Denial::internal)
    }
}

/// The verified token, if the route or operation is not public or credentials came all the same.
impl<S: Sync> OptionalFromRequestParts<S> for AccessToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

impl IntoResponse for Denial {
    fn into_response(self) -> ::axum::response::Response {
        Response::from(self).into_response()
    }
}

impl IntoResponse for Response {
    fn into_response(self) -> ::axum::response::Response {
        self.into_http().map(Body::new)
    }
}
