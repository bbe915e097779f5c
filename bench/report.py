"""What was measured, as tables and pictures: python3 report.py [FOLDER]

Reads build/bench/results/*.json, and writes results.md, in-process.svg and over-http.svg to the folder,
which is that of this file unless another is given.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from chart import Bar, Panel, draw
from results import Case, MalformedError, Part, Table, read

HERE = Path(__file__).parent
RESULTS = HERE.parent / "build/bench/results"
# The order of the report. What is not named comes last.
ORDER = ["rust", "python", "node", "axum", "express", "fastapi"]
OVER_HTTP = ORDER[3:]
UNSEEN, AGAIN = "tokens never seen before", "one token again"
# Other ways to ask ours, and yardsticks for a cache: in the tables, but no bars.
NOT_DRAWN = ("mcp-bearer,", "SHA-256")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    try:
        parts = [read(path) for path in RESULTS.glob("*.json")]
    except MalformedError as error:
        raise SystemExit(str(error)) from None
    parts.sort(key=lambda part: (*(name != part.name for name in ORDER), part.name))
    (folder / "results.md").write_text("\n".join(markdown(parts)))
    for name, picture in pictures(parts).items():
        (folder / name).write_text(picture)


def markdown(parts: list[Part]) -> Iterator[str]:
    """Return the lines of the report."""
    yield from INTRODUCTION.splitlines()
    for part in parts:
        yield from ["", f"## {part.title}", ""]
        yield f"{listed(part.machine)}. {listed(part.versions)}."
        marks = marks_of(part)
        for table in part.tables:
            yield from ["", f"### {table.title}", "", sentence(table), ""]
            yield from rows(table, marks)
        if marks:
            yield ""
        for accepted, mark in marks.items():
            yield f"<sup>{mark}</sup> accepts what a resource server must refuse: {', '.join(accepted)}.  "


def sentence(table: Table) -> str:
    reference = table.reference
    compared = f", × {reference.name}" if reference is not None else ""
    return f"{table.unit}{compared}. {table.note}".strip()


def rows(table: Table, marks: dict[tuple[str, ...], str]) -> Iterator[str]:
    compared = table.reference is not None
    extra = list(dict.fromkeys(name for case in table.cases for name in case.extra))
    head = ["median", "best", *(["× median", "× best", "× middle half"] if compared else []), *extra]
    yield f"| | {' | '.join(head)} |"
    yield "|---|" + "--:|" * len(head)
    for case in table.cases:
        cells = [number(case.median), number(case.best)]
        ratio = table.ratio(case)
        if ratio is not None:
            cells += [f"{ratio.median:.2f}", f"{ratio.best:.2f}", "{:.2f}–{:.2f}".format(*ratio.middle_half)]
        cells += [number(case.extra[name]) if name in case.extra else "" for name in extra]
        yield f"| {named(case, marks)} | {' | '.join(cells)} |"


def named(case: Case, marks: dict[tuple[str, ...], str]) -> str:
    name = f"**{case.name}**" if case.ours else case.name
    return f"{name} <sup>{marks[case.accepts]}</sup>" if case.accepts else name


def marks_of(part: Part) -> dict[tuple[str, ...], str]:
    """Return a letter for each set of bad tokens that some peer accepts."""
    sets = dict.fromkeys(case.accepts for table in part.tables for case in table.cases if case.accepts)
    return {accepted: chr(ord("a") + index) for index, accepted in enumerate(sets)}


def pictures(parts: list[Part]) -> dict[str, str]:
    """Return the pictures that there is something for, by file name."""
    drawn = {
        "in-process.svg": (
            "RS256: the time of a check, × that of mcp-bearer",
            [(part, f"RS256, {title}") for part in parts for title in (AGAIN, UNSEEN)],
        ),
        "over-http.svg": (
            "CPU of a whole request, × the same without a check",
            [(part, title) for part in parts if part.name in OVER_HTTP for title in (AGAIN, UNSEEN)],
        ),
    }
    found = {}
    for name, (title, wanted) in drawn.items():
        panels = [panel(part, table) for part, wish in wanted if (table := part.table(wish)) is not None]
        if panels:
            found[name] = draw(title, [panels[index : index + 2] for index in range(0, len(panels), 2)])
    return found


def panel(part: Part, table: Table) -> Panel:
    cases = [case for case in table.cases if not case.name.startswith(NOT_DRAWN)]
    ratios = [(case, ratio.median) for case in cases if (ratio := table.ratio(case)) is not None]
    bars = [
        Bar(case.name, ratio, f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}", case.ours)
        for case, ratio in sorted(ratios, key=lambda pair: pair[1])
    ]
    return Panel(f"{part.title.partition(',')[0]}, {table.title.removeprefix('RS256, ')}", bars)


def listed(figures: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items())


def number(value: float) -> str:
    """Return three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


INTRODUCTION = """\
# What a check costs

`make bench` writes this file. Every case runs once in each round, one after the other, so that all see the
same machine. "Median" and "best" are of the rounds; a ratio (×) is taken in each round, so that what slows
the machine down for a while slows both sides. "Middle half" is between the quartiles of those ratios. Read
the ratios: absolute figures are this machine's."""


if __name__ == "__main__":
    main()
