//! A resource with an issuer, requests to an application, and answers that are easy to look at.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body::Frame;
use mcp_bearer::testing::Issuer;
use mcp_bearer::{Guard, ResourceServer};
use tower::ServiceExt;

pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";
pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";
pub(crate) const ROOT_METADATA: &str = "/.well-known/oauth-protected-resource";

/// A resource server, and the issuer whose tokens it takes.
pub(crate) struct Resource {
    pub(crate) issuer: Issuer,
    pub(crate) server: ResourceServer,
}

impl Resource {
    pub(crate) fn new() -> Self {
        Self::named(RESOURCE)
    }

    pub(crate) fn named(resource: &str) -> Self {
        let issuer = Issuer::new("https://as.example.com");
        let server = issuer
            .server(resource)
            .scopes_supported(["todo:read", "todo:write"])
            .challenge_scopes(["todo:read"])
            .build()
            .unwrap();
        Self { issuer, server }
    }

    pub(crate) fn guard(&self) -> Guard {
        Guard::new(self.server.clone())
    }

    /// The value of an `Authorization` field.
    pub(crate) fn bearer(&self, scope: &str) -> String {
        let resource = self.server.metadata().resource();
        self.issuer.token(resource).scope(scope).authorization()
    }
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A field that must occur once at most.
    #[track_caller]
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        assert!(values.len() <= 1, "{name} occurs {} times: {values:?}", values.len());
        values.first().map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// `fields` are pairs; one without a value is left out.
pub(crate) fn request<const N: usize>(
    method: &str,
    target: &str,
    fields: [(&str, &str); N],
    body: impl Into<Body>,
) -> Request<Body> {
    let builder = Request::builder().method(method).uri(target);
    let builder = fields.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(body.into()).unwrap()
}

pub(crate) async fn ask<const N: usize>(
    app: &Router,
    method: &str,
    target: &str,
    fields: [(&str, &str); N],
) -> Answer {
    send(app, request(method, target, fields, Body::empty())).await
}

/// A body that arrives in pieces, or breaks off, and counts how often somebody has asked for it.
pub(crate) struct Pieces {
    pieces: VecDeque<Result<Bytes, BrokenOff>>,
    asked: Arc<AtomicUsize>,
}

#[derive(Clone, Debug)]
pub(crate) struct BrokenOff;

impl Pieces {
    pub(crate) fn new<const N: usize>(pieces: [&'static str; N]) -> Self {
        let pieces = pieces.map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
        Self { pieces: pieces.into(), asked: Arc::default() }
    }

    pub(crate) fn then_breaks_off(mut self) -> Self {
        self.pieces.push_back(Err(BrokenOff));
        self
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.asked))
    }
}

pub(crate) struct Watch(Arc<AtomicUsize>);

impl Watch {
    pub(crate) fn times_asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(self.pieces.pop_front().map(|piece| piece.map(Frame::data)))
    }
}

impl From<Pieces> for Body {
    fn from(pieces: Pieces) -> Self {
        Self::new(pieces)
    }
}

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client has gone")
    }
}

impl std::error::Error for BrokenOff {}
