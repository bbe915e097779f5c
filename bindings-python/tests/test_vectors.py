"""Runs the shared vectors, which are the specification of all three languages."""

import json
from pathlib import Path
from typing import Any

import pytest

from mcp_bearer import reason

from . import vectors

FOLDER = Path(__file__).parents[2] / "tests" / "vectors"
FILES = sorted(path for path in FOLDER.glob("*.json") if path.name != "schema.json")
MEMBERS = {"tcId", "comment", "notes", "requirements", "input", "result", "fetched"}

pytestmark = pytest.mark.anyio


def load(path: Path) -> list[dict[str, Any]]:
    document = json.loads(path.read_bytes())
    assert set(document) == {"numberOfTests", "notes", "testGroups"}
    groups: list[dict[str, Any]] = document["testGroups"]
    tests = [test for group in groups for test in group["tests"]]
    assert len(tests) == document["numberOfTests"]
    assert len({test["tcId"] for test in tests}) == len(tests)
    for test in tests:
        assert set(test) <= MEMBERS, test["tcId"]
    return groups


def test_there_are_vectors() -> None:
    assert FILES


@pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_vectors(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failures = []
    count = 0
    for described in load(path):
        if described["type"] == "configuration":
            assert set(described) == {"type", "comment", "tests"}
            for test in described["tests"]:
                count += 1
                failures += compare_setting(test, vectors.configure(test["input"]))
            continue
        group = vectors.Group(described)
        for test in group.tests:
            count += 1
            result, fetched = await group.run(test["input"])
            if result != ordered(test["result"]):
                failures.append(f"{test['tcId']} {test['comment']}:\n  {test['result']}\n  {result}")
            if "fetched" in test and fetched != test["fetched"]:
                failures.append(f"{test['tcId']} {test['comment']}: fetched {fetched}")
    assert not failures, "\n".join(failures)
    with capsys.disabled():
        print(f"\n{path.name}: {count} vectors")  # noqa: T201


def ordered(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result with the scopes in order, since Python's are a set."""
    token = result.get("token")
    if token is None:
        return result
    return {**result, "token": {**token, "scopes": sorted(token["scopes"])}}


def compare_setting(test: dict[str, Any], result: dict[str, Any]) -> list[str]:
    expected = dict(test["result"])
    says = expected.pop("says", "")
    message = result.pop("says", "")
    if expected == result and says in message:
        return []
    return [f"{test['tcId']} {test['comment']}: expected {test['result']}, got {result} {message!r}"]


def test_every_reason_is_a_constant() -> None:
    constants = {getattr(reason, name) for name in dir(reason) if name.isupper()}
    seen = {
        test["result"]["reason"]
        for path in FILES
        for group in load(path)
        for test in group["tests"]
        if "reason" in test["result"]
    }
    assert seen <= constants
