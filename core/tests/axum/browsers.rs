//! Web pages: preflights, and a CORS layer outermost.

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use mcp_bearer::axum::protect;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::support::{METADATA, Resource, ask};

const ORIGIN: &str = "https://app.example.com";

#[tokio::test]
async fn a_preflight_passes_without_identity_and_other_options_do_not() {
    let routes = Router::new().route("/todos", get(async || "todos").options(async || "preflight"));
    let app = protect(routes, Resource::new().guard());
    let origin = ("origin", ORIGIN);
    let method = ("access-control-request-method", "GET");
    assert_eq!(ask(&app, "OPTIONS", "/todos", [origin, method]).await.text(), "preflight");
    assert_eq!(ask(&app, "OPTIONS", "/todos", []).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&app, "OPTIONS", "/todos", [origin]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&app, "OPTIONS", "/todos", [method]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&app, "GET", "/todos", [origin, method]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_outer_cors_layer_has_the_only_word() {
    let resource = Resource::new();
    let app = protect(Router::new().route("/todos", get(async || "todos")), resource.guard());
    let app = app.layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::exact(ORIGIN.parse().unwrap()))
            .allow_headers([AUTHORIZATION])
            .expose_headers([WWW_AUTHENTICATE]),
    );
    let bearer = resource.bearer("");
    let origin = ("origin", ORIGIN);
    for answer in [
        ask(&app, "GET", "/todos", [origin]).await,
        ask(&app, "GET", "/todos", [origin, ("authorization", &bearer)]).await,
        ask(&app, "GET", METADATA, [origin]).await,
        ask(&app, "OPTIONS", "/todos", [origin, ("access-control-request-method", "GET")]).await,
    ] {
        assert_eq!(answer.one("access-control-allow-origin"), Some(ORIGIN), "{answer:?}");
        answer.one("access-control-expose-headers");
    }
}

#[tokio::test]
async fn a_page_may_read_the_challenge() {
    let app = protect(Router::new(), Resource::new().guard());
    let answer = ask(&app, "GET", "/todos", [("origin", ORIGIN)]).await;
    assert_eq!(answer.one("access-control-expose-headers"), Some("WWW-Authenticate, Retry-After"));
    assert_eq!(answer.one("access-control-allow-origin"), None);
}
