//! The facade: who is calling, and may they.

use std::collections::HashMap;

use mcp_bearer::Builder;
use napi::bindgen_prelude::{
    ClassInstance, FromNapiValue, JsObjectValue, Object, PromiseRaw, Uint8Array, Unknown,
};
use napi::{Env, Result, ValueType};
use napi_derive::napi;

use crate::access_token::Token;
use crate::answer::{Answer, now, permitted};
use crate::clock::Clock;
use crate::config_error::{OrThrow, config_error};
use crate::handle::{Handle, Own};
use crate::health::KeysHealth;
use crate::issuers::{Issuers, issuer_list, key_options};
use crate::json;
use crate::metadata::ProtectedResourceMetadata;
use crate::observe::{Stats, observer};
use crate::options::{Options, entries};
use crate::policy::OperationPolicy;
use crate::request::{Body, Fields, OwnedOperation, OwnedRequest};
use crate::requirement::Requirement;
use crate::text::Text;
use crate::worker;

/// An OAuth 2.1 resource server for one resource.
#[napi]
#[derive(Clone)]
pub struct ResourceServer {
    pub(crate) server: mcp_bearer::ResourceServer,
    pub(crate) clock: Clock,
}

#[napi]
impl ResourceServer {
    /// Checks everything and fetches nothing. Throws a `ConfigError` for the first wrong setting.
    #[napi(constructor, catch_unwind, ts_args_type = "options: ResourceServerOptions")]
    pub fn new(env: &Env, options: Option<Unknown<'_>>) -> Result<Self> {
        let options = Options::new(env, "ResourceServer", options)?;
        let Some(resource) = options.string("resource")? else {
            return Err(config_error(env, "resource", "is missing; it is the URL of the MCP endpoint"));
        };
        build(mcp_bearer::ResourceServer::builder(resource), options)
    }

    /// A resource server from environment variables. `defaults` hold where no variable is set;
    /// issuers in both are a `ConfigError`.
    #[napi(
        factory,
        catch_unwind,
        ts_args_type = "defaults?: ResourceServerDefaults, variables?: Record<string, string | undefined>"
    )]
    pub fn from_env(
        env: &Env,
        defaults: Option<Unknown<'_>>,
        variables: Option<Unknown<'_>>,
    ) -> Result<Self> {
        let options = Options::new(env, "fromEnv", defaults)?;
        let builder = Builder::from_env(self::variables(env, variables)?).or_throw(env)?;
        build(builder, options)
    }

    /// For the functions below.
    #[napi(skip_typescript, catch_unwind)]
    pub fn handle(&self) -> Own<ResourceServer> {
        Own(self.clone())
    }

    /// Whether a caller with this token should find the tool in `tools/list`: whether the policy would
    /// permit a call of it, scope hierarchy and claims included. A rule that is a function counts as
    /// satisfied, since its answer depends on the call. Where the policy names tools, one that it does
    /// not name is hidden unless `otherTools` says what it needs. This is no check: what counts is the
    /// decision on the call.
    #[napi(
        catch_unwind,
        ts_args_type = "token: AccessToken, policy: OperationPolicy, name: string",
        ts_return_type = "boolean"
    )]
    pub fn shows_tool(
        &self,
        token: Token<'_>,
        policy: ClassInstance<'_, OperationPolicy>,
        name: String,
    ) -> bool {
        self.server.shows_tool(token.0, &policy.0, &name)
    }

    /// Leaves in the result of a `tools/list` the tools that `showsTool` shows. Returns a new one, with
    /// `cacheScope: "private"`, since it is no longer the same for every caller. A tool without a name is
    /// left out; everything else stays as it is.
    #[napi(
        catch_unwind,
        ts_generic_types = "T extends { tools: readonly unknown[] }",
        ts_args_type = "token: AccessToken, policy: OperationPolicy, result: T",
        ts_return_type = "Omit<T, 'cacheScope'> & { cacheScope: 'private' }"
    )]
    pub fn filter_tools_list<'env>(
        &self,
        token: Token<'_>,
        policy: ClassInstance<'_, OperationPolicy>,
        tools: Vec<Unknown<'env>>,
    ) -> Result<Vec<Unknown<'env>>> {
        let mut shown = Vec::new();
        for tool in tools {
            if name_of(tool)?.is_some_and(|name| self.server.shows_tool(token.0, &policy.0, &name)) {
                shown.push(tool);
            }
        }
        Ok(shown)
    }

    /// Begins to fetch the keys that are not in memory, or old, so that the first request does not
    /// wait for them. Returns at once.
    #[napi(catch_unwind)]
    pub fn warm_up(&self, env: &Env) -> Result<()> {
        self.clock.ask(env)?;
        self.server.warm_up();
        Ok(())
    }

    /// The state of each issuer's keys, in the order of configuration.
    #[napi(catch_unwind)]
    pub fn keys_health(&self, env: &Env) -> Result<Vec<KeysHealth>> {
        self.clock.ask(env)?;
        Ok(self.server.keys_health().into_iter().map(KeysHealth::from).collect())
    }

    /// Forgets all verified tokens: the next request with each of them has its signature checked.
    #[napi(catch_unwind)]
    pub fn clear_token_cache(&self) {
        self.server.clear_token_cache();
    }

    /// What this server has done since it was built, and the state of its keys.
    #[napi(catch_unwind)]
    pub fn stats(&self, env: &Env) -> Result<Stats> {
        self.clock.ask(env)?;
        Ok(self.server.stats().into())
    }

    /// The protected resource metadata (RFC 9728).
    #[napi(getter, catch_unwind)]
    pub fn metadata(&self) -> ProtectedResourceMetadata {
        ProtectedResourceMetadata(self.server.metadata().clone())
    }
}

/// `ResourceServer.tryAuthenticate`, like all that follows with what `calls.js` has made of its arguments.
#[napi(namespace = "resourceServer", skip_typescript, catch_unwind)]
pub fn try_authenticate(
    env: &Env,
    server: Handle<'_, ResourceServer>,
    method: Text,
    target: Text,
    fields: Fields,
    certificate: Option<Uint8Array>,
) -> Result<Option<Answer>> {
    server.0.clock.ask(env)?;
    let request = OwnedRequest::new(method, target, fields, certificate);
    Ok(now(server.0.server.try_authenticate(&request.as_request())))
}

#[napi(namespace = "resourceServer", skip_typescript, catch_unwind)]
pub fn authenticate<'env>(
    env: &'env Env,
    server: Handle<'_, ResourceServer>,
    method: Text,
    target: Text,
    fields: Fields,
    certificate: Option<Uint8Array>,
) -> Result<PromiseRaw<'env, Answer>> {
    server.0.clock.ask(env)?;
    let request = OwnedRequest::new(method, target, fields, certificate);
    let server = server.0.server.clone();
    worker::promise(env, async move { server.authenticate(&request.as_request()).await.into() })
}

#[napi(namespace = "resourceServer", skip_typescript, catch_unwind)]
pub fn try_authorize(
    env: &Env,
    server: Handle<'_, ResourceServer>,
    method: Text,
    target: Text,
    fields: Fields,
    certificate: Option<Uint8Array>,
    requirement: Handle<'_, Requirement>,
) -> Result<Option<Answer>> {
    server.0.clock.ask(env)?;
    let request = OwnedRequest::new(method, target, fields, certificate);
    Ok(now(server.0.server.try_authorize(&request.as_request(), &requirement.0.0)))
}

#[napi(namespace = "resourceServer", skip_typescript, catch_unwind)]
pub fn authorize<'env>(
    env: &'env Env,
    server: Handle<'_, ResourceServer>,
    method: Text,
    target: Text,
    fields: Fields,
    certificate: Option<Uint8Array>,
    requirement: Handle<'_, Requirement>,
) -> Result<PromiseRaw<'env, Answer>> {
    server.0.clock.ask(env)?;
    let request = OwnedRequest::new(method, target, fields, certificate);
    let (server, requirement) = (server.0.server.clone(), requirement.0.0.clone());
    worker::promise(env, async move { server.authorize(&request.as_request(), &requirement).await.into() })
}

#[napi(namespace = "resourceServer", skip_typescript, catch_unwind)]
pub fn permit(
    server: Handle<'_, ResourceServer>,
    token: Token<'_>,
    requirement: Handle<'_, Requirement>,
) -> Answer {
    permitted(server.0.server.permit(token.0.clone(), &requirement.0.0))
}

#[napi(namespace = "resourceServer", skip_typescript, catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "an object of them would cost as much as all the rest")]
pub fn permit_operation(
    env: &Env,
    server: Handle<'_, ResourceServer>,
    token: Option<Token<'_>>,
    method: Text,
    fields: Fields,
    body: Body,
    parsed: bool,
    policy: Handle<'_, OperationPolicy>,
) -> Result<Answer> {
    server.0.clock.ask(env)?;
    let request = OwnedOperation::new(method, fields, body, parsed);
    let token = token.map(|token| token.0.clone());
    Ok(permitted(server.0.server.permit_operation(token, &policy.0.0, &request.as_request())))
}

/// The name of a tool in a list, if it has one.
fn name_of(tool: Unknown<'_>) -> Result<Option<String>> {
    if tool.get_type()? != ValueType::Object {
        return Ok(None);
    }
    let name: Unknown<'_> = Object::from_unknown(tool)?.get_named_property_unchecked("name")?;
    match name.get_type()? {
        ValueType::String => String::from_unknown(name).map(Some),
        _ => Ok(None),
    }
}

/// Lays the options over a builder and builds.
fn build(mut builder: Builder, options: Options<'_>) -> Result<ResourceServer> {
    let env = options.env;
    let mut clock = Clock::system();
    if let Some(keys) = options.raw("keys")? {
        let mut found = Ok(Clock::system());
        builder = builder.keys(|own| match key_options(env, own, Some(keys)) {
            Ok((own, clock)) => {
                found = Ok(clock);
                own
            }
            Err(error) => {
                found = Err(error);
                mcp_bearer::Issuers::builder()
            }
        });
        clock = found?;
    } else {
        builder = builder.keys(|own| own.spawn(worker::spawn));
    }
    if let Some(issuers) = options.raw("issuers")? {
        if let Ok(shared) = ClassInstance::<Issuers>::from_unknown(issuers) {
            if options.raw("keys")?.is_some() {
                return Err(config_error(env, "keys", "belong to the Issuers; set them there"));
            }
            builder = builder.issuers(shared.issuers.clone());
            clock = shared.clock.clone();
        } else {
            builder = issuer_list(env, issuers)?.into_iter().fold(builder, Builder::issuer);
        }
    }
    builder = lists(builder, &options)?;
    if let Some(leeway) = options.milliseconds("leewayMs")? {
        builder = builder.leeway(leeway);
    }
    if let Some(bytes) = options.count("maxTokenSize", "bytes")? {
        builder = builder.max_token_size(bytes);
    }
    if let Some(tokens) = options.count("tokenCache", "tokens")? {
        builder = builder.token_cache(tokens);
    }
    builder = builder
        .rfc9068_only(options.flag("rfc9068Only")?)
        .error_on_missing_token(options.flag("errorOnMissingToken")?)
        .challenge_granted_scopes(options.flag("challengeGrantedScopes")?);
    if let Some(realm) = options.string("realm")? {
        builder = builder.realm(realm);
    }
    if let Some(hierarchy) = options.raw("scopeHierarchy")? {
        for (broad, narrow) in entries(env, "scopeHierarchy", hierarchy)? {
            let narrow = Vec::<String>::from_unknown(narrow)
                .map_err(|_| config_error(env, "scopeHierarchy", "must map a scope to an array of scopes"))?;
            builder = builder.scope_hierarchy(broad, narrow);
        }
    }
    if let Some(metadata) = options.raw("metadata")? {
        for (name, value) in entries(env, "metadata", metadata)? {
            builder = builder.metadata(name, json::value(env, value)?);
        }
    }
    builder = builder.on_decision(observer(env, options.function("onDecision")?));
    options.finish()?;
    Ok(ResourceServer { server: builder.build().or_throw(env)?, clock })
}

/// The name of an option, and what it sets.
type ListSetter = (&'static str, fn(Builder, Vec<String>) -> Builder);

fn lists(mut builder: Builder, options: &Options<'_>) -> Result<Builder> {
    let all: [ListSetter; 6] = [
        ("audiences", Builder::audiences),
        ("allowedClients", Builder::allowed_clients),
        ("authorizationServers", Builder::authorization_servers),
        ("scopesSupported", Builder::scopes_supported),
        ("challengeScopes", Builder::challenge_scopes),
        ("algorithms", Builder::algorithms),
    ];
    for (name, set) in all {
        if let Some(list) = options.strings(name)? {
            builder = set(builder, list);
        }
    }
    Ok(builder)
}

/// `process.env` if nothing else is given.
fn variables(env: &Env, given: Option<Unknown<'_>>) -> Result<HashMap<String, String>> {
    let given = match given {
        Some(given) => given,
        None => {
            let process: Object<'_> = env.get_global()?.get_named_property_unchecked("process")?;
            process.get_named_property_unchecked("env")?
        }
    };
    let mut variables = HashMap::new();
    for (name, value) in entries(env, "variables", given)? {
        if value.get_type()? != ValueType::Undefined {
            let text =
                String::from_unknown(value).map_err(|_| config_error(env, &name, "must be a string"))?;
            variables.insert(name, text);
        }
    }
    Ok(variables)
}
