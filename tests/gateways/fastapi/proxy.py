"""Passes an admitted request on and its answer back, streaming both ways."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx2
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

Fields = list[tuple[bytes, bytes]]

# They concern one connection (RFC 9110 section 7.6.1).
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
# The client's credentials, and what it says about who it is.
PRIVATE = {b"authorization", b"dpop", b"cookie", b"forwarded"}
# Written anew for the request that is sent on.
OF_THE_MESSAGE = {b"host", b"content-length", b"expect"}
# A challenge of the server behind would send the client to the wrong authorization server, and CORS
# is answered here.
OF_THE_ANSWER = {b"www-authenticate", b"server", b"date"}


class Upstream:
    """The MCP endpoint behind the gateway. An ASGI application, and a function of a request."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        # A stream of events lasts as long as its session, so that only connecting has a limit. A
        # connection is used once: a POST must not be lost to one that closes.
        self._client = httpx2.AsyncClient(
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            timeout=httpx2.Timeout(None, connect=10),
            trust_env=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        response = await self.forward(Request(scope, receive))
        await response(scope, receive, send)

    async def forward(self, request: Request) -> Response:
        """Pass a request on; the answer is read as it is sent."""
        # Only a POST can have one here.
        body = request.stream() if request.method == "POST" else None
        fields = of_request(request.headers.raw)
        if body is not None and "transfer-encoding" not in request.headers:
            fields.append((b"content-length", request.headers.get("content-length", "0").encode("ascii")))
        passed = httpx2.Request(request.method, self._endpoint, headers=fields, content=body)
        try:
            answer = await self._client.send(passed, stream=True)
        except httpx2.HTTPError:
            return PlainTextResponse("The server behind gives no answer.\n", 502)
        # The server behind takes no tokens: its 401 is no answer to this client's.
        if answer.status_code == 401:
            await answer.aclose()
            return PlainTextResponse("The server behind refuses.\n", 502)
        streamed = StreamingResponse(chunks(answer), answer.status_code)
        streamed.raw_headers = of_response(answer.headers.raw)
        return streamed

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """Hold the connections for as long as the application runs."""
        async with self._client:
            yield


async def chunks(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """Yield the answer as it comes; hang up when the client does."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def of_request(fields: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Return the fields of a request that pass."""
    removed = PRIVATE | OF_THE_MESSAGE
    return [
        (name, value)
        for name, value in without_hop_by_hop(fields)
        if name not in removed and not name.startswith(b"x-forwarded-")
    ]


def of_response(fields: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Return the fields of an answer that pass."""
    return [
        (name, value)
        for name, value in without_hop_by_hop(fields)
        if name not in OF_THE_ANSWER and not name.startswith(b"access-control-")
    ]


def without_hop_by_hop(fields: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Return the fields that concern more than one connection."""
    lower = [(name.lower(), value) for name, value in fields]
    named = {
        item.strip().lower() for name, value in lower if name == b"connection" for item in value.split(b",")
    }
    return [(name, value) for name, value in lower if name not in HOP_BY_HOP | named]
