"""The programs of the page about frameworks, run as they stand there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import django.conf
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.testclient import TestClient

from .documents import FOLDER, check_types, programs, run
from .support import METADATA, Authority, rpc

STARLETTE, LITESTAR, DJANGO, FASTMCP, SDK, LIST = programs(FOLDER / "docs" / "frameworks.md")

pytestmark = pytest.mark.usefixtures("known")


def with_django(program: str) -> dict[str, Any]:
    django.conf.settings.configure(ROOT_URLCONF="program", ALLOWED_HOSTS=["mcp.example.com"])
    return run(program)


@pytest.mark.parametrize(("program", "runs"), [(STARLETTE, run), (LITESTAR, run), (DJANGO, with_django)])
def test_a_framework(issuer: Authority, program: str, runs: Callable[[str], dict[str, Any]]) -> None:
    http = TestClient(runs(program)["app"], base_url="https://mcp.example.com")
    for path in ("/todos", "/nowhere"):
        answer = http.get(path)
        assert answer.status_code == 401
        assert f'resource_metadata="https://mcp.example.com{METADATA}"' in answer.headers["www-authenticate"]
    answer = http.get("/todos", headers=issuer.bearer("other"))
    assert answer.status_code == 403
    assert 'scope="todo:read", resource_metadata=' in answer.headers["www-authenticate"]
    assert answer.json()["error"] == "insufficient_scope"
    assert http.get("/todos", headers=issuer.bearer()).json() == {"user": "alice"}
    assert http.get("/nowhere", headers=issuer.bearer()).status_code == 404
    assert http.get(METADATA).status_code == 200


@pytest.mark.parametrize("program", [STARLETTE, LITESTAR, DJANGO, FASTMCP, SDK, LIST])
def test_they_are_short(program: str) -> None:
    assert len([line for line in program.splitlines() if line]) <= 15


@pytest.mark.parametrize("program", [FASTMCP, SDK])
def test_an_mcp_server(issuer: Authority, program: str) -> None:
    names = run(program)
    # FastMCP by itself serves loopback hosts only.
    host = "http://127.0.0.1:8000" if program is FASTMCP else "https://mcp.example.com"
    with TestClient(names["app"], base_url=host) as http:
        message = rpc("tools/call", name="whoami", arguments={})
        accept = {"accept": "application/json, text/event-stream"}
        assert http.post("/mcp", json=message, headers=accept).status_code == 401
        assert http.post("/mcp", json=message, headers=issuer.bearer("other") | accept).status_code == 403
        info = {"name": "test", "version": "1"}
        first = rpc("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=info)
        headers = issuer.bearer() | accept
        session = http.post("/mcp", json=first, headers=headers)
        assert session.status_code == 200
        headers["mcp-session-id"] = session.headers["mcp-session-id"]
        if program is FASTMCP:
            assert "alice" in http.post("/mcp", json=message, headers=headers).text


async def nothing() -> None:
    pass


@pytest.mark.anyio
async def test_a_list_of_visible_tools(issuer: Authority) -> None:
    names = run(LIST)
    mcp, app = names["mcp"], names["app"]
    for name in ("create_todo", "list_todos", "unlisted"):
        mcp.add_tool(nothing, name=name)
    async with mcp.session_manager.run():
        for scope, visible in [
            ("todo:read", ["list_todos"]),
            ("todo:read todo:write", ["create_todo", "list_todos"]),
            ("other", []),
        ]:
            transport = httpx2.ASGITransport(app=app)
            async with (
                httpx2.AsyncClient(transport=transport, headers=issuer.bearer(scope)) as http,
                Client(streamable_http_client("https://mcp.example.com/mcp", http_client=http)) as client,
            ):
                listed = await client.list_tools()
                assert [tool.name for tool in listed.tools] == visible
                assert listed.cache_scope == "private"


def test_they_have_types(tmp_path: Path) -> None:
    check_types([STARLETTE, LITESTAR, DJANGO, FASTMCP, SDK, LIST], tmp_path)
