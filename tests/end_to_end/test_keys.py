"""When the authorization server is down, hangs, comes back, or rotates its keys.

A 401 would make a client throw a good token away: who cannot check answers 503, and recovers
without a restart. Nobody else waits meanwhile.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import wire
from attacks import CREATE, LIST
from conftest import each
from expect import INVALID, MISSING, UNAVAILABLE, WITHIN, check, check_allowance, check_status, describe, eventually, needs
from faults import hang
from issuer import Issuer, Key
from servers import PLAIN_GATEWAYS, TODOS, Server, Target

INSPECTOR = ("Origin", "http://localhost:6274")


@pytest.fixture(**each([*TODOS, *PLAIN_GATEWAYS]))
def target(request: pytest.FixtureRequest) -> Target:
    chosen: Target = request.param
    return chosen


@pytest.fixture
def server(target: Target, start_own: Callable[..., Server], own_issuer: Issuer) -> Server:
    """A server of this test's own. Its issuer is not running yet."""
    return start_own(target, own_issuer)


def test_down_before_the_first_token(server: Server, own_issuer: Issuer) -> None:
    token = own_issuer.mint(server.resource)
    for body in (LIST, CREATE, b"{bad"):
        answer = server.rpc(body, token, [INSPECTOR])
        check(server, f"issuer down: {body!r}", UNAVAILABLE, answer)
        check_allowance(server, "issuer down", INSPECTOR[1], answer)
    check(server, "issuer down: REST", UNAVAILABLE, server("GET", "/todos", token))
    # What needs no keys is answered as ever.
    check(server, "issuer down: no token", MISSING, server.rpc(LIST))
    for what, bad in {
        "garbage": "garbage",
        "expired": own_issuer.mint(server.resource, exp=1),
        "another audience": own_issuer.mint("x"),
    }.items():
        check(server, f"issuer down: {what}", INVALID, server.rpc(LIST, bad))
    check_status(server, "issuer down: metadata", 200, server("GET", "/.well-known/oauth-protected-resource"))

    own_issuer.start()
    eventually(server, "issuer is back", 200, lambda: server.rpc(LIST, token))
    check(server, "issuer is back: policy", needs("todo:write"), server.rpc(CREATE, token))


def test_hangs(target: Target, start_own: Callable[..., Server], own_issuer: Issuer) -> None:
    """Many requests wait for one fetch, for one deadline at most, and the others do not."""
    server = start_own(target, own_issuer, MCP_BEARER_JWKS_TIMEOUT_SECONDS="2")
    own_issuer.start().misbehave(hang)
    token = own_issuer.mint(server.resource)
    with ThreadPoolExecutor(20) as pool:
        started = time.monotonic()
        waiting = [pool.submit(server.rpc, LIST, token) for _ in range(20)]
        while not own_issuer.requests and time.monotonic() < started + WITHIN:
            threading.Event().wait(0.01)
        check(server, "no token while keys are fetched", MISSING, server.rpc(LIST))
        check_status(server, "metadata while keys are fetched", 200, server("GET", "/.well-known/oauth-protected-resource"))
        answered = sum(answer.done() for answer in waiting)
        assert answered == 0, describe(
            server, "others while keys are fetched", "answers before anybody's deadline", f"{answered} came first"
        )
        for answer in waiting:
            check(server, "issuer hangs", UNAVAILABLE, answer.result())
        took = time.monotonic() - started
    assert took < 10, describe(server, "issuer hangs", "all 20 answered after one deadline of 2 s", f"{took:.1f} s")
    assert len(own_issuer.requests) <= 2, describe(server, "20 requests at once", "one flight", own_issuer.requests)
    own_issuer.behave()
    eventually(server, "issuer is back", 200, lambda: server.rpc(LIST, token))


def test_who_stops_waiting_stops_nobody_else(target: Target, start_own: Callable[..., Server], own_issuer: Issuer) -> None:
    """The client that caused the fetch hangs up; the fetch goes on, and serves the one that came second."""
    server = start_own(target, own_issuer, MCP_BEARER_JWKS_TIMEOUT_SECONDS="10")
    own_issuer.start().misbehave(hang)
    token = own_issuer.mint(server.resource)
    body = wire.head("POST", server.path, server.port, [("Authorization", f"Bearer {token}"), ("Content-Length", "0")])
    with wire.Connection(server.port) as first:
        first.send(body)
        while not own_issuer.requests:
            threading.Event().wait(0.01)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(server.rpc, LIST, token)
        check(server, "meanwhile", MISSING, server.rpc(LIST))
        own_issuer.behave()
        check_status(server, "the second to ask", 200, second.result())
    assert own_issuer.requests.count("/keys") == 1, describe(server, "two requests", "one fetch", own_issuer.requests)


def test_rotation_and_floods(server: Server, own_issuer: Issuer) -> None:
    """A new key is taken at once, a withdrawn one no more, and unknown kids cost next to nothing."""
    own_issuer.start()
    old_key_token = own_issuer.mint(server.resource)
    check_status(server, "first key", 200, server.rpc(LIST, old_key_token))
    own_issuer.rotate()
    eventually(server, "new key", 200, lambda: server.rpc(LIST, own_issuer.mint(server.resource)))
    check(server, "withdrawn key", INVALID, server.rpc(LIST, old_key_token))

    before, started = len(own_issuer.requests), time.monotonic()
    for _ in range(50):
        answer = server.rpc(LIST, own_issuer.mint(server.resource, key=Key()))
        check(server, "a kid that is not published", INVALID, answer)
    # One fetch, of one or two documents, in each cooldown of half a second; and one spare.
    allowed = 2 * (2 + int((time.monotonic() - started) / 0.5))
    fetched = len(own_issuer.requests) - before
    assert fetched <= allowed, describe(server, "50 unknown kids", f"at most {allowed} requests to the issuer", fetched)
    check_status(server, "after the flood", 200, server.rpc(LIST, own_issuer.mint(server.resource)))


def test_down_later(server: Server, own_issuer: Issuer) -> None:
    """Keys in memory go on being used; only an unknown kid cannot be checked."""
    own_issuer.start()
    check_status(server, "keys are fetched", 200, server.rpc(LIST, own_issuer.mint(server.resource)))
    own_issuer.stop()
    for _ in range(3):
        check_status(server, "issuer down later", 200, server.rpc(LIST, own_issuer.mint(server.resource)))
    own_issuer.rotate()
    unknown = own_issuer.mint(server.resource)
    answer = server.rpc(LIST, unknown)
    check_status(server, "issuer down, unknown kid", {401, 503}, answer)
    check(server, "issuer down, unknown kid again", UNAVAILABLE, eventually(server, "unknown kid", 503, lambda: server.rpc(LIST, unknown)))
    own_issuer.start()
    eventually(server, "issuer is back with the new key", 200, lambda: server.rpc(LIST, unknown))
