"""The token in the terms of the official ``mcp`` package, which has to be installed to import this.

Its tools find it with ``get_access_token()``, which reads a context variable that only the SDK's own
``AuthContextMiddleware`` sets, from its own ``AuthenticatedUser`` in the scope. Its sessions are
bound to client, issuer and subject of that user.
"""

from functools import cached_property

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken as SdkToken
from starlette.authentication import SimpleUser

from ._mcp_bearer import AccessToken, ResourceServer

__all__ = ["AuthContextMiddleware", "User"]


class User(AuthenticatedUser):
    """Made for every request; the SDK's token in it only for those that ask."""

    def __init__(self, token: AccessToken, server: ResourceServer) -> None:
        # The SDK wants a client id; a subject is never one.
        SimpleUser.__init__(self, token.client_id or "")
        self._verified = token, server

    @cached_property
    def scopes(self) -> list[str]:  # type: ignore[override]
        """The granted scopes."""
        return sorted(self._verified[0].scopes)

    @cached_property
    def access_token(self) -> SdkToken:  # type: ignore[override]
        """What ``get_access_token()`` returns."""
        token, server = self._verified
        return SdkToken(
            token=token.secret,
            client_id=self.username,
            scopes=self.scopes,
            expires_at=None if token.expires_at is None else int(token.expires_at),
            resource=server.metadata.resource,
            subject=token.subject,
            claims=token.claims,
        )
