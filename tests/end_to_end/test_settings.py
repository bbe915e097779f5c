"""The environment (core/src/manual/configuration.rs) means the same in all three languages.

A variable lies over what the code of the example says; a wrong one stops the start, and the
message names it.
"""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conftest import each
from expect import check, check_status, describe, needs
from issuer import Issuer
from servers import TODOS, Server, Target

OTHER = "https://other.example.com/api"


@pytest.fixture(scope="module")
def second_issuer() -> Iterator[Issuer]:
    issuer = Issuer().start()
    yield issuer
    issuer.close()


@pytest.fixture(scope="module", **each(TODOS))
def server(request: pytest.FixtureRequest, issuer: Issuer, second_issuer: Issuer) -> Iterator[Server]:
    """With every list that there is, at a path of two segments."""
    environment = {
        "MCP_BEARER_ISSUERS": f"{issuer.url} {second_issuer.url}",
        "MCP_BEARER_AUDIENCES": f"{OTHER} api://todo",
        "MCP_BEARER_ALLOWED_CLIENTS": "cognito-client",
        "MCP_BEARER_AUTHORIZATION_SERVERS": f"{second_issuer.url}/tenant",
        "MCP_BEARER_SCOPES_SUPPORTED": "todo:read openid",
        "MCP_BEARER_CHALLENGE_SCOPES": "todo:read todo:write",
        "MCP_BEARER_ALGORITHMS": "ES256",
        "MCP_BEARER_LEEWAY_SECONDS": "60",
        "SCALEKIT_ENVIRONMENT_URL": "",
        "RESOURCE_ID": "",
    }
    server = Server(request.param, "/api/mcp", environment)
    yield server
    server.stop()


def test_lists(server: Server, issuer: Issuer, second_issuer: Issuer) -> None:
    for path in ("/.well-known/oauth-protected-resource/api/mcp", "/.well-known/oauth-protected-resource"):
        document = check_status(server, path, 200, server("GET", path)).json()
        assert document["resource"] == server.resource
        assert document["authorization_servers"] == [f"{second_issuer.url}/tenant"], document
        assert document["scopes_supported"] == ["todo:read", "openid"], document
    challenge = server("GET", "/todos").challenge()
    assert challenge == {"scope": "todo:read todo:write", "resource_metadata": server.metadata_url}, challenge


def test_audiences(server: Server, issuer: Issuer) -> None:
    for audience in (OTHER, "api://todo", ["x", "api://todo"]):
        check_status(server, f"audience {audience}", 200, server("GET", "/todos", issuer.mint(audience)))
    for audience in (server.resource, "todo", [], ""):
        answer = server("GET", "/todos", issuer.mint(audience))
        check_status(server, f"audience {audience}", 401, answer)


def test_clients_instead_of_an_audience(server: Server, issuer: Issuer) -> None:
    """What Cognito needs: `client_id` binds, and only where the token has no `aud` at all."""
    for status, claims in (
        (200, {"aud": ..., "client_id": "cognito-client"}),
        (401, {"aud": ..., "client_id": "another-client"}),
        (401, {"aud": ..., "client_id": ..., "azp": "cognito-client"}),
        (401, {"aud": "https://elsewhere.example.com", "client_id": "cognito-client"}),
        (401, {"aud": None, "client_id": "cognito-client"}),
    ):
        check_status(server, f"{claims}", status, server("GET", "/todos", issuer.mint("", **claims)))


def test_issuers_do_not_vouch_for_each_other(server: Server, issuer: Issuer, second_issuer: Issuer) -> None:
    for own in (issuer, second_issuer):
        check_status(server, f"issuer {own.url}", 200, server("GET", "/todos", own.mint(OTHER)))
    forged = issuer.mint(OTHER, key=second_issuer.key)
    assert server("GET", "/todos", forged).status == 401, describe(server, "another issuer's key", "401", forged)
    # A subject is unique only together with its issuer.
    made = server("POST", "/todos", issuer.mint(OTHER, "todo:write", sub="same"), [("Content-Type", "application/json")], b'{"title":"x"}')
    check_status(server, "POST /todos", {200, 201}, made)
    assert len(server("GET", "/todos", issuer.mint(OTHER, sub="same")).json()["todos"]) == 1
    assert server("GET", "/todos", second_issuer.mint(OTHER, sub="same")).json() == {"todos": []}


def test_leeway(server: Server, issuer: Issuer) -> None:
    now = int(time.time())
    for status, claim, value in ((200, "exp", now - 20), (401, "exp", now - 100), (200, "nbf", now + 20), (401, "nbf", now + 100)):
        changes: dict[str, Any] = {claim: value}
        check_status(server, f"{changes} at {now}", status, server("GET", "/todos", issuer.mint(OTHER, **changes)))


def test_scopes_of_the_routes_stay(server: Server, issuer: Issuer) -> None:
    """What is challenged and advertised is not what is enforced."""
    check(server, "missing scope", needs("todo:delete"), server("DELETE", "/todos/1", issuer.mint(OTHER, "openid")))


GOOD = {"MCP_BEARER_ISSUERS": "http://127.0.0.1:9"}
PRESET = {"SCALEKIT_ENVIRONMENT_URL": "http://127.0.0.1:9", "RESOURCE_ID": "res_1"}
# What is set, and what the message must name. (The vectors have them all; here it is seen on a start.)
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "resource over http off loopback": (GOOD | {"MCP_SERVER_URL": "http://mcp.example.com/mcp"}, "MCP_SERVER_URL"),
    "no issuer": ({}, "MCP_BEARER_ISSUERS"),
    "environment without RESOURCE_ID": ({"SCALEKIT_ENVIRONMENT_URL": "https://x.scalekit.com"}, "RESOURCE_ID"),
    "preset and issuers": (PRESET | GOOD, "MCP_BEARER_ISSUERS"),
    "leeway of 600": (GOOD | {"MCP_BEARER_LEEWAY_SECONDS": "600"}, "MCP_BEARER_LEEWAY_SECONDS"),
    "offline_access": (GOOD | {"MCP_BEARER_SCOPES_SUPPORTED": "todo:read offline_access"}, "MCP_BEARER_SCOPES_SUPPORTED"),
}


@pytest.fixture(scope="module", **each(TODOS))
def target(request: pytest.FixtureRequest) -> Target:
    chosen: Target = request.param
    return chosen


def test_wrong_settings_stop_the_start(target: Target) -> None:
    """Before it listens: its port is taken, which would be what it says otherwise."""
    with socket.socket() as taken, ThreadPoolExecutor(len(WRONG)) as pool:
        taken.bind(("127.0.0.1", 0))
        port = {"PORT": str(taken.getsockname()[1])}
        outputs = dict(zip(WRONG, pool.map(lambda wrong: output_of_failed_start(target, wrong[0] | port), WRONG.values()), strict=True))
    for name, (_, variable) in WRONG.items():
        expected = f"it does not start, and names {variable}"
        assert variable in outputs[name], (
            f"\n  server:   {target.name}\n  setting:  {name}\n  expected: {expected}\n  got:\n{outputs[name]}"
        )


def output_of_failed_start(target: Target, environment: dict[str, str]) -> str:
    try:
        server = Server(target, "/mcp", environment)
    except AssertionError as failure:
        return str(failure)
    server.stop()
    return "it started"
