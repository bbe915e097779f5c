//! What adapters are made of: the guard of an application and the guard of an MCP handler.

use napi::bindgen_prelude::{PromiseRaw, Uint8Array, Unknown};
use napi::{Env, Result};
use napi_derive::napi;

use crate::access_token::Handle;
use crate::answer::{Answer, now, permitted};
use crate::clock::Clock;
use crate::config_error::OrThrow;
use crate::metadata::MetadataRoutes;
use crate::options::Options;
use crate::policy::OperationPolicy;
use crate::request::{Body, Fields, OwnedOperation, OwnedRequest};
use crate::server::ResourceServer;
use crate::text::Text;
use crate::worker;

/// What stands in front of a whole application: metadata, preflights, public routes, and for all
/// the rest a valid token. Adapters are translations of this.
#[napi]
pub struct Guard {
    guard: mcp_bearer::Guard,
    clock: Clock,
}

#[napi]
impl Guard {
    /// Throws a `ConfigError` for a route that is not an exact path.
    #[napi(constructor, catch_unwind, ts_args_type = "server: ResourceServer, options?: GuardOptions")]
    pub fn new(env: &Env, server: &ResourceServer, options: Option<Unknown<'_>>) -> Result<Self> {
        let options = Options::new(env, "the guard", options)?;
        let public_routes = options.strings("publicRoutes")?.unwrap_or_default();
        options.finish()?;
        let guard = mcp_bearer::Guard::new(server.server.clone());
        let guard = guard.public_routes(public_routes).or_throw(env)?;
        Ok(Self { guard, clock: server.clock.clone() })
    }

    /// The routes that are answered without a token: a CORS layer around the guard leaves them alone.
    #[napi(getter, catch_unwind)]
    pub fn metadata(&self) -> MetadataRoutes {
        MetadataRoutes(self.guard.metadata().clone())
    }

    /// `enter` without I/O: `null` if keys must be fetched first.
    #[napi(catch_unwind, ts_args_type = "request: HttpRequest", ts_return_type = "Entry | null")]
    pub fn try_enter(
        &self,
        env: &Env,
        method: Text,
        target: Text,
        fields: Fields,
        certificate: Option<Uint8Array>,
    ) -> Result<Option<Answer>> {
        self.clock.ask(env)?;
        let request = OwnedRequest::new(method, target, fields, certificate);
        Ok(now(self.guard.try_enter(&request.as_request())))
    }

    /// Lets a request in, or answers it.
    #[napi(catch_unwind, ts_args_type = "request: HttpRequest", ts_return_type = "Promise<Entry>")]
    pub fn enter<'env>(
        &self,
        env: &'env Env,
        method: Text,
        target: Text,
        fields: Fields,
        certificate: Option<Uint8Array>,
    ) -> Result<PromiseRaw<'env, Answer>> {
        self.clock.ask(env)?;
        let request = OwnedRequest::new(method, target, fields, certificate);
        let guard = self.guard.clone();
        worker::promise(env, async move { guard.enter(&request.as_request()).await.into() })
    }
}

/// Protects the handler of one MCP endpoint, operation by operation.
///
/// Take the token that the `Guard` around the application left, or call `enter` where there is
/// none. Read the body, if `policy.readsBody(method)`, up to one byte more than `policy.bodyLimit`.
/// Call `permit`, and hand on exactly what was judged.
#[napi]
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

    /// `enter` without I/O: `null` if keys must be fetched first.
    #[napi(catch_unwind, ts_args_type = "request: HttpRequest", ts_return_type = "Entry | null")]
    pub fn try_enter(
        &self,
        env: &Env,
        method: Text,
        target: Text,
        fields: Fields,
        certificate: Option<Uint8Array>,
    ) -> Result<Option<Answer>> {
        self.clock.ask(env)?;
        let request = OwnedRequest::new(method, target, fields, certificate);
        Ok(now(self.guard.try_enter(&request.as_request())))
    }

    /// Who is calling. Bad credentials are refused here, before the body is read.
    #[napi(catch_unwind, ts_args_type = "request: HttpRequest", ts_return_type = "Promise<Entry>")]
    pub fn enter<'env>(
        &self,
        env: &'env Env,
        method: Text,
        target: Text,
        fields: Fields,
        certificate: Option<Uint8Array>,
    ) -> Result<PromiseRaw<'env, Answer>> {
        self.clock.ask(env)?;
        let request = OwnedRequest::new(method, target, fields, certificate);
        let guard = self.guard.clone();
        worker::promise(env, async move { guard.enter(&request.as_request()).await.into() })
    }

    /// May they. Without a token only what the policy makes public.
    #[napi(
        catch_unwind,
        ts_args_type = "token: AccessToken | null | undefined, request: OperationRequest",
        ts_return_type = "OperationDecision"
    )]
    pub fn permit(
        &self,
        env: &Env,
        token: Option<Handle<'_>>,
        method: Text,
        fields: Fields,
        body: Body,
        parsed: bool,
    ) -> Result<Answer> {
        self.clock.ask(env)?;
        let request = OwnedOperation::new(method, fields, body, parsed);
        let token = token.map(|token| token.0.clone());
        Ok(permitted(self.guard.permit(token, &request.as_request())))
    }
}
