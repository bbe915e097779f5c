"""The MCP server: three tools, and the policy that says what each needs.

The policy is attached to the endpoint and judges the JSON-RPC message itself, so that a refused
call is an HTTP 403 before any tool runs. A tool that the policy does not name is refused.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import CallToolResult, TextContent
from mcp_bearer import OperationPolicy
from pydantic import BaseModel
from starlette.applications import Starlette

from todos import Owner, Todo, todos

POLICY = OperationPolicy(
    tools={"list_todos": "todo:read", "create_todo": "todo:write", "delete_todo": "todo:delete"}
)

mcp = MCPServer("todo-fastapi")


class Listed(BaseModel):
    """Structured content is an object for most clients, and an array has to be wrapped."""

    result: list[Todo]


class Done(BaseModel):
    """What there is to say after a deletion."""

    success: bool


@mcp.tool()
async def list_todos() -> Annotated[CallToolResult, Listed]:
    """List your todos."""
    listed = [todo.model_dump() for todo in todos.list(caller())]
    return answer(listed, {"result": listed})


@mcp.tool()
async def create_todo(title: str) -> Annotated[CallToolResult, Todo]:
    """Create a todo."""
    todo = todos.create(caller(), title).model_dump()
    return answer(todo, todo)


@mcp.tool()
async def delete_todo(id: str) -> Annotated[CallToolResult, Done]:  # noqa: A002  (the tool's argument)
    """Delete a todo."""
    if not todos.delete(caller(), id):
        raise ToolError("no such todo")
    return answer({"success": True}, {"success": True})


def caller() -> Owner:
    """Return whose call it is: the guard has left the token where the SDK looks for it."""
    token = get_access_token()
    if token is None or token.claims is None:
        raise RuntimeError("no guard is installed")
    owner = Owner.of(token.claims["iss"], token.subject, token.client_id)
    if owner is None:
        raise ToolError("the token names nobody")
    return owner


def answer(text: Any, structured: dict[str, Any]) -> CallToolResult:
    """Give the same to models, as text, and to programs."""
    return CallToolResult(
        content=[TextContent(type="text", text=json.dumps(text))], structured_content=structured
    )


def application(path: str) -> Starlette:
    """Return the MCP server as an ASGI application, serving at one path.

    It is stateless: every request carries its token, and nothing else says who is calling. A page
    that reaches this server by a rebound host name has no token, so that any host name will do.
    """
    return mcp.streamable_http_app(
        streamable_http_path=path,
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Run the MCP server for as long as the application runs."""
    async with mcp.session_manager.run():
        yield
