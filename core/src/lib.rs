//! The OAuth 2.1 resource server for MCP servers and any other HTTP API.
//!
//! A client sends an access token; this crate says whether it is good, whether it is good enough
//! for what it is used for, and, if not, exactly what to answer. It fetches and keeps the issuer's
//! keys, serves the protected resource metadata that clients start from (RFC 9728), and decides
//! tool by tool on the body of an MCP request.
//!
//! It does not issue tokens, keep sessions, terminate TLS or limit rates.
//!
//! ```text
//! Authorization values     one Bearer credential               -> 400 or 401 if not
//! the token                form, algorithm, type               -> 401
//! its claims               issuer, audience, time              -> 401, before any fetch
//! the issuer's keys        in memory, fetched when needed      -> 503 if they cannot be had
//! the signature            one prepared key, one algorithm     -> 401
//! scopes and claims        what the operation needs            -> 403 with one complete challenge
//! ```
//!
//! # A protected MCP server
//!
//! With axum and `rmcp`, the official Rust SDK:
//!
//! ```sh
//! cargo new --bin todo && cd todo
//! cargo add mcp-bearer --features axum
//! cargo add axum
//! cargo add rmcp --features server,transport-streamable-http-server
//! cargo add tokio --features macros,net,rt-multi-thread
//! ```
//!
//! ```no_run
//! # #[cfg(all(feature = "axum", feature = "reqwest"))]
//! # mod quickstart {
//! // src/main.rs
//! use axum::{Router, http::request::Parts, routing::any_service};
//! use mcp_bearer::axum::{OperationsLayer, protect};
//! use mcp_bearer::{AccessToken, Builder, Guard, OperationPolicy, Requirement};
//! use rmcp::handler::server::common::Extension;
//! use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
//! use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
//! use rmcp::{ServerHandler, tool, tool_handler, tool_router};
//!
//! struct Todo;
//!
//! #[tool_router]
//! impl Todo {
//!     #[tool(description = "All todos")]
//!     fn list_todos(&self, Extension(request): Extension<Parts>) -> String {
//!         let token = request.extensions.get::<AccessToken>();
//!         format!("buy milk for {}", token.and_then(AccessToken::subject).unwrap_or("nobody"))
//!     }
//! }
//!
//! #[tool_handler]
//! impl ServerHandler for Todo {}
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = Builder::from_env(std::env::vars())?.challenge_scopes(["todo:read"]).build()?;
//!     let policy = OperationPolicy::builder().tool("list_todos", Requirement::scope("todo:read")?).build()?;
//!
//!     let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false).disable_allowed_hosts();
//!     let mcp = StreamableHttpService::new(|| Ok(Todo), NeverSessionManager::default().into(), config);
//!     let mcp = any_service(mcp).layer(OperationsLayer::new(server.clone(), policy));
//!     let app = protect(Router::new().route("/mcp", mcp), Guard::new(server));
//!
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//!     Ok(axum::serve(listener, app).await?)
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! Who it is and whose tokens it accepts are variables: `MCP_SERVER_URL`, the full URL of the MCP endpoint
//! or the origin, exactly as clients and tokens spell it, and `MCP_BEARER_ISSUERS`; with Scalekit,
//! `SCALEKIT_ENVIRONMENT_URL` and `RESOURCE_ID` take the place of the latter. Without an authorization
//! server at hand, an issuer for development is in this crate:
//!
//! ```sh
//! cargo install mcp-bearer --features cli --debug   # in a third of the time
//! mcp-bearer dev --scope todo:read
//! ```
//!
//! In a second terminal, in the same folder
//!
//! ```sh
//! export MCP_SERVER_URL=http://127.0.0.1:8000/mcp MCP_BEARER_ISSUERS=http://127.0.0.1:9000
//! cargo run
//! ```
//!
//! and in a third one
//!
//! ```sh
//! curl -i http://127.0.0.1:8000/mcp   # 401, and where to get a token
//! TOKEN=$(curl -s http://127.0.0.1:9000/mint -d scope=todo:read)
//! curl http://127.0.0.1:8000/mcp -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \
//!   -H "Accept: application/json, text/event-stream" \
//!   -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_todos"}}'
//! ```
//!
//! No client id and no secret: this server asks nobody about a token.
//!
//! A tool that needs a scope which the token lacks is answered with HTTP 403 and the one complete challenge
//! that a client needs to ask for it; a tool that the policy does not name is refused. The check of host
//! names in `rmcp` is for servers that anybody may call, and may be off here.
//!
//! # A protected axum application
//!
//! ```no_run
//! # #[cfg(all(feature = "axum", feature = "reqwest"))]
//! # mod quickstart {
//! // src/main.rs
//! use axum::{Router, routing::get};
//! use mcp_bearer::axum::{protect, require_scope};
//! use mcp_bearer::{AccessToken, Builder, Guard};
//!
//! async fn todos(token: AccessToken) -> String {
//!     format!("the todos of {:?}", token.subject())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = Builder::from_env(std::env::vars())?.challenge_scopes(["todo:read"]).build()?;
//!     let app = Router::new().route("/todos", get(todos).layer(require_scope("todo:read")?));
//!     let app = protect(app, Guard::new(server));
//!
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//!     Ok(axum::serve(listener, app).await?)
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! Started in the place of the MCP server, with the same variables, it takes the same token:
//!
//! ```sh
//! curl http://127.0.0.1:8000/todos -H "Authorization: Bearer $TOKEN"
//! ```
//!
//! Without a framework, [`ResourceServer::authorize`] is the whole product: a request and a
//! [`Requirement`] in, a [`Decision`] out. A refusal is a value, complete as a response.
//!
//! The [manual](https://docs.rs/mcp-bearer/latest/mcp_bearer/manual/) has snippets for plain tower, hyper
//! and the official Rust SDK for MCP, what each answer means, every setting, policies for tools, keys that
//! rotate or cannot be had, deployment, and known vulnerabilities.
//!
//! # Seeing decisions
//!
//! ```sh
//! cargo add mcp-bearer --features metrics,tracing
//! cargo add metrics-exporter-prometheus --no-default-features
//! ```
//!
//! [`Builder::on_decision`] takes functions that are told of each check, refused or not. Those of
//! [`observe`] tell `tracing`, in the span of the request, and `metrics`, whose exporters reach Prometheus
//! and others; `tracing-opentelemetry` takes the events to OpenTelemetry with the span they are in:
//!
//! ```rust
//! # #[cfg(all(feature = "metrics", feature = "testing", feature = "tracing"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use mcp_bearer::{Request, ResourceServer, testing::Issuer};
//! use mcp_bearer::observe::{metrics, tracing};
//! use metrics_exporter_prometheus::PrometheusBuilder;
//!
//! # let builder = ResourceServer::builder("https://mcp.example.com").issuers(Issuer::new("https://as.example.com").issuers());
//! let prometheus = PrometheusBuilder::new().install_recorder()?;
//! let server = builder.on_decision(tracing::on_decision).on_decision(metrics::on_decision).build()?;
//! // What a route answers to Prometheus:
//! let page = prometheus.render();
//! # drop(page);
//! # let _ = server.try_authenticate(&Request::new("GET", "/"));
//! # let counted = r#"mcp_bearer_decisions_total{check="token",reason="missing_token",operation=""} 1"#;
//! # assert!(prometheus.render().contains(counted), "{}", prometheus.render());
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "metrics", feature = "testing", feature = "tracing")))]
//! # fn main() {}
//! ```
//!
//! A token is in none of it; [`AccessToken::fingerprint`] finds the requests of one.
//! [`ResourceServer::stats`] is a snapshot: refusals by reason, the token cache, the state of the keys.
//!
//! # When a client cannot connect
//!
//! ```sh
//! cargo install mcp-bearer --features cli
//! mcp-bearer doctor https://mcp.example.com/mcp             # visits the server as an MCP client would
//! mcp-bearer doctor https://mcp.example.com/mcp --token -   # and says why a token, read from the input, is refused
//! mcp-bearer decode                                         # shows header and claims of a token, unverified
//! ```
//!
//! `doctor` names what to mend for each finding, prints JSON with `--json`, and ends with 1 if a finding is an
//! error.
//!
//! # In tests
//!
//! The feature `testing` has an issuer for tests, which need no network then:
//!
//! ```sh
//! cargo add --dev mcp-bearer --features testing
//! ```
//!
//! ```rust
//! # #[cfg(feature = "testing")] {
//! use mcp_bearer::testing::Issuer;
//!
//! let issuer = Issuer::new("https://as.example.com");
//! let server = issuer.server("https://mcp.example.com").build()?; // for the application
//! let authorization = issuer.token("https://mcp.example.com").scope("todo:read").authorization();
//! # let request = mcp_bearer::Request::new("GET", "/").authorization(authorization.as_bytes());
//! # assert!(matches!(server.try_authenticate(&request), std::task::Poll::Ready(mcp_bearer::Authentication::Authenticated { .. })));
//! # }
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `reqwest` | yes | fetching metadata and keys over HTTPS; without it give a [`Fetch`] and a [`Spawn`], or static keys |
//! | `tower` | no | layers for any HTTP stack |
//! | `axum` | no | the layers in axum, extractors, metadata routes |
//! | `tracing`, `metrics` | no | functions that tell these facades of decisions and of keys |
//! | `testing` | no | an issuer in the process that mints tokens for tests |
//! | `cli` | no | the program `mcp-bearer`: `doctor`, `decode`, `dev` |

#![forbid(unsafe_code)]

mod access_token;
mod algorithm;
mod base64url;
mod builder;
mod cache;
mod challenge;
mod claims;
mod clock;
mod credentials;
mod decision;
mod environment;
mod error;
mod fetch;
mod guard;
mod header;
mod identifier;
mod json;
mod jwks;
mod metadata;
mod principal;
mod request;
mod requirement;
mod scope;
mod server;
mod spawn;
mod token;

// The public interface is:
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "cli")]
pub mod cli;
pub mod manual;
pub mod observe;
pub mod operation;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;

pub use crate::access_token::AccessToken;
pub use crate::algorithm::Algorithm;
pub use crate::builder::Builder;
pub use crate::cache::TokenCacheStats;
pub use crate::challenge::Challenge;
pub use crate::clock::{Clock, SystemClock, UnixTime};
pub use crate::decision::{Authentication, Decision, Denial, Headers, Response};
pub use crate::error::{ConfigError, Reason};
pub use crate::fetch::{BoxFuture, Fetch, FetchError, FetchRequest, FetchResponse};
pub use crate::guard::{Entry, Guard, OperationGuard};
pub use crate::jwks::{Issuer, Issuers, IssuersBuilder, KeyHealth, KeysEvent, KeysHealth, KeysStatus};
pub use crate::metadata::{MetadataRoutes, ProtectedResourceMetadata, RootAlias};
pub use crate::observe::DecisionEvent;
pub use crate::operation::OperationPolicy;
pub use crate::principal::Principal;
pub use crate::request::Request;
pub use crate::requirement::Requirement;
pub use crate::scope::ScopeSet;
pub use crate::server::ResourceServer;
pub use crate::spawn::Spawn;
