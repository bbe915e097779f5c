//! The policy of an MCP endpoint: alone, and inside the guard of an application.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::any;
use http::{Request, StatusCode};
use mcp_bearer::axum::{OperationsLayer, protect};
use mcp_bearer::{AccessToken, OperationPolicy, Requirement, ResourceServer};

use crate::support::{Answer, Pieces, Resource, ask, request, send};

const READ: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read"}}"#;
const WRITE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write"}}"#;
const UNLISTED: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"other"}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
const JSON: (&str, &str) = ("content-type", "application/json");

/// An endpoint that answers with the body that reached it, and says who called.
fn endpoint(server: &ResourceServer, public: &[&str]) -> Router {
    let policy = OperationPolicy::builder()
        .tool("read", Requirement::scope("todo:read").unwrap())
        .tool("write", Requirement::scope("todo:write").unwrap())
        .public_methods(public.iter().copied())
        .body_limit(256)
        .build()
        .unwrap();
    let echo = async |token: Option<AccessToken>, body: Bytes| {
        let caller =
            token.map_or("nobody".to_owned(), |token| token.subject().unwrap_or_default().to_owned());
        ([("caller", caller)], body)
    };
    Router::new().route("/mcp", any(echo).layer(OperationsLayer::new(server.clone(), policy)))
}

/// Alone, and behind the guard of the whole application.
fn apps(resource: &Resource) -> [Router; 2] {
    let alone = endpoint(&resource.server, &[]);
    [alone.clone(), protect(alone, resource.guard())]
}

async fn post(app: &Router, bearer: Option<&str>, body: impl Into<Body>) -> Answer {
    send(app, posted(bearer, body)).await
}

fn posted(bearer: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    match bearer {
        Some(bearer) => request("POST", "/mcp", [JSON, ("authorization", bearer)], body),
        None => request("POST", "/mcp", [JSON], body),
    }
}

#[tokio::test]
async fn what_was_judged_is_handed_on_byte_for_byte() {
    let resource = Resource::new();
    let bearer = resource.bearer("todo:read");
    for app in apps(&resource) {
        let body = Pieces::new([
            " \n{\"jsonrpc\":\"2.0\", \"id\" :1,",
            "\"method\":\"tools\\u002fcall\",\"params\":",
            "{\"name\":\"read\",\"arguments\":{\"b\":1.0e0,\"a\":[]}}}\r\n",
        ]);
        let answer = post(&app, Some(&bearer), body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.one("caller"), Some("user-1"));
        assert_eq!(
            answer.text(),
            concat!(
                " \n{\"jsonrpc\":\"2.0\", \"id\" :1,\"method\":\"tools\\u002fcall\",\"params\":",
                "{\"name\":\"read\",\"arguments\":{\"b\":1.0e0,\"a\":[]}}}\r\n"
            )
        );
    }
}

#[tokio::test]
async fn each_tool_needs_its_own_scope_and_an_unlisted_one_is_refused() {
    let resource = Resource::new();
    let bearer = resource.bearer("todo:read");
    for app in apps(&resource) {
        assert_eq!(post(&app, Some(&bearer), LIST).await.status, StatusCode::OK);
        let answer = post(&app, Some(&bearer), WRITE).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let challenge = answer.one("www-authenticate").unwrap();
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
        assert!(challenge.contains("scope=\"todo:write\""), "{challenge}");
        let answer = post(&app, Some(&bearer), UNLISTED).await;
        assert_eq!((answer.status, answer.one("www-authenticate")), (StatusCode::FORBIDDEN, None));
    }
}

#[tokio::test]
async fn without_a_good_token_the_body_is_not_even_read() {
    let resource = Resource::new();
    for app in apps(&resource) {
        for bearer in [None, Some("Bearer junk")] {
            let body = Pieces::new([LIST]);
            let watch = body.watch();
            let answer = post(&app, bearer, body).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(watch.times_asked(), 0);
        }
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_read_no_further_than_that() {
    let resource = Resource::new();
    let bearer = resource.bearer("todo:read");
    for app in apps(&resource) {
        let body = Pieces::new([LIST; 100]);
        let watch = body.watch();
        let answer = post(&app, Some(&bearer), body).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(watch.times_asked(), 256 / LIST.len() + 1);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused_even_where_it_looks_whole() {
    let resource = Resource::new();
    let bearer = resource.bearer("todo:read");
    for app in apps(&resource) {
        let answer = post(&app, Some(&bearer), Pieces::new([READ]).then_breaks_off()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.text().contains(r#""code":-32700"#), "{answer:?}");
    }
}

#[tokio::test]
async fn every_field_counts_for_the_judgement() {
    let resource = Resource::new();
    let bearer = resource.bearer("todo:read");
    let authorization = ("authorization", &*bearer);
    for app in apps(&resource) {
        for (fields, status) in [
            ([("content-encoding", "gzip"), JSON], StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ([("content-type", "text/plain"), JSON], StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ([("mcp-name", "write"), JSON], StatusCode::BAD_REQUEST),
            ([("mcp-name", "read"), JSON], StatusCode::OK),
        ] {
            let [first, second] = fields;
            let asked = request("POST", "/mcp", [first, second, authorization], READ);
            assert_eq!(send(&app, asked).await.status, status, "{first:?}");
        }
    }
}

#[tokio::test]
async fn other_methods_need_a_token_only() {
    let resource = Resource::new();
    let bearer = resource.bearer("");
    for app in apps(&resource) {
        for method in ["GET", "DELETE"] {
            assert_eq!(ask(&app, method, "/mcp", []).await.status, StatusCode::UNAUTHORIZED);
            let answer = ask(&app, method, "/mcp", [("authorization", &bearer)]).await;
            assert_eq!(answer.one("caller"), Some("user-1"));
        }
    }
}

#[tokio::test]
async fn a_body_under_another_name_than_post_reaches_no_handler() {
    let resource = Resource::new();
    let bearer = resource.bearer("todo:read");
    let preflight = [("origin", "https://a.example"), ("access-control-request-method", "POST")];
    for app in apps(&resource) {
        for method in ["GET", "PUT", "PATCH", "DELETE", "QUERY"] {
            // In pieces, as over HTTP/2, where no field says that there is one.
            let body = Body::new(Pieces::new(["", READ]));
            let answer = send(&app, request(method, "/mcp", [JSON, ("authorization", &bearer)], body)).await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{method}");
        }
        let answer = ask(&app, "OPTIONS", "/mcp", preflight).await;
        assert_eq!(answer.one("caller"), Some("nobody"));
        let answer = send(&app, request("OPTIONS", "/mcp", preflight, READ)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_token_for_another_resource_around_it_does_not_count() {
    let outer = Resource::named("https://mcp.example.com/other");
    let inner = Resource::new();
    let app = protect(endpoint(&inner.server, &[]), outer.guard());
    let answer = post(&app, Some(&outer.bearer("todo:read")), READ).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// With `public_routes` the guard leaves an endpoint to its own layer.
#[tokio::test]
async fn public_operations_need_no_token_and_forgive_no_bad_one() {
    let resource = Resource::new();
    let endpoint = endpoint(&resource.server, &["initialize", "tools/list"]);
    let guard = resource.guard().public_routes(["/mcp"]).unwrap();
    for app in [endpoint.clone(), protect(endpoint, guard)] {
        let answer = post(&app, None, LIST).await;
        assert_eq!((answer.status, answer.one("caller")), (StatusCode::OK, Some("nobody")));
        assert_eq!(post(&app, Some("Bearer junk"), LIST).await.status, StatusCode::UNAUTHORIZED);

        let answer = post(&app, None, READ).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(!answer.one("www-authenticate").unwrap().contains("error="));
        let batch = format!("[{LIST},{READ}]");
        assert_eq!(post(&app, None, batch).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(post(&app, None, "junk").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(&app, "GET", "/mcp", []).await.status, StatusCode::UNAUTHORIZED);

        let bearer = resource.bearer("todo:read");
        assert_eq!(post(&app, Some(&bearer), READ).await.one("caller"), Some("user-1"));
        assert_eq!(post(&app, Some(&bearer), WRITE).await.status, StatusCode::FORBIDDEN);
    }
}
