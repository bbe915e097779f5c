"""Our check inside the bearer middleware of the official SDK: what it answers, and what it cannot."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from mcp_bearer import Issuer, Issuers, ResourceServer
from mcp_bearer.mcp import BearerTokenVerifier, UndecidedError, auth_settings

from .support import ISSUER, METADATA, RESOURCE, Authority, rpc

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running(server: ResourceServer) -> AsyncIterator[httpx2.AsyncClient]:
    mcp = MCPServer(
        "who",
        token_verifier=BearerTokenVerifier(server),
        auth=auth_settings(server, required_scopes=["todo:read"]),
    )

    @mcp.tool()
    async def who() -> str:
        token = get_access_token()
        assert token is not None
        assert token.claims is not None
        return f"{token.subject} of {token.claims['iss']} by {token.client_id!r} for {token.resource}"

    app = mcp.streamable_http_app(
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        mcp.session_manager.run(),
        httpx2.AsyncClient(transport=transport, base_url="https://mcp.example.com") as http,
    ):
        yield http


async def call(http: httpx2.AsyncClient, headers: Any) -> httpx2.Response:
    accept = {"accept": "application/json, text/event-stream"}
    fields = [*httpx2.Headers(headers).multi_items(), *accept.items()]
    return await http.post("/mcp", json=rpc("tools/call", name="who", arguments={}), headers=fields)


async def test_the_official_client_is_served(server: ResourceServer, issuer: Authority) -> None:
    async with running(server) as http:
        http.headers.update(issuer.bearer(client_id=None))
        async with Client(streamable_http_client(RESOURCE, http_client=http)) as client:
            result = await client.call_tool("who", {})
    assert result.content[0].text == f"alice of {ISSUER} by '' for {RESOURCE}"  # type: ignore[union-attr]


async def test_every_refusal_is_the_same_401(server: ResourceServer, issuer: Authority) -> None:
    challenge = (
        'Bearer error="invalid_token", error_description="Authentication required", '
        f'resource_metadata="https://mcp.example.com{METADATA}"'
    )
    now = int(time.time())
    refused: list[dict[str, str]] = [
        {},
        {"authorization": "Basic eDp5"},
        {"authorization": "Bearer x"},
        {"authorization": f"Bearer {issuer.token()}, Bearer x"},
        issuer.bearer(exp=now - 300),
        issuer.bearer(exp=now - 5),  # Within the leeway, of which the SDK knows nothing.
        issuer.bearer(aud="https://other.example.com"),
        issuer.bearer(cnf={"jkt": "x"}),
    ]
    async with running(server) as http:
        for headers in refused:
            answer = await call(http, headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge), headers


async def test_scopes_are_those_of_the_endpoint(server: ResourceServer, issuer: Authority) -> None:
    async with running(server) as http:
        answer = await call(http, issuer.bearer("todo:write"))
        assert answer.status_code == 403
        assert "scope=" not in answer.headers["www-authenticate"]
        assert "Required scope: todo:read" in answer.headers["www-authenticate"]
        assert (await call(http, issuer.bearer("todo:read"))).status_code == 200


async def test_only_the_first_of_two_fields_is_seen(server: ResourceServer, issuer: Authority) -> None:
    async with running(server) as http:
        fields = [*issuer.bearer().items(), ("authorization", "Bearer x")]
        assert (await call(http, fields)).status_code == 200


async def test_the_metadata_is_the_sdks(server: ResourceServer) -> None:
    async with running(server) as http:
        document = (await http.get(METADATA)).json()
        assert (await http.get("/.well-known/oauth-protected-resource")).status_code == 404
        assert (await http.get("/nowhere")).status_code == 404
    assert document["resource"] == RESOURCE
    assert document["authorization_servers"] == [ISSUER]
    assert document["scopes_supported"] == ["todo:read"]


def unreachable() -> ResourceServer:
    def fetch(url: str, timeout: float, headers: dict[str, str]) -> Any:
        raise OSError("no network")

    return ResourceServer(resource=RESOURCE, issuers=Issuers([Issuer(ISSUER)], fetch=fetch))


async def test_keys_that_cannot_be_had_are_not_the_tokens_fault(issuer: Authority) -> None:
    token = issuer.token()
    with pytest.raises(UndecidedError, match=r"^keys_unavailable$"):
        await BearerTokenVerifier(unreachable()).verify_token(token)
    async with running(unreachable()) as http:
        answer = await call(http, issuer.bearer())
        assert answer.status_code == 500
        assert "www-authenticate" not in answer.headers
        assert (await call(http, {})).status_code == 401


@pytest.mark.parametrize(
    "token", ["", " ", "x", "\n", "\x00", "\xff", "\u20ac", "\ud800", "a.b.c", "." * 100_000]
)
async def test_what_is_no_token_is_refused(server: ResourceServer, token: str) -> None:
    assert await BearerTokenVerifier(server).verify_token(token) is None


def test_identifiers_stay_as_they_are_spelled(issuer: Authority) -> None:
    server = ResourceServer(resource="https://mcp.example.com", issuers=issuer.static())
    settings = auth_settings(server)
    assert str(settings.resource_server_url) == "https://mcp.example.com"
    assert str(settings.issuer_url) == ISSUER
