"""The check, for the bearer middleware of the official ``mcp`` package.

It is for a server whose authentication has to stay the SDK's::

    from mcp.server.mcpserver import MCPServer
    from mcp_bearer import ResourceServer
    from mcp_bearer.mcp import BearerTokenVerifier, auth_settings

    server = ResourceServer.from_env()
    mcp = MCPServer("todo", token_verifier=BearerTokenVerifier(server), auth=auth_settings(server))

The SDK writes the answers then, and learns from a verifier no more than yes or no. What is in
``mcp_bearer.asgi``, around a server without ``auth`` and ``token_verifier``, answers by itself. It alone

* says 403 when one tool needs more, with a challenge that names all scopes to ask for;
* tells a request without a token from one with a bad token;
* says 503 with ``Retry-After`` while the keys of an issuer cannot be had; the SDK says 500 then, and
  logs a traceback;
* protects every path; the SDK leaves custom routes open;
* serves all of the metadata, at both paths; the SDK's names one authorization server, and no scopes but
  those that every request needs;
* sees what else is in a request: a second ``Authorization`` field, a proof of possession.

The SDK also compares ``exp`` with the clock by itself: there is no leeway then.
"""

from collections.abc import Collection

from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.settings import AuthSettings

from ._mcp_bearer import ResourceServer
from ._sdk import SdkToken, UndecidedError, verify

__all__ = ["BearerTokenVerifier", "UndecidedError", "auth_settings"]


class BearerTokenVerifier(TokenVerifier):
    """Checks tokens for the SDK."""

    def __init__(self, server: ResourceServer) -> None:
        self._server = server

    async def verify_token(self, token: str) -> SdkToken | None:
        """Return the token as the SDK has it, or ``None`` if it is refused.

        Raises ``UndecidedError`` if that cannot be said, since the keys of its issuer cannot be had: no
        reason for a client to throw away what may be a good token.
        """
        return await verify(SdkToken, token, self._server)


def auth_settings(server: ResourceServer, *, required_scopes: Collection[str] = ()) -> AuthSettings:
    """Return what the SDK wants to know beside a verifier.

    :param required_scopes: What every request to the MCP endpoint needs. The only scopes that the
        SDK's metadata names.
    """
    # Validated from text: a URL of pydantic's own has a slash that an identifier may lack.
    return AuthSettings.model_validate(
        {
            "issuer_url": server.metadata.dict["authorization_servers"][0],
            "resource_server_url": server.metadata.resource,
            "required_scopes": list(required_scopes),
            # The verifier has done that, with the audiences of the server.
            "validate_token_resource": False,
        }
    )
