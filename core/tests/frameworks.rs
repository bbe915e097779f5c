//! The layers in plain tower and in hyper, as in the manual, over real connections.
#![cfg(all(feature = "tower", feature = "testing"))]
#![allow(clippy::unwrap_used, missing_docs, reason = "a panic here is a failed test")]

use std::net::SocketAddr;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use mcp_bearer::testing::Issuer;
use mcp_bearer::tower::{ProtectLayer, RequireLayer};
use mcp_bearer::{AccessToken, Guard, Requirement, ResourceServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{ServiceBuilder, ServiceExt};

const RESOURCE: &str = "https://mcp.example.com";

fn resource() -> (Issuer, ResourceServer) {
    let issuer = Issuer::new("https://as.example.com");
    let server = issuer.server(RESOURCE).challenge_scopes(["todo:read"]).build().unwrap();
    (issuer, server)
}

async fn whoami<B>(request: Request<B>) -> http::Result<Response<String>> {
    let token = request.extensions().get::<AccessToken>();
    Response::builder().body(format!("{:?}", token.and_then(AccessToken::subject)))
}

#[tokio::test]
async fn tower() {
    let (issuer, server) = resource();
    let service =
        ServiceBuilder::new().layer(ProtectLayer::new(Guard::new(server))).service_fn(whoami::<String>);

    let refused = service.clone().oneshot(Request::new(String::new())).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(refused.headers()["www-authenticate"].to_str().unwrap().contains("scope=\"todo:read\""));

    let mut request = Request::new(String::new());
    let authorization = issuer.token(RESOURCE).subject("alice").authorization();
    request.headers_mut().insert("authorization", authorization.parse().unwrap());
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn hyper() {
    let (issuer, server) = resource();
    let service = ServiceBuilder::new()
        .layer(ProtectLayer::new(Guard::new(server)))
        .layer(RequireLayer::new(Requirement::scope("todo:write").unwrap()))
        .service_fn(whoami::<Incoming>);
    let service = TowerToHyperService::new(service);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone()));
        }
    });

    let token = |scope: &str| issuer.token(RESOURCE).subject("alice").scope(scope).authorization();
    let refused = get(address, "/", None).await;
    assert!(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{refused}");
    assert!(refused.contains("www-authenticate: Bearer scope=\"todo:read\", "), "{refused}");
    assert!(refused.ends_with("}"), "{refused}");
    let lacking = get(address, "/", Some(&token("todo:read"))).await;
    assert!(lacking.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{lacking}");
    assert!(lacking.contains("error=\"insufficient_scope\""), "{lacking}");
    let allowed = get(address, "/", Some(&token("todo:read todo:write"))).await;
    assert!(allowed.starts_with("HTTP/1.1 200 OK\r\n"), "{allowed}");
    assert!(allowed.ends_with("\r\n\r\nSome(\"alice\")"), "{allowed}");
    let metadata = get(address, "/.well-known/oauth-protected-resource", None).await;
    assert!(metadata.contains("\"resource\":\"https://mcp.example.com\""), "{metadata}");
}

async fn get(address: SocketAddr, target: &str, authorization: Option<&str>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let fields = authorization.map(|value| format!("authorization: {value}\r\n")).unwrap_or_default();
    let request =
        format!("GET {target} HTTP/1.1\r\nhost: mcp.example.com\r\nconnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
