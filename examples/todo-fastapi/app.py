"""The Todo server of the quickstart: REST routes and an MCP server behind one guard.

PORT=3000 MCP_SERVER_URL=http://127.0.0.1:3000/mcp \
SCALEKIT_ENVIRONMENT_URL=https://your-env.scalekit.com RESOURCE_ID=res_123 ./run

With any other provider than Scalekit: MCP_BEARER_ISSUERS=https://as.example.com instead of the second
line. ALLOWED_ORIGINS lists the web pages that may call (default: those of this machine).

curl -i http://127.0.0.1:3000/todos                                      # 401, and where to get a token
curl -i http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp   # the metadata
curl -i http://127.0.0.1:3000/todos -H "Authorization: Bearer $TOKEN"    # {"todos":[]}

../README.md has an authorization server for development, and a $TOKEN.

app.py        the guard, and what is behind it
rest.py       routes, each with the scope that it needs
tools.py      MCP tools, and the scope that each needs
todos.py      the todos, kept by user
browsers.py   CORS, and which web pages may call
"""

from urllib.parse import urlsplit

from fastapi import FastAPI
from mcp_bearer import ResourceServer
from mcp_bearer.asgi import OperationsMiddleware
from mcp_bearer.fastapi import protect
from starlette.routing import Route

import rest
import tools
from browsers import Browsers

SCOPES = ["todo:read", "todo:write", "todo:delete"]

# A path with a slash too many is no other way to the same place.
app = FastAPI(title="Todo", lifespan=tools.lifespan, redirect_slashes=False)

server = ResourceServer.from_env(scopes_supported=SCOPES, challenge_scopes=["todo:read"])
endpoint = urlsplit(server.metadata.resource).path or "/"
app.router.routes.append(Route(endpoint, OperationsMiddleware(tools.application(endpoint), tools.POLICY)))
app.include_router(rest.router)
protect(app, server)
app.add_middleware(Browsers, metadata=server.metadata)
