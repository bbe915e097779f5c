//! Which tools a caller sees: those that the same rules would let the caller call.
//!
//! It reads no response. A server asks in its own handler of `tools/list`.

use serde_json::{Map, Value};

use super::OperationPolicy;
use super::names::Lookup;
use super::rule::Rule;
use crate::access_token::AccessToken;
use crate::requirement::Requirement;
use crate::server::ResourceServer;

impl ResourceServer {
    /// Leaves in the result of a `tools/list` the tools that [`shows_tool`](Self::shows_tool) shows,
    /// and marks it `cacheScope: "private"`, since it is no longer the same for every caller (MCP
    /// 2026-07-28, "Caching"). A tool without a name is left out; everything else stays as it is.
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// use mcp_bearer::{AccessToken, OperationPolicy, ResourceServer};
    /// use serde_json::{Map, Value, json};
    ///
    /// /// For the handler of `tools/list`.
    /// fn list(server: &ResourceServer, policy: &OperationPolicy, token: &AccessToken) -> Map<String, Value> {
    ///     let mut result = Map::new();
    ///     result.insert("tools".into(), json!([{"name": "list_todos"}, {"name": "create_todo"}]));
    ///     server.filter_tools_list(token, policy, &mut result);
    ///     result
    /// }
    /// # use mcp_bearer::{Decision, Request, Requirement, testing::Issuer};
    /// # let issuer = Issuer::new("https://as.example.com");
    /// # let server = issuer.server("https://mcp.example.com").build()?;
    /// # let policy = OperationPolicy::builder()
    /// #     .tool("list_todos", Requirement::scope("todo:read")?)
    /// #     .tool("create_todo", Requirement::scope("todo:write")?)
    /// #     .build()?;
    /// # let authorization = issuer.token("https://mcp.example.com").scope("todo:read").authorization();
    /// # let request = Request::new("POST", "/").authorization(authorization.as_bytes());
    /// # let std::task::Poll::Ready(Decision::Allowed { token, .. }) =
    /// #     server.try_authorize(&request, &Requirement::none()) else { panic!() };
    /// # let listed = Value::from(list(&server, &policy, &token));
    /// # assert_eq!(listed, json!({"tools": [{"name": "list_todos"}], "cacheScope": "private"}));
    /// # }
    /// # Ok::<(), mcp_bearer::ConfigError>(())
    /// ```
    pub fn filter_tools_list(
        &self,
        token: &AccessToken,
        policy: &OperationPolicy,
        result: &mut Map<String, Value>,
    ) {
        if let Some(tools) = result.get_mut("tools").and_then(Value::as_array_mut) {
            tools.retain(|tool| {
                let name = tool.get("name").and_then(Value::as_str);
                name.is_some_and(|name| self.shows_tool(token, policy, name))
            });
        }
        result.insert("cacheScope".into(), "private".into());
    }
}

impl OperationPolicy {
    /// What every call of a tool needs, whatever its arguments; `None` where no token is enough.
    pub(crate) fn needs_of_tool(&self, name: &str) -> Option<impl Iterator<Item = &Requirement>> {
        let rule = match self.0.tools.look_up(name) {
            Lookup::Open => None,
            Lookup::Rules(rule, _) => Some(rule),
            Lookup::Closed => return None,
        };
        let rules = [self.0.methods.get("tools/call"), rule];
        Some([&self.0.base].into_iter().chain(rules.into_iter().flatten().filter_map(Rule::fixed)))
    }
}
