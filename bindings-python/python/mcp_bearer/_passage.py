"""What the outermost middleware leaves in the scope of a request for those further in."""

from collections.abc import MutableMapping
from typing import Any, TypeAlias

from ._mcp_bearer import AccessToken, Decision, Denial, Request, Requirement, ResourceServer

Scope: TypeAlias = MutableMapping[str, Any]

_KEY = "mcp_bearer"


class Passage:
    """A request that was let in: by which server, with whose token, and whether it is refused yet."""

    __slots__ = ("asked", "denial", "response_headers", "server", "started", "token")

    def __init__(
        self, server: ResourceServer, token: AccessToken | None, response_headers: list[tuple[str, str]]
    ) -> None:
        self.server = server
        self.token = token
        self.response_headers = response_headers
        """Fields to add to the response, whatever it is."""
        self.asked = False
        """Whether a route has said what it needs."""
        self.denial: Denial | None = None
        self.started = False
        """Whether the application answers."""

    async def decide(self, scope: Scope, requirement: Requirement) -> Decision:
        """Say whether this request, whose scope it is, may have what needs that."""
        if self.token is not None:
            decision = self.server.permit(self.token, requirement)
        else:  # On a public route that asks for a token all the same.
            decision = await self.server.authorize(Request.from_asgi(scope), requirement)
        self.response_headers += decision.response_headers
        return decision

    def refuse(self, denial: Denial) -> "RefusedError":
        """Have the middleware answer with this. Raise what is returned."""
        self.denial = denial
        return RefusedError(denial.reason)


class SetupError(RuntimeError):
    """The parts of an application are not put together as they must be."""


class RefusedError(Exception):
    """Ends the handling of a request whose answer the middleware knows already."""


def passage_of(scope: Scope) -> Passage:
    """Return what the middleware has left, which it has unless it is not installed."""
    passage = scope.get(_KEY)
    if not isinstance(passage, Passage):
        raise SetupError(
            "the application is not protected: call mcp_bearer.fastapi.protect(app, server), "
            "or wrap it in mcp_bearer.asgi.BearerMiddleware",
        )
    return passage


def leave(scope: Scope, passage: Passage) -> None:
    """Put the token where handlers look for it: ``request.state.access_token``."""
    scope[_KEY] = passage
    # A new dictionary: some servers share one between requests.
    scope["state"] = {**(scope.get("state") or {}), "access_token": passage.token}


def found(scope: Scope) -> Passage | None:
    """Return what the middleware has left, if it is installed."""
    passage = scope.get(_KEY)
    return passage if isinstance(passage, Passage) else None
