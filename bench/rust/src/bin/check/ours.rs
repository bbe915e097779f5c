//! A resource server as an application has it.

use std::hint::black_box;
use std::task::Poll;

use mcp_bearer::{Decision, Issuers, Request, Requirement, ResourceServer};
use mcp_bearer_bench::RESOURCE;

pub struct Ours(pub ResourceServer);

impl Ours {
    pub fn new(issuers: Issuers) -> Self {
        Self(ResourceServer::builder(RESOURCE).issuers(issuers).build().unwrap())
    }

    /// Whether a request with this `Authorization` field gets in.
    pub fn allows(&self, field: &str) -> bool {
        let request = Request::new("GET", "/todos").authorization(field.as_bytes());
        match self.0.try_authorize(&request, &Requirement::none()) {
            Poll::Ready(Decision::Allowed { token, .. }) => black_box(token.subject().is_some()),
            Poll::Ready(_) => false,
            Poll::Pending => panic!("keys are in memory"),
        }
    }
}

/// The `Authorization` field of each.
pub fn fields(tokens: &[String]) -> Vec<String> {
    tokens.iter().map(|token| format!("Bearer {token}")).collect()
}
