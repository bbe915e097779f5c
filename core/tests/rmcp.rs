//! A server of the official Rust SDK behind the layers, called by a client of the official SDK.
#![cfg(all(feature = "axum", feature = "testing"))]
#![allow(clippy::unwrap_used, missing_docs, reason = "a panic here is a failed test")]

use axum::Router;
use http::request::Parts;
use mcp_bearer::axum::{OperationsLayer, protect};
use mcp_bearer::testing::Issuer;
use mcp_bearer::{AccessToken, Guard, OperationPolicy, Requirement, ResourceServer};
use rmcp::handler::server::common::{AsRequestContext, FromContextPart};
use rmcp::model::{CacheScope, CallToolRequestParams, ListToolsResult, PaginatedRequestParams};
use rmcp::service::{RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{
    ErrorData, RoleClient, RoleServer, ServerHandler, ServiceError, ServiceExt, tool, tool_handler,
    tool_router,
};
use tokio::net::TcpListener;
use tower::Layer;

/// The verified token, as an argument of a tool.
struct Caller(AccessToken);

impl<C: AsRequestContext> FromContextPart<C> for Caller {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        let parts = context.as_request_context().extensions.get::<Parts>();
        let token = parts.and_then(|parts| parts.extensions.get::<AccessToken>());
        token.cloned().map(Caller).ok_or_else(|| ErrorData::internal_error("no guard", None))
    }
}

#[derive(Clone)]
struct Todos {
    server: ResourceServer,
    policy: OperationPolicy,
}

#[tool_router]
impl Todos {
    #[tool(description = "Who is calling")]
    async fn whoami(&self, Caller(token): Caller) -> String {
        format!("{} {}", token.subject().unwrap_or_default(), token.scopes())
    }

    #[tool(description = "For some")]
    async fn delete_todo(&self, Caller(token): Caller) -> String {
        format!("deleted for {}", token.subject().unwrap_or_default())
    }

    #[tool(description = "Not in the policy")]
    async fn unlisted(&self) -> String {
        unreachable!()
    }
}

#[tool_handler]
impl ServerHandler for Todos {
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let parts = context.extensions.get::<Parts>();
        let token = parts.and_then(|parts| parts.extensions.get::<AccessToken>());
        let token = token.ok_or_else(|| ErrorData::internal_error("no guard", None))?;
        let mut tools = Self::tool_router().list_all();
        tools.retain(|tool| self.server.shows_tool(token, &self.policy, &tool.name));
        Ok(ListToolsResult::with_all_items(tools).with_cache_scope(CacheScope::Private))
    }
}

/// A running server, and the issuer of the tokens that it takes.
struct Endpoint {
    issuer: Issuer,
    url: String,
}

impl Endpoint {
    async fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let issuer = Issuer::new("https://as.example.com");
        let server = issuer.server(&url).challenge_scopes(["todo:read"]).build().unwrap();
        let policy = OperationPolicy::builder()
            .tool("whoami", Requirement::scope("todo:read").unwrap())
            .tool("delete_todo", Requirement::scope("todo:delete").unwrap())
            .build()
            .unwrap();

        let todos = Todos { server: server.clone(), policy: policy.clone() };
        let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false);
        let mcp = StreamableHttpService::new(
            move || Ok(todos.clone()),
            NeverSessionManager::default().into(),
            config,
        );
        let mcp = OperationsLayer::new(server.clone(), policy).layer(mcp);
        let app = protect(Router::new().route_service("/mcp", mcp), Guard::new(server));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { issuer, url }
    }

    async fn connect(&self, subject: &str, scope: &str) -> RunningService<RoleClient, ()> {
        let token = self.issuer.token(&self.url).subject(subject).scope(scope).mint();
        let config = StreamableHttpClientTransportConfig::with_uri(self.url.as_str()).auth_header(token);
        ().serve(StreamableHttpClientTransport::from_config(config)).await.unwrap()
    }
}

async fn call(client: &RunningService<RoleClient, ()>, tool: &'static str) -> Result<String, ServiceError> {
    let result = client.call_tool(CallToolRequestParams::new(tool)).await?;
    Ok(result.content.first().unwrap().as_text().unwrap().text.clone())
}

async fn names(client: &RunningService<RoleClient, ()>) -> Vec<String> {
    client.list_all_tools().await.unwrap().into_iter().map(|tool| tool.name.into_owned()).collect()
}

#[tokio::test]
async fn tools_see_who_is_calling() {
    let endpoint = Endpoint::serve().await;
    let alice = endpoint.connect("alice", "todo:read").await;
    let bob = endpoint.connect("bob", "todo:read todo:delete").await;
    let (first, second) = tokio::join!(call(&alice, "whoami"), call(&bob, "whoami"));
    assert_eq!(first.unwrap(), "alice todo:read");
    assert_eq!(second.unwrap(), "bob todo:read todo:delete");
    assert_eq!(call(&bob, "delete_todo").await.unwrap(), "deleted for bob");
}

#[tokio::test]
async fn a_missing_scope_is_a_challenge_to_the_client() {
    let endpoint = Endpoint::serve().await;
    let alice = endpoint.connect("alice", "todo:read").await;
    let refused = call(&alice, "delete_todo").await.unwrap_err();
    let challenge = refused.auth_challenge().unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"todo:delete\""), "{challenge}");
    let refused = call(&alice, "unlisted").await.unwrap_err();
    assert_eq!(refused.auth_challenge(), None);
    assert_eq!(call(&alice, "whoami").await.unwrap(), "alice todo:read");
}

#[tokio::test]
async fn without_a_token_there_is_no_session() {
    let endpoint = Endpoint::serve().await;
    let transport = StreamableHttpClientTransport::from_uri(endpoint.url.as_str());
    let refused = ().serve(transport).await.unwrap_err();
    assert!(format!("{refused:?}").contains("resource_metadata="), "{refused:?}");
}

#[tokio::test]
async fn a_filtered_list_is_private() {
    let endpoint = Endpoint::serve().await;
    let alice = endpoint.connect("alice", "todo:read").await;
    let bob = endpoint.connect("bob", "todo:read todo:delete").await;
    assert_eq!(names(&alice).await, ["whoami"]);
    assert_eq!(names(&bob).await, ["delete_todo", "whoami"]);
    let page = alice.list_tools(None).await.unwrap();
    assert_eq!(page.cache_scope, Some(CacheScope::Private));
}
