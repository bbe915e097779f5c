"""python deep.py: what trouble costs each of the three example servers, in bytes, fetches and milliseconds.

It prints the figures, and fails where a server grows by 5 MB or more, be it from a document of any size or
from a flood, or where the issuer is asked more often than core/src/manual/keys.rs allows. Times are only
printed: they are this machine's. E2E_ONLY=axum (a substring of the name) narrows it.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import faults
import wire
from issuer import Issuer, Key
from servers import TODOS, Server, Target, any_provider

MB = 1_000_000
GROWTH_LIMIT = 5 * MB
COLD, UNKNOWN, USUAL, TIMES = 1_000, 10_000, 2_000, 5
COOLDOWN = 5.0

Row = tuple[str, str, bool]


def main() -> int:
    raise_file_limit()
    good = True
    for target in TODOS:
        if os.environ.get("E2E_ONLY", "") in target.name:
            for what, figure, passed in figures(target):
                good = good and passed
                print(f"{target.name:13} {what:48} {figure}{'' if passed else '   <-- TOO MUCH'}", flush=True)
    return 0 if good else 1


def figures(target: Target) -> Iterator[Row]:
    yield from of_documents(target)
    yield from of_cold_requests(target)
    yield from of_unknown_kids(target)
    yield from of_waiting(target)


def of_documents(target: Target) -> Iterator[Row]:
    """Each kind several times, from issuers that the server does not know yet."""
    kinds = {
        "20 MB of keys": faults.huge,
        "20 MB of keys, unannounced": faults.huge_in_chunks,
        "gzip bomb of 200 MB": faults.coded("gzip", faults.bomb),
        "10,000 keys": faults.many_keys(10_000),
        "1,000 keys": faults.many_keys(1_000),
    }
    with running(target, 1 + TIMES * (1 + len(kinds))) as (server, issuers):
        usual = issuers.pop()
        for _ in range(USUAL):
            expect(server, usual.mint(server.resource), 200)
        # Among the kinds a harmless one, for comparison.
        for what, fault in {"keys as they should be": faults.well, **kinds}.items():
            before = memory(server, "VmRSS")
            forget_peak(server)
            for _ in range(TIMES):
                issuer = issuers.pop()
                issuer.misbehave(fault, "keys")
                expect(server, issuer.mint(server.resource), 200 if fault is faults.well else 503)
            peak, after = memory(server, "VmHWM") - before, memory(server, "VmRSS") - before
            figure = f"peak {peak / MB:+6.2f} MB, left {after / MB:+6.2f} MB"
            yield f"{what}, {TIMES} times", figure, peak < GROWTH_LIMIT


def of_cold_requests(target: Target) -> Iterator[Row]:
    """All are sent before the issuer answers."""
    with running(target, 1) as (server, [issuer]), ExitStack() as stack:
        issuer.misbehave(faults.hang)
        tokens = [issuer.mint(server.resource) for _ in range(COLD)]
        connections = [stack.enter_context(wire.Connection(server.port, 60)) for _ in tokens]
        for connection, token in zip(connections, tokens, strict=True):
            connection.send(request(server, token))
        while not issuer.held:
            time.sleep(0.01)
        began = time.monotonic()
        issuer.behave()
        statuses = {connection.receive().status for connection in connections}
        took, fetches = time.monotonic() - began, issuer.requests.count("/keys")
        figure = f"{fetches} fetch, all answered {took * 1000:.0f} ms after it, with {statuses}"
        yield f"{COLD} first requests at once", figure, fetches == 1 and statuses == {200}


def of_unknown_kids(target: Target) -> Iterator[Row]:
    with running(target, 1, MCP_BEARER_JWKS_COOLDOWN_SECONDS=str(COOLDOWN)) as (server, [issuer]):
        for what, key, status in (("good tokens", None, 200), ("unknown kids", Key(), 401)):
            tokens = [issuer.mint(server.resource, key=key, header=unknown(number) if key else None) for number in range(UNKNOWN)]
            expect(server, issuer.mint(server.resource), 200)
            before, fetched, began = memory(server, "VmRSS"), issuer.requests.count("/keys"), time.monotonic()
            times = [expect(server, token, status) for token in tokens]
            took, fetches = time.monotonic() - began, issuer.requests.count("/keys") - fetched
            # In any stretch of time one for each cooldown that begins in it, and the spare.
            allowed = 2 + int(took / COOLDOWN) if key else 0
            growth = memory(server, "VmRSS") - before
            figure = f"{fetches} fetches in {took:.0f} s (at most {allowed}), {percentiles(times)}, left {growth / MB:+.2f} MB"
            # What the first run has made an engine grow by is no kid's doing.
            yield f"{UNKNOWN} {what}", figure, fetches <= allowed and (key is None or growth < GROWTH_LIMIT)


def of_waiting(target: Target) -> Iterator[Row]:
    """Stale keys while an attempt is held open, compared with fresh ones while nothing is."""
    with running(target, 3, MCP_BEARER_JWKS_TIMEOUT_SECONDS="60", MCP_BEARER_JWKS_FRESH_SECONDS="300") as (server, issuers):
        usual = issuers.pop()
        yield "a good token, all is well", percentiles([expect(server, usual.mint(server.resource), 200) for _ in range(USUAL)]), True
    for fault in (faults.hang, faults.drip):
        with running(target, 1, MCP_BEARER_JWKS_TIMEOUT_SECONDS="60", MCP_BEARER_JWKS_FRESH_SECONDS="0.5") as (server, [issuer]):
            tokens = iter([issuer.mint(server.resource) for _ in range(2 * USUAL)])
            expect(server, next(tokens), 200)
            issuer.misbehave(faults.status(500))
            asked = len(issuer.requests)
            while len(issuer.requests) == asked:
                expect(server, next(tokens), 200)
            issuer.misbehave(fault)
            while not issuer.held:
                expect(server, next(tokens), 200)
                time.sleep(0.01)
            times = [expect(server, next(tokens), 200) for _ in range(USUAL)]
            held = bool(issuer.held)
            figure = f"{percentiles(times)}{'' if held else ', but the fetch is over'}"
            yield f"a good token, stale, the issuer does: {fault.__name__}", figure, held


@contextmanager
def running(target: Target, count: int, **environment: str) -> Iterator[tuple[Server, list[Issuer]]]:
    with ExitStack() as stack:
        issuers = [stack.enter_context(closing(Issuer())).start() for _ in range(count)]
        server = Server(target, "/mcp", any_provider(*issuers) | {"MCP_BEARER_JWKS_TIMEOUT_SECONDS": "30"} | environment)
        stack.callback(server.stop)
        yield server, issuers


def expect(server: Server, token: str, status: int) -> float:
    """Asks, and says how long it took."""
    began = time.perf_counter()
    with wire.Connection(server.port, 60) as connection:
        connection.send(request(server, token))
        answer = connection.receive()
    took = time.perf_counter() - began
    if answer.status != status:
        raise SystemExit(f"{server.target.name}: {status} was to be expected, and there came\n{answer}\n{server.output()}")
    return took


def request(server: Server, token: str) -> bytes:
    return wire.head("GET", "/todos", server.port, [("Authorization", f"Bearer {token}"), ("Connection", "close")])


def unknown(number: int) -> dict[str, str]:
    return {"kid": f"nobody-{number}"}


def percentiles(times: list[float]) -> str:
    ordered = sorted(times)
    at: Callable[[float], float] = lambda part: ordered[int(part * (len(ordered) - 1))] * 1000  # noqa: E731
    return f"p50 {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, longest {at(1):.2f} ms"


def memory(server: Server, name: str) -> int:
    """Bytes, as the kernel counts them."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"{server.target.name} has no {name}")


def forget_peak(server: Server) -> None:
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")


def raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard != resource.RLIM_INFINITY else 65_536, hard))


if __name__ == "__main__":
    sys.exit(main())
