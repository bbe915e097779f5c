"""What a library costs before it checks anything: the time of its import, and its size on disk."""

import subprocess
import sys
from importlib.metadata import distribution
from typing import Any

from packaging.requirements import Requirement

PACKAGES = {
    "mcp-bearer": ("mcp_bearer", "mcp-bearer"),
    "PyJWT": ("jwt", "PyJWT[crypto]"),
    "oxyjwt": ("oxyjwt", "oxyjwt"),
    "webtoken": ("webtoken", "webtoken"),
    "joserfc": ("joserfc.jwt", "joserfc"),
    "fastmcp JWTVerifier": ("fastmcp.server.auth.providers.jwt", "fastmcp"),
    "Scalekit SDK": ("scalekit", "scalekit-sdk-python"),
}
"""By name: the module that is imported, and the requirement that brings it."""


def imports(rounds: int) -> list[dict[str, Any]]:
    """Return milliseconds of wall time for each import, in a new interpreter."""
    results = [
        {
            "name": name,
            "ours": name == "mcp-bearer",
            "samples": [],
            "extra": {
                "MB unpacked": _megabytes({Requirement(package).name}),
                "with what it needs": _megabytes(_closure(Requirement(package))),
            },
        }
        for name, (_, package) in PACKAGES.items()
    ]
    for _ in range(rounds):
        for result in results:
            result["samples"].append(_import(PACKAGES[result["name"]][0]))
    return results


def _import(module: str) -> float:
    program = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(told.stdout) * 1000


def _closure(requirement: Requirement) -> set[str]:
    """Return what an installer brings for this."""
    todo, seen = [requirement], set[tuple[str, frozenset[str]]]()
    while todo:
        needed = todo.pop()
        key = needed.name.lower(), frozenset(needed.extras)
        if key in seen:
            continue
        seen.add(key)
        for line in distribution(needed.name).requires or ():
            inner = Requirement(line)
            if inner.marker is None or any(
                inner.marker.evaluate({"extra": extra}) for extra in {"", *needed.extras}
            ):
                todo.append(inner)
    return {name for name, _ in seen}


def _megabytes(names: set[str]) -> float:
    files = [
        path for name in names for path in distribution(name).files or () if "__pycache__" not in path.parts
    ]
    return round(sum(path.size or 0 for path in files) / 1e6, 1)
