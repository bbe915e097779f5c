"""An authorization server that is away for longer than its keys are fresh.

Freshness is half a second here. What matters is in which order things happen: an answer that is there while
a fetch is still held open has not waited for it.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from attacks import LIST
from conftest import Crowd, each
from expect import INVALID, UNAVAILABLE, WITHIN, check, check_status, describe, eventually, until
from faults import drip, hang, hang_after_head, status
from issuer import Issuer
from servers import TODOS, Server
from test_rotation import fetches, send, sent
from wire import Message

FRESH = 0.5
STALE = 1.0
AT_ONCE = 50
ROUNDS = 10


@pytest.fixture(scope="module", **each(TODOS))
def crowd(request: pytest.FixtureRequest, start_crowd: Callable[..., Crowd]) -> Crowd:
    """Stale keys are used for longer than any test takes, and so is the cooldown."""
    return start_crowd(
        request.param,
        ROUNDS + 8,
        MCP_BEARER_JWKS_FRESH_SECONDS=str(FRESH),
        MCP_BEARER_JWKS_MAX_STALE_SECONDS="600",
        MCP_BEARER_JWKS_COOLDOWN_SECONDS="600",
        MCP_BEARER_JWKS_TIMEOUT_SECONDS="30",
    )


@pytest.fixture(scope="module", **each(TODOS))
def brief_crowd(request: pytest.FixtureRequest, start_crowd: Callable[..., Crowd]) -> Crowd:
    """Stale keys are used for a second."""
    return start_crowd(
        request.param,
        4,
        MCP_BEARER_JWKS_FRESH_SECONDS=str(FRESH),
        MCP_BEARER_JWKS_MAX_STALE_SECONDS=str(STALE),
        MCP_BEARER_JWKS_TIMEOUT_SECONDS="0.5",
    )


@pytest.fixture
def server(crowd: Crowd) -> Server:
    return crowd.server


@pytest.fixture
def issuer(crowd: Crowd) -> Issuer:
    """It runs, and nobody has asked it yet."""
    return crowd.take().start()


def test_refresh_before_the_end_of_freshness(crowd: Crowd) -> None:
    """A request starts it, and has its answer while the fetch is held open."""
    server = crowd.server
    for _ in range(ROUNDS):
        issuer = crowd.take().start()
        token = issuer.mint(server.resource)
        # Keys are not fresh for longer than from here.
        end = time.monotonic() + FRESH
        check_status(server, "first key", 200, server.rpc(LIST, token))
        issuer.misbehave(hang)
        while time.monotonic() < end:
            with send(server, token) as connection:
                # A request that comes too late waits, and rightly so: then this round shows nothing.
                connection.socket.settimeout(FRESH)
                try:
                    answer = connection.receive("POST")
                except TimeoutError:
                    break
                check_status(server, "while keys are refreshed", 200, answer)
                if issuer.held and time.monotonic() < end:
                    return
    raise AssertionError(describe(server, "refresh ahead", "an answer while the fetch is open", f"none in {ROUNDS} rounds"))


def test_stale_key_does_not_wait(crowd: Crowd) -> None:
    """Once an attempt has failed, all others are made behind the requests."""
    server = crowd.server
    trials = [(fault, crowd.take().start()) for fault in (hang, hang_after_head, drip)]
    tokens = {issuer: issuer.mint(server.resource) for _, issuer in trials}

    def ask(issuer: Issuer) -> None:
        check_status(server, "the issuer fails", 200, server.rpc(LIST, tokens[issuer]))

    def ask_until(issuer: Issuer, what: str, condition: Callable[[], object]) -> None:
        until(server, what, condition, lambda: ask(issuer))

    def failed(issuer: Issuer) -> bool:
        return len(issuer.requests) > 2

    def ask_with_new_key(issuer: Issuer) -> Message:
        return server.rpc(LIST, issuer.mint(server.resource))

    for _, issuer in trials:
        ask(issuer)
        issuer.misbehave(status(500))
    for fault, issuer in trials:
        ask_until(issuer, "an attempt that fails", partial(failed, issuer))
        issuer.misbehave(fault)
    for fault, issuer in trials:
        what = f"the issuer fails, then: {fault.__name__}"
        ask_until(issuer, what, partial(getattr, issuer, "held"))
        for _ in range(10):
            ask(issuer)
            assert issuer.held, describe(server, what, "answers while the fetch is open", "answers after it")
        issuer.rotate()
        if fault is hang:
            # Where keys are is asked again after a failure, too.
            issuer.keys_path = "/moved"
        issuer.behave()
    for fault, issuer in trials:
        what = f"after: {fault.__name__}"
        eventually(server, f"{what}, a new key", 200, partial(ask_with_new_key, issuer))
        check(server, f"{what}, the withdrawn key", INVALID, server.rpc(LIST, tokens[issuer]))


def test_idle_server_asks_before_it_answers(server: Server, issuer: Issuer) -> None:
    """Nothing has failed, so that nothing excuses old keys: here the key has been withdrawn meanwhile."""
    token = issuer.mint(server.resource)
    check_status(server, "first key", 200, server.rpc(LIST, token))
    issuer.misbehave(hang)
    idle_until = time.monotonic() + FRESH
    until(server, "idle", lambda: time.monotonic() > idle_until)
    with sent(server, [token] * 5) as connections:
        until(server, "first requests after idleness", lambda: issuer.held)
        issuer.rotate()
        issuer.behave()
        for connection in connections:
            check(server, "a key that was withdrawn while the server was idle", INVALID, connection.receive("POST"))
    # Who has joined another's fetch and still finds no key may have asked too early, and asks for one more.
    assert fetches(issuer) <= 3, describe(server, "5 requests after idleness", "one fetch and one more", issuer.requests)


def test_unchanged_keys_stay_fresh(server: Server, issuer: Issuer) -> None:
    """Refreshed by 304 alone; a new key is taken at its first use right after such a refresh."""
    issuer.etags = True
    token = issuer.mint(server.resource)
    until(
        server,
        "two refreshes",
        lambda: fetches(issuer) > 2,
        lambda: check_status(server, "keys are unchanged", 200, server.rpc(LIST, token)),
    )
    asked = [request for request in issuer.recorded if request.target == "/keys"]
    assert all(request.all("If-None-Match") for request in asked[1:]), describe(server, "refreshes", "If-None-Match", asked[-1])
    issuer.rotate()
    check_status(server, "a new key right after a refresh", 200, server.rpc(LIST, issuer.mint(server.resource)))
    check(server, "the withdrawn one", INVALID, server.rpc(LIST, token))


def test_away_for_too_long(brief_crowd: Crowd) -> None:
    """Stopped or silent: keys stay good for the stale window, then it is 503 until the issuer is back."""
    server, stopped, silent = brief_crowd.server, brief_crowd.take().start(), brief_crowd.take().start()
    issuers = {"stopped": stopped, "silent": silent}
    tokens = {name: issuer.mint(server.resource) for name, issuer in issuers.items()}
    began = time.monotonic()
    for name, token in tokens.items():
        eventually(server, f"before it is {name}", 200, partial(server.rpc, LIST, token))
    stopped.stop()
    silent.misbehave(hang)

    with ThreadPoolExecutor(2) as pool:
        ended = dict(zip(tokens, pool.map(lambda name: first_refusal(server, name, tokens[name]), tokens), strict=True))
    for name, (moment, answer) in ended.items():
        check(server, f"{name}, after the stale window", UNAVAILABLE, answer)
        assert moment >= began + FRESH + STALE, describe(server, name, f"200 for {FRESH + STALE} s", f"503 after {moment - began:.2f} s")

    stopped.misbehave(hang)
    stopped.start()
    for name, issuer in issuers.items():
        check_return(server, name, issuer, tokens[name])


def check_return(server: Server, name: str, issuer: Issuer, token: str) -> None:
    """Many come while the attempt is open that brings the keys."""
    until(server, f"{name}: next attempt", lambda: issuer.held, lambda: send(server, token).close())
    with sent(server, [token] * AT_ONCE) as connections:
        before = fetches(issuer)
        issuer.behave()
        for connection in connections:
            check_status(server, f"{name}, and back", {200, 503}, connection.receive("POST"))
    eventually(server, f"{name}, and back", 200, lambda: server.rpc(LIST, token))
    made = fetches(issuer) - before
    assert made <= 2, describe(server, f"{name}, and back: {AT_ONCE} at once", "one fetch, at most one refresh", issuer.requests)


def first_refusal(server: Server, what: str, token: str) -> tuple[float, Message]:
    """When a token that has passed passes no more. A 401 would make its client throw it away."""
    deadline = time.monotonic() + WITHIN
    while (answer := server.rpc(LIST, token)).status == 200:
        assert time.monotonic() < deadline, describe(server, what, f"503 within {WITHIN} s", answer)
        time.sleep(0.02)
    return time.monotonic(), answer
