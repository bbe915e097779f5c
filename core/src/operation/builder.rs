//! The settings of an [`OperationPolicy`], checked once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::names::Names;
use super::resources::Resources;
use super::rule::Rule;
use super::target::names_a_target;
use super::{OperationPolicy, Policy, uri};
use crate::error::ConfigError;
use crate::requirement::Requirement;

/// Collects an [`OperationPolicy`].
#[derive(Clone, Debug)]
pub struct OperationPolicyBuilder {
    base: Requirement,
    tools: Vec<(String, Rule)>,
    other_tools: Vec<Rule>,
    prompts: Vec<(String, Rule)>,
    other_prompts: Vec<Rule>,
    resources: Vec<(String, Rule)>,
    resource_prefixes: Vec<(String, Rule)>,
    other_resources: Vec<Rule>,
    methods: Vec<(String, Rule)>,
    public_methods: Vec<String>,
    body_limit: usize,
}

impl OperationPolicyBuilder {
    pub(super) fn new() -> Self {
        Self {
            base: Requirement::none(),
            tools: Vec::new(),
            other_tools: Vec::new(),
            prompts: Vec::new(),
            other_prompts: Vec::new(),
            resources: Vec::new(),
            resource_prefixes: Vec::new(),
            other_resources: Vec::new(),
            methods: Vec::new(),
            public_methods: Vec::new(),
            body_limit: 4 * 1024 * 1024,
        }
    }

    /// What every operation at the endpoint needs besides its own rule: also those that no rule
    /// names, notifications, responses, and GET and DELETE. By default a valid token; given twice,
    /// both.
    #[must_use]
    pub fn base(mut self, requirement: Requirement) -> Self {
        self.base = self.base.and(requirement);
        self
    }

    /// What `tools/call` of this tool needs. Once one tool is named, calling any other is
    /// `operation_not_allowed` unless [`other_tools`](Self::other_tools) says what it needs.
    #[must_use]
    pub fn tool(mut self, name: impl Into<String>, rule: impl Into<Rule>) -> Self {
        self.tools.push((name.into(), rule.into()));
        self
    }

    /// What all other tools need.
    #[must_use]
    pub fn other_tools(mut self, rule: impl Into<Rule>) -> Self {
        self.other_tools.push(rule.into());
        self
    }

    /// What `prompts/get` of this prompt needs, and completing its arguments.
    #[must_use]
    pub fn prompt(mut self, name: impl Into<String>, rule: impl Into<Rule>) -> Self {
        self.prompts.push((name.into(), rule.into()));
        self
    }

    /// What all other prompts need.
    #[must_use]
    pub fn other_prompts(mut self, rule: impl Into<Rule>) -> Self {
        self.other_prompts.push(rule.into());
        self
    }

    /// What this resource needs: to be read, subscribed to, unsubscribed from, listened to, or
    /// completed. A query or fragment does not make it another resource.
    ///
    /// Of URIs that some server might read as another one (dot segments, escaped slashes, a scheme
    /// or host in upper case, a name before the host, and so on) only the exact spelling matches, and
    /// no prefix ever does. One with a port needs a rule that spells the port. The
    /// template that a completion refers to can be named here, too.
    #[must_use]
    pub fn resource(mut self, uri: impl Into<String>, rule: impl Into<Rule>) -> Self {
        self.resources.push((uri.into(), rule.into()));
        self
    }

    /// What all resources need whose URI is this or continues it after a slash, such as
    /// `todo://items` or `todo://`. The longest prefix that matches holds; an exact
    /// [`resource`](Self::resource) goes before all.
    #[must_use]
    pub fn resource_prefix(mut self, prefix: impl Into<String>, rule: impl Into<Rule>) -> Self {
        self.resource_prefixes.push((prefix.into(), rule.into()));
        self
    }

    /// What all other resources need.
    #[must_use]
    pub fn other_resources(mut self, rule: impl Into<Rule>) -> Self {
        self.other_resources.push(rule.into());
        self
    }

    /// What this JSON-RPC method needs, such as `logging/setLevel` or `tasks/result`. For a method
    /// whose tool, prompt or resource has a rule of its own, both hold.
    #[must_use]
    pub fn method(mut self, name: impl Into<String>, rule: impl Into<Rule>) -> Self {
        self.methods.push((name.into(), rule.into()));
        self
    }

    /// Methods that need no credentials, such as `initialize`, `notifications/initialized`,
    /// `ping`, `server/discover` and `tools/list`. Bad credentials are refused all the same.
    #[must_use]
    pub fn public_methods<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.public_methods.extend(names.into_iter().map(Into::into));
        self
    }

    /// The largest body in bytes. By default 4 MiB.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The policy.
    ///
    /// # Errors
    /// An empty name; a name or prefix with two rules; a prefix that no URI in its canonical form
    /// starts with; a public method that has a rule, or that calls a tool, gets a prompt or reads a
    /// resource; a body limit of 0.
    pub fn build(mut self) -> Result<OperationPolicy, ConfigError> {
        if self.body_limit == 0 {
            return Err(ConfigError::new("body_limit", "must be at least 1 byte"));
        }
        let named = [
            &mut self.tools,
            &mut self.prompts,
            &mut self.resources,
            &mut self.resource_prefixes,
            &mut self.methods,
        ];
        let others = [&mut self.other_tools, &mut self.other_prompts, &mut self.other_resources];
        let named = named.into_iter().flatten().map(|(_, rule)| rule);
        named.chain(others.into_iter().flatten()).for_each(|rule| rule.include(&self.base));

        let methods = by_name("methods", self.methods)?;
        let public_methods = public("public_methods", self.public_methods, &methods)?;
        Ok(OperationPolicy(Arc::new(Policy {
            base: self.base,
            tools: Names {
                rules: by_name("tools", self.tools)?,
                others: at_most_one("other_tools", self.other_tools)?,
            },
            prompts: Names {
                rules: by_name("prompts", self.prompts)?,
                others: at_most_one("other_prompts", self.other_prompts)?,
            },
            resources: Resources {
                exact: exact("resources", self.resources)?,
                prefixes: prefixes("resource_prefixes", self.resource_prefixes)?,
                others: at_most_one("other_resources", self.other_resources)?,
            },
            methods,
            public_methods,
            body_limit: self.body_limit,
        })))
    }
}

fn by_name<M: Extend<(Box<str>, Rule)> + Default>(
    setting: &str,
    rules: Vec<(String, Rule)>,
) -> Result<M, ConfigError> {
    let mut names = HashSet::new();
    if rules.iter().any(|(name, _)| name.is_empty()) {
        return Err(ConfigError::new(setting, "must have a name"));
    }
    if let Some((name, _)) = rules.iter().find(|(name, _)| !names.insert(name)) {
        return Err(ConfigError::new(setting, format!("{name:?} has two rules; give it one")));
    }
    let mut map = M::default();
    map.extend(rules.into_iter().map(|(name, rule)| (name.into_boxed_str(), rule)));
    Ok(map)
}

fn exact<M: Extend<(Box<str>, Rule)> + Default>(
    setting: &str,
    rules: Vec<(String, Rule)>,
) -> Result<M, ConfigError> {
    let rules = rules.into_iter().map(|(uri, rule)| {
        let key = match uri::canonical(&uri) {
            Some(canonical) if uri::path(&canonical) == canonical => uri::trim_slash(&canonical).to_owned(),
            Some(canonical) => canonical.into_owned(),
            None => uri,
        };
        (key, rule)
    });
    by_name(setting, rules.collect())
}

fn prefixes(setting: &str, rules: Vec<(String, Rule)>) -> Result<Vec<(Box<str>, Rule)>, ConfigError> {
    let mut prefixes = Vec::with_capacity(rules.len());
    for (prefix, rule) in rules {
        let Some(canonical) = uri::canonical_prefix(&prefix) else {
            return Err(ConfigError::new(
                setting,
                format!(
                    "{prefix:?} is no start of a URI in its plain form, in lower case as far as the host, such as todo://items/"
                ),
            ));
        };
        prefixes.push((canonical.into_owned(), rule));
    }
    let mut prefixes: Vec<_> = by_name(setting, prefixes)?;
    prefixes.sort_by_key(|(prefix, _): &(Box<str>, Rule)| std::cmp::Reverse(prefix.len()));
    Ok(prefixes)
}

fn at_most_one(setting: &str, mut rules: Vec<Rule>) -> Result<Option<Rule>, ConfigError> {
    let rule = rules.pop();
    if rules.is_empty() { Ok(rule) } else { Err(ConfigError::new(setting, "has two rules; give it one")) }
}

fn public(
    setting: &str,
    names: Vec<String>,
    methods: &HashMap<Box<str>, Rule>,
) -> Result<HashSet<Box<str>>, ConfigError> {
    for name in &names {
        if name.is_empty() {
            return Err(ConfigError::new(setting, "must be names of methods, such as ping"));
        }
        if methods.contains_key(name.as_str()) {
            return Err(ConfigError::new(setting, format!("{name:?} has a rule, so it cannot be public")));
        }
        if names_a_target(name) {
            return Err(ConfigError::new(
                setting,
                format!("{name:?} reaches tools, prompts or resources, so it cannot be public"),
            ));
        }
    }
    Ok(names.into_iter().map(String::into_boxed_str).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Requirement {
        Requirement::scope("x").unwrap()
    }

    fn setting(builder: OperationPolicyBuilder) -> Option<String> {
        builder.build().err().map(|error| error.setting)
    }

    #[test]
    fn conflicts_are_named() {
        let new = OperationPolicyBuilder::new;
        for (expected, builder) in [
            ("tools", new().tool("a", rule()).tool("a", rule())),
            ("tools", new().tool("", rule())),
            ("other_tools", new().other_tools(rule()).other_tools(rule())),
            ("prompts", new().prompt("a", rule()).prompt("a", rule())),
            ("prompts", new().prompt("", rule())),
            ("other_prompts", new().other_prompts(rule()).other_prompts(rule())),
            ("resources", new().resource("u:a", rule()).resource("u:a", rule())),
            ("resources", new().resource("u://a", rule()).resource("u://a/", rule())),
            ("resources", new().resource("u:\u{e9}", rule()).resource("u:%C3%A9", rule())),
            ("resources", new().resource("", rule())),
            ("resource_prefixes", new().resource_prefix("u://a", rule()).resource_prefix("u://a/", rule())),
            ("resource_prefixes", new().resource_prefix("", rule())),
            ("resource_prefixes", new().resource_prefix("u://a/../b", rule())),
            ("resource_prefixes", new().resource_prefix("https://HOST/", rule())),
            ("other_resources", new().other_resources(rule()).other_resources(rule())),
            ("methods", new().method("a", rule()).method("a", rule())),
            ("methods", new().method("", rule())),
            ("public_methods", new().public_methods([""])),
            ("public_methods", new().method("ping", rule()).public_methods(["ping"])),
            ("public_methods", new().public_methods(["ping", "tools/call"])),
            ("public_methods", new().public_methods(["prompts/get"])),
            ("public_methods", new().public_methods(["resources/read"])),
            ("public_methods", new().public_methods(["resources/other"])),
            ("public_methods", new().public_methods(["completion/complete"])),
            ("public_methods", new().public_methods(["subscriptions/listen"])),
            ("body_limit", new().body_limit(0)),
        ] {
            assert_eq!(setting(builder.clone()).as_deref(), Some(expected), "{builder:?}");
        }
    }

    #[test]
    fn different_names_are_no_conflict() {
        let new = OperationPolicyBuilder::new;
        for builder in [
            new(),
            new().base(rule()).base(rule()).body_limit(1),
            new()
                .tool("a", rule())
                .tool("A", rule())
                .prompt("a", rule())
                .method("a", rule())
                .other_tools(rule()),
            new().resource("u://a", rule()).resource_prefix("u://a", rule()).resource("no uri", rule()),
            new().method("tools/call", rule()).tool("a", rule()),
            new().public_methods([
                "ping",
                "ping",
                "tools/list",
                "resources/list",
                "resources/templates/list",
            ]),
        ] {
            assert_eq!(setting(builder), None);
        }
    }
}
