"""The token in the terms of the official ``mcp`` package, where that is installed.

Its tools find it with ``get_access_token()``, which reads a context variable that only the SDK's own
``AuthContextMiddleware`` sets, from its own ``AuthenticatedUser`` in the scope. Its sessions are
bound to client, issuer and subject of that user.
"""

from collections.abc import Callable
from typing import Any

from ._mcp_bearer import AccessToken, ResourceServer


def load() -> tuple[Callable[[AccessToken, ResourceServer], object], Callable[[Any], Any]] | None:
    """Return how to make the SDK's user of a token, and its middleware."""
    try:
        from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
        from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
        from mcp.server.auth.provider import AccessToken as SdkToken
    except ImportError:
        return None

    def user(token: AccessToken, server: ResourceServer) -> AuthenticatedUser:
        return AuthenticatedUser(
            SdkToken(
                token=token.secret,
                # The SDK wants a client id; a subject is never one.
                client_id=token.client_id or "",
                scopes=sorted(token.scopes),
                expires_at=None if token.expires_at is None else int(token.expires_at),
                resource=server.metadata.resource,
                subject=token.subject,
                claims=token.claims,
            )
        )

    return user, AuthContextMiddleware
