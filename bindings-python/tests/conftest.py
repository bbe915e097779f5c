"""One issuer with keys of its own for the whole run, and a resource server that trusts it."""

import pytest

from mcp_bearer import ResourceServer

from .support import RESOURCE, TestIssuer


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def server(issuer: TestIssuer) -> ResourceServer:
    return ResourceServer(
        resource=RESOURCE,
        issuers=issuer.static(),
        scopes_supported=["todo:read", "todo:write"],
        challenge_scopes=["todo:read"],
    )
