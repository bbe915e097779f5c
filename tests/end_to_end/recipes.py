"""The programs of docs/recipes.md, as servers.

What its reader runs is what runs here: the text of a block is not changed. The Rust ones are taken
out of the document when they are compiled, by tests/recipes/axum.
"""

import os
import re
import sys
from pathlib import Path

from servers import ROOT, Target

DOCUMENT = ROOT / "docs" / "recipes.md"
CARGO_TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RECIPES = Target("recipes", "tests/recipes")


def blocks(section: str, subsection: str, language: str) -> list[str]:
    """The blocks of one language below a heading and, unless it is empty, one below that."""
    text = below(2, section, DOCUMENT.read_text())
    if subsection:
        text = below(3, subsection, text)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def below(level: int, heading: str, text: str) -> str:
    found = re.search(rf"^{'#' * level} {heading}\n(.*?)(?=^#{{2,{level}}} |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


def node(section: str, subsection: str) -> list[str]:
    """The command that runs a program for Node, in the folder that has what it imports."""
    (program,) = blocks(section, subsection, "js")
    return ["node", "--input-type=module", "--eval", program]


def python(section: str, subsection: str, folder: Path, routes: str = "") -> list[str]:
    """The command that serves the `app` of a program for Python, which may leave routes to its reader."""
    (folder / "program.py").write_text("\n".join([*blocks(section, subsection, "python"), routes]))
    return [sys.executable, "-m", "uvicorn", "--app-dir", str(folder), "--port", "$PORT", "--no-access-log", "program:app"]


def axum(section: str) -> list[str]:
    """The command that serves a program for axum."""
    built = [*CARGO_TARGET.glob("release/recipes-axum"), *CARGO_TARGET.glob("*/release/recipes-axum")]
    newest = max(built, key=lambda file: file.stat().st_mtime, default=None)
    assert newest, "recipes-axum is not built: run make build"
    return [str(newest), section.lower().replace(" ", "_")]
