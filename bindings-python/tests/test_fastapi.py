"""FastAPI: what a route needs, who answers, and what the OpenAPI document says."""

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Security, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.websockets import WebSocketDisconnect

from mcp_bearer import AccessToken, ConfigError, Requirement, ResourceServer
from mcp_bearer.fastapi import Bearer, protect, require, require_scope

from .support import METADATA, Authority

auth = Bearer()


class NewTodo(BaseModel):
    title: str


def application(server: ResourceServer | None) -> FastAPI:
    app = FastAPI()
    if server is not None:
        protect(app, server, public_routes=["/health", "/lazy"])

    @app.get("/health")
    async def health() -> str:
        return "well"

    @app.get("/todos", dependencies=[Depends(require_scope("todo:read"))])
    async def todos() -> list[str]:
        return []

    @app.post("/todos")
    async def create(todo: NewTodo, _: Annotated[AccessToken, Depends(require_scope("todo:write"))]) -> str:
        return todo.title

    @app.get("/me")
    async def me(token: Annotated[AccessToken, Security(auth)]) -> str | None:
        return token.subject

    @app.delete("/todos")
    def clear(token: Annotated[AccessToken, Security(auth, scopes=["todo:write", "todo:delete"])]) -> None:
        return None

    @app.get("/staff", dependencies=[Depends(require(Requirement.claim_contains("roles", "staff")))])
    async def staff() -> str:
        return "hello"

    @app.put("/staff", dependencies=[Depends(require(Requirement.claim_contains("roles", "staff")))])
    async def hire(todo: NewTodo) -> None:
        return None

    @app.get("/lazy", dependencies=[Depends(require_scope("todo:read"))])
    async def lazy() -> str:
        return "hello"

    @app.websocket("/live")
    async def live(socket: WebSocket, token: Annotated[AccessToken, Security(auth, scopes=["live"])]) -> None:
        await socket.accept()
        await socket.send_text(str(token.subject))
        await socket.close()

    return app


@pytest.fixture
def app(server: ResourceServer) -> FastAPI:
    return application(server)


@pytest.fixture
def http(app: FastAPI) -> TestClient:
    return TestClient(app)


def test_routes_demand_what_they_say(http: TestClient, issuer: Authority) -> None:
    assert http.get("/health").json() == "well"
    assert http.get("/todos").status_code == 401
    assert http.get("/todos", headers=issuer.bearer()).json() == []
    assert http.get("/me", headers=issuer.bearer(scope="")).json() == "alice"
    refused = http.post("/todos", headers=issuer.bearer(), json={"title": "x"})
    assert refused.status_code == 403
    assert refused.json()["error"] == "insufficient_scope"
    challenge = refused.headers["www-authenticate"]
    assert 'scope="todo:write"' in challenge
    assert f'resource_metadata="https://mcp.example.com{METADATA}"' in challenge
    assert http.post("/todos", headers=issuer.bearer("todo:write"), json={"title": "x"}).json() == "x"
    both = http.delete("/todos", headers=issuer.bearer("todo:write"))
    assert 'scope="todo:write todo:delete"' in both.headers["www-authenticate"]
    assert http.delete("/todos", headers=issuer.bearer("todo:write todo:delete")).status_code == 200
    assert http.get("/staff", headers=issuer.bearer()).json()["error"] == "access_denied"
    assert http.get("/staff", headers=issuer.bearer(roles=["staff"])).json() == "hello"


def test_validity_comes_before_everything(http: TestClient, issuer: Authority) -> None:
    for headers in [{}, issuer.bearer("", exp=1)]:
        assert http.post("/todos", headers=headers, content="{bad").status_code == 401
        assert http.get("/nowhere", headers=headers).status_code == 401
        assert http.get("/docs", headers=headers).status_code == 401
    assert http.get("/nowhere", headers=issuer.bearer()).status_code == 404


def test_a_body_is_not_looked_at_before_the_scope(http: TestClient, issuer: Authority) -> None:
    for content in ["{bad", "{}", '{"title":1}']:
        headers = {**issuer.bearer(), "content-type": "application/json"}
        refused = http.post("/todos", headers=headers, content=content)
        assert refused.status_code == 403, content
        assert 'scope="todo:write"' in refused.headers["www-authenticate"]
        headers |= issuer.bearer("todo:write")
        assert http.post("/todos", headers=headers, content=content).status_code == 422, content
        assert http.put("/staff", headers=headers, content=content).status_code == 403, content
        headers |= issuer.bearer("todo:write", roles=["staff"])
        assert http.put("/staff", headers=headers, content=content).status_code == 422, content


def test_a_public_route_may_ask_for_a_token_all_the_same(http: TestClient, issuer: Authority) -> None:
    assert http.get("/lazy").status_code == 401
    assert http.get("/lazy", headers=issuer.bearer("")).status_code == 403
    assert http.get("/lazy", headers=issuer.bearer()).json() == "hello"


def test_scopes_are_in_the_openapi_document(app: FastAPI) -> None:
    document = app.openapi()
    assert document["components"]["securitySchemes"] == {
        "Bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    paths = document["paths"]
    assert paths["/todos"]["get"]["security"] == [{"Bearer": ["todo:read"]}]
    assert paths["/todos"]["post"]["security"] == [{"Bearer": ["todo:write"]}]
    assert paths["/todos"]["delete"]["security"] == [{"Bearer": ["todo:write", "todo:delete"]}]
    assert paths["/me"]["get"]["security"] == [{"Bearer": []}]
    assert "security" not in paths["/health"]["get"]


def test_a_websocket_route(http: TestClient, issuer: Authority) -> None:
    with http.websocket_connect("/live", headers=issuer.bearer("live")) as socket:
        assert socket.receive_text() == "alice"
    for headers, status in [({}, 401), (issuer.bearer(), 403)]:
        with pytest.raises(WebSocketDisconnect) as refused, http.websocket_connect("/live", headers=headers):
            pass
        assert refused.value.status_code == status  # type: ignore[attr-defined]


@pytest.mark.parametrize("cors_first", [False, True])
def test_cors_goes_around_it_in_either_order(
    server: ResourceServer, issuer: Authority, cors_first: bool
) -> None:
    app = FastAPI()
    origin = "http://localhost:6274"

    def cors() -> None:
        app.add_middleware(CORSMiddleware, allow_origins=[origin], allow_headers=["Authorization"])

    if cors_first:
        cors()
    protect(app, server)
    if not cors_first:
        cors()
    http = TestClient(app)
    preflight = http.options(
        "/todos",
        headers={
            "origin": origin,
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization",
        },
    )
    assert preflight.status_code == 200
    denied = http.get("/todos", headers={"origin": origin})
    assert denied.status_code == 401
    assert denied.headers.get_list("access-control-allow-origin") == [origin]
    assert "WWW-Authenticate" in denied.headers["access-control-expose-headers"]
    metadata = http.get(METADATA, headers={"origin": origin})
    assert metadata.headers.get_list("access-control-allow-origin") == [origin]
    assert http.get(METADATA).headers.get_list("access-control-allow-origin") == ["*"]


def test_other_error_handlers_do_not_get_between(server: ResourceServer, issuer: Authority) -> None:
    async def on_error(request: Any, error: Exception) -> Any:
        raise AssertionError("a refusal is not an error of the application")

    inner = FastAPI(exception_handlers={404: on_error})
    inner.add_middleware(BaseHTTPMiddleware, dispatch=_through)

    @inner.get("/todos", dependencies=[Depends(require_scope("todo:write"))])
    async def todos() -> None:
        return None

    app = FastAPI()
    app.mount("/inner", inner)
    app.add_middleware(BaseHTTPMiddleware, dispatch=_through)
    protect(app, server)
    app.add_middleware(BaseHTTPMiddleware, dispatch=_through)
    answer = TestClient(app).get("/inner/todos", headers=issuer.bearer())
    assert answer.status_code == 403
    assert answer.json()["error"] == "insufficient_scope"


async def _through(request: Any, call_next: Any) -> Any:
    return await call_next(request)


def test_without_protect_there_is_a_setup_error(issuer: Authority) -> None:
    with pytest.raises(RuntimeError, match=r"mcp_bearer\.fastapi\.protect"):
        TestClient(application(None)).get("/me", headers=issuer.bearer())


def test_what_is_wrong_fails_at_once(app: FastAPI, http: TestClient, server: ResourceServer) -> None:
    with pytest.raises(ConfigError):
        require_scope('todo:"read"')
    with pytest.raises(ConfigError, match="public_routes"):
        protect(FastAPI(), server, public_routes=["health"])
    http.get("/health")
    with pytest.raises(RuntimeError, match="before the first request"):
        protect(app, server)
