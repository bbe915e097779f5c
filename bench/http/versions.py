"""What was measured, to the version."""

import json
import re
import subprocess
from pathlib import Path


def of_crates(lock: Path, names: list[str]) -> dict[str, str]:
    """Versions of Rust and of these crates."""
    locked = dict(re.findall(r'name = "(.+)"\nversion = "(.+)"', lock.read_text()))
    return {"Rust": output("rustc", "--version").split()[1]} | {name: locked[name] for name in names}


def of_npm(folder: Path, names: list[str]) -> dict[str, str]:
    """Versions of Node and of these packages."""
    installed = {
        name: json.loads((folder / "node_modules" / name / "package.json").read_text())["version"]
        for name in names
    }
    return {"Node": output("node", "--version").removeprefix("v")} | installed


def of_python(python: Path, names: list[str]) -> dict[str, str]:
    """Versions of Python and of these packages."""
    found = output(str(python), "-c", OF_PYTHON, *names).split()
    return dict(zip(["Python", *names], found, strict=True))


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


OF_PYTHON = """
import platform, sys
from importlib.metadata import version
print(platform.python_version(), *map(version, sys.argv[1:]))
"""
