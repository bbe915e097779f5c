"""Browsers on another origin (MCP Inspector): preflights, readable refusals, and no stranger.

The allowance belongs to the application's CORS layer, outermost, and stands exactly once on
whatever comes out. The default allows loopback origins; ALLOWED_ORIGINS replaces it.
"""

from collections.abc import Callable

import pytest

from attacks import CREATE, LIST
from conftest import APP_ORIGIN
from expect import INVALID, MISSING, check, check_allowance, check_status, describe, needs
from servers import Server
from upstream import Upstream
from wire import Message

Mint = Callable[..., str]
INSPECTOR = "http://localhost:6274"
CLIENT_HEADERS = ("authorization", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id", "last-event-id")
STRANGERS = [
    "https://evil.example.com",
    "null",
    "http://127.0.0.1.evil.example.com",
    "http://localhost.evil.example.com",
    "http://evil.example.com/127.0.0.1",
    "http://localhost@evil.example.com",
    "https://app.example.com.evil.example.com",
    "https://xapp.example.com",
    "http://app.example.com",
    "https://app.example.com:444",
    "file://",
    "garbage",
    "",
]


def origin(value: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Origin", value), *more]


def preflight(server: Server, target: str, value: str, method: str = "POST", headers: str = ", ".join(CLIENT_HEADERS)) -> Message:
    return server(
        "OPTIONS",
        target,
        None,
        origin(
            value,
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", headers),
        ),
    )


def listed(answer: Message, name: str) -> set[str]:
    return {item.strip().lower() for item in ",".join(answer.all(name)).split(",")}


@pytest.mark.parametrize("value", [INSPECTOR, "http://127.0.0.1:8080", "http://[::1]:3000", "https://localhost"])
def test_preflight(todo: Server, value: str) -> None:
    for target, method in (
        ("/todos", "GET"),
        ("/todos", "POST"),
        ("/todos/1", "DELETE"),
        ("/me", "GET"),
        (todo.path, "POST"),
        (todo.path, "DELETE"),
    ):
        answer = check_status(todo, f"preflight of {method} {target}", {200, 204}, preflight(todo, target, value, method))
        check_allowance(todo, f"preflight of {method} {target}", value, answer)
        assert method.lower() in listed(answer, "Access-Control-Allow-Methods"), describe(todo, target, f"{method} allowed", answer)
        missing = set(CLIENT_HEADERS) - listed(answer, "Access-Control-Allow-Headers")
        assert not missing, describe(todo, target, f"{sorted(missing)} allowed", answer)


def test_readable_from_another_origin(todo: Server, mint: Mint) -> None:
    """Challenge, refusal and result: a page may read them all."""
    fields = origin(INSPECTOR)
    for what, expected, answer in (
        ("no token", MISSING, todo("GET", "/todos", None, fields)),
        ("no token, MCP", MISSING, todo.rpc(LIST, None, fields)),
        ("bad token", INVALID, todo("GET", "/todos", "garbage", fields)),
        ("missing scope", needs("todo:write"), todo("POST", "/todos", mint(todo), fields, b"{}")),
        ("missing scope, MCP", needs("todo:write"), todo.rpc(CREATE, mint(todo), fields)),
    ):
        check(todo, what, expected, answer)
        check_allowance(todo, what, INSPECTOR, answer)
    for what, answer in (
        ("list", todo("GET", "/todos", mint(todo), fields)),
        ("list_todos", todo.rpc(LIST, mint(todo), fields)),
        ("unknown path", todo("GET", "/unknown", mint(todo), fields)),
    ):
        check_allowance(todo, what, INSPECTOR, answer)


@pytest.mark.parametrize("value", STRANGERS)
def test_stranger(todo: Server, value: str, mint: Mint) -> None:
    """Refused before anybody is authenticated, with or without a good token."""
    token = mint(todo, "todo:read todo:write")
    for what, answer in (
        ("GET /todos", todo("GET", "/todos", token, origin(value))),
        ("POST /todos", todo("POST", "/todos", token, origin(value, ("Content-Type", "application/json")), b'{"title":"x"}')),
        ("tools/call", todo.rpc(CREATE, token, origin(value))),
        ("no token", todo("GET", "/todos", None, origin(value))),
        ("no token, MCP", todo.rpc(LIST, None, origin(value))),
    ):
        check_status(todo, f"{what} from {value!r}", 403, answer)
        assert answer.challenge() is None, describe(todo, f"{what} from {value!r}", "no challenge", answer)
        assert not answer.all("Access-Control-Allow-Origin"), describe(todo, f"{what} from {value!r}", "no allowance", answer)
    refused = preflight(todo, "/todos", value)
    assert not refused.all("Access-Control-Allow-Origin"), describe(todo, f"preflight from {value!r}", "no allowance", refused)
    assert todo("GET", "/todos", token).json() == {"todos": []}


def test_two_origins(todo: Server, mint: Mint) -> None:
    for values in ([INSPECTOR, "https://evil.example.com"], ["https://evil.example.com", INSPECTOR]):
        answer = todo("GET", "/todos", mint(todo), [("Origin", value) for value in values])
        check_status(todo, f"origins {values}", {400, 403}, answer)


def test_configured_origins_replace_the_default(todo_on_origin: Server, mint: Mint) -> None:
    server = todo_on_origin
    check_allowance(server, "configured origin", APP_ORIGIN, server("GET", "/todos", mint(server), origin(APP_ORIGIN)))
    check_allowance(
        server, "configured origin", APP_ORIGIN, check_status(server, "preflight", {200, 204}, preflight(server, "/todos", APP_ORIGIN))
    )
    for value in (INSPECTOR, "http://127.0.0.1:8080", "https://APP.example.com", *STRANGERS):
        check_status(server, f"origin {value!r}", 403, server("GET", "/todos", mint(server), origin(value)))
        assert not preflight(server, "/todos", value).all("Access-Control-Allow-Origin")
    check_status(server, "no origin", 200, server("GET", "/todos", mint(server)))


def test_options_that_are_no_preflight_are_authenticated(todo: Server) -> None:
    for what, fields in {
        "no Origin": [("Access-Control-Request-Method", "POST")],
        "no Access-Control-Request-Method": origin(INSPECTOR),
        "neither": [],
    }.items():
        for target in ("/todos", todo.path, "/unknown"):
            check(todo, f"OPTIONS {target}, {what}", MISSING, todo("OPTIONS", target, None, fields))


def test_preflight_at_a_gateway(gateway: Server, upstream: Upstream) -> None:
    """Answered by the gateway, without the upstream."""
    answer = check_status(gateway, "preflight", {200, 204}, preflight(gateway, gateway.path, INSPECTOR))
    check_allowance(gateway, "preflight", INSPECTOR, answer)
    assert not upstream.seen()


def test_refusals_of_a_gateway_are_readable(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    for what, expected, answer in (
        ("no token", MISSING, gateway.rpc(LIST, None, origin(INSPECTOR))),
        ("bad token", INVALID, gateway.rpc(LIST, "garbage", origin(INSPECTOR))),
        ("missing scope", needs("todo:write"), gateway.rpc(CREATE, mint(gateway), origin(INSPECTOR))),
    ):
        check(gateway, what, expected, answer)
        check_allowance(gateway, what, INSPECTOR, answer)
    assert not upstream.seen()
