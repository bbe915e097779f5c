//! One route on axum, in the variants that are compared: `VARIANT`, `PORT` and `ISSUER`, a file.

use std::env;
use std::error::Error;
use std::fs;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mcp_bearer::axum::{OperationsLayer, protect, require_scope};
use mcp_bearer::{Guard, Issuer, OperationPolicy, Requirement, ResourceServer};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::util::MapRequestLayer;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let authority: Authority = serde_json::from_slice(&fs::read(env::var("ISSUER")?)?)?;
    let app = match env::var("VARIANT")?.as_str() {
        "no-op" => routes(get(todos)).layer(MapRequestLayer::new(|request: Request| request)),
        "ours" => ours(get(todos), authority)?,
        "ours-scope" => ours(get(todos.layer(require_scope("todo:read")?)), authority)?,
        "jsonwebtoken" => {
            routes(get(todos)).layer(middleware::from_fn_with_state(Check::new(&authority)?, check))
        }
        other => return Err(format!("no variant {other}").into()),
    };
    let listener = TcpListener::bind(("127.0.0.1", env::var("PORT")?.parse()?)).await?;
    Ok(axum::serve(listener, app).await?)
}

/// Who issues the tokens, and for whom.
#[derive(Deserialize)]
struct Authority {
    issuer: String,
    audience: String,
    jwks: Value,
}

fn routes(todos: MethodRouter) -> Router {
    Router::new().route("/todos", todos)
}

async fn todos() -> Json<Value> {
    Json(json!({ "todos": [{ "id": "1", "title": "Buy milk" }] }))
}

/// An MCP endpoint that does nothing but read the call.
async fn call(Json(call): Json<Value>) -> Json<Value> {
    Json(json!({ "jsonrpc": "2.0", "id": call["id"], "result": { "content": [] } }))
}

fn ours(todos: MethodRouter, authority: Authority) -> Result<Router> {
    let issuer = Issuer::new(authority.issuer).jwks(authority.jwks.to_string());
    let server = ResourceServer::builder(authority.audience).issuer(issuer).build()?;
    let policy = OperationPolicy::builder()
        .tool("list_todos", Requirement::scope("todo:read")?)
        .tool("create_todo", Requirement::scope("todo:write")?)
        .tool("delete_todo", Requirement::scope("todo:delete")?)
        .build()?;
    let app = routes(todos)
        .route("/open", post(call))
        .route("/policed", post(call).layer(OperationsLayer::new(server.clone(), policy)));
    Ok(protect(app, Guard::new(server)))
}

/// What is written by hand around jsonwebtoken.
struct Check {
    key: DecodingKey,
    validation: Validation,
}

impl Check {
    fn new(authority: &Authority) -> Result<Arc<Self>> {
        let keys: JwkSet = serde_json::from_value(authority.jwks.clone())?;
        let key = keys.keys.first().ok_or("no key")?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&authority.issuer]);
        validation.set_audience(&[&authority.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        Ok(Arc::new(Self { key: DecodingKey::from_jwk(key)?, validation }))
    }
}

async fn check(State(check): State<Arc<Check>>, mut request: Request, next: Next) -> Response {
    let field = request.headers().get(AUTHORIZATION).and_then(|field| field.to_str().ok());
    let Some(token) = field.and_then(|field| field.strip_prefix("Bearer ")) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match jsonwebtoken::decode::<Value>(token, &check.key, &check.validation) {
        Ok(token) => {
            request.extensions_mut().insert(token.claims);
            next.run(request).await
        }
        Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}
