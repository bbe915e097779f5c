"""Middleware for any ASGI application: Starlette, FastAPI, the official ``mcp`` package, and others.

``BearerMiddleware`` goes around the whole application and serves the metadata; the application's own
CORS middleware goes around it. ``OperationsMiddleware`` goes around the handler of an MCP endpoint::

    from mcp.server.mcpserver import MCPServer
    from mcp.server.transport_security import TransportSecuritySettings
    from mcp_bearer import OperationPolicy, ResourceServer
    from mcp_bearer.asgi import BearerMiddleware, OperationsMiddleware

    server = ResourceServer.from_env()
    policy = OperationPolicy(tools={"list_todos": "todo:read", "create_todo": "todo:write"})

    mcp = MCPServer("todo").streamable_http_app(
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False)
    )
    app = BearerMiddleware(OperationsMiddleware(mcp, policy), server)

Handlers find the verified token in ``request.state.access_token``, tools of the ``mcp`` package also
with its ``get_access_token()``.

Nothing is decided here: requests are translated for the core, and its answers for ASGI.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeAlias

from ._mcp_bearer import (
    Denial,
    Entry,
    Guard,
    OperationGuard,
    OperationPolicy,
    Request,
    Requirement,
    ResourceServer,
    Response,
)
from ._passage import Passage, RefusedError, Scope, found, leave, passage_of
from ._response import Message, Send, encoded, respond

__all__ = ["BearerMiddleware", "OperationsMiddleware", "RequirementMiddleware"]

Receive: TypeAlias = Callable[[], Awaitable[Message]]
# Every framework has types of its own for these three.
App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
Needs: TypeAlias = Callable[[Scope], Sequence[Requirement]]


class BearerMiddleware:
    """Serves the metadata, and demands a valid token for everything else, unknown paths included.

    CORS preflights pass without one, as does whatever is in ``public_routes``: exact paths, as the
    client sends them, such as ``/health``. A WebSocket handshake is a request like any other.
    """

    def __init__(self, app: App, server: ResourceServer, *, public_routes: Collection[str] = ()) -> None:
        self._server = server
        self._guard = Guard(server, public_routes=list(public_routes))
        self._application = _Application(app, self._needs)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._application.app(scope, receive, send)
            return
        request = Request.from_asgi(scope)
        entry = self._guard.try_enter(request)
        if entry is None:
            entry = await self._guard.enter(request)
        if entry.kind not in ("authenticated", "public"):
            await respond(_answer(entry), scope, send)
            return
        passage = Passage(self._server, entry.token, entry.response_headers)
        await self._application.run(passage, scope, receive, send)

    @staticmethod
    def _needs(scope: Scope) -> Sequence[Requirement]:
        """What the route of an adapter's framework needs, if it answers without having asked for it."""
        return ()


class RequirementMiddleware:
    """Demands what one route needs, of an application that is inside a ``BearerMiddleware``.

    It belongs around the handler, where a framework lets a route have middleware of its own::

        read = Middleware(RequirementMiddleware, requirement=Requirement.scope("todo:read"))
        routes = [Route("/todos", todos, middleware=[read])]
    """

    def __init__(self, app: App, requirement: Requirement) -> None:
        self._application = _Application(app)
        self._requirement = requirement

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._application.app(scope, receive, send)
            return
        passage = passage_of(scope)
        decision = await passage.decide(scope, self._requirement)
        if decision.denial is not None:
            await respond(decision.denial, scope, send)
        elif passage.token is not None:
            await self._application.app(scope, receive, send)
        else:  # On a public route.
            passage = Passage(passage.server, decision.token, [])
            await self._application.run(passage, scope, receive, send)


class OperationsMiddleware:
    """Judges each MCP operation by the JSON-RPC message in the body, and hands on exactly that body.

    It belongs around the handler, so that no spelling of a path leads around it. Inside a
    ``BearerMiddleware`` it uses the token found there; elsewhere it needs a ``server`` and
    authenticates by itself, as it does where its path is one of the ``public_routes``.
    """

    def __init__(self, app: App, policy: OperationPolicy, *, server: ResourceServer | None = None) -> None:
        self._application = _Application(app)
        self._policy = policy
        self._server = server
        self._bound: tuple[ResourceServer, OperationGuard] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one connection."""
        if scope["type"] == "websocket":
            # Messages that arrive later could not be judged.
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self._application.app(scope, receive, send)
            return
        passage = found(scope)
        server = self._server or passage_of(scope).server
        guard = self._guard_of(server)
        # A token is worth nothing to another resource than the one that it was checked for.
        entered = passage is not None and passage.server is server and passage.token is not None
        if passage is None or not entered:
            request = Request.from_asgi(scope)
            entry = guard.try_enter(request)
            if entry is None:
                entry = await guard.enter(request)
            if entry.kind not in ("authenticated", "anonymous"):
                await respond(_answer(entry), scope, send)
                return
            passage = Passage(server, entry.token, entry.response_headers)
        body = b""
        if self._policy.reads_body(scope["method"]):
            judged = await _read(receive, self._policy.body_limit)
            if judged is None:
                return
            body, receive = judged, _replay(judged, receive)
        decision = guard.permit(passage.token, method=scope["method"], headers=scope["headers"], body=body)
        passage.response_headers += decision.response_headers
        if decision.denial is not None:
            # Inside a BearerMiddleware, that one adds what the passage says.
            await respond(decision.denial, scope, send, () if entered else passage.response_headers)
        elif entered:
            await self._application.app(scope, receive, send)
        else:
            await self._application.run(passage, scope, receive, send)

    def _guard_of(self, server: ResourceServer) -> OperationGuard:
        if self._bound is None or self._bound[0] is not server:
            self._bound = server, OperationGuard(server, self._policy)
        return self._bound[1]


class _Application:
    """What is protected: it runs with the token in place, and its refusals become answers."""

    def __init__(self, app: App, needs: Needs = lambda _: ()) -> None:
        self._needs = needs
        self.app = app
        # The SDK may be absent; whoever has it wants its user.
        try:
            from ._sdk import User, auth_context_var
        except ImportError:
            self._sdk = None
        else:
            self._sdk = User, auth_context_var

    async def run(self, passage: Passage, scope: Scope, receive: Receive, send: Send) -> None:
        leave(scope, passage)

        # No coroutine of its own: two for each request cost more than the check of its token.
        def forward(message: Message) -> Awaitable[None]:
            if not passage.started:
                needed = () if passage.asked else self._needs(scope)
                if needed or passage.denial is not None:
                    return self._start(message, send, passage, needed, scope)
                passage.started = True
            fields = passage.response_headers
            return send(_complete(message, fields) if fields else message)

        before = None
        if self._sdk is not None and passage.token is not None:
            user_of, current = self._sdk
            scope["user"] = user = user_of(passage.token, passage.server)
            before = current.set(user)
        try:
            await self.app(scope, receive, forward)
        except RefusedError:
            if passage.started:
                raise
        finally:
            if before is not None:
                before.var.reset(before)
        if passage.denial is not None and not passage.started:
            await respond(passage.denial, scope, send, passage.response_headers)

    @staticmethod
    async def _start(
        message: Message, send: Send, passage: Passage, needed: Sequence[Requirement], scope: Scope
    ) -> None:
        """Send the first message, unless the answer is a denial instead."""
        passage.asked = True
        for requirement in needed:
            decision = await passage.decide(scope, requirement)
            if decision.denial is not None:
                passage.denial = decision.denial
                break
        # What a framework makes of the RefusedError is not the answer.
        if passage.denial is None:
            passage.started = True
            await send(_complete(message, passage.response_headers))


def _complete(message: Message, fields: list[tuple[str, str]]) -> Message:
    """Return a message with these fields if it is one that has any."""
    if message["type"] not in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
        return message
    return {**message, "headers": [*message.get("headers", ()), *encoded(fields)]}


def _answer(entry: Entry) -> Denial | Response:
    """Return what to answer a request that does not go on."""
    return entry.response or entry.denial or Denial.internal()


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Return the body, up to what shows that it is too long; ``None`` if the client has gone."""
    parts = []
    size = 0
    more = True
    while more and size <= limit:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives this body first, then whatever comes, such as a disconnect."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
