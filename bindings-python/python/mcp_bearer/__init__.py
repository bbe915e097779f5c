"""The OAuth 2.1 resource server for MCP servers and any other HTTP API.

It checks access tokens, decides what they allow, and writes the answers that MCP clients act on. It
is not an authorization server and not a client: it issues no tokens and needs no client secret.

The whole of it is one call, ``authorize(request, requirement)``, made of ``authenticate`` (who) and
``permit`` (may they)::

    from mcp_bearer import Request, Requirement, ResourceServer

    server = ResourceServer(resource="https://mcp.example.com/mcp", issuers=["https://auth.example.com"])

    decision = await server.authorize(
        Request(method="GET", target="/todos", headers=[("authorization", "Bearer ...")]),
        Requirement.scope("todo:read"),
    )
    if decision.allowed:
        user = decision.token.subject
    else:
        answer = decision.denial.status, decision.denial.headers, decision.denial.body

A refused request is a value, not an exception: a 401 is the normal first request of every MCP
client. Exceptions are for the setup: ``ConfigError`` when something is constructed with a wrong
setting, ``RuntimeError`` where a part is missing, such as the middleware.

Applications rarely make that call themselves: ``mcp_bearer.fastapi.protect`` and the middleware of
``mcp_bearer.asgi`` do.
"""

from . import reason
from ._config_error import ConfigError
from ._mcp_bearer import (
    AccessToken,
    Authentication,
    Call,
    Decision,
    DecisionEvent,
    Denial,
    Entry,
    Guard,
    Issuer,
    Issuers,
    KeyHealth,
    KeysHealth,
    MetadataRoutes,
    OperationGuard,
    OperationPolicy,
    ProtectedResourceMetadata,
    Request,
    Requirement,
    ResourceServer,
    Response,
    Stats,
    TokenCacheStats,
)

__all__ = [
    "AccessToken",
    "Authentication",
    "Call",
    "ConfigError",
    "Decision",
    "DecisionEvent",
    "Denial",
    "Entry",
    "Guard",
    "Issuer",
    "Issuers",
    "KeyHealth",
    "KeysHealth",
    "MetadataRoutes",
    "OperationGuard",
    "OperationPolicy",
    "ProtectedResourceMetadata",
    "Request",
    "Requirement",
    "ResourceServer",
    "Response",
    "Stats",
    "TokenCacheStats",
    "reason",
]
