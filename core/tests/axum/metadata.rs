//! RFC 9728 section 3: the document, at the path-inserted well-known URI and at the root.

use axum::Router;
use http::StatusCode;
use mcp_bearer::axum::{metadata, protect};
use mcp_bearer::{MetadataRoutes, RootAlias};

use crate::support::{METADATA, ROOT_METADATA, Resource, ask};

/// Behind the guard of a whole application, and as routes of their own.
fn apps() -> [Router; 2] {
    let resource = Resource::new();
    let routes = MetadataRoutes::new([resource.server.metadata().clone()], &RootAlias::Only).unwrap();
    [protect(Router::new(), resource.guard()), metadata(&routes)]
}

#[tokio::test]
async fn is_public_at_both_paths() {
    for app in apps() {
        let answer = ask(&app, "GET", METADATA, []).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.one("content-type"), Some("application/json"));
        assert_eq!(answer.one("access-control-allow-origin"), Some("*"));
        assert_eq!(
            answer.text(),
            concat!(
                r#"{"authorization_servers":["https://as.example.com"],"bearer_methods_supported":["header"],"#,
                r#""resource":"https://mcp.example.com/mcp","scopes_supported":["todo:read","todo:write"]}"#
            )
        );
        let alias = ask(&app, "GET", ROOT_METADATA, []).await;
        assert_eq!(alias.body, answer.body);
    }
}

#[tokio::test]
async fn needs_no_token_and_minds_no_bad_one() {
    for app in apps() {
        let answer = ask(&app, "GET", METADATA, [("authorization", "Bearer junk")]).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn head_has_the_fields_of_get_and_no_body() {
    for app in apps() {
        let get = ask(&app, "GET", METADATA, []).await;
        let head = ask(&app, "HEAD", METADATA, []).await;
        assert_eq!(head.status, StatusCode::OK);
        assert!(head.body.is_empty());
        assert_eq!(head.one("etag"), get.one("etag"));
        assert_eq!(head.one("content-type"), get.one("content-type"));
        // RFC 9110 section 8.6: the length of what GET would send, or none.
        assert_eq!(head.one("content-length"), None);
    }
}

#[tokio::test]
async fn is_not_modified_for_whoever_has_it() {
    for app in apps() {
        let etag = ask(&app, "GET", METADATA, []).await.one("etag").unwrap().to_owned();
        let answer = ask(&app, "GET", METADATA, [("if-none-match", &etag)]).await;
        assert_eq!(answer.status, StatusCode::NOT_MODIFIED);
        assert!(answer.body.is_empty());
        assert_eq!(answer.one("etag"), Some(&*etag));
        assert_eq!(answer.one("content-length"), None);
    }
}

#[tokio::test]
async fn answers_options_and_preflights_itself() {
    let preflight = [("origin", "https://app.example.com"), ("access-control-request-method", "GET")];
    for app in apps() {
        for answer in
            [ask(&app, "OPTIONS", METADATA, []).await, ask(&app, "OPTIONS", METADATA, preflight).await]
        {
            assert_eq!(answer.status, StatusCode::NO_CONTENT);
            assert_eq!(answer.one("allow"), Some("GET, HEAD, OPTIONS"));
            assert_eq!(answer.one("access-control-allow-origin"), Some("*"));
        }
    }
}

#[tokio::test]
async fn allows_no_other_method() {
    for app in apps() {
        for method in ["POST", "PUT", "DELETE"] {
            let answer = ask(&app, method, METADATA, []).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(answer.one("allow"), Some("GET, HEAD, OPTIONS"));
        }
    }
}

#[tokio::test]
async fn a_path_that_only_looks_like_it_is_protected() {
    let [app, _] = apps();
    for path in [
        "/.well-known/oauth-protected-resource/",
        "/.well-known/oauth-protected-resource/mcp/",
        "/.well-known/oauth-protected-resource/MCP",
        "/.well-known/oauth-protected-resource/%6dcp",
        "/todos/.well-known/oauth-protected-resource",
        "/.well-known/",
        "//.well-known/oauth-protected-resource",
    ] {
        assert_eq!(ask(&app, "GET", path, []).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}
