"""Web pages: which may call (MCP Streamable HTTP, "Security Warning"), and CORS for those.

Outermost, around the guard: a preflight carries no token, and a page can read a refusal, with its
challenge, only if CORS allows it. Clients that are no browsers send no Origin and pass.
"""

import os

from mcp_bearer import MetadataRoutes, ProtectedResourceMetadata
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ["GET", "POST", "DELETE"]
# What MCP Inspector and other clients in browsers send.
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
LOOPBACK = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


class Browsers(CORSMiddleware):
    """Allows the pages of the origins in ALLOWED_ORIGINS, by default those of this machine."""

    def __init__(self, app: ASGIApp, *, metadata: ProtectedResourceMetadata) -> None:
        listed = os.environ.get("ALLOWED_ORIGINS", "").split()
        super().__init__(
            app,
            allow_origins=listed,
            allow_origin_regex=None if listed else LOOPBACK,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
        )
        # Public, and with an answer of its own to CORS.
        self.public = MetadataRoutes([metadata]).paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        origins = Headers(scope=scope).getlist("origin") if scope["type"] != "lifespan" else []
        if not origins or scope["path"] in self.public:
            await self.app(scope, receive, send)
        elif all(map(self.is_allowed_origin, origins)):
            await super().__call__(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await PlainTextResponse("This origin is not allowed.\n", 403)(scope, receive, send)
