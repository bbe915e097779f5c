//! Snippets: the layers in plain tower, in hyper and around the server of the official Rust SDK.
//!
//! For axum see [`crate::axum`].
//!
//! # Tower
//!
//! [`ProtectLayer`] goes around any service of HTTP requests. What is behind it finds the verified
//! [`AccessToken`] in the extensions of the request.
//!
//! ```
//! # #[cfg(all(feature = "tower", feature = "testing"))] {
//! # use mcp_bearer::testing::Issuer;
//! # let issuer = Issuer::new("https://as.example.com");
//! # let server = issuer.server("https://mcp.example.com").build()?;
//! use http::{Request, Response};
//! use mcp_bearer::tower::ProtectLayer;
//! use mcp_bearer::{AccessToken, Guard};
//! use tower::ServiceBuilder;
//!
//! async fn whoami<B>(request: Request<B>) -> http::Result<Response<String>> {
//!     let token = request.extensions().get::<AccessToken>();
//!     Response::builder().body(format!("{:?}", token.and_then(AccessToken::subject)))
//! }
//!
//! let protect = ProtectLayer::new(Guard::new(server));
//! let service = ServiceBuilder::new().layer(protect).service_fn(whoami);
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! # use tower::ServiceExt;
//! # let request = Request::builder().body(())?;
//! # assert_eq!(service.clone().oneshot(request).await?.status(), 401);
//! # let authorization = issuer.token("https://mcp.example.com").authorization();
//! # let request = Request::builder().header("authorization", authorization).body(())?;
//! # assert_eq!(service.oneshot(request).await?.status(), 200);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Hyper
//!
//! `hyper-util` serves that service on hyper 1:
//!
//! ```
//! # #[cfg(all(feature = "tower", feature = "testing"))] {
//! # use mcp_bearer::{Guard, testing::Issuer, tower::ProtectLayer};
//! # let issuer = Issuer::new("https://as.example.com");
//! # let server = issuer.server("https://mcp.example.com").build()?;
//! # async fn whoami<B>(_: http::Request<B>) -> http::Result<http::Response<String>> {
//! #     http::Response::builder().body(String::new())
//! # }
//! # let protect = ProtectLayer::new(Guard::new(server));
//! # let service = tower::ServiceBuilder::new().layer(protect).service_fn(whoami);
//! use hyper::server::conn::http1;
//! use hyper_util::rt::TokioIo;
//! use hyper_util::service::TowerToHyperService;
//!
//! # let service = TowerToHyperService::new(service);
//! # let serve = async move {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let address = listener.local_addr()?;
//! # let client = tokio::spawn(exchange(address));
//! loop {
//!     let (stream, _) = listener.accept().await?;
//!     let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
//!     tokio::spawn(connection);
//! #   break client.await?;
//! }
//! # };
//! # async fn exchange(address: std::net::SocketAddr) -> std::io::Result<()> {
//! #     use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! #     let mut stream = tokio::net::TcpStream::connect(address).await?;
//! #     stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
//! #     let mut answer = String::new();
//! #     stream.read_to_string(&mut answer).await?;
//! #     assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
//! #     Ok(())
//! # }
//! # tokio::runtime::Runtime::new()?.block_on(serve)?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # rmcp
//!
//! [`OperationsLayer`] goes around the `StreamableHttpService` of `rmcp`, the official Rust SDK, and
//! [`ProtectLayer`] around the application. `OperationsLayer` replaces the body of a request by the
//! bytes that it has judged: it works with any body that is made of [`Bytes`](bytes::Bytes), such as
//! that of axum, into which hyper's own is turned by `request.map(Body::new)`.
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "testing"))] {
//! # use mcp_bearer::testing::Issuer;
//! # let issuer = Issuer::new("https://as.example.com");
//! # let server = issuer.server("https://mcp.example.com/mcp").build()?;
//! # #[derive(Clone)]
//! # struct Todos;
//! # impl rmcp::ServerHandler for Todos {}
//! use axum::Router;
//! use mcp_bearer::axum::{OperationsLayer, protect};
//! use mcp_bearer::{Guard, OperationPolicy, Requirement};
//! use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
//! use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
//! use tower::Layer;
//!
//! let policy = OperationPolicy::builder().tool("whoami", Requirement::scope("todo:read")?).build()?;
//! let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false).disable_allowed_hosts();
//! let mcp = StreamableHttpService::new(|| Ok(Todos), NeverSessionManager::default().into(), config);
//! let mcp = OperationsLayer::new(server.clone(), policy).layer(mcp);
//! let app = Router::new().route_service("/mcp", mcp);
//! let app: Router = protect(app, Guard::new(server));
//! # }
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
//!
//! The check of host names is for servers that anybody may call: a page that reaches this one by a
//! rebound host name has no token. Without sessions nothing but its token says whose a request is; with
//! them, a session should be bound to its [`principal`](crate::AccessToken::principal).
//!
//! `rmcp` hands the parts of the HTTP request on, and with them the token. A type like this one makes it
//! an argument of tools, `fn whoami(&self, Caller(token): Caller)`:
//!
//! ```
//! use http::request::Parts;
//! use mcp_bearer::AccessToken;
//! use rmcp::ErrorData;
//! use rmcp::handler::server::common::{AsRequestContext, FromContextPart};
//!
//! struct Caller(AccessToken);
//!
//! impl<C: AsRequestContext> FromContextPart<C> for Caller {
//!     fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
//!         let parts = context.as_request_context().extensions.get::<Parts>();
//!         let token = parts.and_then(|parts| parts.extensions.get::<AccessToken>());
//!         token.cloned().map(Caller).ok_or_else(|| ErrorData::internal_error("no guard", None))
//!     }
//! }
//! ```
//!
//! It is not a part of this crate, which would have to break its own interface with each major version
//! of `rmcp`.
//!
//! To show callers only the tools that they may call, override the list of `#[tool_handler]`, whose own
//! result may be shared between callers:
//!
//! ```
//! # use http::request::Parts;
//! # use mcp_bearer::{AccessToken, OperationPolicy, ResourceServer};
//! # use rmcp::{ErrorData, RoleServer, ServerHandler, tool, tool_handler, tool_router};
//! # use rmcp::model::{CacheScope, ListToolsResult, PaginatedRequestParams};
//! # use rmcp::service::RequestContext;
//! # struct Todos { server: ResourceServer, policy: OperationPolicy }
//! # #[tool_router]
//! # impl Todos {
//! #     #[tool(description = "")]
//! #     fn whoami(&self) -> String { String::new() }
//! # }
//! # #[tool_handler]
//! # impl ServerHandler for Todos {
//! async fn list_tools(
//!     &self,
//!     _: Option<PaginatedRequestParams>,
//!     context: RequestContext<RoleServer>,
//! ) -> Result<ListToolsResult, ErrorData> {
//!     let parts = context.extensions.get::<Parts>();
//!     let token = parts.and_then(|parts| parts.extensions.get::<AccessToken>());
//!     let token = token.ok_or_else(|| ErrorData::internal_error("no guard", None))?;
//!     let mut tools = Self::tool_router().list_all();
//!     tools.retain(|tool| self.server.shows_tool(token, &self.policy, &tool.name));
//!     Ok(ListToolsResult::with_all_items(tools).with_cache_scope(CacheScope::Private))
//! }
//! # }
//! ```
//!
//! [`AccessToken`]: crate::AccessToken
//! [`ProtectLayer`]: crate::tower::ProtectLayer
//! [`OperationsLayer`]: crate::tower::OperationsLayer
