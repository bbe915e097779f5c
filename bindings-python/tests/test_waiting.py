"""Waiting for keys: no event loop, thread or child process ever stands still for it."""

import asyncio
import os
import threading
from typing import Any

import pytest

from mcp_bearer import Issuers, Requirement, ResourceServer, reason

from .support import ISSUER, RESOURCE, Authority, request

pytestmark = pytest.mark.anyio
NONE = Requirement.none()


class Gate:
    """A fetch that waits until it is let go."""

    def __init__(self, issuer: Authority) -> None:
        self.asked = threading.Event()
        self.open = threading.Event()
        self.urls: list[str] = []
        self._issuer = issuer

    def __call__(self, url: str, timeout: float, headers: dict[str, str]) -> Any:
        self.urls.append(url)
        self.asked.set()
        assert self.open.wait(10)
        return self._issuer.fetch(url, timeout, headers)

    def server(self) -> ResourceServer:
        return ResourceServer(resource=RESOURCE, issuers=Issuers([ISSUER], fetch=self))


async def test_the_loop_runs_while_a_fetch_hangs(issuer: Authority) -> None:
    gate = Gate(issuer)
    server = gate.server()
    token = issuer.token()
    assert server.try_authorize(request(token), NONE) is None
    waiting = asyncio.ensure_future(server.authorize(request(token), NONE))
    turns = 0
    while not gate.asked.is_set() or turns < 100:
        await asyncio.sleep(0)
        turns += 1
    assert not waiting.done()
    # Whatever needs no keys is answered meanwhile.
    refused = await server.authorize(request(None), NONE)
    assert refused.denial is not None
    assert refused.denial.reason == reason.MISSING_TOKEN
    gate.open.set()
    assert (await waiting).allowed
    assert server.try_authorize(request(token), NONE)


async def test_many_wait_for_one_fetch(issuer: Authority) -> None:
    gate = Gate(issuer)
    server = gate.server()
    waiting = [asyncio.ensure_future(server.authenticate(request(issuer.token()))) for _ in range(200)]
    while not gate.asked.is_set():
        await asyncio.sleep(0)
    waiting[0].cancel()
    gate.open.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert all(not isinstance(answer, BaseException) and answer.authenticated for answer in answers[1:])
    assert len(gate.urls) == 2
    # None of them had a thread.
    assert threading.active_count() < 10


@pytest.mark.parametrize("failure", [TimeoutError, ConnectionError, OSError])
async def test_no_answer_is_a_503(failure: type[OSError]) -> None:
    def fetch(url: str, timeout: float, headers: dict[str, str]) -> Any:
        raise failure

    server = ResourceServer(resource=RESOURCE, issuers=Issuers([ISSUER], fetch=fetch))
    decision = await server.authenticate(request(Authority().token()))
    assert decision.denial is not None
    assert decision.denial.reason == reason.KEYS_UNAVAILABLE
    assert "retry-after" in dict(decision.denial.headers)


async def test_a_fetch_that_ignores_its_limit_keeps_nobody_waiting(issuer: Authority) -> None:
    gate = Gate(issuer)
    server = ResourceServer(resource=RESOURCE, issuers=Issuers([ISSUER], fetch=gate, jwks_timeout=0.05))
    # The gate stays shut until there is an answer.
    decision = await server.authenticate(request(issuer.token()))
    gate.open.set()
    assert decision.denial is not None
    assert decision.denial.reason == reason.KEYS_UNAVAILABLE


async def test_a_fetch_with_a_mistake_is_told_of(monkeypatch: pytest.MonkeyPatch, issuer: Authority) -> None:
    told: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda told_of: told.append(told_of.exc_type))
    server = ResourceServer(resource=RESOURCE, issuers=Issuers([ISSUER], fetch=lambda url: url))  # type: ignore
    decision = await server.authenticate(request(issuer.token()))
    assert decision.denial is not None
    assert decision.denial.reason == reason.KEYS_UNAVAILABLE
    assert TypeError in told


def test_a_loop_that_is_closed_is_not_missed(issuer: Authority) -> None:
    gate = Gate(issuer)
    server = gate.server()

    async def give_up() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(server.authenticate(request(issuer.token())), 0)

    asyncio.run(give_up())
    gate.open.set()
    assert asyncio.run(server.authenticate(request(issuer.token()))).authenticated


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("fetched_before", [False, True])
def test_a_forked_child_works(issuer: Authority, fetched_before: bool) -> None:
    calls: list[str] = []

    def fetch(url: str, timeout: float, headers: dict[str, str]) -> Any:
        calls.append(url)
        return issuer.fetch(url, timeout, headers)

    now = [1_000_000_000.0]
    issuers = Issuers([ISSUER], fetch=fetch, clock=lambda: now[0])
    server = ResourceServer(resource=RESOURCE, issuers=issuers)
    if fetched_before:
        assert asyncio.run(server.authenticate(request(issuer.token()))).authenticated
    child = os.fork()
    if child == 0:
        # The keys of the parent are stale by now, so that the child fetches by itself.
        code = 1
        try:
            now[0] += 4000
            before = len(calls)
            answer = asyncio.run(asyncio.wait_for(server.authenticate(request(issuer.token())), 20))
            code = 0 if answer.authenticated and len(calls) > before else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert asyncio.run(server.authenticate(request(issuer.token()))).authenticated
