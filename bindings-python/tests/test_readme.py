"""The README's programs, and that of the repository's, run as they stand there."""

import asyncio
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from mcp_bearer.testing import Issuer

from .documents import FOLDER, check_types, programs, run
from .support import TestIssuer, rpc

FASTAPI, MCP, TESTS, NO_FRAMEWORK = programs(FOLDER / "README.md")
(ROOT,) = programs(FOLDER.parent / "README.md")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("program", "todos"), [(FASTAPI, {"user": "alice", "todos": []}), (ROOT, {"todos": "of alice"})]
)
def test_the_fastapi_quickstart(issuer: TestIssuer, program: str, todos: object) -> None:
    assert len(program.strip().splitlines()) <= 14
    http = TestClient(run(program)["app"])
    assert 'scope="todo:read"' in http.get("/todos").headers["www-authenticate"]
    assert http.get("/todos", headers=issuer.bearer("other")).status_code == 403
    assert http.get("/todos", headers=issuer.bearer()).json() == todos


@pytest.mark.usefixtures("known")
def test_the_mcp_quickstart(issuer: TestIssuer) -> None:
    info = {"name": "test", "version": "1"}
    first = rpc("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=info)
    call = rpc("tools/call", name="whoami", arguments={})
    headers = {**issuer.bearer(), "accept": "application/json, text/event-stream"}
    with TestClient(run(MCP)["app"], base_url="https://mcp.example.com") as http:
        assert http.post("/mcp", json=call).status_code == 401
        assert http.post("/mcp", json=call, headers=issuer.bearer("other")).status_code == 403
        headers["mcp-session-id"] = http.post("/mcp", json=first, headers=headers).headers["mcp-session-id"]
        assert "alice" in http.post("/mcp", json=call, headers=headers).text


def test_a_test(mcp_bearer_issuer: Issuer) -> None:
    run(TESTS)["test_todos"](mcp_bearer_issuer)


@pytest.mark.usefixtures("known")
def test_without_a_framework(issuer: TestIssuer) -> None:
    answer = run(NO_FRAMEWORK)["answer"]
    assert asyncio.run(answer("GET", "/", []))[0] == 401
    assert asyncio.run(answer("GET", "/", list(issuer.bearer().items()))) == (200, [], b"hello")


def test_they_have_types(tmp_path: Path) -> None:
    check_types([FASTAPI, MCP, TESTS, NO_FRAMEWORK], tmp_path)
