"""What docs/recipes.md promises of CORS and of rate limits, of the programs that stand there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mcp_bearer.testing import Issuer as KitIssuer

import recipes
from expect import INVALID, MISSING, check, check_status, describe
from issuer import Issuer
from servers import Server, any_provider
from wire import Message

Mint = Callable[..., str]
PAGE = "https://app.example.com"
STRANGER = "https://evil.example.com"
ROUTE = '@app.get("/todos")\ndef todos() -> list[str]:\n    return []\n'


def started(command: list[str], issuer: Issuer) -> Iterator[Server]:
    server = Server(recipes.RECIPES, "/mcp", any_provider(issuer), command)
    yield server
    server.stop()


@pytest.fixture(scope="module", params=["FastAPI", "Express", "Fastify", "Hono", "axum"])
def cors(request: pytest.FixtureRequest, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An application with no route of its own."""
    name: str = request.param
    commands = {
        "FastAPI": lambda: recipes.python("CORS", name, tmp_path_factory.mktemp("cors")),
        "axum": lambda: recipes.axum("CORS"),
    }
    yield from started(commands.get(name, lambda: recipes.node("CORS", name))(), issuer)


@pytest.fixture(params=["Express", "FastAPI and Starlette", "axum"])
def limited(request: pytest.FixtureRequest, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    name: str = request.param
    commands = {
        "Express": lambda: recipes.node("Rate limits", name),
        "FastAPI and Starlette": lambda: recipes.python("Rate limits", name, tmp_path_factory.mktemp("limits"), ROUTE),
        "axum": lambda: recipes.axum("Rate limits"),
    }
    yield from started(commands[name](), issuer)


def test_cors_preflight(cors: Server) -> None:
    """It carries no token, and needs none."""
    for method in ("GET", "POST", "DELETE"):
        answer = check_status(cors, f"preflight of {method}", {200, 204}, preflight(cors, PAGE, method))
        assert answer.all("Access-Control-Allow-Origin") == [PAGE], describe(cors, "preflight", PAGE, answer)
        assert listed(answer, "Access-Control-Allow-Methods") >= {method.lower()}, describe(cors, "preflight", method, answer)
        wanted = {"authorization", "content-type", "mcp-protocol-version"}
        assert listed(answer, "Access-Control-Allow-Headers") >= wanted, describe(cors, "preflight", wanted, answer)
    assert not preflight(cors, STRANGER, "GET").all("Access-Control-Allow-Origin")


def test_cors_refusals_and_answers_are_readable(cors: Server, mint: Mint) -> None:
    page = [("Origin", PAGE)]
    missing, bad = cors("POST", "/mcp", None, page, b"{}"), cors("GET", "/todos", "garbage", page)
    check(cors, "no token", MISSING, missing)
    check(cors, "a bad token", INVALID, bad)
    answered = cors("GET", "/unknown", mint(cors), page)
    check_status(cors, "a good token", 404, answered)
    for what, answer in (("no token", missing), ("a bad token", bad), ("a good token", answered)):
        assert answer.all("Access-Control-Allow-Origin") == [PAGE], describe(cors, what, PAGE, answer)
        exposed = listed(answer, "Access-Control-Expose-Headers")
        assert exposed >= {"www-authenticate", "retry-after", "mcp-session-id"}, describe(cors, what, "exposed fields", answer)


def test_cors_no_stranger(cors: Server, mint: Mint) -> None:
    for token in (None, "garbage", mint(cors)):
        answer = cors("GET", "/todos", token, [("Origin", STRANGER)])
        assert not answer.all("Access-Control-Allow-Origin"), describe(cors, "a stranger", "no allowance", answer)


def test_cors_metadata_for_any_page(cors: Server) -> None:
    for origin in (PAGE, STRANGER):
        answer = check_status(cors, "metadata", 200, cors("GET", "/.well-known/oauth-protected-resource/mcp", None, [("Origin", origin)]))
        assert answer.all("Access-Control-Allow-Origin") in (["*"], [origin]), describe(cors, "metadata", "one allowance", answer)


def test_rate_limit_of_a_principal(limited: Server, mint: Mint, user: str) -> None:
    """A hundred a minute, with whatever tokens; somebody else, and somebody without a token, is not concerned."""
    passed = [limited("GET", "/todos", mint(limited)) for _ in range(100)]
    assert all(answer.status in (200, 404) for answer in passed), describe(limited, "100 requests", "served", passed[-1])
    # One may have been given back in the meantime.
    refused = next((answer for answer in (limited("GET", "/todos", mint(limited)) for _ in range(50)) if answer.status == 429), None)
    assert refused is not None, describe(limited, "50 more", 429, "all were served")
    assert 1 <= int(refused.one("Retry-After") or 0) <= 60, describe(limited, "one too many", "Retry-After", refused)
    for other in ({"sub": f"{user} too"}, {"sub": ...}):
        assert limited("GET", "/todos", mint(limited, **other)).status != 429
    check(limited, "no token", MISSING, limited("GET", "/todos"))


def test_the_end_of_a_token(mcp_bearer_issuer: KitIssuer) -> None:
    (program,) = recipes.blocks("Token lifetimes and refresh", "", "python")
    names: dict[str, Any] = {}
    exec(program, names)
    names["test_a_token_ends"](mcp_bearer_issuer)


def preflight(server: Server, origin: str, method: str) -> Message:
    fields = [
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "authorization,content-type,mcp-protocol-version"),
    ]
    return server("OPTIONS", "/todos", None, fields)


def listed(answer: Message, name: str) -> set[str]:
    return {item.strip().lower() for item in ",".join(answer.all(name)).split(",")}
