//! The REST routes: what each needs stands beside it.

use axum::extract::{FromRequestParts, Path, State};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use mcp_bearer::axum::require_scope;
use mcp_bearer::{AccessToken, ConfigError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::todos::{Owner, Todos};

pub(crate) fn routes(todos: Todos) -> Result<Router, ConfigError> {
    Ok(Router::new()
        .route("/me", get(me))
        .route("/todos", get(list.layer(require_scope("todo:read")?)))
        .route("/todos", post(create.layer(require_scope("todo:write")?)))
        .route("/todos/{id}", delete(remove.layer(require_scope("todo:delete")?)))
        .with_state(todos))
}

async fn me(token: AccessToken) -> Json<Value> {
    let scopes: Vec<_> = token.scopes().iter().collect();
    Json(json!({ "sub": token.subject(), "client_id": token.client_id(), "scopes": scopes }))
}

async fn list(State(todos): State<Todos>, owner: Owner) -> Json<Value> {
    Json(json!({ "todos": todos.list(&owner) }))
}

#[derive(Deserialize)]
struct NewTodo {
    title: String,
}

async fn create(State(todos): State<Todos>, owner: Owner, Json(new): Json<NewTodo>) -> Json<Value> {
    Json(json!({ "todo": todos.create(owner, new.title) }))
}

async fn remove(
    State(todos): State<Todos>,
    owner: Owner,
    Path(id): Path<String>,
) -> (StatusCode, Json<Value>) {
    if todos.delete(&owner, &id) {
        (StatusCode::OK, Json(json!({ "success": true })))
    } else {
        (StatusCode::NOT_FOUND, Json(json!({ "error": "not_found" })))
    }
}

/// All whose tokens name nobody would share one list.
impl<S: Sync> FromRequestParts<S> for Owner {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let token = parts.extensions.get().ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        Self::of(token).ok_or(StatusCode::FORBIDDEN)
    }
}
