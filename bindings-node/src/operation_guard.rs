//! What stands in front of the handler of an MCP endpoint.

use napi::bindgen_prelude::{PromiseRaw, Uint8Array};
use napi::{Env, Result};
use napi_derive::napi;

use crate::access_token::Token;
use crate::answer::{Answer, now, permitted};
use crate::clock::Clock;
use crate::handle::{Handle, Own};
use crate::policy::OperationPolicy;
use crate::request::{Body, Fields, OwnedOperation, OwnedRequest};
use crate::server::ResourceServer;
use crate::text::Text;
use crate::worker;

/// Protects the handler of one MCP endpoint, operation by operation.
///
/// Take the token that the `Guard` around the application left, or call `enter` where there is
/// none. Read the body, if `policy.readsBody(method)`, up to one byte more than `policy.bodyLimit`.
/// Call `permit`, and hand on exactly what was judged.
#[napi]
#[derive(Clone)]
pub struct OperationGuard {
    guard: mcp_bearer::OperationGuard,
    clock: Clock,
}

#[napi]
impl OperationGuard {
    /// Guards an endpoint.
    #[napi(constructor, catch_unwind)]
    #[must_use]
    pub fn new(server: &ResourceServer, policy: &OperationPolicy) -> Self {
        let guard = mcp_bearer::OperationGuard::new(server.server.clone(), policy.0.clone());
        Self { guard, clock: server.clock.clone() }
    }

    /// For the functions below.
    #[napi(skip_typescript, catch_unwind)]
    pub fn handle(&self) -> Own<OperationGuard> {
        Own(self.clone())
    }
}

/// `OperationGuard.tryEnter`, with what `calls.js` has made of its argument.
#[napi(namespace = "operationGuard", skip_typescript, catch_unwind)]
pub fn try_enter(
    env: &Env,
    guard: Handle<'_, OperationGuard>,
    method: Text,
    target: Text,
    fields: Fields,
    certificate: Option<Uint8Array>,
) -> Result<Option<Answer>> {
    guard.0.clock.ask(env)?;
    let request = OwnedRequest::new(method, target, fields, certificate);
    Ok(now(guard.0.guard.try_enter(&request.as_request())))
}

#[napi(namespace = "operationGuard", skip_typescript, catch_unwind)]
pub fn enter<'env>(
    env: &'env Env,
    guard: Handle<'_, OperationGuard>,
    method: Text,
    target: Text,
    fields: Fields,
    certificate: Option<Uint8Array>,
) -> Result<PromiseRaw<'env, Answer>> {
    guard.0.clock.ask(env)?;
    let request = OwnedRequest::new(method, target, fields, certificate);
    let guard = guard.0.guard.clone();
    worker::promise(env, async move { guard.enter(&request.as_request()).await.into() })
}

#[napi(namespace = "operationGuard", skip_typescript, catch_unwind)]
pub fn permit(
    env: &Env,
    guard: Handle<'_, OperationGuard>,
    token: Option<Token<'_>>,
    method: Text,
    fields: Fields,
    body: Body,
    parsed: bool,
) -> Result<Answer> {
    guard.0.clock.ask(env)?;
    let request = OwnedOperation::new(method, fields, body, parsed);
    let token = token.map(|token| token.0.clone());
    Ok(permitted(guard.0.guard.permit(token, &request.as_request())))
}
