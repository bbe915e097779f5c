"""Who gets in and who does not, over REST and over MCP."""

import base64
import json
from collections.abc import Callable

import pytest

import wire
from attacks import CREATE, LIST, call, list_todos
from expect import INVALID, MISSING, MULTIPLE, Denied, check, check_status, describe, needs, result
from servers import Server

Mint = Callable[..., str]
JSON = [("Content-Type", "application/json")]

# What is asked without a token: method, target, body.
UNIDENTIFIED = [
    ("GET", "/todos", None),
    ("POST", "/todos", b'{"title":"x"}'),
    ("POST", "/todos", b"{bad"),
    ("POST", "/todos", b"\xff"),
    ("DELETE", "/todos/1", None),
    ("GET", "/me", None),
    ("GET", "/unknown", None),
    ("GET", "/favicon.ico", None),
    ("GET", "/docs", None),
    ("GET", "/openapi.json", None),
    ("HEAD", "/todos", None),
    ("OPTIONS", "/todos", None),
    ("TRACE", "/todos", None),
    # Paths only let something through when they are exactly what is public.
    ("GET", "/todos/.well-known", None),
    ("GET", "/todos/.well-known/oauth-protected-resource", None),
    ("GET", "/.well-known/todos", None),
    ("GET", "/.well-known/../todos", None),
    ("GET", "/.well-known/oauth-protected-resource/../../todos", None),
    ("GET", "/.well-known/oauth-protected-resource/%2e%2e/%2e%2e/todos", None),
    ("GET", "/.well-known/oauth-protected-resource/", None),
    ("GET", "/.well-known/oauth-protected-resource/other", None),
    ("GET", "/.WELL-KNOWN/oauth-protected-resource", None),
    ("GET", "/%2ewell-known/oauth-protected-resource", None),
    ("GET", "/.well-known/oauth-authorization-server", None),
    ("GET", "/todos?x=/.well-known/oauth-protected-resource", None),
    ("GET", "/todos;/.well-known/oauth-protected-resource", None),
    ("GET", "/TODOS", None),
    ("GET", "//todos", None),
]


@pytest.mark.parametrize(("method", "target", "body"), UNIDENTIFIED, ids=lambda part: repr(part)[:60])
def test_no_token(rest: Server, method: str, target: str, body: bytes | None) -> None:
    answer = rest(method, target, None, JSON if body else (), body)
    if method == "TRACE" and answer.status in (400, 405, 501):
        return  # The HTTP server does not take the method at all.
    if method == "OPTIONS" and rest.target.answers_options:
        check_status(rest, f"{method} {target}", 204, answer)
    elif method == "HEAD":
        check_status(rest, f"{method} {target}", 401, answer)
        assert answer.challenge() == {"scope": "todo:read", "resource_metadata": rest.metadata_url}
    else:
        check(rest, f"{method} {target} with {body!r}", MISSING, answer)


def test_no_token_at_the_mcp_endpoint(any_todo: Server) -> None:
    bodies = [
        LIST,
        CREATE,
        b"{bad",
        b"",
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping"}',
    ]
    for body in bodies:
        check(any_todo, f"MCP {body!r}", MISSING, any_todo.rpc(body))
    for method in ("GET", "DELETE", "PUT"):
        check(any_todo, f"{method} {any_todo.path}", MISSING, any_todo(method, any_todo.path))


# What is no Bearer credential, and what is more than one.
CREDENTIALS: list[tuple[str, Denied | None, list[str]]] = [
    ("scheme in lower case", None, ["bearer {good}"]),
    ("scheme in upper case", None, ["BEARER {good}"]),
    ("several spaces", None, ["Bearer    {good}"]),
    ("white space around", None, [" Bearer {good}  "]),
    ("another scheme", MISSING, ["Basic dXNlcjpwYXNz"]),
    ("a good token under another scheme", MISSING, ["Token {good}"]),
    ("DPoP scheme", MISSING, ["DPoP {good}"]),
    ("nothing but the scheme", MISSING, ["Bearer"]),
    ("scheme and blanks", MISSING, ["Bearer   "]),
    ("empty field", MISSING, [""]),
    ("only the token", MISSING, ["{good}"]),
    ("no space", MISSING, ["Bearer{good}"]),
    ("two fields", MULTIPLE, ["Bearer {good}", "Bearer {good}"]),
    ("two fields, one bad", MULTIPLE, ["Bearer {good}", "Bearer x"]),
    ("two fields, bad first", MULTIPLE, ["Bearer x", "Bearer {good}"]),
    ("two fields, two schemes", MULTIPLE, ["Basic dXNlcjpwYXNz", "Bearer {good}"]),
    ("two fields, one empty", MULTIPLE, ["Bearer {good}", ""]),
    ("two in one, comma", MULTIPLE, ["Bearer {good}, Bearer {good}"]),
    ("two in one, another scheme", MULTIPLE, ["Bearer {good}, Basic dXNlcjpwYXNz"]),
    ("two in one, space", MULTIPLE, ["Bearer {good} {good}"]),
    ("two words", MULTIPLE, ["Bearer x y"]),
    ("another scheme first", MULTIPLE, ["Basic dXNlcjpwYXNz, Bearer {good}"]),
    ("not token68", INVALID, ["Bearer {{}}"]),
    ("not ASCII", INVALID, ["Bearer \u00e9"]),
    ("quoted", INVALID, ['Bearer "{good}"']),
    ("padded", INVALID, ["Bearer {good}="]),
]


@pytest.mark.parametrize(("name", "expected", "values"), CREDENTIALS, ids=lambda part: part if isinstance(part, str) else "")
def test_credentials(rest: Server, name: str, expected: Denied | None, values: list[str], mint: Mint) -> None:
    good = mint(rest)
    fields = [("Authorization", value.format(good=good).encode("latin-1")) for value in values]
    for what, answer in list_todos(rest, None, fields):
        if expected is None:
            check_status(rest, f"{name}: {what}", 200, answer)
        else:
            check(rest, f"{name}: {what}", expected, answer)


def test_token_elsewhere_is_no_credential(rest: Server, mint: Mint) -> None:
    good = mint(rest, "todo:read todo:write")
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    for what, answer in {
        "query": rest("GET", f"/todos?access_token={good}"),
        "query at the MCP endpoint": rest.rpc(LIST, target=f"{rest.path}?access_token={good}"),
        "form body": rest("POST", "/todos", None, form, f"access_token={good}".encode()),
        "JSON body": rest("POST", "/todos", None, JSON, json.dumps({"access_token": good}).encode()),
        "cookie": rest("GET", "/todos", None, [("Cookie", f"access_token={good}; Authorization=Bearer {good}")]),
        "Proxy-Authorization": rest("GET", "/todos", None, [("Proxy-Authorization", f"Bearer {good}")]),
        "X-Forwarded-Authorization": rest("GET", "/todos", None, [("X-Forwarded-Authorization", f"Bearer {good}")]),
        "WebSocket protocol": rest("GET", "/todos", None, [("Sec-WebSocket-Protocol", f"bearer, {good}")]),
    }.items():
        check(rest, f"token in the {what}", MISSING, answer)


def test_missing_scope(any_rest: Server, mint: Mint) -> None:
    nothing = mint(any_rest, None)
    for what, scope, answer in (
        ("GET /todos", "todo:read", any_rest("GET", "/todos", nothing)),
        ("POST /todos", "todo:write", any_rest("POST", "/todos", nothing, JSON, b'{"title":"x"}')),
        ("DELETE /todos/1", "todo:delete", any_rest("DELETE", "/todos/1", nothing)),
    ):
        check(any_rest, what, needs(scope), answer)


def test_missing_scope_of_a_tool(any_todo: Server, mint: Mint) -> None:
    nothing = mint(any_todo, None)
    for what, scope, answer in (
        ("list_todos", "todo:read", any_todo.rpc(LIST, nothing)),
        ("create_todo", "todo:write", any_todo.rpc(CREATE, nothing)),
        ("delete_todo", "todo:delete", any_todo.rpc(call("delete_todo", '{"id":"1"}'), nothing)),
    ):
        check(any_todo, what, needs(scope), answer)
    check_status(any_todo, "GET /me needs no scope", 200, any_todo("GET", "/me", nothing))


def test_missing_scope_and_a_bad_body(any_todo: Server, mint: Mint) -> None:
    """FastAPI parses a body before it asks a route's own needs; the others need not say what is wrong with it."""
    answer = any_todo("POST", "/todos", mint(any_todo), JSON, b"{bad")
    if any_todo.target.name == "todo-fastapi" and answer.status == 422:
        return
    check(any_todo, "POST /todos with a bad body", needs("todo:write"), answer)


def test_scopes_are_compared_whole(rest: Server, mint: Mint) -> None:
    for scope in ("todo:reads", "todo", "TODO:READ", "todo:read\ttodo:write", "todo:read,todo:write"):
        check(rest, f"scope {scope!r}", needs("todo:read"), rest("GET", "/todos", mint(rest, scope)))


def test_rest(any_rest: Server, mint: Mint, user: str) -> None:
    token = mint(any_rest, "todo:read todo:write todo:delete")
    made = check_status(any_rest, "POST /todos", {200, 201}, any_rest("POST", "/todos", token, JSON, b'{"title":"milk"}')).json()
    todo = made["todo"]
    assert set(todo) == {"id", "title"} and todo["title"] == "milk", describe(any_rest, "POST /todos", "id and title", made)
    assert any_rest("GET", "/todos", token).json() == {"todos": [todo]}
    assert any_rest("GET", "/todos", mint(any_rest, sub=f"{user}-other")).json() == {"todos": []}
    other = mint(any_rest, "todo:delete", sub=f"{user}-other")
    check_status(any_rest, "DELETE of another user's todo", 404, any_rest("DELETE", f"/todos/{todo['id']}", other))
    assert any_rest("DELETE", f"/todos/{todo['id']}", token).json() == {"success": True}
    check_status(any_rest, "DELETE again", 404, any_rest("DELETE", f"/todos/{todo['id']}", token))
    check_status(any_rest, "unknown path with a token", 404, any_rest("GET", "/unknown", token))
    bad = any_rest("POST", "/todos", token, JSON, b"{bad")
    check_status(any_rest, "POST /todos with a bad body", {400, 415, 422}, bad)


def test_me(any_todo: Server, mint: Mint, user: str) -> None:
    me = any_todo("GET", "/me", mint(any_todo, "todo:write todo:read")).json()
    assert me["sub"] == user and me["client_id"] == "m2m_client" and sorted(me["scopes"]) == ["todo:read", "todo:write"], me
    assert set(me) == {"sub", "client_id", "scopes"}


def test_todos_without_a_subject_belong_to_the_client(todo: Server, mint: Mint, user: str) -> None:
    one, other = ({"sub": ..., "client_id": f"{user}-{name}"} for name in ("one", "other"))
    check_status(todo, "POST /todos", {200, 201}, todo("POST", "/todos", mint(todo, "todo:write", **one), JSON, b'{"title":"mine"}'))
    assert [item["title"] for item in todo("GET", "/todos", mint(todo, **one)).json()["todos"]] == ["mine"]
    assert todo("GET", "/todos", mint(todo, **other)).json() == {"todos": []}
    # A client whose id equals a user's subject is not that user.
    assert todo("GET", "/todos", mint(todo, sub=f"{user}-one")).json() == {"todos": []}


def test_a_token_that_names_nobody_opens_no_list(todo: Server, mint: Mint) -> None:
    token = mint(todo, "todo:read todo:write todo:delete", sub=..., client_id=...)
    check_status(todo, "GET /todos", 403, todo("GET", "/todos", token))
    check_status(todo, "POST /todos", 403, todo("POST", "/todos", token, JSON, b'{"title":"mine"}'))
    check_status(todo, "DELETE /todos/1", 403, todo("DELETE", "/todos/1", token))
    answer = result(todo.rpc(LIST, token))
    assert "error" in answer or answer["result"]["isError"], answer


def test_tools(any_todo: Server, mint: Mint) -> None:
    token = mint(any_todo, "todo:read todo:write todo:delete")
    made = result(any_todo.rpc(call("create_todo", '{"title":"milk"}'), token))["result"]
    todo = made["structuredContent"]
    assert set(todo) == {"id", "title"} and json.loads(made["content"][0]["text"]) == todo, made
    listed = result(any_todo.rpc(LIST, token))["result"]
    assert json.loads(listed["content"][0]["text"]) == [todo], listed
    assert any_todo("GET", "/todos", token).json() == {"todos": [todo]}, "the same todos through both doors"
    result(any_todo.rpc(call("delete_todo", json.dumps({"id": todo["id"]})), token))
    assert any_todo("GET", "/todos", token).json() == {"todos": []}


def test_any_valid_token_may_connect(any_todo: Server, mint: Mint) -> None:
    """Only tools need a scope: a client must be able to see what it could ask for."""
    nothing = mint(any_todo, None)
    client = '{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"e2e","version":"1"}}'
    for method, params in (("initialize", client), ("tools/list", "{}"), ("ping", "{}")):
        body = f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}'.encode()
        answer = check_status(any_todo, method, 200, any_todo.rpc(body, nothing))
        assert "result" in result(answer), describe(any_todo, method, "a result", answer)
    for method in ("GET", "DELETE"):
        fields = [("Authorization", f"Bearer {nothing}"), ("Accept", "text/event-stream")]
        answer = wire.request_head(any_todo.port, method, any_todo.path, fields)
        check_status(any_todo, f"{method} {any_todo.path}", {200, 202, 204, 400, 404, 405, 406}, answer)


@pytest.mark.parametrize(
    "target",
    [
        "/todos\u00ff",
        "/%ff",
        "/%",
        "/%zz",
        "/\u00e9",
        "/todos\x00",
        "/todos?\u00ff",
        "*",
        "todos",
        "",
        "/" + "x" * 20_000,
        "/?" + "x" * 20_000,
    ],
)
def test_strange_target(rest: Server, target: str) -> None:
    """Refused by the server or by the guard; nothing falls over."""
    for method, preflight in (("GET", set()), ("OPTIONS", {204} if rest.target.answers_options else set())):
        answer = wire.raw(rest.port, wire.head(method, target, rest.port, [("Connection", "close")]))
        if answer is not None:  # To hang up is an answer too.
            check_status(rest, f"{method} {target[:40]!r}", {400, 401, 404, 414, 431} | preflight, answer)
    check(rest, "the next request", MISSING, rest("GET", "/todos"))


@pytest.mark.parametrize(
    "line",
    [
        "Authorization : Bearer {}",
        " Authorization: Bearer {}",
        "X: y\r\n Authorization: Bearer {}",
        "Authorization\x00: Bearer {}",
        "Author_ization: Bearer {}",
        "X: y\nAuthorization: Bearer {}x",
        "X: y\rAuthorization: Bearer {}",
        "Authorization: Bearer\t{}",
    ],
)
def test_strange_field(rest: Server, line: str, mint: Mint) -> None:
    """What is no well-formed Authorization field admits nobody."""
    field = line.format(mint(rest)).encode()
    data = b"GET /todos HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + field + b"\r\n\r\n"
    answer = wire.raw(rest.port, data)
    if answer is not None:
        check_status(rest, line, {400, 401}, answer)


def test_websocket_handshake(rest: Server, mint: Mint) -> None:
    """A request like others."""
    key = base64.b64encode(b"0123456789abcdef").decode()
    for target in ("/todos", rest.path, "/"):
        fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key)]
        answer = wire.raw(rest.port, wire.head("GET", target, rest.port, fields))
        check(rest, f"WebSocket handshake to {target}", MISSING, answer)
        good = [*fields, ("Authorization", f"Bearer {mint(rest)}")]
        assert wire.request_head(rest.port, "GET", target, good).status != 101


def test_host_and_forwarded_fields_change_nothing(rest: Server) -> None:
    for fields in (
        [("Host", "evil.example.com")],
        [("X-Forwarded-Host", "evil.example.com"), ("X-Forwarded-Proto", "https")],
        [("Forwarded", "host=evil.example.com;proto=https")],
        [("X-Original-URL", "/.well-known/oauth-protected-resource"), ("X-Rewrite-URL", "/.well-known/oauth-protected-resource")],
    ):
        answer = rest("GET", "/todos", None, fields)
        check(rest, f"{fields}", MISSING, answer)
        document = rest("GET", "/.well-known/oauth-protected-resource", None, fields)
        assert document.json()["resource"] == rest.resource
