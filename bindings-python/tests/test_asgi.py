"""The ASGI middleware: what it lets through, what it answers, and in which form."""

import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_bearer import Denial, Issuers, OperationPolicy, Requirement, ResourceServer
from mcp_bearer.asgi import BearerMiddleware, OperationsMiddleware, RequirementMiddleware

from .support import ISSUER, METADATA, RESOURCE, Authority, client, request, rpc

pytestmark = pytest.mark.anyio

POLICY = OperationPolicy(tools={"read": "todo:read", "write": "todo:write"}, public_methods=["ping"])
JSON = {"content-type": "application/json"}


class Application:
    """Answers every request, and remembers what it was given."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        if scope["type"] == "http":
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message.get("body", b""), message.get("more_body", False)
            self.bodies.append(body)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"done"})


async def exchange(app: Any, scope: dict[str, Any], *received: dict[str, Any]) -> list[Any]:
    """Run one connection with what the client sends; return what is sent to it."""
    sent: list[Any] = []
    messages = iter(received)

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def scope_of(kind: str = "http", token: str | None = None, **more: Any) -> dict[str, Any]:
    headers = [(b"content-type", b"application/json")]
    if token is not None:
        headers.append((b"authorization", b"Bearer " + token.encode()))
    return {
        "type": kind,
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "headers": headers,
        **({"method": "POST"} if kind == "http" else {}),
        **more,
    }


async def test_the_token_is_where_handlers_look_for_it(server: ResourceServer, issuer: Authority) -> None:
    inner = Application()
    state = {"of": "lifespan"}
    scope = scope_of(token=issuer.token(), method="GET", state=state)
    sent = await exchange(BearerMiddleware(inner, server), scope, {"type": "http.request"})
    assert sent[0]["status"] == 200
    token = inner.scopes[0]["state"]["access_token"]
    assert token.subject == "alice"
    assert inner.scopes[0]["state"]["of"] == "lifespan"
    # Servers may share the dictionary between requests.
    assert state == {"of": "lifespan"}
    user = inner.scopes[0]["user"]
    assert (user.access_token.subject, user.access_token.client_id) == ("alice", "cli")
    assert user.access_token.resource == RESOURCE
    assert user.access_token.claims["iss"] == ISSUER


async def test_a_token_without_client_is_never_given_its_subject_for_one(
    server: ResourceServer, issuer: Authority
) -> None:
    inner = Application()
    scope = scope_of(token=issuer.token(client_id=None), method="GET")
    await exchange(BearerMiddleware(inner, server), scope, {"type": "http.request"})
    assert inner.scopes[0]["user"].access_token.client_id == ""


async def test_without_the_sdk_there_is_no_user(
    server: ResourceServer, issuer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp_bearer._sdk", None)
    inner = Application()
    scope = scope_of(token=issuer.token(), method="GET")
    await exchange(BearerMiddleware(inner, server), scope, {"type": "http.request"})
    assert inner.scopes[0]["state"]["access_token"].subject == "alice"
    assert "user" not in inner.scopes[0]


class Stub:
    """A guard or server that says what the core does not say yet."""

    def __init__(self, entry: Any, decision: Any = None) -> None:
        self.try_enter = lambda request: SimpleNamespace(**entry)
        self.permit = lambda *_, **__: SimpleNamespace(**decision)


NONCE = (b"dpop-nonce", b"1")


def entry_of(server: ResourceServer, issuer: Authority) -> dict[str, Any]:
    token = server.try_authenticate(request(issuer.token()))
    assert token is not None
    return {"kind": "authenticated", "token": token.token, "response_headers": [("dpop-nonce", "1")]}


async def test_fields_of_authentication_are_on_every_response(
    server: ResourceServer, issuer: Authority
) -> None:
    app = BearerMiddleware(OperationsMiddleware(Application(), POLICY), server)
    app._guard = Stub(entry_of(server, issuer))  # type: ignore[assignment]
    for body, status in [(rpc("tools/call", name="read"), 200), (rpc("tools/call", name="write"), 403)]:
        sent = await exchange(app, scope_of(), {"type": "http.request", "body": json.dumps(body).encode()})
        assert sent[0]["status"] == status
        assert [field for field in sent[0]["headers"] if field[0] == NONCE[0]] == [NONCE]
    app = BearerMiddleware(Application(), server)
    app._guard = Stub(entry_of(server, issuer))  # type: ignore[assignment]
    assert await exchange(app, scope_of("websocket")) == [{"type": "websocket.accept", "headers": [NONCE]}]


async def test_standing_alone_fields_of_authentication_are_on_every_response(
    server: ResourceServer, issuer: Authority
) -> None:
    denial = Denial.internal()
    for refused, status in [(None, 200), (denial, 500)]:
        app = OperationsMiddleware(Application(), POLICY, server=server)
        decision = {"denial": refused, "response_headers": [] if refused else [("x-of-decision", "2")]}
        app._bound = (server, Stub(entry_of(server, issuer), decision))  # type: ignore[assignment]
        sent = await exchange(app, scope_of(), {"type": "http.request", "body": b""})
        assert sent[0]["status"] == status
        assert NONCE in sent[0]["headers"]
        assert ((b"x-of-decision", b"2") in sent[0]["headers"]) is (refused is None)


@pytest.mark.parametrize("kind", ["anonymous", "something new"])
async def test_an_entry_that_is_not_known_lets_nobody_in(server: ResourceServer, kind: str) -> None:
    inner = Application()
    nobody: dict[str, Any] = {
        "kind": kind,
        "token": None,
        "response_headers": [],
        "response": None,
        "denial": None,
    }
    app = BearerMiddleware(inner, server)
    app._guard = Stub(nobody)  # type: ignore[assignment]
    assert (await exchange(app, scope_of()))[0]["status"] == 500
    alone = OperationsMiddleware(inner, POLICY, server=server)
    alone._bound = (server, Stub({**nobody, "kind": "something new"}))  # type: ignore[assignment]
    assert (await exchange(alone, scope_of()))[0]["status"] == 500
    assert not inner.scopes


async def test_everything_else_is_refused(server: ResourceServer, issuer: Authority) -> None:
    inner = Application()
    app = BearerMiddleware(inner, server, public_routes=["/health"])
    async with client(app) as http:
        for target in [
            "/",
            "/nowhere",
            "/todos/.well-known",
            "/Health",
            "/health/",
            "/%68ealth",
            METADATA + "/",
        ]:
            answer = await http.get(target)
            assert answer.status_code == 401, target
            assert "error" not in answer.headers["www-authenticate"], target
            assert answer.headers["content-length"] == str(len(answer.content))
        assert (await http.get(f"/todos?access_token={issuer.token()}")).status_code == 401
        assert (await http.options("/todos")).status_code == 401
        twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")]
        assert (await http.get("/todos", headers=twice)).status_code == 400
        assert not inner.scopes
        assert (await http.get("/health")).status_code == 200
        assert (await http.get("/health?x=1")).status_code == 200
        preflight = {"origin": "https://a.example", "access-control-request-method": "POST"}
        assert (await http.options("/todos", headers=preflight)).status_code == 200
        assert (await http.get("/todos", headers=issuer.bearer())).status_code == 200


async def test_metadata_at_both_paths(server: ResourceServer) -> None:
    async with client(BearerMiddleware(Application(), server)) as http:
        for path in [METADATA, "/.well-known/oauth-protected-resource"]:
            answer = await http.get(path)
            assert answer.json()["resource"] == RESOURCE
            assert answer.headers["access-control-allow-origin"] == "*"
            head = await http.head(path)
            assert (head.status_code, head.content) == (200, b"")
            again = await http.get(path, headers={"if-none-match": answer.headers["etag"]})
            assert again.status_code == 304
            assert (await http.post(path)).status_code == 405


async def test_lifespan_passes(server: ResourceServer) -> None:
    inner = Application()
    for app in [BearerMiddleware(inner, server), OperationsMiddleware(inner, POLICY, server=server)]:
        await exchange(app, {"type": "lifespan"})
    assert len(inner.scopes) == 2


async def test_a_websocket_handshake_is_a_request(server: ResourceServer, issuer: Authority) -> None:
    inner = Application()
    app = BearerMiddleware(inner, server)
    assert await exchange(app, scope_of("websocket")) == [{"type": "websocket.close"}]
    extended = scope_of("websocket", extensions={"websocket.http.response": {}})
    start, body = await exchange(app, extended)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert body["type"] == "websocket.http.response.body"
    assert not inner.scopes
    assert await exchange(app, scope_of("websocket", issuer.token())) == [{"type": "websocket.accept"}]


async def test_keys_that_cannot_be_had_are_waited_for_and_told_of(issuer: Authority) -> None:
    def down(url: str, timeout: float, headers: dict[str, str]) -> Any:
        raise ConnectionError

    server = ResourceServer(resource=RESOURCE, issuers=Issuers([ISSUER], fetch=down))
    async with client(BearerMiddleware(Application(), server)) as http:
        answer = await http.get("/", headers=issuer.bearer())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
    server = ResourceServer(resource=RESOURCE, issuers=Issuers([ISSUER], fetch=issuer.fetch))
    async with client(BearerMiddleware(Application(), server)) as http:
        assert (await http.get("/", headers=issuer.bearer())).status_code == 200


async def test_operations_are_judged_by_the_body(server: ResourceServer, issuer: Authority) -> None:
    inner = Application()
    app = BearerMiddleware(OperationsMiddleware(inner, POLICY), server)
    async with client(app) as http:
        read = await http.post("/mcp", headers=issuer.bearer(), json=rpc("tools/call", name="read"))
        assert read.status_code == 200
        assert inner.bodies == [read.request.content]
        write = await http.post("/mcp", headers=issuer.bearer(), json=rpc("tools/call", name="write"))
        assert write.status_code == 403
        assert 'scope="todo:write"' in write.headers["www-authenticate"]
        other = await http.post("/mcp", headers=issuer.bearer(), json=rpc("tools/call", name="other"))
        assert other.status_code == 403
        assert "www-authenticate" not in other.headers
        batch = [rpc("tools/call", name="read"), rpc("tools/call", name="write")]
        assert (await http.post("/mcp", headers=issuer.bearer(), json=batch)).status_code == 403
        for content in [b"{bad", b"\xef\xbb\xbf{}", b'{"method":"a","method":"b"}']:
            answer = await http.post("/mcp", headers={**issuer.bearer(), **JSON}, content=content)
            assert answer.status_code == 400, content
            assert (await http.post("/mcp", headers=JSON, content=content)).status_code == 401, content
        assert (await http.post("/mcp", headers=issuer.bearer(), content=b"x")).status_code == 415
        assert (await http.get("/mcp", headers=issuer.bearer())).status_code == 200
        assert (await http.delete("/mcp")).status_code == 401
    assert len(inner.bodies) == 2


async def test_a_body_under_another_name_than_post_reaches_no_handler(
    server: ResourceServer, issuer: Authority
) -> None:
    preflight = {"origin": "https://a.example", "access-control-request-method": "POST"}
    content = json.dumps(rpc("tools/call", name="read"))
    inner = Application()
    guarded = BearerMiddleware(OperationsMiddleware(inner, POLICY), server)
    for app in [guarded, OperationsMiddleware(inner, POLICY, server=server)]:
        async with client(app) as http:
            for method in ["GET", "PUT", "PATCH", "DELETE", "QUERY"]:
                headers = {**issuer.bearer(), **JSON}
                answer = await http.request(method, "/mcp", headers=headers, content=content)
                assert answer.status_code == 415, method
            answer = await http.request("OPTIONS", "/mcp", headers=preflight, content=content)
            assert answer.status_code == 401
            assert (await http.options("/mcp", headers=preflight)).status_code == 200
    assert inner.bodies == [b"", b""]


async def test_a_long_body_is_not_read_to_its_end(server: ResourceServer, issuer: Authority) -> None:
    inner = Application()
    policy = OperationPolicy(body_limit=10)
    app = OperationsMiddleware(inner, policy, server=server)
    chunk = {"type": "http.request", "body": b" " * 6, "more_body": True}
    sent = await exchange(app, scope_of(token=issuer.token()), chunk, chunk)
    assert sent[0]["status"] == 413
    assert not inner.scopes


async def test_the_body_arrives_once_and_then_the_disconnect(
    server: ResourceServer, issuer: Authority
) -> None:
    messages: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        messages.extend([await receive(), await receive()])

    app = OperationsMiddleware(inner, POLICY, server=server)
    await exchange(
        app,
        scope_of(token=issuer.token()),
        {"type": "http.request", "body": b'{"jsonrpc":"2.0",', "more_body": True},
        {"type": "http.request", "body": b'"id":1,"method":"ping"}'},
        {"type": "http.disconnect"},
    )
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert messages == [
        {"type": "http.request", "body": body, "more_body": False},
        {"type": "http.disconnect"},
    ]


async def test_a_client_that_leaves_is_not_answered(server: ResourceServer, issuer: Authority) -> None:
    inner = Application()
    app = OperationsMiddleware(inner, POLICY, server=server)
    start = {"type": "http.request", "body": b"{", "more_body": True}
    sent = await exchange(app, scope_of(token=issuer.token()), start, {"type": "http.disconnect"})
    assert sent == []
    assert not inner.scopes


@pytest.mark.parametrize("public_route", [False, True])
async def test_standing_alone_it_authenticates(
    server: ResourceServer, issuer: Authority, public_route: bool
) -> None:
    inner = Application()
    app: Any = OperationsMiddleware(inner, POLICY, server=None if public_route else server)
    if public_route:
        app = BearerMiddleware(app, server, public_routes=["/mcp"])
    async with client(app) as http:
        assert (await http.post("/mcp", json=rpc("ping"))).status_code == 200
        assert not inner.scopes[-1]["state"]["access_token"]
        assert (await http.post("/mcp", json=rpc("ping"), headers=issuer.bearer())).status_code == 200
        assert inner.scopes[-1]["state"]["access_token"].subject == "alice"
        assert inner.scopes[-1]["user"].access_token.subject == "alice"
        bad = await http.post("/mcp", json=rpc("ping"), headers=issuer.bearer(exp=1))
        assert bad.status_code == 401
        call = await http.post("/mcp", json=rpc("tools/call", name="read"))
        assert call.status_code == 401
        assert 'scope="todo:read"' in call.headers["www-authenticate"]
        both = await http.post("/mcp", json=[rpc("ping"), rpc("tools/call", name="read")])
        assert both.status_code == 401
        preflight = {"origin": "https://a.example", "access-control-request-method": "POST"}
        assert (await http.options("/mcp", headers=preflight)).status_code == 200


async def test_a_token_for_another_resource_is_not_taken_over(
    server: ResourceServer, issuer: Authority
) -> None:
    inner = Application()
    other = ResourceServer(resource="https://mcp.example.com/other", issuers=issuer.static())
    app = BearerMiddleware(OperationsMiddleware(inner, POLICY, server=other), server)
    async with client(app) as http:
        assert (await http.post("/other", json=rpc("ping"), headers=issuer.bearer())).status_code == 401
    assert not inner.scopes


async def test_frames_of_a_websocket_cannot_be_judged(server: ResourceServer, issuer: Authority) -> None:
    inner = Application()
    app = BearerMiddleware(OperationsMiddleware(inner, POLICY), server)
    assert await exchange(app, scope_of("websocket", issuer.token())) == [{"type": "websocket.close"}]
    assert not inner.scopes


async def test_without_a_server_there_is_a_setup_error(issuer: Authority) -> None:
    with pytest.raises(RuntimeError, match="protect"):
        await exchange(OperationsMiddleware(Application(), POLICY), scope_of(token=issuer.token()))


async def test_a_public_route_is_compared_as_the_client_sent_it(server: ResourceServer) -> None:
    inner = Application()
    app = BearerMiddleware(inner, server, public_routes=["/a/b"])
    for raw, status in [(b"/a%2Fb", 401), (b"/a/b", 200)]:
        scope = scope_of(path="/a/b", raw_path=raw, method="GET")
        assert (await exchange(app, scope, {"type": "http.request"}))[0]["status"] == status
    without = {name: value for name, value in scope_of(path="/a/\u00e9").items() if name != "raw_path"}
    assert (await exchange(app, without, {"type": "http.request"}))[0]["status"] == 401


@pytest.mark.parametrize("public", [[], ["/mcp"]])
async def test_a_requirement_is_demanded_also_where_the_route_is_public(
    server: ResourceServer, issuer: Authority, public: list[str]
) -> None:
    inner = Application()
    route = RequirementMiddleware(inner, Requirement.all_of("todo:read", "todo:write"))
    app = BearerMiddleware(route, server, public_routes=public)
    for token, status, scope in [
        (None, 401, "todo:read"),
        (issuer.token("todo:read"), 403, "todo:read todo:write"),
        (issuer.token("todo:read", exp=1), 401, "todo:read"),
    ]:
        start, _ = await exchange(app, scope_of(token=token))
        assert start["status"] == status
        assert f'scope="{scope}"'.encode() in dict(start["headers"])[b"www-authenticate"]
    assert inner.scopes == []
    token = issuer.token("todo:write todo:read")
    end = {"type": "http.request", "body": b"{}"}
    start, _ = await exchange(app, scope_of(token=token), end)
    assert start["status"] == 200
    assert inner.scopes[0]["state"]["access_token"].subject == "alice"
    assert inner.scopes[0]["user"].access_token.subject == "alice"


async def test_a_requirement_holds_for_websockets(server: ResourceServer, issuer: Authority) -> None:
    app = BearerMiddleware(RequirementMiddleware(Application(), Requirement.scope("live")), server)
    refused = await exchange(app, scope_of("websocket", issuer.token("todo:read")))
    assert refused == [{"type": "websocket.close"}]
    assert await exchange(app, scope_of("websocket", issuer.token("live"))) == [{"type": "websocket.accept"}]


async def test_a_requirement_needs_the_middleware() -> None:
    with pytest.raises(RuntimeError, match="not protected"):
        await exchange(RequirementMiddleware(Application(), Requirement.none()), scope_of())


async def test_fields_of_authentication_are_on_every_response_of_a_route(
    server: ResourceServer, issuer: Authority
) -> None:
    route = RequirementMiddleware(Application(), Requirement.none())
    for refused, status in [(None, 200), (Denial.internal(), 500)]:
        app = BearerMiddleware(route, server)
        decision = {"denial": refused, "response_headers": [("x-of-decision", "2")]}
        app._guard = app._server = Stub(entry_of(server, issuer), decision)  # type: ignore[assignment]
        start, *_ = await exchange(app, scope_of(), {"type": "http.request", "body": b""})
        assert start["status"] == status
        assert [field for field in start["headers"] if field[0] == NONCE[0]] == [NONCE]
        assert (b"x-of-decision", b"2") in start["headers"]
