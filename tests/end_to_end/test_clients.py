"""The official Python client, with a token that it was given: it lists and calls tools.

How a client comes by its token is the demo's subject; here the token is minted.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from conftest import each
from expect import describe
from issuer import Issuer
from servers import PLAIN_GATEWAYS, Server, Target, any_provider

Mint = Callable[..., str]
Hook = Callable[[httpx2.Response], Awaitable[None]]
EVERY_SCOPE = "todo:read todo:write todo:delete"
# The revision with stateless requests and mirrored headers, and the one with handshake and session.
MODES = ["auto", "legacy"]


@asynccontextmanager
async def connected(url: str, token: str, mode: str, *hooks: Hook) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=20, event_hooks={"response": [*hooks]}) as http_client,
        Client(streamable_http_client(url, http_client=http_client), mode=mode) as client,
    ):
        yield client


def endpoint(server: Server) -> str:
    return server.origin + server.path


@pytest.mark.parametrize("mode", MODES)
def test_two_users_at_once(any_todo: Server, mode: str, mint: Mint, user: str) -> None:
    """Each sees only their own todos, while both are at work."""

    async def work(client: Client, name: str) -> list[str]:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert tools == {"list_todos", "create_todo", "delete_todo"}, describe(any_todo, "list_tools", "the three", tools)
        made = []
        for number in range(5):
            created = await client.call_tool("create_todo", {"title": f"{name} {number}"})
            assert not created.is_error and created.structured_content, created
            made.append(created.structured_content)
        deleted = await client.call_tool("delete_todo", {"id": made.pop()["id"]})
        assert deleted.structured_content == {"success": True}, deleted
        listed = await client.call_tool("list_todos", {})
        assert not listed.is_error, listed
        return [todo["title"] for todo in todos(listed)]

    async def both() -> tuple[list[str], list[str]]:
        async with (
            connected(endpoint(any_todo), mint(any_todo, EVERY_SCOPE, sub=f"{user}-ada"), mode) as ada,
            connected(endpoint(any_todo), mint(any_todo, EVERY_SCOPE, sub=f"{user}-bob"), mode) as bob,
        ):
            return await asyncio.gather(work(ada, "ada"), work(bob, "bob"))

    ada, bob = asyncio.run(both())
    assert (ada, bob) == ([f"ada {number}" for number in range(4)], [f"bob {number}" for number in range(4)])


def todos(listed: Any) -> list[dict[str, str]]:
    """The array of `list_todos`, in text. Structured content could not be an array before 2026-07-28."""
    found: list[dict[str, str]] = json.loads(listed.content[0].text)
    structured = listed.structured_content
    wrapped = [*structured.values()] if isinstance(structured, dict) else [structured]
    assert structured is None or found in wrapped, structured
    return found


@pytest.mark.parametrize("mode", MODES)
def test_refused_tool_is_an_http_403(any_todo: Server, mode: str, mint: Mint) -> None:
    seen: list[int] = []

    async def record(response: httpx2.Response) -> None:
        seen.append(response.status_code)

    async def run() -> None:
        async with connected(endpoint(any_todo), mint(any_todo), mode, record) as client:
            assert not (await client.call_tool("list_todos", {})).is_error
            with pytest.raises(Exception):  # noqa: B017, PT011  (the SDK's own, whatever it is)
                await client.call_tool("create_todo", {"title": "x"})
            assert not (await client.call_tool("list_todos", {})).is_error

    asyncio.run(run())
    assert seen.count(403) == 1 and not {401, 500} & set(seen), describe(any_todo, "create_todo", "one 403", seen)


@pytest.fixture(scope="module")
def sdk_upstream() -> Iterator[Server]:
    """On the SDK's own path, /mcp."""
    server = Server(Target("sdk-upstream", "tests/end_to_end"), "/mcp", {}, [sys.executable, "sdk_upstream.py"])
    yield server
    server.stop()


@pytest.fixture(scope="module", **each(PLAIN_GATEWAYS))
def gateway(request: pytest.FixtureRequest, sdk_upstream: Server, issuer: Issuer, policy_file: Any) -> Iterator[Server]:
    environment = {"UPSTREAM": sdk_upstream.resource, "OPERATION_POLICY": str(policy_file)}
    server = Server(request.param, "/mcp", any_provider(issuer) | environment)
    yield server
    server.stop()


@pytest.mark.parametrize("mode", MODES)
def test_real_server_behind_a_gateway(gateway: Server, mode: str, mint: Mint) -> None:
    """Handshake, session, streamed progress, goodbye: nothing is broken on the way."""

    async def run() -> list[float]:
        steps: list[float] = []

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            steps.append(progress)

        async with connected(endpoint(gateway), mint(gateway), mode) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == {"list_todos", "create_todo", "stream_todos"}, names
            assert (await client.call_tool("list_todos", {})).structured_content == {"result": ["milk"]}
            streamed = await client.call_tool("stream_todos", {}, progress_callback=on_progress)
            assert streamed.structured_content == {"result": "streamed"}
            with pytest.raises(Exception):  # noqa: B017, PT011
                await client.call_tool("create_todo", {"title": "x"})
        async with connected(endpoint(gateway), mint(gateway, "todo:write"), mode) as client:
            assert (await client.call_tool("create_todo", {"title": "x"})).structured_content == {"result": "x"}
        return steps

    assert asyncio.run(run()) == [0, 1, 2]
