"""python -m pytest test_report.py: the statistics, and what the report refuses."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import report
from results import MalformedError, Part, Table, part, read


def case(name: str, *samples: float, ours: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "ours": ours, "samples": list(samples), **more}


def file(*cases: dict[str, Any], **more: Any) -> dict[str, Any]:
    title = "RS256, one token again"
    table = {"title": title, "unit": "µs of CPU per check", "cases": list(cases), **more}
    return {"part": "python", "title": "Python, in process", "machine": {}, "versions": {}, "tables": [table]}


OURS = case("ours", 2, 4, 6, ours=True)
PEER = case("peer", 8, 8, 30, accepts=["no exp"], extra={"p99": 1234.5})


def table_of(value: dict[str, Any]) -> Table:
    return part(value).tables[0]


def test_ratios_are_taken_round_by_round() -> None:
    table = table_of(file(OURS, PEER))
    ratio = table.ratio(table.cases[1])
    assert ratio is not None
    # 4, 2 and 5: not the ratio of the medians, which is 2, nor of the best, which is 4.
    assert (ratio.median, ratio.best, ratio.middle_half) == (4, 2, (3, 4.5))
    assert (table.cases[1].median, table.cases[1].best) == (8, 8)


def test_one_round_is_its_own_median() -> None:
    table = table_of(file(case("ours", 2, ours=True), case("peer", 3)))
    ratio = table.ratio(table.cases[1])
    assert ratio is not None
    assert (ratio.median, ratio.best, ratio.middle_half) == (1.5, 1.5, (1.5, 1.5))


def test_a_table_may_name_what_it_is_against() -> None:
    table = table_of(file(OURS, PEER, against="peer"))
    ratio = table.ratio(table.cases[0])
    assert ratio is not None
    assert ratio.median == 0.25


def test_several_of_ours_stand_for_themselves() -> None:
    table = table_of(file(OURS, case("more of it", 1, ours=True)))
    assert table.reference is None
    assert "×" not in "\n".join(report.rows(table, {}))


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ([], '"tables" is missing'),
        (file(OURS) | {"versions": None}, '"versions" is missing'),
        (file(OURS) | {"tables": file(OURS)["tables"] * 2}, "the same table twice"),
        (file(OURS, OURS), "the same case of 'RS256, one token again' twice"),
        (file(OURS, case("peer", 1)), "different numbers of rounds"),
        (file(OURS, against="nobody"), "no case of it"),
        (file(case("ours", ours=True)), "not positive numbers"),
        (file(case("ours", 1, 0, ours=True)), "not positive numbers"),
        (file(case("ours", float("nan"), ours=True)), "not positive numbers"),
        (file(case("ours", True, ours=True)), "not positive numbers"),
        (file(case("ours", 1) | {"ours": "yes"}), '"ours" is missing'),
        (file(case("ours", 1, ours=True, extra={"p50": "fast"})), "no number"),
        (file(case("ours", 1, ours=True, accepts=["no exp"])), "is ours, and accepts: no exp"),
    ],
)
def test_what_is_malformed_is_refused(value: Any, complaint: str) -> None:
    with pytest.raises(MalformedError, match=complaint):
        part(value)


@pytest.mark.parametrize("text", ["", "{", '{"part": "python"}'])
def test_a_refusal_names_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "python.json"
    path.write_text(text)
    with pytest.raises(MalformedError, match=r"python\.json: "):
        read(path)


def test_the_report(tmp_path: Path) -> None:
    path = tmp_path / "python.json"
    path.write_text(json.dumps(file(OURS, PEER)))
    lines = list(report.markdown([read(path)]))
    assert "| **ours** | 4 | 2 | 1.00 | 1.00 | 1.00–1.00 |  |" in lines
    assert "| peer <sup>a</sup> | 8 | 8 | 4.00 | 2.00 | 3.00–4.50 | 1,234 |" in lines
    assert "<sup>a</sup> accepts what a resource server must refuse: no exp.  " in lines


def test_the_pictures() -> None:
    found = report.pictures([part(file(OURS, case("a <peer>", 8, 8, 30)))])
    assert list(found) == ["in-process.svg"]
    texts = ElementTree.fromstring(found["in-process.svg"]).iter("{http://www.w3.org/2000/svg}text")
    _, *panel = [element.text for element in texts]
    assert panel == ["Python, one token again", "ours", "1.00", "a <peer>", "4.00"]


def test_nothing_measured_is_no_picture() -> None:
    assert report.pictures([Part("python", "Python, in process", {}, {}, ())]) == {}
