"""Who gets in and who does not (issue 2, point 5; DESIGN section 3), over REST and over MCP."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

import wire
from attacks import CREATE, LIST, call
from expect import INVALID, MISSING, MULTIPLE, Denied, check, check_status, describe, needs, result
from issuer import Issuer, Key, encode
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
def test_no_token(todo: Server, method: str, target: str, body: bytes | None) -> None:
    answer = todo(method, target, None, JSON if body else (), body)
    if method == "TRACE" and answer.status in (400, 405, 501):
        return  # The HTTP server does not take the method at all.
    if method == "HEAD":
        check_status(todo, f"{method} {target}", 401, answer)
        assert answer.challenge() == {"scope": "todo:read", "resource_metadata": todo.metadata_url}
    else:
        check(todo, f"{method} {target} with {body!r}", MISSING, answer)


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
def test_credentials(todo: Server, name: str, expected: Denied | None, values: list[str], mint: Mint) -> None:
    good = mint(todo)
    fields = [("Authorization", value.format(good=good).encode("latin-1")) for value in values]
    for what, answer in (
        ("GET /todos", wire.request(todo.port, "GET", "/todos", fields)),
        ("tools/call", todo.rpc(LIST, fields=fields)),
    ):
        if expected is None:
            check_status(todo, f"{name}: {what}", 200, answer)
        else:
            check(todo, f"{name}: {what}", expected, answer)


def test_token_elsewhere_is_no_credential(todo: Server, mint: Mint) -> None:
    good = mint(todo, "todo:read todo:write")
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    for what, answer in {
        "query": todo("GET", f"/todos?access_token={good}"),
        "query at the MCP endpoint": todo.rpc(LIST, target=f"{todo.path}?access_token={good}"),
        "form body": todo("POST", "/todos", None, form, f"access_token={good}".encode()),
        "JSON body": todo("POST", "/todos", None, JSON, json.dumps({"access_token": good}).encode()),
        "cookie": todo("GET", "/todos", None, [("Cookie", f"access_token={good}; Authorization=Bearer {good}")]),
        "Proxy-Authorization": todo("GET", "/todos", None, [("Proxy-Authorization", f"Bearer {good}")]),
        "X-Forwarded-Authorization": todo("GET", "/todos", None, [("X-Forwarded-Authorization", f"Bearer {good}")]),
        "WebSocket protocol": todo("GET", "/todos", None, [("Sec-WebSocket-Protocol", f"bearer, {good}")]),
    }.items():
        check(todo, f"token in the {what}", MISSING, answer)


Forge = Callable[[Issuer, Server], str]


def replaced_claims(issuer: Issuer, server: Server) -> str:
    header, _, signature = issuer.mint(server.resource).split(".")
    _, claims, _ = issuer.mint(server.resource, "todo:read todo:write").split(".")
    return f"{header}.{claims}.{signature}"


def unsigned(alg: str) -> Forge:
    def forge(issuer: Issuer, server: Server) -> str:
        _, claims, _ = issuer.mint(server.resource).split(".")
        return f"{encode(json.dumps({'alg': alg, 'typ': 'at+jwt'}).encode())}.{claims}."

    return forge


def hmac_with_the_public_key(issuer: Issuer, server: Server) -> str:
    _, claims, _ = issuer.mint(server.resource).split(".")
    signed = f"{encode(json.dumps({'alg': 'HS256', 'typ': 'at+jwt', 'kid': issuer.key.kid}).encode())}.{claims}"
    secret = json.dumps(issuer.key.jwk()).encode()
    return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def impostor(issuer: Issuer, server: Server) -> str:
    key = Key()
    key.kid = issuer.key.kid
    return issuer.mint(server.resource, key=key)


def good(**changes: Any) -> Forge:
    return lambda issuer, server: issuer.mint(server.resource, **changes)


NOW = int(time.time())
BAD_TOKENS: dict[str, Forge] = {
    "garbage": lambda *_: "garbage",
    "two parts": lambda *_: "a.b",
    "five parts": lambda *_: "a.b.c.d.e",
    "three parts of nothing": lambda *_: "..",
    "cut off": lambda issuer, server: issuer.mint(server.resource)[:-1],
    "claims of another token": replaced_claims,
    "alg none": unsigned("none"),
    "alg nOnE": unsigned("nOnE"),
    "HS256 with the public key": hmac_with_the_public_key,
    "another key under the same kid": impostor,
    "a kid that is not published": lambda issuer, server: issuer.mint(server.resource, key=Key()),
    "expired": good(exp=NOW - 60),
    "expired and under-scoped": good(exp=NOW - 60, scope="todo:nothing"),
    "no exp": good(exp=...),
    "exp in a string": good(exp=str(NOW + 300)),
    "not yet valid": good(nbf=NOW + 600),
    "another audience": lambda issuer, _: issuer.mint("https://other.example.com/mcp"),
    "no audience": good(aud=...),
    "audience with more behind": lambda issuer, server: issuer.mint(server.resource + "/other"),
    "audience in upper case": lambda issuer, server: issuer.mint(server.resource.upper()),
    "another issuer": good(iss="https://evil.example.com"),
    "issuer with a slash": lambda issuer, server: issuer.mint(server.resource, iss=issuer.url + "/"),
    "issuer in a list": lambda issuer, server: issuer.mint(server.resource, iss=[issuer.url]),
    "no issuer": good(iss=...),
    "an ID token": good(header={"typ": "JWT"}, nonce="n", at_hash="x"),
    "a logout token": good(header={"typ": "logout+jwt"}),
    "a DPoP proof": good(header={"typ": "dpop+jwt"}),
    "an ID-JAG": good(header={"typ": "oauth-id-jag+jwt"}),
    "critical header": good(header={"crit": ["b64"], "b64": False}),
    "bound to a key": good(cnf={"jkt": "x"}),
    "scope in a number": good(scope=1),
    "too long": good(padding="x" * 20_000),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_bad_token(todo: Server, name: str, issuer: Issuer) -> None:
    token = BAD_TOKENS[name](issuer, todo)
    for what, answer in (
        ("GET /todos", todo("GET", "/todos", token)),
        ("DELETE /todos/1", todo("DELETE", "/todos/1", token)),
        ("GET /unknown", todo("GET", "/unknown", token)),
        ("tools/call", todo.rpc(LIST, token)),
        ("malformed body", todo("POST", "/todos", token, JSON, b"{bad")),
    ):
        check(todo, f"{name}: {what}", INVALID, answer)


GOOD_TOKENS: dict[str, Forge] = {
    "audience in a list": lambda issuer, server: issuer.mint(["https://other.example.com", server.resource]),
    "audience is RESOURCE_ID": lambda issuer, _: issuer.mint("res_e2e"),
    "typ JWT": good(header={"typ": "JWT"}),
    "typ in upper case": good(header={"typ": "AT+JWT"}),
    "no typ": good(header={"typ": ...}),
    "no kid": good(header={"kid": ...}),
    "Scalekit's scopes in a list": good(scope=..., scopes=["todo:read"]),
    "Entra's scp": good(scope=..., scp="todo:read"),
    "more scopes": good(scope="other todo:read todo:write"),
    "no nbf": good(nbf=...),
}


@pytest.mark.parametrize("name", GOOD_TOKENS)
def test_good_token(todo: Server, name: str, issuer: Issuer) -> None:
    token = GOOD_TOKENS[name](issuer, todo)
    check_status(todo, f"{name}: GET /todos", 200, todo("GET", "/todos", token))
    check_status(todo, f"{name}: tools/call", 200, todo.rpc(LIST, token))


def test_missing_scope(any_todo: Server, mint: Mint) -> None:
    """Complete over both doors."""
    nothing = mint(any_todo, None)
    for what, scope, answer in (
        ("GET /todos", "todo:read", any_todo("GET", "/todos", nothing)),
        ("POST /todos", "todo:write", any_todo("POST", "/todos", nothing, JSON, b'{"title":"x"}')),
        ("DELETE /todos/1", "todo:delete", any_todo("DELETE", "/todos/1", nothing)),
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


def test_scopes_are_compared_whole(todo: Server, mint: Mint) -> None:
    for scope in ("todo:reads", "todo", "TODO:READ", "todo:read\ttodo:write", "todo:read,todo:write"):
        check(todo, f"scope {scope!r}", needs("todo:read"), todo("GET", "/todos", mint(todo, scope)))


def test_rest(any_todo: Server, mint: Mint, user: str) -> None:
    token = mint(any_todo, "todo:read todo:write todo:delete")
    made = check_status(any_todo, "POST /todos", {200, 201}, any_todo("POST", "/todos", token, JSON, b'{"title":"milk"}')).json()
    todo = made["todo"]
    assert set(todo) == {"id", "title"} and todo["title"] == "milk", describe(any_todo, "POST /todos", "id and title", made)
    assert any_todo("GET", "/todos", token).json() == {"todos": [todo]}
    assert any_todo("GET", "/todos", mint(any_todo, sub=f"{user}-other")).json() == {"todos": []}
    other = mint(any_todo, "todo:delete", sub=f"{user}-other")
    check_status(any_todo, "DELETE of another user's todo", 404, any_todo("DELETE", f"/todos/{todo['id']}", other))
    assert any_todo("DELETE", f"/todos/{todo['id']}", token).json() == {"success": True}
    check_status(any_todo, "DELETE again", 404, any_todo("DELETE", f"/todos/{todo['id']}", token))
    check_status(any_todo, "unknown path with a token", 404, any_todo("GET", "/unknown", token))
    bad = any_todo("POST", "/todos", token, JSON, b"{bad")
    check_status(any_todo, "POST /todos with a bad body", {400, 415, 422}, bad)


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


def test_websocket_handshake(todo: Server, mint: Mint) -> None:
    """A request like others."""
    key = base64.b64encode(b"0123456789abcdef").decode()
    for target in ("/todos", todo.path, "/"):
        fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key)]
        answer = wire.raw(todo.port, wire.head("GET", target, todo.port, fields))
        check(todo, f"WebSocket handshake to {target}", MISSING, answer)
        good = [*fields, ("Authorization", f"Bearer {mint(todo)}")]
        assert wire.request_head(todo.port, "GET", target, good).status != 101


def test_host_and_forwarded_fields_change_nothing(todo: Server) -> None:
    for fields in (
        [("Host", "evil.example.com")],
        [("X-Forwarded-Host", "evil.example.com"), ("X-Forwarded-Proto", "https")],
        [("Forwarded", "host=evil.example.com;proto=https")],
        [("X-Original-URL", "/.well-known/oauth-protected-resource"), ("X-Rewrite-URL", "/.well-known/oauth-protected-resource")],
    ):
        answer = todo("GET", "/todos", None, fields)
        check(todo, f"{fields}", MISSING, answer)
        document = todo("GET", "/.well-known/oauth-protected-resource", None, fields)
        assert document.json()["resource"] == todo.resource
