//! A gateway: the guard in front of an MCP server that knows nothing of tokens.
//!
//! ```text
//! PORT=3000 MCP_SERVER_URL=http://127.0.0.1:3000/mcp UPSTREAM=http://127.0.0.1:4000/mcp \
//! MCP_BEARER_ISSUERS=https://as.example.com cargo run --release -p gateway-axum
//! ```
//!
//! `UPSTREAM` is the full URL of the MCP endpoint behind it. Any operation needs a valid token with
//! `todo:read`, unless `OPERATION_POLICY` names a JSON file that says which tool needs which scopes,
//! such as `{"list_todos": ["todo:read"]}`: then a tool that it does not name is refused, and
//! everything that is no tool needs a valid token.

mod fields;
mod proxy;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Method, Uri};
use axum::routing::{MethodRouter, get};
use mcp_bearer::axum::{OperationsLayer, protect, require_scope};
use mcp_bearer::{Builder, Guard, OperationPolicy, Requirement, ResourceServer};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower::ServiceExt;
use tower_http::cors::{Any, CorsLayer};

use crate::proxy::Upstream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let app = app()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await?;
    Ok(())
}

fn app() -> Result<Router, Box<dyn Error>> {
    let server = Builder::from_env(env::vars())?
        .scopes_supported(["todo:read"])
        .challenge_scopes(["todo:read"])
        .build()?;

    let endpoint: Uri = server.metadata().resource().parse()?;
    let upstream = Upstream::new(env::var("UPSTREAM")?.parse()?)?;
    let forward = move |request: Request| upstream.forward(request);
    let methods = get(forward.clone()).post(forward.clone()).delete(forward);

    let guarded = match env::var_os("OPERATION_POLICY") {
        Some(file) => police(methods, server.clone(), &std::fs::read(file)?)?,
        None => methods.layer(require_scope("todo:read")?),
    };
    let app = Router::new().route(endpoint.path(), guarded);
    Ok(answer_browsers(protect(app, Guard::new(server))))
}

/// Decides each operation by a policy in JSON: tool, and the list of scopes that it needs.
fn police(
    methods: MethodRouter,
    server: ResourceServer,
    policy: &[u8],
) -> Result<MethodRouter, Box<dyn Error>> {
    let tools: BTreeMap<String, Vec<String>> = serde_json::from_slice(policy)?;
    let mut policy = OperationPolicy::builder();
    for (tool, scopes) in tools {
        policy = policy.tool(tool, Requirement::all_of(scopes)?);
    }
    Ok(methods.layer(OperationsLayer::new(server, policy.build()?)))
}

/// CORS for web pages of any origin: whether it may call is for the server behind to say.
fn answer_browsers(app: Router) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("mcp-protocol-version"),
            HeaderName::from_static("mcp-method"),
            HeaderName::from_static("mcp-name"),
            HeaderName::from_static("mcp-session-id"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            WWW_AUTHENTICATE,
            RETRY_AFTER,
            HeaderName::from_static("mcp-protocol-version"),
            HeaderName::from_static("mcp-session-id"),
        ]);
    let with_cors = app.clone().layer(cors);
    Router::new().fallback(move |request: Request| async move {
        // The CORS layer takes every OPTIONS for a preflight.
        let options = request.method() == Method::OPTIONS;
        let browser = request.headers().contains_key(ORIGIN)
            && (!options || mcp_bearer::Request::from(&request).is_preflight());
        if browser { with_cors.oneshot(request).await } else { app.oneshot(request).await }
    })
}
