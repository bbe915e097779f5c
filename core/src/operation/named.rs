//! What a body asks for, in words that are ours: those of the policy, and of the MCP specification.

use std::fmt;

use super::Policy;
use super::body::Body;
use super::target::{Target, Targets};

/// An operation of MCP, for logs and metrics. Nothing of a request is in it: a name that neither the
/// policy nor the specification knows is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation<'a> {
    /// The JSON-RPC method, such as `tools/call`; `batch` for several messages, `response` for an
    /// answer to the server, `other` for a method that is not known here.
    pub method: &'a str,
    /// The tool or the prompt, if the policy names it.
    pub name: Option<&'a str>,
}

/// The method, and the name behind a space.
impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method)?;
        self.name.map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

impl Policy {
    /// What a body asks for.
    pub(super) fn operation(&self, body: &Body<'_>) -> Operation<'_> {
        let unnamed = |method| Operation { method, name: None };
        let [message] = &*body.messages else { return unnamed("batch") };
        let Some(method) = message.method.text() else { return unnamed("response") };
        let names = match method {
            "tools/call" => &self.tools,
            "prompts/get" => &self.prompts,
            _ => return unnamed(self.method(method)),
        };
        let target = Targets::of(method, message.params.object()).ok().and_then(|all| all.iter().next());
        let rule = target.map(Target::name).and_then(|name| names.rules.get_key_value(name));
        Operation { method: self.method(method), name: rule.map(|(name, _)| &**name) }
    }

    fn method(&self, method: &str) -> &str {
        let of_policy = self.methods.get_key_value(method).map(|(own, _)| own);
        let own = of_policy.or_else(|| self.public_methods.get(method)).map(|own| &**own);
        own.or_else(|| METHODS.into_iter().find(|known| *known == method)).unwrap_or("other")
    }
}

/// What clients send, from the MCP schemas 2025-03-26 to 2026-07-28.
const METHODS: [&str; 27] = [
    "tools/call",
    "tools/list",
    "initialize",
    "notifications/initialized",
    "ping",
    "server/discover",
    "resources/read",
    "resources/list",
    "resources/templates/list",
    "resources/directory/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "prompts/get",
    "prompts/list",
    "skills/get",
    "completion/complete",
    "logging/setLevel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/update",
    "tasks/cancel",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
];
