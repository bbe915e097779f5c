//! The Todo server of the quickstart: REST routes and an MCP server behind one guard.
//!
//! ```text
//! PORT=3000 MCP_SERVER_URL=http://127.0.0.1:3000/mcp \
//! SCALEKIT_ENVIRONMENT_URL=https://your-env.scalekit.com RESOURCE_ID=res_123 \
//! cargo run --release -p todo-axum
//! ```
//!
//! With any other provider than Scalekit: `MCP_BEARER_ISSUERS=https://as.example.com` instead of the
//! second line. `ALLOWED_ORIGINS` lists the web pages that may call (default: those of this machine).
//!
//! ```text
//! curl -i http://127.0.0.1:3000/todos                                      # 401, and where to get a token
//! curl -i http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp   # the metadata
//! curl -i http://127.0.0.1:3000/todos -H "Authorization: Bearer $TOKEN"    # {"todos":[]}
//! ```
//!
//! `../README.md` has an authorization server for development, and a `$TOKEN`.
//!
//! | file | |
//! |---|---|
//! | `main.rs` | the guard, and what is behind it |
//! | `rest.rs` | routes, each with the scope that it needs |
//! | `tools.rs` | MCP tools, and the scope that each needs |
//! | `todos.rs` | the todos, kept by user |
//! | `browsers.rs` | CORS, and which web pages may call |

mod browsers;
mod rest;
mod todos;
mod tools;

use std::env;
use std::error::Error;

use axum::Router;
use axum::http::Uri;
use mcp_bearer::axum::protect;
use mcp_bearer::{Builder, Guard};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::browsers::Admission;
use crate::todos::Todos;

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
        .scopes_supported(["todo:read", "todo:write", "todo:delete"])
        .challenge_scopes(["todo:read"])
        .build()?;

    let todos = Todos::default();
    let endpoint: Uri = server.metadata().resource().parse()?;
    let mcp = tools::endpoint(server.clone(), todos.clone())?;
    let app = rest::routes(todos)?.route(endpoint.path(), mcp);

    let guard = Guard::new(server);
    let origins = env::var("ALLOWED_ORIGINS").ok();
    let admission = Admission::new(origins.as_deref(), guard.metadata().clone());
    Ok(admission.around(protect(app, guard)))
}
