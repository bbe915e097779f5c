"""FastMCP with our provider: a real server, and the official client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastmcp import FastMCP
from fastmcp.server import auth as fastmcp_auth
from fastmcp.server.auth import MultiAuth, require_scopes
from fastmcp.server.dependencies import get_access_token, get_http_request
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from mcp_bearer import ConfigError, Issuer, Issuers, OperationPolicy, ResourceServer
from mcp_bearer.fastmcp import BearerAuth

from .support import ISSUER, METADATA, RESOURCE, Authority, rpc

pytestmark = pytest.mark.anyio

POLICY = OperationPolicy(base="todo:read", tools={"who": "todo:read", "create": "todo:write"})


def fastmcp(auth: BearerAuth | MultiAuth) -> FastMCP:
    mcp = FastMCP("who", auth=auth)
    together = asyncio.Barrier(2) if hasattr(asyncio, "Barrier") else None

    @mcp.tool
    async def who(wait: bool = False) -> str:
        # Both calls are inside the tool at the same time.
        if wait and together is not None:
            await asyncio.wait_for(together.wait(), 10)
        token = get_access_token()
        assert token is not None
        seen = getattr(get_http_request().state, "access_token", None)
        assert seen is None or seen.subject == token.subject
        return f"{token.subject} of {token.claims['iss']} by {token.client_id}"

    @mcp.tool
    async def create() -> str:
        return "created"

    @mcp.tool(auth=require_scopes("todo:delete"))
    async def delete() -> str:
        return "deleted"

    @mcp.custom_route("/health", methods=["GET"])
    async def health(request: Request) -> Response:
        return JSONResponse("well")

    @mcp.custom_route("/inside", methods=["GET"])
    async def inside(request: Request) -> Response:
        return JSONResponse(request.state.access_token.subject)

    return mcp


@asynccontextmanager
async def running(app: Any, lifespan: Any = None) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with (
        (lifespan or app.lifespan)(app),
        httpx2.AsyncClient(transport=transport, base_url="https://mcp.example.com") as http,
    ):
        yield http


async def call(
    http: httpx2.AsyncClient, name: str, headers: dict[str, str], path: str = "/mcp"
) -> httpx2.Response:
    accept = {"accept": "application/json, text/event-stream"}
    message = rpc("tools/call", name=name, arguments={})
    return await http.post(path, json=message, headers=headers | accept)


def application(server: ResourceServer, **settings: Any) -> Any:
    auth = BearerAuth(server, **settings)
    return fastmcp(auth).http_app(stateless_http=True, json_response=True)


@pytest.mark.parametrize("stateless", [True, False])
async def test_two_users_at_once(server: ResourceServer, issuer: Authority, stateless: bool) -> None:
    app = fastmcp(BearerAuth(server, policy=POLICY)).http_app(stateless_http=stateless)
    async with app.lifespan(app):

        async def ask(user: str) -> str:
            headers = issuer.bearer(sub=user, client_id=f"{user}-cli")
            transport = httpx2.ASGITransport(app=app)
            async with (
                httpx2.AsyncClient(transport=transport, headers=headers) as http,
                Client(streamable_http_client(RESOURCE, http_client=http)) as client,
            ):
                result = await client.call_tool("who", {"wait": True})
                return str(result.content[0].text)  # type: ignore[union-attr]

        answers = await asyncio.gather(ask("alice"), ask("bob"))
    assert list(answers) == [f"alice of {ISSUER} by alice-cli", f"bob of {ISSUER} by bob-cli"]


async def test_the_answers_are_ours(server: ResourceServer, issuer: Authority) -> None:
    metadata = f'resource_metadata="https://mcp.example.com{METADATA}"'
    async with running(application(server, policy=POLICY)) as http:
        nothing = await call(http, "who", {})
        assert nothing.status_code == 401
        assert nothing.headers["www-authenticate"] == f'Bearer scope="todo:read", {metadata}'
        expired = await call(http, "who", issuer.bearer(exp=1))
        assert expired.status_code == 401
        assert expired.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
        tool = await call(http, "create", issuer.bearer())
        assert tool.status_code == 403
        assert f'scope="todo:read todo:write", {metadata}' in tool.headers["www-authenticate"]
        unnamed = await call(http, "delete", issuer.bearer("todo:read todo:delete"))
        assert unnamed.status_code == 403
        assert "www-authenticate" not in unnamed.headers
        assert (await call(http, "create", issuer.bearer("todo:read todo:write"))).status_code == 200


def unreachable() -> ResourceServer:
    def fetch(url: str, timeout: float, headers: dict[str, str]) -> Any:
        raise OSError("no network")

    return ResourceServer(resource=RESOURCE, issuers=Issuers([Issuer(ISSUER)], fetch=fetch))


async def test_without_the_keys_it_is_no_401(issuer: Authority) -> None:
    async with running(application(unreachable())) as http:
        answer = await call(http, "who", issuer.bearer())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert "www-authenticate" not in answer.headers


async def test_the_metadata_is_complete(server: ResourceServer) -> None:
    async with running(application(server)) as http:
        for path in (METADATA, "/.well-known/oauth-protected-resource"):
            assert (await http.get(path)).content == server.metadata.json


@pytest.mark.parametrize("policy", [None, POLICY])
async def test_custom_routes_need_a_token_unless_they_are_public(
    server: ResourceServer, issuer: Authority, policy: OperationPolicy | None
) -> None:
    async with running(application(server, policy=policy, public_routes=["/health"])) as http:
        assert (await http.get("/health")).json() == "well"
        for path in ("/inside", "/nowhere", "/health/"):
            assert (await http.get(path)).status_code == 401, path
        assert (await http.get("/inside", headers=issuer.bearer())).json() == "alice"


async def test_the_endpoint_cannot_be_made_public(server: ResourceServer, issuer: Authority) -> None:
    for policy in (None, POLICY):
        async with running(application(server, policy=policy, public_routes=["/mcp"])) as http:
            answer = await call(http, "who", {})
            assert answer.status_code == 401
            assert f"https://mcp.example.com{METADATA}" in answer.headers["www-authenticate"]


async def test_the_scopes_of_fastmcp_hold(server: ResourceServer, issuer: Authority) -> None:
    async with running(application(server)) as http:
        assert "deleted" in (await call(http, "delete", issuer.bearer("todo:delete"))).text
        assert "deleted" not in (await call(http, "delete", issuer.bearer())).text


async def test_mounted_in_another_application(server: ResourceServer, issuer: Authority) -> None:
    auth = BearerAuth(server)
    inner = fastmcp(auth).http_app(path="/mcp", stateless_http=True, json_response=True)
    routes = [*auth.get_well_known_routes("/mcp"), Mount("/below", inner)]
    outer = Starlette(routes=routes, lifespan=inner.lifespan)
    async with running(outer, outer.router.lifespan_context) as http:
        assert (await http.get(METADATA)).content == server.metadata.json
        assert (await http.head(METADATA)).status_code == 200
        assert (await http.post(METADATA)).status_code == 405
        assert (await call(http, "who", {}, "/below/mcp")).status_code == 401
        assert "alice" in (await call(http, "who", issuer.bearer(), "/below/mcp")).text


async def test_as_a_part_of_another_provider(server: ResourceServer, issuer: Authority) -> None:
    mcp = fastmcp(MultiAuth(server=BearerAuth(server)))
    async with running(mcp.http_app(stateless_http=True, json_response=True)) as http:
        assert (await call(http, "who", issuer.bearer(aud="other"))).status_code == 401
        assert "alice" in (await call(http, "who", issuer.bearer())).text
    with pytest.raises(RuntimeError, match=r"^keys_unavailable$"):
        await BearerAuth(unreachable()).verify_token(issuer.token())


@pytest.mark.skipif(not hasattr(fastmcp_auth, "TokenVerificationError"), reason="FastMCP before 4.2")
async def test_another_provider_takes_unknown_for_unknown(issuer: Authority) -> None:
    with pytest.raises(fastmcp_auth.TokenVerificationError):
        await MultiAuth(server=BearerAuth(unreachable())).verify_token(issuer.token())


def test_settings_fail_at_construction(server: ResourceServer) -> None:
    with pytest.raises(ConfigError, match="public_methods"):
        BearerAuth(server, policy=OperationPolicy(public_methods=["initialize"]))
    with pytest.raises(ConfigError):
        BearerAuth(server, public_routes=["health"])
