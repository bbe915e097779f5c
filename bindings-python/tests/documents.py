"""The programs in documents, to be run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parents[1]


def programs(document: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", document.read_text(), flags=re.DOTALL)


def run(program: str, name: str = "program") -> dict[str, Any]:
    # Frameworks look for the module of a handler.
    module = sys.modules[name] = ModuleType(name)
    exec(compile(program, name, "exec"), vars(module))
    return vars(module)


def check_types(found: list[str], folder: Path) -> None:
    for number, program in enumerate(found):
        (folder / f"program_{number}.py").write_text(program)
    mypy: list[str | Path] = [sys.executable, "-m", "mypy", "--strict", folder]
    mypy += ["--cache-dir", FOLDER / ".mypy_cache"]
    checked = subprocess.run(mypy, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
