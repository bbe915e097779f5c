//! Web pages: which may call (MCP Streamable HTTP, "Security Warning"), and CORS for those.
//!
//! Outermost, around the guard: a preflight carries no token, and a page can read a refusal, with
//! its challenge, only if CORS allows it. Clients that are no browsers send no `Origin` and pass.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use mcp_bearer::MetadataRoutes;
use tower::ServiceExt;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Which web pages may call.
pub(crate) struct Admission {
    origins: Origins,
    /// Public, and with an answer of its own to CORS.
    metadata: MetadataRoutes,
}

enum Admitted {
    AsNoBrowser,
    WithCors,
    Not,
}

enum Origins {
    Loopback,
    Listed(Vec<String>),
}

impl Admission {
    /// The pages of the origins in a space-separated list, by default those of this machine.
    pub(crate) fn new(origins: Option<&str>, metadata: MetadataRoutes) -> Self {
        let listed: Vec<_> = origins.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let origins = if listed.is_empty() { Origins::Loopback } else { Origins::Listed(listed) };
        Self { origins, metadata }
    }

    /// Puts an application behind this rule.
    pub(crate) fn around(self, app: Router) -> Router {
        let cors = CorsLayer::new()
            .allow_origin(AllowOrigin::mirror_request())
            .allow_methods(METHODS)
            .allow_headers(REQUEST_HEADERS)
            .expose_headers(RESPONSE_HEADERS);
        let with_cors = app.clone().layer(cors);

        let rule = Arc::new(self);
        Router::new().fallback(move |request: Request| async move {
            let app = match rule.admit(&request) {
                Admitted::AsNoBrowser => app,
                Admitted::WithCors => with_cors,
                Admitted::Not => {
                    return (StatusCode::FORBIDDEN, "This origin is not allowed.\n").into_response();
                }
            };
            app.oneshot(request).await.into_response()
        })
    }

    fn admit(&self, request: &Request) -> Admitted {
        let path = request.uri().path();
        if self.metadata.paths().any(|own| own == path) || !request.headers().contains_key(ORIGIN) {
            return Admitted::AsNoBrowser;
        }
        if !request.headers().get_all(ORIGIN).iter().all(|origin| self.origins.allow(origin)) {
            return Admitted::Not;
        }
        // The CORS layer takes every OPTIONS for a preflight.
        if request.method() == Method::OPTIONS && !mcp_bearer::Request::from(request).is_preflight() {
            return Admitted::AsNoBrowser;
        }
        Admitted::WithCors
    }
}

impl Origins {
    fn allow(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        match self {
            Self::Loopback => is_loopback(origin),
            Self::Listed(origins) => origins.iter().any(|own| own == origin),
        }
    }
}

fn is_loopback(origin: &str) -> bool {
    origin.parse::<Uri>().is_ok_and(|origin| {
        matches!(origin.scheme_str(), Some("http" | "https"))
            && matches!(origin.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
    })
}

const METHODS: [Method; 3] = [Method::GET, Method::POST, Method::DELETE];
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// What MCP Inspector and other clients in browsers send.
const REQUEST_HEADERS: [HeaderName; 8] = [
    ACCEPT,
    AUTHORIZATION,
    CONTENT_TYPE,
    PROTOCOL_VERSION,
    SESSION_ID,
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("last-event-id"),
];
const RESPONSE_HEADERS: [HeaderName; 4] = [WWW_AUTHENTICATE, RETRY_AFTER, PROTOCOL_VERSION, SESSION_ID];
