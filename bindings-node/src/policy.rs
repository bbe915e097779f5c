//! What the operations of an MCP endpoint need.

use mcp_bearer::OperationPolicy as Policy;
use mcp_bearer::operation::OperationPolicyBuilder;
use napi::bindgen_prelude::Unknown;
use napi::{Env, Result};
use napi_derive::napi;

use crate::config_error::{OrThrow, config_error};
use crate::handle::Own;
use crate::options::{Options, entries};
use crate::rule::{requirement, rule};

/// What the operations of one MCP endpoint need, decided on the JSON-RPC body: by tool, prompt,
/// resource or method.
#[napi]
#[derive(Clone)]
pub struct OperationPolicy(pub(crate) Policy);

#[napi]
impl OperationPolicy {
    /// Throws a `ConfigError` for a rule that means nothing.
    #[napi(constructor, catch_unwind, ts_args_type = "options: OperationPolicyOptions")]
    pub fn new(env: &Env, options: Option<Unknown<'_>>) -> Result<Self> {
        let options = Options::new(env, "OperationPolicy", options)?;
        let mut policy = Policy::builder();
        if let Some(value) = options.raw("base")? {
            let base = requirement(env, value)?.ok_or_else(|| {
                config_error(env, "base", "must be a Requirement, a scope, or an array of scopes")
            })?;
            policy = policy.base(base);
        }
        policy = named(&options, policy, "tools", OperationPolicyBuilder::tool)?;
        policy = other(&options, policy, "otherTools", OperationPolicyBuilder::other_tools)?;
        policy = named(&options, policy, "prompts", OperationPolicyBuilder::prompt)?;
        policy = other(&options, policy, "otherPrompts", OperationPolicyBuilder::other_prompts)?;
        policy = named(&options, policy, "resources", OperationPolicyBuilder::resource)?;
        policy = named(&options, policy, "resourcePrefixes", OperationPolicyBuilder::resource_prefix)?;
        policy = other(&options, policy, "otherResources", OperationPolicyBuilder::other_resources)?;
        policy = named(&options, policy, "methods", OperationPolicyBuilder::method)?;
        if let Some(methods) = options.strings("publicMethods")? {
            policy = policy.public_methods(methods);
        }
        if let Some(limit) = options.count("bodyLimit", "bytes")? {
            policy = policy.body_limit(limit);
        }
        options.finish()?;
        policy.build().or_throw(env).map(Self)
    }

    /// The largest body in bytes that is judged.
    #[napi(getter, catch_unwind)]
    #[must_use]
    pub fn body_limit(&self) -> f64 {
        self.0.body_limit() as f64
    }

    /// Whether a request with this HTTP method may have a body to be read before it is judged: not CONNECT.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn reads_body(&self, method: String) -> bool {
        Policy::reads_body(&method)
    }

    /// For `permit_operation` in `server.rs`.
    #[napi(skip_typescript, catch_unwind)]
    pub fn handle(&self) -> Own<OperationPolicy> {
        Own(self.clone())
    }
}

type Builder = OperationPolicyBuilder;

fn named(
    options: &Options<'_>,
    policy: Builder,
    name: &'static str,
    add: fn(Builder, String, mcp_bearer::operation::Rule) -> Builder,
) -> Result<Builder> {
    let Some(value) = options.raw(name)? else { return Ok(policy) };
    entries(options.env, name, value)?
        .into_iter()
        .try_fold(policy, |policy, (key, value)| Ok(add(policy, key, rule(options.env, name, value)?)))
}

fn other(
    options: &Options<'_>,
    policy: Builder,
    name: &'static str,
    add: fn(Builder, mcp_bearer::operation::Rule) -> Builder,
) -> Result<Builder> {
    match options.raw(name)? {
        Some(value) => Ok(add(policy, rule(options.env, name, value)?)),
        None => Ok(policy),
    }
}
