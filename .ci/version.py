"""python3 .ci/version.py [VERSION]: makes VERSION that of every package.

Prints the version, and fails where two differ.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Where a file says the version of what is released together. A lock file says it of
# what is in this repository; what is never released there is 0.0.0.
PLACES = {
    "Cargo.toml": r'^(?:mcp-bearer = .*)?\bversion = "(.*?)"',
    "pyproject.toml": r'^version = "(.*)"',
    "package.json": r'^  "version": "(.*)"',
    "Cargo.lock": r'^version = "(?!0\.0\.0")(.*)"\n(?!source)',
    "package-lock.json": r'"name": "mcp-bearer",\n *"version": "(.*)"',
}
FILES = (
    "Cargo.toml",
    "bindings-python/pyproject.toml",
    "bindings-node/package.json",
    "*Cargo.lock",
    "*package-lock.json",
)


def main(new: str | None = None) -> None:
    """Write it, if there is one; then check."""
    if new is not None and not re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?", new):
        sys.exit(f"{new} is no version: write 1.2.3 or 1.2.3-rc.1")
    files = subprocess.check_output(["git", "ls-files", *FILES], cwd=ROOT, text=True)
    found = {name: versions(ROOT / name, new) for name in files.split()}
    if len(set().union(*found.values())) != 1:
        sys.exit("\n".join(["the versions differ:", *map(str, found.items())]))
    print(*set().union(*found.values()))


def versions(path: Path, new: str | None) -> set[str]:
    """Return those that the file says, after it was made to say the new one."""
    pattern, text = re.compile(PLACES[path.name], re.MULTILINE), path.read_text()
    if new is not None:
        text = pattern.sub(lambda match: match[0].replace(match[1], new), text)
        path.write_text(text)
    return set(pattern.findall(text))


if __name__ == "__main__":
    main(*sys.argv[1:])
