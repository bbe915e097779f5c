//! What adapters are made of: the guard of an application and the guard of an MCP handler.

use std::task::Poll;

use mcp_bearer::operation::OperationRequest;
use mcp_bearer::{Decision, Entry};
use napi::bindgen_prelude::{ClassInstance, FromNapiValue, Object, PromiseRaw, Uint8Array, Unknown};
use napi::{Env, Error, Result, Status, ValueType};
use napi_derive::napi;

use crate::access_token::AccessToken;
use crate::answer::{Answer, allowed, refused, unknown};
use crate::clock::Clock;
use crate::config_error::OrThrow;
use crate::json;
use crate::metadata::MetadataRoutes;
use crate::options::Options;
use crate::policy::OperationPolicy;
use crate::request::{Fields, OwnedRequest, object, required};
use crate::server::ResourceServer;
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
        let guard = mcp_bearer::Guard::new(server.server.clone()).or_throw(env)?;
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
    pub fn try_enter(&self, env: &Env, request: Unknown<'_>) -> Result<Option<Answer<Entry>>> {
        self.clock.ask(env)?;
        let request = OwnedRequest::read(request)?;
        Ok(ready(self.guard.try_enter(&request.as_request())))
    }

    /// Lets a request in, or answers it.
    #[napi(catch_unwind, ts_args_type = "request: HttpRequest", ts_return_type = "Promise<Entry>")]
    pub fn enter<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
    ) -> Result<PromiseRaw<'env, Answer<Entry>>> {
        self.clock.ask(env)?;
        let request = OwnedRequest::read(request)?;
        if let Some(entry) = ready(self.guard.try_enter(&request.as_request())) {
            return PromiseRaw::resolve(env, entry);
        }
        let guard = self.guard.clone();
        worker::promise(env, async move { Answer(guard.enter(&request.as_request()).await) })
    }
}

/// Protects the handler of one MCP endpoint, operation by operation.
///
/// Take the token that the `Guard` around the application left, or call `enter` where there is
/// none. Where `policy.readsBody(method)`, read the body up to one byte more than
/// `policy.bodyLimit`. Call `permit`, and hand on exactly what was judged.
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
    pub fn try_enter(&self, env: &Env, request: Unknown<'_>) -> Result<Option<Answer<Entry>>> {
        self.clock.ask(env)?;
        let request = OwnedRequest::read(request)?;
        Ok(ready(self.guard.try_enter(&request.as_request())))
    }

    /// Who is calling. Bad credentials are refused here, before the body is read.
    #[napi(catch_unwind, ts_args_type = "request: HttpRequest", ts_return_type = "Promise<Entry>")]
    pub fn enter<'env>(
        &self,
        env: &'env Env,
        request: Unknown<'_>,
    ) -> Result<PromiseRaw<'env, Answer<Entry>>> {
        self.clock.ask(env)?;
        let request = OwnedRequest::read(request)?;
        if let Some(entry) = ready(self.guard.try_enter(&request.as_request())) {
            return PromiseRaw::resolve(env, entry);
        }
        let guard = self.guard.clone();
        worker::promise(env, async move { Answer(guard.enter(&request.as_request()).await) })
    }

    /// May they. Without a token only what the policy makes public.
    #[napi(
        catch_unwind,
        ts_args_type = "token: AccessToken | null | undefined, request: OperationRequest",
        ts_return_type = "OperationDecision"
    )]
    pub fn permit<'env>(
        &self,
        env: &'env Env,
        token: Option<ClassInstance<'env, AccessToken>>,
        request: Unknown<'env>,
    ) -> Result<Object<'env>> {
        self.clock.ask(env)?;
        let verified = token.as_ref().map(|token| token.0.clone());
        let request = OwnedOperation::read(env, request)?;
        operation_decision(env, self.guard.permit(verified, &request.as_request()), token)
    }
}

pub(crate) fn ready<T>(poll: Poll<T>) -> Option<Answer<T>> {
    match poll {
        Poll::Ready(answer) => Some(Answer(answer)),
        Poll::Pending => None,
    }
}

/// A decision that hands the caller's own token back.
pub(crate) fn operation_decision<'env>(
    env: &'env Env,
    decision: Decision<Option<mcp_bearer::AccessToken>>,
    token: Option<ClassInstance<'env, AccessToken>>,
) -> Result<Object<'env>> {
    match decision {
        Decision::Allowed { response_headers, .. } => allowed(env, token, &response_headers),
        Decision::Denied(denial) => refused(env, denial),
        other => unknown(env, &other),
    }
}

/// What an operation policy judges.
pub(crate) struct OwnedOperation {
    method: String,
    fields: Fields,
    body: Vec<u8>,
    parsed: bool,
}

impl OwnedOperation {
    pub(crate) fn read<'env>(env: &'env Env, value: Unknown<'env>) -> Result<Self> {
        let request = object(value)?;
        let (body, parsed) = match request.get::<Unknown<'env>>("parsed")? {
            None => (body(&request)?, false),
            // A value that has no JSON text, such as one that is nested too deeply, cannot be
            // judged: nor can an empty text, so that the policy refuses it.
            Some(value) => {
                (json::stringify(env, value).ok().flatten().unwrap_or_default().into_bytes(), true)
            }
        };
        Ok(Self { method: required(&request, "method")?, fields: Fields::read(&request)?, body, parsed })
    }

    pub(crate) fn as_request(&self) -> OperationRequest<'_> {
        let request = OperationRequest::new(&self.method, self.fields.iter(), &self.body);
        if self.parsed { request.parsed() } else { request }
    }
}

/// Bytes or text; nothing is an empty body.
fn body(request: &Object<'_>) -> Result<Vec<u8>> {
    let Some(value) = request.get::<Unknown<'_>>("body")? else { return Ok(Vec::new()) };
    match value.get_type()? {
        ValueType::String => Ok(String::from_unknown(value)?.into_bytes()),
        _ => Uint8Array::from_unknown(value)
            .map(|bytes| bytes.to_vec())
            .map_err(|_| wrong("body must be a Uint8Array or a string")),
    }
}

fn wrong(message: &str) -> Error {
    Error::new(Status::InvalidArg, format!("the request's {message}"))
}
