"""The official SDK: its tools see who is calling, two users at once, with and without sessions."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from mcp_bearer import OperationPolicy, ResourceServer
from mcp_bearer.asgi import BearerMiddleware, OperationsMiddleware

from .support import RESOURCE, Authority

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running(server: ResourceServer, stateless: bool) -> Any:
    mcp = MCPServer("who")
    together = asyncio.Barrier(2) if hasattr(asyncio, "Barrier") else None

    @mcp.tool()
    async def who(ctx: Context) -> str:
        # Both calls are inside the tool at the same time.
        if together is not None:
            await asyncio.wait_for(together.wait(), 10)
        token = get_access_token()
        request: Any = ctx.request_context.request
        assert token is None or request.state.access_token.secret == token.token
        return f"{token.subject} {token.client_id}" if token else "nobody"

    @mcp.tool()
    async def forbidden() -> str:
        raise AssertionError

    app = mcp.streamable_http_app(
        stateless_http=stateless,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    policy = OperationPolicy(tools={"who": "todo:read", "forbidden": "todo:write"})
    async with mcp.session_manager.run():
        yield BearerMiddleware(OperationsMiddleware(app, policy), server)


def connection(app: Any, headers: dict[str, str]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), headers=headers)


@pytest.mark.parametrize("stateless", [True, False])
async def test_two_users_at_once(server: ResourceServer, issuer: Authority, stateless: bool) -> None:
    async with running(server, stateless) as app:

        async def call(user: str) -> str:
            headers = issuer.bearer(sub=user, client_id=f"{user}-cli")
            async with (
                connection(app, headers) as http,
                Client(streamable_http_client(RESOURCE, http_client=http)) as client,
            ):
                result = await client.call_tool("who", {})
                return str(result.content[0].text)  # type: ignore[union-attr]

        answers = await asyncio.gather(call("alice"), call("bob"))
    assert list(answers) == ["alice alice-cli", "bob bob-cli"]


async def initialize(http: httpx2.AsyncClient) -> httpx2.Response:
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    accept = {"accept": "application/json, text/event-stream"}
    return await http.post(RESOURCE, json=message, headers=accept)


async def test_a_session_belongs_to_its_user(server: ResourceServer, issuer: Authority) -> None:
    async with running(server, stateless=False) as app:
        async with connection(app, issuer.bearer()) as http:
            session = {"mcp-session-id": (await initialize(http)).headers["mcp-session-id"]}
        for headers, status in [
            ({}, 401),
            (issuer.bearer(sub="bob"), 404),
            (issuer.bearer(client_id="other"), 404),
            (issuer.bearer(jti="refreshed"), 200),
        ]:
            async with connection(app, headers) as http:
                answer = await http.delete(RESOURCE, headers=session)
                assert answer.status_code == status, headers


async def test_a_refused_tool_is_an_http_403(server: ResourceServer, issuer: Authority) -> None:
    async with running(server, stateless=True) as app, connection(app, issuer.bearer()) as http:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "forbidden"}}
        answer = await http.post(RESOURCE, json=message)
        assert answer.status_code == 403
        assert 'scope="todo:write"' in answer.headers["www-authenticate"]
