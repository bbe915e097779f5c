"""Tokens that are good, and all the ways in which one is not.

The same rows are vectors of the core; here they come over real HTTP, with keys that are fetched.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from attacks import LIST, list_todos
from expect import INVALID, check, check_status
from issuer import Issuer, Key, encode
from servers import Server

JSON = [("Content-Type", "application/json")]

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
def test_bad_token(rest: Server, name: str, issuer: Issuer) -> None:
    token = BAD_TOKENS[name](issuer, rest)
    for what, answer in (
        ("GET /todos", rest("GET", "/todos", token)),
        ("DELETE /todos/1", rest("DELETE", "/todos/1", token)),
        ("GET /unknown", rest("GET", "/unknown", token)),
        ("tools/call", rest.rpc(LIST, token)),
        ("malformed body", rest("POST", "/todos", token, JSON, b"{bad")),
    ):
        check(rest, f"{name}: {what}", INVALID, answer)


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
def test_good_token(rest: Server, name: str, issuer: Issuer) -> None:
    token = GOOD_TOKENS[name](issuer, rest)
    for what, answer in list_todos(rest, token):
        check_status(rest, f"{name}: {what}", 200, answer)
