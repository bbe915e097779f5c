"""The token in the terms of the official ``mcp`` package, which has to be installed to import this.

Its tools find it with ``get_access_token()``, which reads the user from a context variable that its own
``AuthContextMiddleware`` sets. Its sessions are bound to client, issuer and subject of the user in the
scope.
"""

from functools import cached_property
from typing import TypeVar

from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken as SdkToken

from . import reason
from ._mcp_bearer import AccessToken, Request, ResourceServer

__all__ = ["SdkToken", "UndecidedError", "User", "auth_context_var", "sdk_token", "verify"]

T = TypeVar("T", bound=SdkToken)


class User(AuthenticatedUser):
    """Made for every request, but what is in it only for those that ask."""

    def __init__(self, token: AccessToken, server: ResourceServer) -> None:
        self._token = token
        self._server = server

    @cached_property
    def username(self) -> str:  # type: ignore[override]
        """The client id, which the SDK wants; a subject is never one."""
        return self._token.client_id or ""

    @cached_property
    def scopes(self) -> list[str]:  # type: ignore[override]
        """The granted scopes."""
        return sorted(self._token.scopes)

    @cached_property
    def access_token(self) -> SdkToken:  # type: ignore[override]
        """What ``get_access_token()`` returns."""
        return sdk_token(SdkToken, self._token, self._server)


def sdk_token(kind: type[T], token: AccessToken, server: ResourceServer) -> T:
    """Return a verified token as the SDK's, or as a subclass of that."""
    return kind(
        token=token.secret,
        client_id=token.client_id or "",
        scopes=sorted(token.scopes),
        expires_at=None if token.expires_at is None else int(token.expires_at),
        resource=server.metadata.resource,
        subject=token.subject,
        claims=token.claims,
    )


class UndecidedError(RuntimeError):
    """Whether a token is good cannot be said now."""


async def verify(kind: type[T], token: str, server: ResourceServer) -> T | None:
    """Do what the SDK asks of a verifier, which sees nothing of a request but the token."""
    # Nothing about a token depends on the method and the target, but for proofs that come with it.
    field = (b"authorization", b"Bearer " + token.encode("utf-8", "replace"))
    request = Request(method="GET", target="/", headers=[field])
    who = await server.authenticate(request)
    if who.denial is not None and who.denial.reason in (reason.KEYS_UNAVAILABLE, reason.INTERNAL):
        raise UndecidedError(who.denial.reason)
    return None if who.token is None else sdk_token(kind, who.token, server)
