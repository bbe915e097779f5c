"""Keys that change, and what a change may cost the authorization server.

The cooldown is longer than the tests take, and nothing goes stale meanwhile. So the numbers of fetches
are exact, whatever the speed of the machine.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

import wire
from attacks import LIST
from conftest import Crowd, each
from expect import INVALID, MISSING, UNAVAILABLE, check, check_status, describe, until
from faults import Fault, close, drip, hang, once, reset, status
from issuer import METADATA_PATHS, Issuer, Key
from servers import PLAIN_GATEWAYS, TODOS, Server
from wire import Connection, Message

AT_ONCE = 200
FLOOD = 60


@pytest.fixture(scope="module", **each([*TODOS, *PLAIN_GATEWAYS]))
def crowd(request: pytest.FixtureRequest, start_crowd: Callable[..., Crowd]) -> Crowd:
    return start_crowd(request.param, 24, MCP_BEARER_JWKS_COOLDOWN_SECONDS="600", MCP_BEARER_JWKS_TIMEOUT_SECONDS="30")


@pytest.fixture
def server(crowd: Crowd) -> Server:
    return crowd.server


@pytest.fixture
def issuer(crowd: Crowd) -> Issuer:
    """It runs, and nobody has asked it yet."""
    return crowd.take().start()


def ask(server: Server, issuer: Issuer, key: Key | None = None) -> Message:
    return server.rpc(LIST, issuer.mint(server.resource, key=key))


def send(server: Server, token: str) -> Connection:
    """Asks without waiting for the answer."""
    fields = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json"), ("Content-Length", str(len(LIST)))]
    fields += [("Accept", "application/json, text/event-stream"), ("Connection", "close")]
    connection = Connection(server.port)
    connection.send(wire.head("POST", server.path, server.port, fields) + LIST)
    return connection


@contextmanager
def sent(server: Server, tokens: Iterable[str]) -> Iterator[list[Connection]]:
    """Many requests, of which none waits for another one's answer."""
    with ExitStack() as stack:
        yield [stack.enter_context(send(server, token)) for token in tokens]


def fetches(issuer: Issuer) -> int:
    return issuer.requests.count("/keys")


def test_first_requests_share_one_fetch(server: Server, issuer: Issuer) -> None:
    """All are sent before the issuer says a word."""
    issuer.misbehave(hang)
    with sent(server, (issuer.mint(server.resource) for _ in range(AT_ONCE))) as connections:
        until(server, "the first request", lambda: issuer.held)
        check(server, "no token, while keys are fetched", MISSING, server.rpc(LIST))
        issuer.behave()
        for connection in connections:
            check_status(server, f"{AT_ONCE} first requests", 200, connection.receive("POST"))
    expected = [METADATA_PATHS[0], "/keys"]
    assert issuer.requests == expected, describe(server, f"{AT_ONCE} first requests", expected, issuer.requests)


def test_first_requests_share_one_failure(server: Server, issuer: Issuer) -> None:
    """None of them tries again on its own, and all are told when to come back."""
    issuer.misbehave(hang, "metadata")
    issuer.misbehave(status(500), "keys")
    with sent(server, (issuer.mint(server.resource) for _ in range(FLOOD))) as connections:
        until(server, "the first request", lambda: issuer.held)
        issuer.behave()
        issuer.misbehave(status(500), "keys")
        for connection in connections:
            check(server, "keys: 500", UNAVAILABLE, connection.receive("POST"))
    assert fetches(issuer) <= 2, describe(server, f"{FLOOD} requests at once", "one attempt, at most the next one begun", issuer.requests)


def test_new_key(server: Server, issuer: Issuer) -> None:
    """Taken at its first use, even right after a fetch; and the withdrawn one is gone with it."""
    old = issuer.mint(server.resource)
    for _ in range(2):
        check_status(server, "first key", 200, server.rpc(LIST, old))
    issuer.rotate()
    check_status(server, "first use of a new key, right after a fetch", 200, ask(server, issuer))
    check(server, "a withdrawn key, for a token that has passed before", INVALID, server.rpc(LIST, old))
    assert issuer.requests == [METADATA_PATHS[0], "/keys", "/keys"], describe(server, "rotation", "one more fetch", issuer.requests)


def test_new_key_beside_the_old_one(server: Server, issuer: Issuer) -> None:
    check_status(server, "first key", 200, ask(server, issuer))
    old = issuer.key
    issuer.rotate()
    issuer.published.append(old)
    for key in (issuer.key, old, issuer.key):
        check_status(server, "two keys", 200, ask(server, issuer, key))
    assert fetches(issuer) == 2, describe(server, "a key more", "one more fetch", issuer.requests)


def test_flood_of_unknown_keys(server: Server, issuer: Issuer) -> None:
    """It costs the issuer two fetches and the others nothing."""
    check_status(server, "first key", 200, ask(server, issuer))
    for _ in range(FLOOD):
        check(server, "a kid that is not published", INVALID, ask(server, issuer, Key()))
    check_status(server, "a good key", 200, ask(server, issuer))
    assert fetches(issuer) <= 3, describe(server, f"{FLOOD} unknown kids", "the first fetch and two more", issuer.requests)
    assert issuer.requests.count(METADATA_PATHS[0]) == 1, describe(server, "unknown kids", "no metadata again", issuer.requests)


def test_flood_at_once(server: Server, issuer: Issuer) -> None:
    check_status(server, "first key", 200, ask(server, issuer))
    issuer.misbehave(hang)
    with sent(server, (issuer.mint(server.resource, key=Key()) for _ in range(FLOOD))) as connections:
        until(server, "an unknown kid", lambda: issuer.held)
        check_status(server, "a good key meanwhile", 200, ask(server, issuer))
        assert issuer.held, describe(server, "a good key", "no wait for another key's fetch", "it waited")
        issuer.behave()
        for connection in connections:
            check(server, f"{FLOOD} unknown kids at once", INVALID, connection.receive("POST"))
    assert fetches(issuer) <= 3, describe(server, f"{FLOOD} unknown kids at once", "the first fetch and two more", issuer.requests)


def test_flood_while_the_issuer_fails(server: Server, issuer: Issuer) -> None:
    """Nobody can say that an unknown key is not the issuer's newest: 503, not 401."""
    check_status(server, "first key", 200, ask(server, issuer))
    issuer.misbehave(status(500))
    for _ in range(FLOOD):
        check(server, "unknown kid while the issuer fails", UNAVAILABLE, ask(server, issuer, Key()))
        check_status(server, "a good key", 200, ask(server, issuer))
    # The failed attempt asks for the keys, and the one after it for the metadata.
    assert len(issuer.requests) <= 4, describe(server, f"{FLOOD} unknown kids", "two attempts at most", issuer.requests)


@pytest.mark.parametrize("fault", [hang, drip], ids=lambda fault: fault.__name__)
def test_good_key_does_not_wait_for_an_unknown_one(server: Server, issuer: Issuer, fault: Fault) -> None:
    check_status(server, "first key", 200, ask(server, issuer))
    issuer.misbehave(fault)
    with send(server, issuer.mint(server.resource, key=Key())) as waiting:
        until(server, "unknown kid", lambda: issuer.held)
        for _ in range(10):
            check_status(server, f"a good key while the issuer does: {fault.__name__}", 200, ask(server, issuer))
            assert issuer.held, describe(server, fault.__name__, "answers while the fetch is open", "answers after it")
        issuer.behave()
        check_status(server, "unknown kid", {401, 503}, waiting.receive("POST"))


def test_broken_entries(server: Server, issuer: Issuer) -> None:
    """One by one they are skipped, whatever they are."""
    good = issuer.key.jwk()
    issuer.entries = [
        None,
        "key",
        17,
        [],
        {},
        {"kty": 1},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA", "kid": "next"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "small"},
        {**good, "kid": "off the curve", "y": good["x"]},
        {**good, "kid": "too short", "x": "AA"},
        {**good, "kid": "another curve", "crv": "P-999"},
        {**good, "kid": "for encryption", "use": "enc"},
        {**good, "kid": ["list"]},
        {**good, "kid": "private", "d": "AAAA"},
        {**good, "kid": "certificates", "x5c": ["AAAA"], "x5u": "http://127.0.0.1:1/"},
    ]
    check_status(server, "16 broken entries and a good one", 200, ask(server, issuer))
    for kid in ("oct", "off the curve", "too short", "for encryption", "small"):
        answer = server.rpc(LIST, issuer.mint(server.resource, header={"kid": kid}))
        check(server, f"the key {kid!r}", INVALID, answer)
    check_status(server, "the good one again", 200, ask(server, issuer))


def test_unchanged_keys_are_not_sent_again(server: Server, issuer: Issuer) -> None:
    """A 304 keeps what is there; changed keys are sent as ever."""
    issuer.etags = True
    check_status(server, "first key", 200, ask(server, issuer))
    first = issuer.answer(issuer.recorded[-1])
    [tag] = [value for name, value in first.fields if name == "ETag"]
    check(server, "an unknown kid", INVALID, ask(server, issuer, Key()))
    asked = issuer.recorded[-1]
    assert asked.target == "/keys" and asked.one("If-None-Match") == tag, describe(server, "second fetch", f"If-None-Match: {tag}", asked)
    check_status(server, "after 304", 200, ask(server, issuer))
    assert not issuer.recorded[0].all("If-None-Match")


def test_changed_keys_are_sent_in_spite_of_a_tag(server: Server, issuer: Issuer) -> None:
    issuer.etags = True
    old = issuer.mint(server.resource)
    check_status(server, "first key", 200, server.rpc(LIST, old))
    issuer.rotate()
    check_status(server, "new key", 200, ask(server, issuer))
    check(server, "withdrawn key", INVALID, server.rpc(LIST, old))
    assert issuer.recorded[-1].all("If-None-Match"), describe(server, "second fetch", "If-None-Match", issuer.recorded[-1])


@pytest.mark.parametrize(
    "fields",
    [
        [("Cache-Control", "no-store")],
        [("Cache-Control", "max-age=0, must-revalidate")],
        [("Cache-Control", "max-age=60"), ("Age", "3600")],
        [("Cache-Control", "max-age=99999999999999999999999")],
        [("Cache-Control", "max-age=-1"), ("Age", "x"), ("Age", "1e9")],
        [("Cache-Control", 'private="x, max-age=0", max-age="60"'), ("Cache-Control", "=,;,max-age")],
    ],
    ids=str,
)
def test_no_cache_field_makes_every_request_a_fetch(server: Server, issuer: Issuer, fields: list[tuple[str, str]]) -> None:
    issuer.fields = fields
    for _ in range(5):
        check_status(server, str(fields), 200, ask(server, issuer))
    assert fetches(issuer) == 1, describe(server, str(fields), "one fetch", issuer.requests)


def test_who_is_reset_asks_once_more(server: Server, issuer: Issuer) -> None:
    """A connection that breaks off is no reason to refuse the first request."""
    issuer.misbehave(once(reset), "metadata")
    issuer.misbehave(once(close), "keys")
    check_status(server, "the first connections break off", 200, ask(server, issuer))
    expected = [METADATA_PATHS[0]] * 2 + ["/keys"] * 2
    assert issuer.requests == expected, describe(server, "the first connections break off", expected, issuer.requests)


def test_asked_for_in_plain(server: Server, issuer: Issuer) -> None:
    """No coding, no cookie, no credentials, and nothing of the token."""
    issuer.fields = [("Set-Cookie", "a=b")]
    check_status(server, "first key", 200, ask(server, issuer))
    check_status(server, "unknown key", 401, ask(server, issuer, Key()))
    assert len(issuer.recorded) == 3, issuer.requests
    for asked in issuer.recorded:
        assert asked.one("Accept-Encoding") in (None, "identity"), describe(server, "what is sent to the issuer", "no coding", asked)
        for name in ("Cookie", "Authorization", "Referer", "Origin", "Content-Length", "Transfer-Encoding"):
            assert not asked.all(name), describe(server, "what is sent to the issuer", f"no {name}", asked)
