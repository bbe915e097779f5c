"""Protects a FastAPI application.

One call installs metadata and protection; routes say what else they need::

    from typing import Annotated
    from fastapi import Depends, FastAPI, Security
    from mcp_bearer import AccessToken, ResourceServer
    from mcp_bearer.fastapi import Bearer, protect, require_scope

    app = FastAPI()
    protect(app, ResourceServer.from_env())

    @app.get("/todos", dependencies=[Depends(require_scope("todo:read"))])
    async def todos(): ...

    @app.get("/me")
    async def me(token: Annotated[AccessToken, Security(Bearer(), scopes=["profile"])]): ...

The middleware is the only one that answers: it authenticates before FastAPI reads a body, and the
dependencies tell it when a scope is missing. The scopes of both forms appear in the OpenAPI document.
"""

from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from functools import cache
from typing import Annotated, Any

from fastapi import FastAPI, Security
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import APIRoute
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection

from ._mcp_bearer import AccessToken, Denial, Guard, Requirement, ResourceServer
from ._passage import Scope, SetupError, passage_of
from .asgi import BearerMiddleware

__all__ = ["Bearer", "protect", "require", "require_scope"]


def protect(app: FastAPI, server: ResourceServer, *, public_routes: Collection[str] = ()) -> None:
    """Protect a whole application and serve its metadata.

    :param public_routes: Further paths that need no token, such as ``/health``: compared exactly
        with the path as the client sends it. ``/docs`` and ``/openapi.json`` are not public unless
        they are named.

    Middleware that is added later goes around the protection and sees unauthenticated requests.
    That is where a ``CORSMiddleware`` belongs, and where it is left if it was added before.
    """
    if app.middleware_stack is not None:
        raise SetupError("protect() comes before the first request")
    # Starlette makes its middleware at the first request, when a wrong route would come too late.
    Guard(server, public_routes=list(public_routes))
    middleware = Middleware(_Protection, server, public_routes=tuple(public_routes))
    stack = app.user_middleware
    outer = [index for index, entry in enumerate(stack) if _is_cors(entry.cls)]
    stack.insert(outer[-1] + 1 if outer else 0, middleware)


class _Protection(BearerMiddleware):
    """Also asks for what a route needs when FastAPI has refused a body before asking itself."""

    @staticmethod
    def _needs(scope: Scope) -> Sequence[Requirement]:
        route = scope.get("route")
        return tuple(_needs(route.dependant, ())) if isinstance(route, APIRoute) else ()


class Bearer(SecurityBase):
    """The verified token, as a dependency: ``Security(Bearer(), scopes=["todo:read"])``."""

    def __init__(self, *, scheme_name: str = "Bearer", description: str | None = None) -> None:
        self.scheme_name = scheme_name
        self.model = HTTPBearer(bearerFormat="JWT", description=description)

    async def __call__(self, connection: HTTPConnection, scopes: SecurityScopes) -> AccessToken:
        """Return the token if it has the scopes."""
        return await _permit(connection, _all_of(tuple(scopes.scopes)))


_bearer = Bearer()


def require_scope(*scopes: str) -> Callable[..., Coroutine[Any, Any, AccessToken]]:
    """Return a dependency that demands all of the scopes: ``Depends(require_scope("todo:read"))``."""
    _all_of(scopes)  # What is no scope fails here, not at the first request.

    async def dependency(
        token: Annotated[AccessToken, Security(_bearer, scopes=list(scopes))],
    ) -> AccessToken:
        return token

    return dependency


def require(requirement: Requirement) -> Callable[..., Coroutine[Any, Any, AccessToken]]:
    """Return a dependency that demands whatever the requirement says."""
    return _Required(requirement)


class _Required:
    def __init__(self, requirement: Requirement) -> None:
        self.requirement = requirement

    async def __call__(
        self, connection: HTTPConnection, _: Annotated[AccessToken, Security(_bearer)]
    ) -> AccessToken:
        return await _permit(connection, self.requirement)


def _needs(dependant: Dependant, scopes: tuple[str, ...]) -> Iterator[Requirement]:
    """Return what the dependencies of a route will ask for."""
    for inner in dependant.dependencies:
        needed = (*scopes, *(inner.own_oauth_scopes or ()))
        if isinstance(inner.call, Bearer):
            yield _all_of(needed)
        elif isinstance(inner.call, _Required):
            yield inner.call.requirement
        yield from _needs(inner, needed)


async def _permit(connection: HTTPConnection, requirement: Requirement) -> AccessToken:
    passage = passage_of(connection.scope)
    passage.asked = True
    decision = await passage.decide(connection.scope, requirement)
    if decision.token is None:
        raise passage.refuse(decision.denial or Denial.internal())
    return decision.token


def _is_cors(middleware: object) -> bool:
    return isinstance(middleware, type) and issubclass(middleware, CORSMiddleware)


# There are no more than an application has routes.
_all_of: Callable[[tuple[str, ...]], Requirement] = cache(lambda scopes: Requirement.all_of(*scopes))
