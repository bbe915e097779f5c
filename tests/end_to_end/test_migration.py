"""docs/migration.md shows what became of the quickstart's applications, and they are those that run here."""

import ast
import difflib
import re
import subprocess

import pytest

from servers import ROOT

FOLDER = ROOT / "tests" / "migration"
PAGE = (ROOT / "docs" / "migration.md").read_text()
APPLICATIONS = [("Express", "express/quickstart.js", "express/server.js"), ("FastAPI", "fastapi/quickstart.py", "fastapi/app.py")]


@pytest.mark.parametrize(("name", "before", "after"), APPLICATIONS)
def test_the_page_shows_the_lines(name: str, before: str, after: str) -> None:
    old, new = ((FOLDER / file).read_text().splitlines() for file in (before, after))
    # The whole of both, behind a heading of three lines.
    lines = [line.rstrip() for line in difflib.unified_diff(old, new, n=10_000, lineterm="")][3:]
    section = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
    shown = re.search(r"```diff\n(.*?)```", section, flags=re.DOTALL)
    expected = "\n".join(lines) + "\n"
    assert shown and shown[1] == expected, f"the block of {name} should be:\n{expected}"
    removed, added = (sum(line.startswith(mark) for line in lines) for mark in "-+")
    assert f"| [{name}](#{name.lower()}) | {removed} | {added} |" in PAGE, f"{name}: {removed} removed, {added} added"


def test_what_was_before_is_a_program() -> None:
    """As far as can be told without an account: the SDK asks for one."""
    ast.parse((FOLDER / "fastapi/quickstart.py").read_text())
    subprocess.run(["node", "--check", FOLDER / "express/quickstart.js"], check=True)
