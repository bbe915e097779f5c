//! The guard around a whole application, and what single routes need.

use axum::handler::Handler;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use mcp_bearer::axum::{protect, require, require_scope};
use mcp_bearer::{AccessToken, Requirement};

use crate::support::{METADATA, Resource, ask, request, send};

fn routes() -> Router {
    let staff = Requirement::claim_contains("roles", "staff");
    Router::new()
        .route("/me", get(async |token: AccessToken| token.subject().unwrap_or_default().to_owned()))
        .route("/todos", get((async || "todos").layer(require_scope("todo:read").unwrap())))
        .route("/todos", post((async |body: String| body).layer(require_scope("todo:write").unwrap())))
        .route("/staff", get((async || "staff").layer(require(staff))))
        .route("/health", get(async |token: Option<AccessToken>| Json(token.is_some())))
}

#[tokio::test]
async fn a_request_without_a_token_gets_the_challenge() {
    let app = protect(routes(), Resource::new().guard());
    let answer = ask(&app, "GET", "/todos", []).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let metadata = format!("https://mcp.example.com{METADATA}");
    let challenge = format!("Bearer scope=\"todo:read\", resource_metadata=\"{metadata}\"");
    assert_eq!(answer.one("www-authenticate"), Some(&*challenge));
    assert_eq!(answer.one("cache-control"), Some("no-store"));
    assert_eq!(answer.one("content-type"), Some("application/json"));
    assert!(answer.text().starts_with(r#"{"error":"unauthorized""#));
}

#[tokio::test]
async fn a_request_with_a_token_reaches_the_handler_with_it() {
    let resource = Resource::new();
    let app = protect(routes(), resource.guard());
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let authorization = resource.bearer("todo:read").replace("Bearer", scheme);
        let answer = ask(&app, "GET", "/me", [("authorization", &authorization)]).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "user-1"));
    }
}

#[tokio::test]
async fn repeated_credentials_are_seen_as_repeated() {
    let resource = Resource::new();
    let app = protect(routes(), resource.guard());
    let bearer = resource.bearer("todo:read");
    let answer = ask(&app, "GET", "/me", [("authorization", &bearer), ("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_missing_scope_is_a_403_with_one_complete_challenge() {
    let resource = Resource::new();
    let app = protect(routes(), resource.guard());
    let authorization = resource.bearer("todo:read");
    let posted = request("POST", "/todos", [("authorization", &*authorization)], "milk");
    let answer = send(&app, posted).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let challenge = answer.one("www-authenticate").unwrap();
    assert!(
        challenge.starts_with("Bearer error=\"insufficient_scope\", error_description=\""),
        "{challenge}"
    );
    let end = format!("scope=\"todo:write\", resource_metadata=\"https://mcp.example.com{METADATA}\"");
    assert!(challenge.ends_with(&end), "{challenge}");

    let authorization = resource.bearer("todo:read todo:write");
    let posted = request("POST", "/todos", [("authorization", &*authorization)], "milk");
    assert_eq!(send(&app, posted).await.text(), "milk");
}

#[tokio::test]
async fn a_claim_that_is_missing_is_a_403_without_challenge() {
    let resource = Resource::new();
    let app = protect(routes(), resource.guard());
    let authorization = resource.bearer("todo:read");
    let answer = ask(&app, "GET", "/staff", [("authorization", &authorization)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.one("www-authenticate"), None);
}

#[tokio::test]
async fn an_unknown_path_is_401_without_a_token_and_404_with_one() {
    let resource = Resource::new();
    let app = protect(routes(), resource.guard());
    let bearer = resource.bearer("");
    for path in ["/nothing", "/TODOS", "/todos/", "/todos/.well-known"] {
        assert_eq!(ask(&app, "GET", path, []).await.status, StatusCode::UNAUTHORIZED, "{path}");
        let answer = ask(&app, "GET", path, [("authorization", &bearer)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(ask(&app, "PUT", "/me", []).await.status, StatusCode::UNAUTHORIZED);
    let answer = ask(&app, "PUT", "/me", [("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_token_in_the_query_is_none() {
    let resource = Resource::new();
    let app = protect(routes(), resource.guard());
    let token = resource.bearer("todo:read").replace("Bearer ", "");
    let answer = ask(&app, "GET", &format!("/todos?access_token={token}"), []).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn public_routes_are_exactly_the_listed_ones() {
    let guard = Resource::new().guard().public_routes(["/health"]).unwrap();
    let app = protect(routes(), guard);
    let answer = ask(&app, "GET", "/health?full", []).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "false"));
    for path in ["/health/", "/HEALTH", "/%68ealth", "/me"] {
        assert_eq!(ask(&app, "GET", path, []).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_public_route_that_asks_for_a_scope_gets_it_from_the_request_itself() {
    let resource = Resource::new();
    let app = protect(routes(), resource.guard().public_routes(["/todos"]).unwrap());
    assert_eq!(ask(&app, "GET", "/todos", []).await.status, StatusCode::UNAUTHORIZED);
    for (scope, status) in [("todo:write", StatusCode::FORBIDDEN), ("todo:read", StatusCode::OK)] {
        let answer = ask(&app, "GET", "/todos", [("authorization", &resource.bearer(scope))]).await;
        assert_eq!(answer.status, status, "{scope}");
    }
}

#[tokio::test]
async fn an_inner_guard_does_not_take_over_what_an_outer_one_has_let_in() {
    let (outer, inner) = (Resource::named("https://mcp.example.com/other"), Resource::new());
    let app = protect(routes(), inner.guard().public_routes(["/todos", "/health"]).unwrap());
    let app = protect(app, outer.guard());
    let bearer = outer.bearer("todo:read");
    assert_eq!(ask(&app, "GET", "/health", [("authorization", &bearer)]).await.text(), "false");
    let answer = ask(&app, "GET", "/todos", [("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// `Router::layer` is around the routes that are there.
#[tokio::test]
async fn routes_that_are_added_after_protect_are_outside() {
    let app = protect(routes(), Resource::new().guard()).route("/late", get(async || "late"));
    assert_eq!(ask(&app, "GET", "/late", []).await.text(), "late");
    assert_eq!(ask(&app, "GET", "/todos", []).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_a_guard_nothing_is_let_in() {
    let app = routes();
    for path in ["/me", "/todos", "/staff"] {
        let answer = ask(&app, "GET", path, []).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    assert_eq!(ask(&app, "GET", "/health", []).await.text(), "false");
}
