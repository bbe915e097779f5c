"""The auth provider for FastMCP.

It puts the middleware of ``mcp_bearer.asgi`` where FastMCP has its own, so that answers, metadata and
the 403 for one tool are the same as everywhere::

    from fastmcp import FastMCP
    from mcp_bearer import OperationPolicy, ResourceServer
    from mcp_bearer.fastmcp import BearerAuth

    policy = OperationPolicy(tools={"list_todos": "todo:read", "create_todo": "todo:write"})
    mcp = FastMCP("todo", auth=BearerAuth(ResourceServer.from_env(), policy=policy))

Tools find the token with FastMCP's ``get_access_token()``, and its ``require_scopes`` works with it.

Middleware that is given to ``http_app()`` goes inside. A ``CORSMiddleware`` belongs outside, around what
``http_app()`` returns.
"""

from collections.abc import Collection

from fastmcp.server import auth as fastmcp_auth
from fastmcp.server.auth import AccessToken, AuthProvider
from starlette.middleware import Middleware
from starlette.routing import Route

from ._config_error import ConfigError
from ._mcp_bearer import (
    Guard,
    MetadataRoutes,
    OperationPolicy,
    ProtectedResourceMetadata,
    Request,
    ResourceServer,
)
from ._passage import Scope, found
from ._response import Send, respond
from ._sdk import UndecidedError, verify
from .asgi import App, BearerMiddleware, OperationsMiddleware, Receive

__all__ = ["BearerAuth"]


class BearerAuth(AuthProvider):
    """Protects a whole FastMCP application, custom routes included, and serves its metadata."""

    def __init__(
        self,
        server: ResourceServer,
        *,
        policy: OperationPolicy | None = None,
        public_routes: Collection[str] = (),
    ) -> None:
        """Check the settings.

        :param policy: What each operation needs. With one, every path that is not public is an MCP
            endpoint: a custom route that takes a body belongs into another application. It can have
            no public operations, since FastMCP itself wants a token for each.
        :param public_routes: Further paths that need no token, such as ``/health``: compared exactly
            with the path as the client sends it.
        """
        if policy is not None and policy.has_public_operations:
            raise ConfigError(
                "public_methods",
                "FastMCP wants a token for every operation: leave them out, or put a BearerMiddleware "
                "and an OperationsMiddleware around the http_app() of a FastMCP without auth",
            )
        # Starlette makes its middleware at the first request, when a wrong route would come too late.
        Guard(server, public_routes=list(public_routes))
        self._server = server
        self._policy = policy
        self._public_routes = tuple(public_routes)
        super().__init__(base_url=server.metadata.url.removesuffix(server.metadata.path))

    def get_middleware(self) -> list[Middleware]:
        """Return what stands in front of all routes."""
        front = Middleware(BearerMiddleware, self._server, public_routes=self._public_routes)
        return [front] if self._policy is None else [front, Middleware(_Policed, self._policy)]

    def get_routes(self, mcp_path: str | None = None) -> list[Route]:
        """Return the metadata, also for an application that this one is mounted in."""
        self.set_mcp_path(mcp_path)
        metadata = self._server.metadata
        return [Route(path, _Metadata(metadata)) for path in MetadataRoutes([metadata]).paths]

    async def verify_token(self, token: str) -> AccessToken | None:
        """Check a token for a provider that this one is a part of, such as ``MultiAuth``."""
        try:
            return await verify(AccessToken, token, self._server)
        except UndecidedError as error:
            raise _Undecided(str(error)) from None


class _Policed:
    """Judges all operations, but on public routes, where there are none."""

    def __init__(self, app: App, policy: OperationPolicy) -> None:
        self._app = app
        self._judged = OperationsMiddleware(app, policy)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        passage = found(scope)
        public = passage is not None and passage.token is None
        await (self._app if public else self._judged)(scope, receive, send)


class _Metadata:
    def __init__(self, metadata: ProtectedResourceMetadata) -> None:
        self._metadata = metadata

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await respond(self._metadata.respond(Request.from_asgi(scope)), scope, send)


# What FastMCP has for this since 4.2: a MultiAuth takes any other error for a refusal.
_Undecided: type[RuntimeError] = getattr(fastmcp_auth, "TokenVerificationError", UndecidedError)
