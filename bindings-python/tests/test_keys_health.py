"""What there is to see of the issuers' keys."""

import asyncio
import threading
from typing import Any

import pytest

from mcp_bearer import Issuer, Issuers, KeysHealth, Requirement, ResourceServer

from .support import ISSUER, RESOURCE, Authority, request

pytestmark = pytest.mark.anyio


class World:
    """An issuer that can be down, the time, and what the server was told."""

    def __init__(self, issuer: Authority) -> None:
        self.issuer = issuer
        self.down = False
        self.now = 1_000_000_000.0
        self.events: list[tuple[str, KeysHealth]] = []
        self.told = threading.Semaphore(0)

    def fetch(self, url: str, timeout: float, headers: dict[str, str]) -> Any:
        return (503, [], b"") if self.down else self.issuer.fetch(url, timeout, headers)

    def observe(self, event: str, health: KeysHealth) -> None:
        self.events.append((event, health))
        self.told.release()

    def issuers(self) -> Issuers:
        issuers: list[str | Issuer] = [ISSUER, Issuer("https://other.example.com", jwks=self.issuer.jwks)]
        return Issuers(issuers, fetch=self.fetch, clock=lambda: self.now, on_keys_event=self.observe)

    async def wait(self) -> tuple[str, KeysHealth]:
        assert await asyncio.to_thread(self.told.acquire, timeout=10)
        return self.events[-1]


@pytest.fixture
def world(issuer: Authority) -> World:
    return World(issuer)


async def test_what_there_is_to_see(world: World, issuer: Authority) -> None:
    issuers = world.issuers()
    server = ResourceServer(resource=RESOURCE, issuers=issuers)
    cold, static = issuers.keys_health()
    assert (cold.issuer, cold.status, cold.age, cold.keys) == (ISSUER, "none", None, ())
    assert (static.status, static.keys[0].algorithms) == ("fresh", ["EdDSA"])
    assert static.keys[0].kid == issuer.jwks["keys"][0]["kid"]
    assert (static.age, static.next_attempt, static.last_error, static.fetching) == (None, None, None, False)

    token = issuer.token(exp=world.now + 1000)
    assert (await server.authorize(request(token), Requirement.none())).allowed
    assert await world.wait() == world.events[0]
    assert world.events[0][0] == "fetched"
    world.now += 10
    fresh = server.keys_health()[0]
    assert (fresh.status, fresh.age, fresh.keys[0].kid) == ("fresh", 10, static.keys[0].kid)
    assert fresh.next_attempt is not None
    assert 216 <= fresh.next_attempt - world.now + 10 <= 264

    world.down = True
    world.now += 400
    assert (await server.authorize(request(token), Requirement.none())).allowed, "stale"
    event, health = await world.wait()
    assert (event, health.status, health.last_error) == ("failed", "stale", "status 503")
    assert "503" in repr(health)


async def test_keys_can_be_fetched_ahead(world: World, issuer: Authority) -> None:
    server = ResourceServer(resource=RESOURCE, issuers=world.issuers())
    server.warm_up()
    await world.wait()
    decision = server.try_authorize(request(issuer.token(exp=world.now + 1000)), Requirement.none())
    assert decision is not None
    assert decision.allowed


async def test_an_observer_that_fails_hurts_nobody(
    issuer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()
    monkeypatch.setattr("sys.unraisablehook", lambda told_of: told.set())

    def fails(event: str, health: KeysHealth) -> None:
        raise RuntimeError("on purpose")

    server = ResourceServer(
        resource=RESOURCE, issuers=[ISSUER], keys={"fetch": issuer.fetch, "on_keys_event": fails}
    )
    assert (await server.authorize(request(issuer.token()), Requirement.none())).allowed
    assert await asyncio.to_thread(told.wait, 10)
