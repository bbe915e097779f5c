//! The MCP server: three tools, and the policy that says what each needs.
//!
//! The policy is attached to the endpoint and judges the JSON-RPC message itself, so that a refused
//! call is an HTTP 403 before any tool runs. A tool that the policy does not name is refused.

use axum::http::request::Parts;
use axum::routing::{MethodRouter, any_service};
use mcp_bearer::axum::OperationsLayer;
use mcp_bearer::{AccessToken, ConfigError, OperationPolicy, Requirement, ResourceServer};
use rmcp::handler::server::common::{AsRequestContext, FromContextPart};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::schemars::{self, JsonSchema};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, Json, ServerHandler, tool, tool_handler, tool_router};
use serde::{Deserialize, Serialize};

use crate::todos::{Owner, Todo, Todos};

pub(crate) fn endpoint(server: ResourceServer, todos: Todos) -> Result<MethodRouter, ConfigError> {
    let policy = OperationPolicy::builder()
        .tool("list_todos", Requirement::scope("todo:read")?)
        .tool("create_todo", Requirement::scope("todo:write")?)
        .tool("delete_todo", Requirement::scope("todo:delete")?)
        .build()?;

    // Stateless: every request carries its token, and nothing else says who is calling. A page that
    // reaches this server by a rebound host name has no token, so that any host name will do.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts();
    let mcp = StreamableHttpService::new(
        move || Ok(TodoTools { todos: todos.clone() }),
        NeverSessionManager::default().into(),
        config,
    );
    Ok(any_service(mcp).layer(OperationsLayer::new(server, policy)))
}

#[derive(Clone)]
struct TodoTools {
    todos: Todos,
}

#[derive(Deserialize, JsonSchema)]
struct NewTodo {
    title: String,
}

#[derive(Deserialize, JsonSchema)]
struct TodoId {
    id: String,
}

#[derive(Serialize, JsonSchema)]
struct Done {
    success: bool,
}

#[tool_router]
impl TodoTools {
    #[tool(description = "List your todos")]
    fn list_todos(&self, Caller(owner): Caller) -> Json<Vec<Todo>> {
        Json(self.todos.list(&owner))
    }

    #[tool(description = "Create a todo")]
    fn create_todo(&self, Caller(owner): Caller, Parameters(new): Parameters<NewTodo>) -> Json<Todo> {
        Json(self.todos.create(owner, new.title))
    }

    #[tool(description = "Delete a todo")]
    fn delete_todo(
        &self,
        Caller(owner): Caller,
        Parameters(TodoId { id }): Parameters<TodoId>,
    ) -> Result<Json<Done>, ErrorData> {
        if self.todos.delete(&owner, &id) {
            Ok(Json(Done { success: true }))
        } else {
            Err(ErrorData::resource_not_found("no such todo", None))
        }
    }
}

#[tool_handler]
impl ServerHandler for TodoTools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("todo-axum", env!("CARGO_PKG_VERSION")))
    }
}

/// Whose request it is, as an argument of tools.
struct Caller(Owner);

/// The guard has left the token in the request, and rmcp hands the request on.
impl<C: AsRequestContext> FromContextPart<C> for Caller {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        let request = context.as_request_context().extensions.get::<Parts>();
        let token = request.and_then(|request| request.extensions.get::<AccessToken>());
        let token = token.ok_or_else(|| ErrorData::internal_error("no guard is installed", None))?;
        Owner::of(token).map(Self).ok_or_else(|| ErrorData::invalid_request("the token names nobody", None))
    }
}
