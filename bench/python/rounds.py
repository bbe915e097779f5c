"""Rounds in which every case runs once, one after the other, so that all see the same machine."""

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Case:
    """One way to check a token."""

    name: str
    check: Callable[[Any], Any]
    """Gives something true for a good token; else something false, or an exception."""
    ours: bool = False
    awaited: bool = False
    prepare: Callable[[str], Any] = lambda token: token
    """What a framework would have ready."""
    forget: Callable[[], None] = lambda: None
    accepts: list[str] = field(default_factory=list)
    """Bad tokens that it takes for good ones."""


def verdicts(case: Case, tokens: Sequence[str]) -> list[bool]:
    """Return which of the tokens are accepted."""

    async def awaited() -> list[bool]:
        return [await _accepted_later(case, case.prepare(token)) for token in tokens]

    if case.awaited:
        return asyncio.run(awaited())
    return [_accepted(case, case.prepare(token)) for token in tokens]


def cpu(cases: Sequence[Case], tokens: Sequence[str], rounds: int) -> list[dict[str, Any]]:
    """Return microseconds of CPU per check."""
    return _interleaved(cases, tokens, rounds, _cpu)


def wall_of_two(cases: Sequence[Case], tokens: Sequence[str], rounds: int) -> list[dict[str, Any]]:
    """Return microseconds per check while two threads check, each its half."""
    results = _interleaved(cases, tokens, rounds, lambda case, given: _wall(case, given, 2))
    alone = _interleaved(cases, tokens, rounds, lambda case, given: _wall(case, given, 1))
    for case, single in zip(results, alone, strict=True):
        gain = statistics.median(single["samples"]) / statistics.median(case["samples"])
        case["extra"]["times one thread"] = round(gain, 2)
    return results


def latencies(case: Case, tokens: Sequence[str]) -> dict[str, float]:
    """Return how long single checks take, in microseconds."""
    given = [case.prepare(token) for token in tokens]
    case.forget()
    taken = []
    for value in given:
        start = time.perf_counter_ns()
        _accepted(case, value)
        taken.append((time.perf_counter_ns() - start) / 1000)
    cuts = statistics.quantiles(taken, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def _interleaved(
    cases: Sequence[Case], tokens: Sequence[str], rounds: int, measure: Callable[[Case, list[Any]], float]
) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = [
        {"name": case.name, "ours": case.ours, "samples": [], "accepts": case.accepts, "extra": {}}
        for case in cases
    ]
    given = [[case.prepare(token) for token in tokens] for case in cases]
    for _ in range(rounds):
        for case, values, result in zip(cases, given, results, strict=True):
            case.forget()
            result["samples"].append(measure(case, values) / len(values) / 1000)
    return results


def _cpu(case: Case, given: list[Any]) -> float:
    if case.awaited:
        return asyncio.run(_cpu_awaited(case, given))
    check = case.check
    start = time.process_time_ns()
    for value in given:
        try:
            check(value)
        except Exception:
            pass
    return time.process_time_ns() - start


async def _cpu_awaited(case: Case, given: list[Any]) -> float:
    check = case.check
    start = time.process_time_ns()
    for value in given:
        try:
            await check(value)
        except Exception:
            pass
    return time.process_time_ns() - start


def _wall(case: Case, given: list[Any], threads: int) -> float:
    barrier = threading.Barrier(threads + 1)

    def run(own: list[Any]) -> None:
        check = case.check
        barrier.wait()
        for value in own:
            try:
                check(value)
            except Exception:
                pass

    workers = [threading.Thread(target=run, args=(given[n::threads],)) for n in range(threads)]
    for worker in workers:
        worker.start()
    barrier.wait()
    start = time.perf_counter_ns()
    for worker in workers:
        worker.join()
    return time.perf_counter_ns() - start


def _accepted(case: Case, value: Any) -> bool:
    try:
        return bool(case.check(value))
    except Exception:
        return False


async def _accepted_later(case: Case, value: Any) -> bool:
    try:
        return bool(await case.check(value))
    except Exception:
        return False
