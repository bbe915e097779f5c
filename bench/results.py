"""What the programs of the bench have measured: read, checked, and compared.

A file is ``{"part", "title", "machine", "versions", "tables"}``, a table ``{"title", "unit", "cases"}``
with an optional "note" and "against", a case ``{"name", "ours", "samples"}`` with an optional "accepts"
and "extra". The cases of a table are compared with the one that it is "against", else with the only one
of ours; where there are several, each stands for itself.
"""

import json
import math
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class MalformedError(Exception):
    """A file is not what a program of the bench writes."""


@dataclass(frozen=True)
class Case:
    """One way to do it, measured once in each round."""

    name: str
    ours: bool
    samples: tuple[float, ...]
    accepts: tuple[str, ...] = ()
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def best(self) -> float:
        return min(self.samples)


@dataclass(frozen=True)
class Ratio:
    """How many times as much as the reference, round by round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def best(self) -> float:
        return min(self.rounds)

    @property
    def middle_half(self) -> tuple[float, float]:
        """Between these are half of the rounds."""
        if len(self.rounds) == 1:
            return self.rounds[0], self.rounds[0]
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True)
class Table:
    """Cases that did the same work."""

    title: str
    unit: str
    cases: tuple[Case, ...]
    note: str = ""
    against: str = ""

    @property
    def reference(self) -> Case | None:
        """What the others are compared with."""
        wanted = [case for case in self.cases if (case.name == self.against if self.against else case.ours)]
        return wanted[0] if len(wanted) == 1 else None

    def ratio(self, case: Case) -> Ratio | None:
        if self.reference is None:
            return None
        pairs = zip(case.samples, self.reference.samples, strict=True)
        return Ratio(tuple(own / reference for own, reference in pairs))


@dataclass(frozen=True)
class Part:
    """What one program has measured."""

    name: str
    title: str
    machine: dict[str, Any]
    versions: dict[str, str]
    tables: tuple[Table, ...]

    def table(self, title: str) -> Table | None:
        return next((table for table in self.tables if table.title == title), None)


def read(path: Path) -> Part:
    """Read what a program has written."""
    try:
        return part(json.loads(path.read_bytes()))
    except (ValueError, MalformedError) as error:
        raise MalformedError(f"{path}: {error}") from None


def part(value: Any) -> Part:
    tables = tuple(table(item) for item in member(value, "tables", list))
    distinct("table", [item.title for item in tables])
    return Part(
        member(value, "part", str),
        member(value, "title", str),
        member(value, "machine", dict),
        member(value, "versions", dict),
        tables,
    )


def table(value: Any) -> Table:
    title = member(value, "title", str)
    cases = tuple(case(item, title) for item in member(value, "cases", list))
    distinct(f"case of {title!r}", [item.name for item in cases])
    found = Table(
        title,
        member(value, "unit", str),
        cases,
        member(value, "note", str, ""),
        member(value, "against", str, ""),
    )
    if found.against and found.reference is None:
        raise MalformedError(f"{title!r} is against {found.against!r}, which is no case of it")
    if found.reference is not None and len({len(item.samples) for item in cases}) > 1:
        raise MalformedError(f"the cases of {title!r} have different numbers of rounds")
    return found


def case(value: Any, title: str) -> Case:
    name = member(value, "name", str)
    samples = tuple(member(value, "samples", list))
    if not samples or not all(is_number(sample) and sample > 0 for sample in samples):
        raise MalformedError(f"the samples of {name!r} in {title!r} are not positive numbers")
    extra = member(value, "extra", dict, {})
    if not all(is_number(figure) for figure in extra.values()):
        raise MalformedError(f'"extra" of {name!r} in {title!r} has something that is no number')
    accepts = tuple(sorted(member(value, "accepts", list, [])))
    ours = member(value, "ours", bool)
    if ours and accepts:
        raise MalformedError(f"{name!r} in {title!r} is ours, and accepts: {', '.join(accepts)}")
    return Case(name, ours, samples, accepts, extra)


def member(value: Any, name: str, kind: type, default: Any = None) -> Any:
    found = value.get(name, default) if isinstance(value, dict) else None
    if not isinstance(found, kind):
        raise MalformedError(f'"{name}" is missing, or is no {kind.__name__}')
    return found


def distinct(what: str, names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise MalformedError(f"the same {what} twice: {', '.join(names)}")


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
