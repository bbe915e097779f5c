"""What must and must not type-check. It never runs: mypy fails on an ignored error that does not come."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI
from typing_extensions import assert_type

from mcp_bearer import (
    AccessToken,
    Call,
    Decision,
    Denial,
    Issuer,
    Issuers,
    OperationPolicy,
    Request,
    Requirement,
    ResourceServer,
)
from mcp_bearer.asgi import BearerMiddleware, OperationsMiddleware
from mcp_bearer.fastapi import protect, require_scope

RESOURCE = "https://mcp.example.com/mcp"
ISSUERS = ["https://as.example.com"]


def must(app: Any, token: AccessToken, decision: Decision) -> None:
    shared = Issuers([*ISSUERS, Issuer("https://b.example.com", jwks={"keys": []})], jwks_fresh=60)
    server = ResourceServer(resource=RESOURCE, issuers=shared, leeway=0, metadata={"resource_name": "Todo"})
    assert_type(ResourceServer.from_env(), ResourceServer)

    def rule(call: Call) -> str | list[str]:
        return "a" if call.name == "x" and call.token.subject is not None else ["a", "b"]

    policy = OperationPolicy(base="a", tools={"x": rule, "y": Requirement.none()}, other_tools=["z"])
    assert_type(token.subject, str | None)
    assert_type(token.scopes, frozenset[str])
    assert_type(decision.denial, Denial | None)
    assert_type(server.shows_tool(token, policy, "x"), bool)
    OperationsMiddleware(BearerMiddleware(app, server, public_routes=["/health"]), policy)
    assert_type(require_scope("a"), Callable[..., Coroutine[Any, Any, AccessToken]])


async def must_too(server: ResourceServer, request: Request) -> None:
    assert_type(await server.authorize(request, Requirement.scope("a")), Decision)


def must_not(server: ResourceServer, token: AccessToken, decision: Decision, app: FastAPI) -> None:
    ResourceServer(resource=RESOURCE)  # type: ignore[call-arg]  # issuers are needed
    ResourceServer(resource=RESOURCE, issuers=ISSUERS, audience="x")  # type: ignore[call-arg]  # no such setting
    ResourceServer(resource=RESOURCE, issuers=ISSUERS, leeway="30")  # type: ignore[arg-type]  # seconds
    ResourceServer(RESOURCE, ISSUERS)  # type: ignore[call-arg]  # settings are named
    ResourceServer.from_env(resource=RESOURCE)  # type: ignore[call-arg]  # the environment says it
    token.subject.upper()  # type: ignore[union-attr]  # a subject may be absent
    token.subject = "alice"  # type: ignore[misc]  # what was verified stays
    decision.token.subject  # type: ignore[union-attr]  # noqa: B018  # whether it is allowed comes first
    server.try_authorize("GET /", Requirement.none())  # type: ignore[arg-type]  # a request, not a text
    server.permit(token, "todo:read")  # type: ignore[arg-type]  # a requirement, not a scope
    OperationPolicy("a", {"x": "a"})  # type: ignore[call-arg]  # rules are named by what they are for
    OperationPolicy(tools={"x": asynchronous})  # type: ignore[dict-item]  # a rule gives a need at once
    protect(app, server, public_paths=["/health"])  # type: ignore[call-arg]  # no such option
    OperationsMiddleware(app, {"tools": {}})  # type: ignore[arg-type]  # a policy, not its settings


async def asynchronous(call: Call) -> str:
    return call.method
