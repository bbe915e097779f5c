//! What a JSON-RPC message needs of a token: a pure function of method, headers, body and policy.
//!
//! It does not verify tokens, does no I/O and does not buffer bodies. Its order is that of
//! `OperationPolicy::judge`: headers, bytes, structure, mirrored headers, rules. Whatever
//! cannot be judged is refused, so that what was judged is what runs.
//!
//! A list of tools can be cut down to those that a token may call:
//! [`filter_tools_list`](crate::ResourceServer::filter_tools_list).
//!
//! The rules are those of the MCP specification, revision 2026-07-28, and of JSON-RPC 2.0; older
//! revisions are subsets, batches (2025-03-26) and `resources/subscribe` apart.

mod body;
mod builder;
mod listing;
mod named;
mod names;
mod read;
mod request;
mod resources;
mod rule;
mod target;
mod uri;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::access_token::AccessToken;
use crate::error::Reason;
use crate::json::raw;
use crate::requirement::Requirement;

use self::body::Body;
use self::names::{Lookup, Names};
use self::resources::Resources;
use self::target::{Target, Targets};

pub use self::builder::OperationPolicyBuilder;
pub use self::named::Operation;
pub use self::request::OperationRequest;
pub use self::rule::{Call, CallError, Rule};

/// What the operations of one MCP endpoint need: by tool, prompt, resource or method. Cheap to
/// clone.
///
/// ```
/// use mcp_bearer::{OperationPolicy, Requirement};
///
/// let policy = OperationPolicy::builder()
///     .tool("list_todos", Requirement::scope("todo:read")?)
///     .tool("create_todo", Requirement::scope("todo:write")?)
///     .resource_prefix("todo://items/", Requirement::scope("todo:read")?)
///     .public_methods(["initialize", "notifications/initialized", "ping", "tools/list"])
///     .build()?;
/// assert!(policy.has_public_operations());
/// # Ok::<(), mcp_bearer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OperationPolicy(Arc<Policy>);

/// What every operation needs, the base, is part of each rule that is fixed.
#[derive(Debug)]
struct Policy {
    base: Requirement,
    tools: Names,
    prompts: Names,
    resources: Resources,
    methods: HashMap<Box<str>, Rule>,
    public_methods: HashSet<Box<str>>,
    body_limit: usize,
}

/// Most tools, prompts and resources that one body may name.
const MAX_TARGETS: usize = 1000;

/// What a request needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs<'p> {
    /// Of all members together, the base included.
    pub(crate) requirement: Cow<'p, Requirement>,
    /// Whether the policy allows every member to anyone at all.
    pub(crate) allowed: bool,
    /// Whether no member needs credentials.
    pub(crate) public: bool,
    /// What the body asks for, if it has been read.
    pub(crate) operation: Option<Operation<'p>>,
}

/// Why a request cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    /// The body of a 400.
    pub(crate) rpc: Option<RpcError>,
}

/// A JSON-RPC error object (JSON-RPC 2.0 section 5.1). Constant: nothing of the request enters it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RpcError {
    pub(crate) code: i32,
    pub(crate) message: &'static str,
}

impl OperationPolicy {
    /// A policy that names nothing yet.
    #[must_use]
    pub fn builder() -> OperationPolicyBuilder {
        OperationPolicyBuilder::new()
    }

    /// The largest body in bytes that is judged.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.0.body_limit
    }

    /// Whether some requests need no credentials, so that the body of a request without any must
    /// be read.
    #[must_use]
    pub fn has_public_operations(&self) -> bool {
        !self.0.public_methods.is_empty()
    }

    /// Whether there is a body to be read before the request can be judged. In place of one, CONNECT
    /// has a tunnel (RFC 9110 section 9.3.6), which is refused as it is.
    #[must_use]
    pub fn reads_body(method: &str) -> bool {
        !method.eq_ignore_ascii_case("CONNECT")
    }

    /// What every operation at the endpoint needs.
    pub(crate) fn base(&self) -> &Requirement {
        &self.0.base
    }

    /// What the request needs. Without a token, no function is called: its answer could not make
    /// the request public.
    pub(crate) fn judge(
        &self,
        request: &OperationRequest<'_>,
        token: Option<&AccessToken>,
    ) -> Result<Needs<'_>, Refusal> {
        if request.opens_a_tunnel() {
            return Err(Refusal::of(Reason::BodyUnsupported));
        }
        if !request.is_post() {
            return self.0.needs_without_body(request);
        }
        if !request.is_plain_json() {
            return Err(Refusal::of(Reason::BodyUnsupported));
        }
        if request.body.len() > self.0.body_limit {
            return Err(Refusal::of(Reason::BodyTooLarge));
        }
        let unreadable = if request.parsed { Refusal::INVALID } else { Refusal::UNREADABLE };
        let body = Body::parse(request.body).map_err(|_| unreadable)?;
        if !body.is_sound() {
            return Err(Refusal::INVALID);
        }
        request.mirrors(&body).map_err(|_| Refusal::MISMATCH)?;
        let needs = self.0.needs(&body, &Texts::new(request.body), token)?;
        Ok(Needs { operation: Some(self.0.operation(&body)), ..needs })
    }
}

impl Policy {
    /// In MCP only a POST has a body. Under another name a handler might still take one for a call, so
    /// that there must be none.
    fn needs_without_body(&self, request: &OperationRequest<'_>) -> Result<Needs<'_>, Refusal> {
        if !request.body.is_empty() {
            return Err(Refusal::of(Reason::BodyUnsupported));
        }
        if request.is_preflight() {
            return Ok(Needs { public: true, allowed: true, ..Needs::default() });
        }
        Ok(Needs::base(self))
    }

    /// A batch needs the union.
    fn needs<'p, 'c>(
        &'p self,
        body: &'c Body<'_>,
        texts: &'c Texts<'_>,
        token: Option<&'c AccessToken>,
    ) -> Result<Needs<'p>, Refusal> {
        let mut needs = Needs { public: true, allowed: true, ..Needs::default() };
        let mut calls = Vec::new();
        let mut named = 0;
        for (index, message) in body.messages.iter().enumerate() {
            let method = message.method.text();
            if method.is_some_and(|method| self.public_methods.contains(method)) {
                continue;
            }
            if needs.public {
                needs = Needs::base(self);
            }
            let Some(method) = method else { continue };
            let targets = Targets::of(method, message.params.object()).map_err(|_| Refusal::INVALID)?;
            named += targets.len();
            if named > MAX_TARGETS {
                return Err(Refusal::INVALID);
            }
            let text = || texts.message(index, body.batch);
            calls.extend(self.add(&mut needs, method, &targets, text, token)?);
        }
        // More scopes can help a token that lacks some, so that its challenge must be complete; a
        // token that is refused for good costs nobody a call.
        if token.is_some_and(|token| needs.allowed && needs.requirement.claims_hold(token)) {
            for (rule, call) in calls {
                let needed = rule.requirement(&call).map_err(|_| Refusal::of(Reason::Internal))?;
                needs.requirement = Cow::Owned(needs.requirement.into_owned().and(needed));
            }
        }
        Ok(needs)
    }

    /// Adds what one message needs, of its method and of all that it names, by rules that are fixed.
    /// Those that are functions are left to be called.
    fn add<'p, 'c>(
        &'p self,
        needs: &mut Needs<'p>,
        method: &'c str,
        targets: &Targets<'c>,
        text: impl Fn() -> Option<&'c str>,
        token: Option<&'c AccessToken>,
    ) -> Result<Vec<(&'p Rule, Call<'c>)>, Refusal> {
        let respelt = target::is_respelt(method)
            || self.methods.keys().any(|own| &**own != method && own.eq_ignore_ascii_case(method));
        if respelt {
            needs.allowed = false;
        }
        let mut functions = Vec::new();
        if let Some(rule) = self.methods.get(method) {
            functions.extend(needs.add(rule).map(|function| (None, function)));
        }
        for target in targets.iter() {
            match self.look_up(target) {
                Lookup::Open => {}
                Lookup::Rules(rule, more) => {
                    let left = [rule].into_iter().chain(more).filter_map(|rule| needs.add(rule));
                    functions.extend(left.map(|function| (Some(target), function)));
                }
                Lookup::Closed => needs.allowed = false,
            }
        }
        let Some(token) = token.filter(|_| !functions.is_empty()) else { return Ok(Vec::new()) };
        let arguments = arguments(text())?;
        let call = |(target, rule): (Option<Target<'c>>, _)| {
            // One message may name many resources, and none of them is called with arguments.
            let called = target.is_none() || matches!(method, "tools/call" | "prompts/get");
            let arguments = arguments.filter(|_| called);
            (rule, Call { method, name: target.map(Target::name), arguments, token })
        };
        Ok(functions.into_iter().map(call).collect())
    }

    fn look_up(&self, target: Target<'_>) -> Lookup<'_> {
        match target {
            Target::Tool(name) => self.tools.look_up(name),
            Target::Prompt(name) => self.prompts.look_up(name),
            Target::Resource(uri) => self.resources.look_up(uri),
            Target::Template(uri) => self.resources.look_up_template(uri),
        }
    }
}

impl<'p> Needs<'p> {
    /// What every operation needs.
    fn base(policy: &'p Policy) -> Self {
        Self { requirement: Cow::Borrowed(&policy.base), allowed: true, ..Self::default() }
    }

    /// Adds what a rule says. A function is given back, to be called.
    fn add(&mut self, rule: &'p Rule) -> Option<&'p Rule> {
        let Some(requirement) = rule.fixed() else { return Some(rule) };
        self.requirement = Requirement::united(std::mem::take(&mut self.requirement), requirement);
        None
    }
}

/// `params.arguments` of a message, in whose `params` no object has two members of one name.
fn arguments(message: Option<&str>) -> Result<Option<&str>, Refusal> {
    let Some(params) = message.and_then(|message| raw::member(message, "params")) else {
        return Ok(None);
    };
    raw::check_duplicates(params).map_err(|_| Refusal::UNREADABLE)?;
    Ok(raw::member(params, "arguments"))
}

/// The text of each message, found when a function first asks.
struct Texts<'a> {
    body: &'a [u8],
    items: OnceCell<Vec<&'a str>>,
}

impl<'a> Texts<'a> {
    const fn new(body: &'a [u8]) -> Self {
        Self { body, items: OnceCell::new() }
    }

    fn message(&self, index: usize, batch: bool) -> Option<&'a str> {
        let items = self.items.get_or_init(|| {
            let text = std::str::from_utf8(self.body).unwrap_or_default();
            if batch { raw::items(text).collect() } else { vec![text] }
        });
        items.get(index).copied()
    }
}

impl Refusal {
    /// Not JSON that every parser reads alike.
    const UNREADABLE: Self = Self::rpc(-32700, "Parse error");
    /// Not a JSON-RPC message or batch that can be judged.
    const INVALID: Self = Self::rpc(-32600, "Invalid Request");
    /// MCP 2026-07-28, Streamable HTTP, "Server Validation".
    const MISMATCH: Self = Self::rpc(-32020, "Header mismatch");

    const fn of(reason: Reason) -> Self {
        Self { reason, rpc: None }
    }

    const fn rpc(code: i32, message: &'static str) -> Self {
        Self { reason: Reason::BodyMalformed, rpc: Some(RpcError { code, message }) }
    }
}

#[cfg(test)]
mod tests;
