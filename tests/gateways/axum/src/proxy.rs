//! Passes an admitted request on and its answer back, streaming both ways.

use std::error::Error;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::fields;

/// The MCP endpoint behind the gateway.
#[derive(Clone)]
pub(crate) struct Upstream {
    endpoint: Arc<Uri>,
    client: Client<HttpConnector, Body>,
}

impl Upstream {
    pub(crate) fn new(endpoint: Uri) -> Result<Self, Box<dyn Error>> {
        if endpoint.scheme_str() != Some("http") || endpoint.host().is_none() {
            return Err("UPSTREAM: must be a URL such as http://127.0.0.1:4000/mcp".into());
        }
        // A connection that the other side is just closing would cost a POST, which nobody may repeat.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Ok(Self { endpoint: Arc::new(endpoint), client })
    }

    pub(crate) async fn forward(self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let mut passed = Request::new(body);
        *passed.method_mut() = parts.method;
        *passed.uri_mut() = Uri::clone(&self.endpoint);
        *passed.headers_mut() = fields::of_request(parts.headers);

        match self.client.request(passed).await {
            // The server behind takes no tokens: its 401 is no answer to this client's.
            Ok(answer) if answer.status() != StatusCode::UNAUTHORIZED => {
                let (mut parts, body) = answer.into_parts();
                parts.headers = fields::of_response(parts.headers);
                Response::from_parts(parts, Body::new(body))
            }
            _ => StatusCode::BAD_GATEWAY.into_response(),
        }
    }
}
