"""The README's programs, run as they stand there."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from mcp_bearer import ResourceServer

from .support import RESOURCE, TestIssuer

README = Path(__file__).parents[1] / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, issuer: TestIssuer) -> None:
    monkeypatch.setenv("MCP_SERVER_URL", RESOURCE)
    from_env = ResourceServer.from_env

    class Known:
        """The issuer of the tests in place of one on the network."""

        @staticmethod
        def from_env(**defaults: Any) -> ResourceServer:
            return from_env(issuers=issuer.static(), **defaults)

    monkeypatch.setattr("mcp_bearer.ResourceServer", Known)


def run(program: str) -> Any:
    names: dict[str, Any] = {}
    exec(compile(program, str(README), "exec"), names)
    return names["app"]


def test_the_fastapi_quickstart(issuer: TestIssuer) -> None:
    assert len(PROGRAMS[0].strip().splitlines()) <= 14
    http = TestClient(run(PROGRAMS[0]))
    assert http.get("/todos").status_code == 401
    assert http.get("/todos", headers=issuer.bearer("other")).status_code == 403
    assert http.get("/todos", headers=issuer.bearer()).json() == {"user": "alice", "todos": []}


def test_the_mcp_quickstart(issuer: TestIssuer) -> None:
    http = TestClient(run(PROGRAMS[1]))
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami"}}
    assert http.post("/mcp", json=call).status_code == 401
    assert http.post("/mcp", json=call, headers=issuer.bearer("other")).status_code == 403
    assert len(PROGRAMS) == 2
