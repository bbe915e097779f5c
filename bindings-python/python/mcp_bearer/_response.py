"""How an answer of the core is sent by ASGI."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from ._mcp_bearer import Denial, Response
from ._passage import Scope

Message: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


async def respond(
    response: Denial | Response, scope: Scope, send: Send, more_headers: Iterable[tuple[str, str]] = ()
) -> None:
    """Send an answer, for a WebSocket in the one form that the server understands."""
    prefix = "http"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close"})
            return
        prefix = "websocket.http"
    headers = encoded(response.headers)
    if response.body:
        headers.append((b"content-length", str(len(response.body)).encode("ascii")))
    headers += encoded(more_headers)
    await send({"type": f"{prefix}.response.start", "status": response.status, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": response.body})


def encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return the fields as ASGI has them."""
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
