"""Everything that can go wrong between the authorization server and us, one by one.

Before the first keys each fault is a 503, and after them it is not noticed at all. Never is it a 401
for a good token, nor a way to bring in another's keys: the attacker behind redirects and forged
metadata is never even asked.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from attacks import LIST
from conftest import Crowd, each
from expect import INVALID, UNAVAILABLE, WITHIN, check, check_status, describe
from faults import ANYWHERE, IN_KEYS, Fault, members, redirect, reset, status
from issuer import Issuer
from servers import TODOS
from wire import Message

Trouble = dict[str, Fault]


def troubles(attacker: str, port: int) -> dict[str, Trouble]:
    """Which document has which fault, by the name of the whole."""
    found: dict[str, Trouble] = {"reset before anything is asked": {"connection": reset}}
    for name, fault in ANYWHERE.items():
        found[f"metadata: {name}"] = {"metadata": fault}
        found[f"keys: {name}"] = {"keys": fault}
    for name, fault in IN_KEYS.items():
        found[f"keys: {name}"] = {"keys": fault}
    for code in (301, 302, 303, 307, 308):
        found[f"metadata: {code} to another"] = {"metadata": redirect(code, f"{attacker}/.well-known/oauth-authorization-server")}
        found[f"keys: {code} to another"] = {"keys": redirect(code, f"{attacker}/keys")}
    forged: dict[str, dict[str, Any]] = {
        "another issuer": {"issuer": attacker, "jwks_uri": f"{attacker}/keys"},
        "a slash after the issuer": {"issuer": lambda own: f"{own}/", "jwks_uri": f"{attacker}/keys"},
        "issuer in upper case": {"issuer": str.upper, "jwks_uri": f"{attacker}/keys"},
        "no issuer": {"issuer": ..., "jwks_uri": f"{attacker}/keys"},
        "issuer in a list": {"issuer": lambda own: [own], "jwks_uri": f"{attacker}/keys"},
        "no jwks_uri": {"jwks_uri": ...},
        "jwks_uri in a list": {"jwks_uri": [f"{attacker}/keys"]},
        # All of these would arrive at the attacker's port if they were asked.
        "jwks_uri over http on a host that is not loopback": {"jwks_uri": f"http://0.0.0.0:{port}/keys"},
        "jwks_uri over http on a mapped address": {"jwks_uri": f"http://[::ffff:127.0.0.1]:{port}/keys"},
        "jwks_uri with userinfo": {"jwks_uri": f"http://user:secret@127.0.0.1:{port}/keys"},
        "jwks_uri with a fragment": {"jwks_uri": f"{attacker}/keys#x"},
        "jwks_uri without a scheme": {"jwks_uri": f"//127.0.0.1:{port}/keys"},
        "jwks_uri of another scheme": {"jwks_uri": f"ws://127.0.0.1:{port}/keys"},
        "jwks_uri that is a file": {"jwks_uri": "file:///dev/null"},
        "jwks_uri with a line break": {"jwks_uri": f"{attacker}/keys\r\nX: y"},
    }
    for name, changes in forged.items():
        found[f"metadata: {name}"] = {"metadata": members(**changes)}
    return found


NAMES = list(troubles("", 0))


@pytest.fixture(scope="module")
def attacker() -> Iterator[Issuer]:
    """Serves keys of its own to whoever asks. Nobody may."""
    attacker = Issuer().start()
    yield attacker
    attacker.close()


@pytest.fixture(scope="module", **each(TODOS))
def crowd(request: pytest.FixtureRequest, start_crowd: Callable[..., Crowd]) -> Crowd:
    return start_crowd(request.param, 2 * len(NAMES), MCP_BEARER_JWKS_FRESH_SECONDS="0.5", MCP_BEARER_JWKS_MAX_STALE_SECONDS="600")


@dataclass
class Case:
    """What one trouble has led to."""

    issuer: Issuer
    good: str
    forged: str
    first: list[Message]
    forged_first: Message | None = None
    back: Message | None = None
    forged_back: Message | None = None


def cases(crowd: Crowd, attacker: Issuer) -> dict[str, Case]:
    made = {}
    for name in NAMES:
        issuer = crowd.take().start()
        forged = issuer.mint(crowd.server.resource, key=attacker.key)
        made[name] = Case(issuer, issuer.mint(crowd.server.resource), forged, [])
    return made


def all_at_once(cases: dict[str, Case], work: Callable[[str, Case], None]) -> None:
    with ThreadPoolExecutor(len(cases)) as pool:
        list(pool.map(work, cases, cases.values()))


@pytest.fixture(scope="module")
def cold(crowd: Crowd, attacker: Issuer) -> dict[str, Case]:
    """All troubles at once, each from an issuer of its own, and then the end of all."""
    server, found = crowd.server, cases(crowd, attacker)
    trouble = troubles(attacker.url, attacker.port)

    def fail(name: str, case: Case) -> None:
        for document, fault in trouble[name].items():
            case.issuer.misbehave(fault, document)
        case.first.append(server.rpc(LIST, case.good))
        case.forged_first = server.rpc(LIST, case.forged)

    def recover(name: str, case: Case) -> None:
        case.issuer.behave()
        case.back = wait_for(200, lambda: server.rpc(LIST, case.good))
        case.forged_back = server.rpc(LIST, case.forged)

    all_at_once(found, fail)
    all_at_once(found, recover)
    return found


@pytest.fixture(scope="module")
def warm(crowd: Crowd, attacker: Issuer) -> dict[str, Case]:
    """The same after keys have been had: attempts fail while tokens are checked."""
    server, found = crowd.server, cases(crowd, attacker)
    trouble = troubles(attacker.url, attacker.port)

    def live(name: str, case: Case) -> None:
        case.first.append(wait_for(200, lambda: server.rpc(LIST, case.good)))
        # Metadata is asked for again only when keys cannot be had.
        before = {"keys": status(500)} if "metadata" in trouble[name] else {}
        for document, fault in (before | trouble[name]).items():
            case.issuer.misbehave(fault, document)
        began, deadline = contacts(case.issuer), time.monotonic() + WITHIN
        while contacts(case.issuer) < began + 2 and time.monotonic() < deadline:
            time.sleep(0.15)
            case.first.append(server.rpc(LIST, case.good))
        case.forged_first = server.rpc(LIST, case.forged)

    def recover(name: str, case: Case) -> None:
        case.issuer.behave()
        case.issuer.rotate()
        case.back = wait_for(200, lambda: server.rpc(LIST, case.issuer.mint(server.resource)))
        case.forged_back = wait_for(401, lambda: server.rpc(LIST, case.good))

    all_at_once(found, live)
    all_at_once(found, recover)
    return found


def contacts(issuer: Issuer) -> int:
    """Where nothing is asked, connections count."""
    return max(len(issuer.requests), issuer.accepted)


def wait_for(status: int, ask: Callable[[], Message]) -> Message:
    """The first answer with this status, else the last one."""
    deadline = time.monotonic() + WITHIN
    while (answer := ask()).status != status and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


@pytest.mark.parametrize("name", NAMES)
def test_before_the_first_keys(crowd: Crowd, cold: dict[str, Case], name: str) -> None:
    server, case = crowd.server, cold[name]
    check(server, name, UNAVAILABLE, case.first[0])
    check(server, f"{name}, a forged token", UNAVAILABLE, case.forged_first)
    check_status(server, f"{name}, and it is over", 200, case.back)
    check(server, f"{name}, and it is over: a forged token", INVALID, case.forged_back)


@pytest.mark.parametrize("name", NAMES)
def test_after_the_first_keys(crowd: Crowd, warm: dict[str, Case], name: str) -> None:
    server, case = crowd.server, warm[name]
    for answer in case.first:
        check_status(server, f"{name}, after the first keys", 200, answer)
    assert len(case.first) > 1, describe(server, name, "an attempt that fails", case.issuer.requests)
    check_status(server, f"{name}, a forged token", {401, 503}, case.forged_first)
    check_status(server, f"{name}, and it is over: a new key", 200, case.back)
    check(server, f"{name}, and it is over: the withdrawn key", INVALID, case.forged_back)


def test_nobody_else_is_asked(crowd: Crowd, cold: dict[str, Case], warm: dict[str, Case], attacker: Issuer) -> None:
    assert not attacker.recorded, describe(crowd.server, "redirects and other places", "no request there", attacker.requests)


def test_an_outage_is_no_answer_of_another_form(crowd: Crowd, cold: dict[str, Case]) -> None:
    """Metadata that is down at its first place is not looked for at the second: that could be another's."""
    for name in ("metadata: 500", "metadata: 503", "metadata: hang"):
        asked = cold[name].issuer.requests
        at_first = asked[: asked.index("/keys")]
        assert set(at_first) == {at_first[0]}, describe(crowd.server, name, "one form of metadata", at_first)
