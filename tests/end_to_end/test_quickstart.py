"""What the quickstart gets wrong (REQUIREMENTS section 3, defects 4 to 7 and 9), shown to be right.

Each test is named after its defect and plays a client that would fail over it.
"""

from collections.abc import Callable

import pytest

from attacks import CREATE, call
from expect import MISSING, check, check_status, describe, needs
from issuer import Issuer
from servers import MIGRATED, Server

Mint = Callable[..., str]


def test_4_a_missing_scope_is_a_403_with_a_challenge(any_rest: Server, mint: Mint) -> None:
    """Not a 401, not a bare 403, not a 200 with the error in a dictionary or in a tool result."""
    read = mint(any_rest)
    answer = any_rest("POST", "/todos", read, [("Content-Type", "application/json")], b'{"title":"x"}')
    check(any_rest, "POST", needs("todo:write"), answer)
    check(any_rest, "DELETE", needs("todo:delete"), any_rest("DELETE", "/todos/1", read))
    if any_rest.target.has_tools:
        check(any_rest, "create_todo", needs("todo:write"), any_rest.rpc(CREATE, read))
        check(any_rest, "delete_todo", needs("todo:delete"), any_rest.rpc(call("delete_todo", '{"id":"1"}'), read))


def test_5_metadata_is_at_the_path_of_the_resource_too(rest: Server) -> None:
    for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
        assert check_status(rest, path, 200, rest("GET", path)).json()["resource"] == rest.resource


@pytest.mark.parametrize(
    "path", ["/todos/.well-known", "/mcp/.well-known", "/.well-known/todos", "/todos?.well-known", "/me/.well-known/x"]
)
def test_5_a_path_that_mentions_well_known_is_protected(any_rest: Server, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        check(any_rest, f"{method} {path}", MISSING, any_rest(method, path))


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_5_the_scheme_is_case_insensitive(any_rest: Server, scheme: str, mint: Mint) -> None:
    check_status(any_rest, scheme, 200, any_rest("GET", "/todos", None, [("Authorization", f"{scheme} {mint(any_rest)}")]))


def test_5_a_browser_gets_its_preflight_and_can_read_the_challenge(rest: Server) -> None:
    origin = ("Origin", "http://localhost:6274")
    preflight = rest(
        "OPTIONS",
        rest.path,
        None,
        [
            origin,
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization, mcp-protocol-version"),
        ],
    )
    check_status(rest, "preflight", {200, 204}, preflight)
    allowed = (preflight.one("Access-Control-Allow-Headers") or "").lower()
    assert "mcp-protocol-version" in allowed and "authorization" in allowed, describe(rest, "preflight", "both headers", preflight)
    refused = rest.rpc(CREATE, None, [origin])
    check(rest, "no token, from a browser", MISSING, refused)
    assert refused.one("Access-Control-Allow-Origin") == ("*" if rest.target in MIGRATED else origin[1])
    assert refused.one("Access-Control-Allow-Credentials") is None or refused.one("Access-Control-Allow-Origin") != "*"


def test_6_scopes_in_a_list(any_rest: Server, mint: Mint) -> None:
    """What Scalekit's machine tokens carry; the quickstart splits a string that is not there."""
    token = mint(any_rest, None, scopes=["todo:read"])
    check_status(any_rest, "scopes in a list: REST", 200, any_rest("GET", "/todos", token))
    check(any_rest, "scopes in a list: not in it", needs("todo:delete"), any_rest("DELETE", "/todos/1", token))
    if any_rest.target.has_tools:
        check(any_rest, "scopes in a list: not in it", needs("todo:write"), any_rest.rpc(CREATE, token))
        assert any_rest("GET", "/me", token).json()["scopes"] == ["todo:read"]


def test_7_the_audience_is_the_resource_id_or_the_server_url(rest: Server, issuer: Issuer) -> None:
    for audience in ("res_e2e", rest.resource, ["res_e2e"], [rest.resource, "res_e2e"]):
        check_status(rest, f"audience {audience}", 200, rest("GET", "/todos", issuer.mint(audience)))


def test_7_an_origin_is_the_same_audience_with_its_slash(todo_on_origin: Server, issuer: Issuer) -> None:
    server = todo_on_origin
    for audience in (server.resource, server.resource + "/"):
        check_status(server, f"audience {audience}", 200, server("GET", "/todos", issuer.mint(audience)))


def test_9_the_challenge_names_the_configured_url(any_rest: Server) -> None:
    """Absolute, and neither localhost nor whatever Host says."""
    for fields in ((), [("Host", "localhost")], [("Host", "evil.example.com")]):
        challenge = any_rest("GET", "/todos", None, fields).challenge()
        assert challenge and challenge["resource_metadata"] == any_rest.metadata_url, describe(
            any_rest, f"{fields}", any_rest.metadata_url, challenge
        )
