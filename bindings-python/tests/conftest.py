"""One issuer with keys of its own for the whole run, and a resource server that trusts it."""

from typing import Any

import pytest

from mcp_bearer import ResourceServer

from .support import RESOURCE, Authority


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def issuer() -> Authority:
    return Authority()


@pytest.fixture
def server(issuer: Authority) -> ResourceServer:
    return ResourceServer(
        resource=RESOURCE,
        issuers=issuer.static(),
        scopes_supported=["todo:read", "todo:write"],
        challenge_scopes=["todo:read"],
    )


@pytest.fixture(name="known")
def _known(monkeypatch: pytest.MonkeyPatch, issuer: Authority) -> None:
    monkeypatch.setenv("MCP_SERVER_URL", RESOURCE)
    from_env = ResourceServer.from_env

    class Known:
        """The issuer of the tests in place of one on the network."""

        @staticmethod
        def from_env(**defaults: Any) -> ResourceServer:
            return from_env(issuers=issuer.static(), **defaults)

    monkeypatch.setattr("mcp_bearer.ResourceServer", Known)
