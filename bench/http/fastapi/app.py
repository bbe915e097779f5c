"""One route on FastAPI, in the variants that are compared.

VARIANT=ours ISSUER=issuer.json KEYS=http://127.0.0.1:4000 uvicorn --loop uvloop --http httptools app:app

ISSUER says who issues the tokens and for whom, and has the key set; KEYS serves the same set to those
who fetch it.
"""

import os
from typing import Any

from fastapi.security import SecurityScopes
from mcp_bearer import Issuer, OperationPolicy, ResourceServer
from mcp_bearer.asgi import OperationsMiddleware
from mcp_bearer.fastapi import Bearer, protect
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import peers
from authority import Authority
from fastapi import FastAPI, Security

POLICY = OperationPolicy(
    tools={"list_todos": "todo:read", "create_todo": "todo:write", "delete_todo": "todo:delete"}
)

app = FastAPI()
authority = Authority.read(os.environ["ISSUER"], os.environ["KEYS"])


class NoOp:
    """What the least middleware costs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Call:
    """An MCP endpoint that does nothing but read the call."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = await Request(scope, receive).json()
        answer = {"jsonrpc": "2.0", "id": call["id"], "result": {"content": []}}
        await JSONResponse(answer)(scope, receive, send)


def ours() -> None:
    issuer = Issuer(authority.issuer, jwks=authority.jwks)
    protect(app, ResourceServer(resource=authority.audience, issuers=[issuer]))
    app.router.routes.append(Route("/open", Call(), methods=["POST"]))
    app.router.routes.append(Route("/policed", OperationsMiddleware(Call(), POLICY), methods=["POST"]))


class Nothing:
    """What FastAPI itself takes for a dependency."""

    async def __call__(self, connection: HTTPConnection, scopes: SecurityScopes) -> None:
        """Need nothing."""


dependencies = {"ours-security": Bearer(), "no-op-security": Nothing()}
dependency = dependencies.get(os.environ["VARIANT"])
needed = [Security(dependency, scopes=["todo:read"])] if dependency else []


@app.get("/todos", dependencies=needed)
async def todos() -> dict[str, Any]:
    """List the todos."""
    return {"todos": [{"id": "1", "title": "Buy milk"}]}


# Routes that only ours have come after it: the router tries them in order.
match os.environ["VARIANT"]:
    case "no-op" | "no-op-security":
        app.add_middleware(NoOp)
    case "ours" | "ours-security":
        ours()
    case peer:
        peers.install(peer, app, authority)
