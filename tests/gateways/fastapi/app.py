"""A gateway: the guard in front of an MCP server that knows nothing of tokens.

PORT=3000 MCP_SERVER_URL=http://127.0.0.1:3000/mcp UPSTREAM=http://127.0.0.1:4000/mcp \
MCP_BEARER_ISSUERS=https://as.example.com ./run

UPSTREAM is the full URL of the MCP endpoint behind it. Any operation needs a valid token with
todo:read, unless OPERATION_POLICY names a JSON file that says which tool needs which scopes, such as
{"list_todos": ["todo:read"]}: then a tool that it does not name is refused, and everything that is no
tool needs a valid token.
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request
from mcp_bearer import OperationPolicy, ResourceServer
from mcp_bearer.asgi import OperationsMiddleware
from mcp_bearer.fastapi import protect, require_scope
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

from proxy import Upstream

METHODS = ["GET", "POST", "DELETE"]
REQUEST_HEADERS = [
    "Accept",
    "Authorization",
    "Content-Type",
    "MCP-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Session-Id",
    "Last-Event-ID",
]
RESPONSE_HEADERS = ["WWW-Authenticate", "Retry-After", "MCP-Protocol-Version", "Mcp-Session-Id"]

server = ResourceServer.from_env(scopes_supported=["todo:read"], challenge_scopes=["todo:read"])
upstream = Upstream(os.environ["UPSTREAM"])
endpoint = urlsplit(server.metadata.resource).path or "/"

app = FastAPI(lifespan=upstream.lifespan, redirect_slashes=False, openapi_url=None)

if policy_file := os.environ.get("OPERATION_POLICY"):
    policy = OperationPolicy(tools=json.loads(Path(policy_file).read_bytes()))
    app.router.routes.append(Route(endpoint, OperationsMiddleware(upstream, policy), methods=METHODS))
else:

    @app.api_route(endpoint, methods=METHODS, dependencies=[Depends(require_scope("todo:read"))])
    async def forward(request: Request) -> Response:
        """Pass the request on."""
        return await upstream.forward(request)


protect(app, server)
# Web pages of any origin: whether they may call is for the server behind to say.
app.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_methods=METHODS,
    allow_headers=REQUEST_HEADERS,
    expose_headers=RESPONSE_HEADERS,
)
