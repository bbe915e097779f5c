"""Who takes part: one issuer, one recording upstream, and each server once per configuration.

`todo`, `rest`, `policed` and `gateway` stand for every server of their kind: a test that takes one runs
unchanged against all. E2E_ONLY=axum (a substring of the name) narrows that while one is developed.
"""

import functools
import itertools
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from issuer import Issuer
from servers import GATEWAYS, MIGRATED, PLAIN_GATEWAYS, TODOS, Server, Target, any_provider, preset
from upstream import Upstream

POLICY = {"list_todos": ["todo:read"], "stream_todos": ["todo:read"], "create_todo": ["todo:write"], "delete_todo": ["todo:delete"]}
APP_ORIGIN = "https://app.example.com"

Start = Callable[..., Server]

_users = itertools.count(1)


def pytest_configure() -> None:
    """Whoever stops the tests stops the servers, too."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated"))


def each(targets: list[Target], shapes: list[str] | None = None) -> Any:
    """Parametrizes a fixture with servers, each in every one of some configurations."""
    only = os.environ.get("E2E_ONLY", "")
    chosen = [target for target in targets if only in target.name]
    if shapes is None:
        return {"params": chosen, "ids": [target.name for target in chosen]}
    pairs = [(target, shape) for target in chosen for shape in shapes]
    return {"params": pairs, "ids": [f"{target.name} {shape}" for target, shape in pairs]}


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer().start()
    yield issuer
    issuer.close()


@pytest.fixture(scope="session")
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture(scope="session")
def policy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("policy") / "operations.json"
    file.write_text(json.dumps(POLICY))
    return file


@pytest.fixture(scope="session")
def start(issuer: Issuer, upstream: Upstream, policy_file: Path) -> Iterator[Start]:
    """Starts a server in a named configuration, or hands out the one that already runs."""
    running: list[Server] = []
    shapes: dict[str, Callable[[], tuple[str, dict[str, str]]]] = {
        "preset at a path": lambda: ("/mcp", preset(issuer)),
        "any provider on an origin": lambda: ("", any_provider(issuer) | {"ALLOWED_ORIGINS": APP_ORIGIN}),
        "policy": lambda: ("/mcp", any_provider(issuer) | {"UPSTREAM": upstream.url, "OPERATION_POLICY": str(policy_file)}),
        "no policy": lambda: ("/mcp", any_provider(issuer) | {"UPSTREAM": upstream.url}),
    }

    @functools.cache
    def try_start(target: Target, shape: str) -> Server | AssertionError:
        path, environment = shapes[shape]()
        try:
            running.append(Server(target, path, environment))
        except AssertionError as error:
            return error
        return running[-1]

    def start(target: Target, shape: str) -> Server:
        server = try_start(target, shape)
        if isinstance(server, AssertionError):
            pytest.fail(str(server), pytrace=False)
        return server

    yield start
    for server in running:
        server.stop()
    # MCP-24: a token is in no log, nor is its signature. (Express prints bodies that its own parser cannot read.)
    for server in (server for server in running if not server.target.parses_first):
        leaked = [token for token in issuer.minted if token.rsplit(".", 1)[1] in server.output()]
        assert not leaked, f"{server.target.name} has written {len(leaked)} tokens to its output"


@pytest.fixture(scope="session", **each(TODOS))
def todo(request: pytest.FixtureRequest, start: Start) -> Server:
    """A Todo server at /mcp, with the Scalekit preset."""
    return start(request.param, "preset at a path")


@pytest.fixture(scope="session", **each(TODOS))
def todo_on_origin(request: pytest.FixtureRequest, start: Start) -> Server:
    """A Todo server whose MCP endpoint is the origin, for any provider, with ALLOWED_ORIGINS."""
    return start(request.param, "any provider on an origin")


@pytest.fixture(scope="session", **each(TODOS, ["preset at a path", "any provider on an origin"]))
def any_todo(request: pytest.FixtureRequest, start: Start) -> Server:
    """A Todo server in either configuration."""
    return start(*request.param)


@pytest.fixture(scope="session", **each([*TODOS, *MIGRATED]))
def rest(request: pytest.FixtureRequest, start: Start) -> Server:
    """A server with the REST routes of the quickstart, configured as `todo` is.

    Where a test needs more, it takes `todo`: tools, /me, ALLOWED_ORIGINS, lists for clients without a subject.
    """
    return start(request.param, "preset at a path")


@pytest.fixture(scope="session", **each([*TODOS, *MIGRATED], ["preset at a path", "any provider on an origin"]))
def any_rest(request: pytest.FixtureRequest, start: Start) -> Server:
    """A server with the REST routes in either configuration."""
    return start(*request.param)


@pytest.fixture(scope="session", **each(GATEWAYS))
def gateway_server(request: pytest.FixtureRequest, start: Start) -> Server:
    return start(request.param, "policy")


@pytest.fixture
def gateway(gateway_server: Server, upstream: Upstream) -> Server:
    """A gateway with an OPERATION_POLICY; its upstream has forgotten what was before."""
    upstream.reset()
    return gateway_server


@pytest.fixture(scope="session", **each(PLAIN_GATEWAYS))
def open_gateway_server(request: pytest.FixtureRequest, start: Start) -> Server:
    return start(request.param, "no policy")


@pytest.fixture
def open_gateway(open_gateway_server: Server, upstream: Upstream) -> Server:
    """A gateway for which any operation needs `todo:read` and nothing more."""
    upstream.reset()
    return open_gateway_server


@pytest.fixture(scope="session", **each([*TODOS, *GATEWAYS]))
def policed_server(request: pytest.FixtureRequest, start: Start) -> Server:
    return start(request.param, "policy" if request.param.is_gateway else "preset at a path")


@pytest.fixture
def policed(policed_server: Server, upstream: Upstream) -> Server:
    """Every server whose MCP endpoint has an operation policy."""
    upstream.reset()
    return policed_server


@pytest.fixture
def own_issuer() -> Iterator[Issuer]:
    """An issuer for one test to maltreat; it is not running yet."""
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture
def start_own(upstream: Upstream, policy_file: Path) -> Iterator[Callable[[Target, Issuer], Server]]:
    """Starts a server for one test."""
    running: list[Server] = []

    def start(target: Target, issuer: Issuer, command: list[str] | None = None, **environment: str) -> Server:
        upstream.reset()
        gateway = {"UPSTREAM": upstream.url, "OPERATION_POLICY": str(policy_file)} if target.is_gateway else {}
        server = Server(target, "/mcp", any_provider(issuer) | gateway | environment, command)
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


class Crowd:
    """A server that trusts many issuers. Each is asked on its own: who takes one begins anew."""

    def __init__(self, target: Target, size: int, environment: dict[str, str]) -> None:
        self._issuers = [Issuer() for _ in range(size)]
        self._taken = iter(self._issuers)
        self.server = Server(target, "/mcp", any_provider(*self._issuers) | environment)

    def take(self) -> Issuer:
        """One that is not running yet, and that the server has heard nothing of."""
        return next(self._taken)

    def close(self) -> None:
        self.server.stop()
        for issuer in self._issuers:
            issuer.close()


@pytest.fixture(scope="module")
def start_crowd(upstream: Upstream, policy_file: Path) -> Iterator[Callable[..., Crowd]]:
    running: list[Crowd] = []

    def start(target: Target, size: int, **environment: str) -> Crowd:
        gateway = {"UPSTREAM": upstream.url, "OPERATION_POLICY": str(policy_file)} if target.is_gateway else {}
        running.append(Crowd(target, size, gateway | environment))
        return running[-1]

    yield start
    for crowd in running:
        crowd.close()


@pytest.fixture
def user() -> str:
    """A subject that no other test has used."""
    return f"usr_{next(_users)}"


@pytest.fixture
def mint(issuer: Issuer, user: str) -> Callable[..., str]:
    """`mint(server, "todo:read", exp=...)`: a token of this test's user for a server."""

    def mint(server: Server, scope: str | None = "todo:read", /, **changes: Any) -> str:
        return issuer.mint([server.resource], scope, **{"sub": user} | changes)

    return mint
