//! What stands in front of a whole application.

use napi::bindgen_prelude::{PromiseRaw, Uint8Array, Unknown};
use napi::{Env, Result};
use napi_derive::napi;

use crate::answer::{Answer, now};
use crate::clock::Clock;
use crate::config_error::OrThrow;
use crate::handle::{Handle, Own};
use crate::metadata::MetadataRoutes;
use crate::options::Options;
use crate::request::{Fields, OwnedRequest};
use crate::server::ResourceServer;
use crate::text::Text;
use crate::worker;

/// What stands in front of a whole application: metadata, preflights, public routes, and for all
/// the rest a valid token. Adapters are translations of this.
#[napi]
#[derive(Clone)]
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

    /// For the functions below.
    #[napi(skip_typescript, catch_unwind)]
    pub fn handle(&self) -> Own<Guard> {
        Own(self.clone())
    }
}

/// `Guard.tryEnter`, with what `calls.js` has made of its argument.
#[napi(namespace = "guard", skip_typescript, catch_unwind)]
pub fn try_enter(
    env: &Env,
    guard: Handle<'_, Guard>,
    method: Text,
    target: Text,
    fields: Fields,
    certificate: Option<Uint8Array>,
) -> Result<Option<Answer>> {
    guard.0.clock.ask(env)?;
    let request = OwnedRequest::new(method, target, fields, certificate);
    Ok(now(guard.0.guard.try_enter(&request.as_request())))
}

#[napi(namespace = "guard", skip_typescript, catch_unwind)]
pub fn enter<'env>(
    env: &'env Env,
    guard: Handle<'_, Guard>,
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
