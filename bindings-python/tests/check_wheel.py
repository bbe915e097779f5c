"""python check_wheel.py WHEEL: installs it into empty environments, uses it, and runs the vectors with it."""

import json
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

TESTS = Path(__file__).parent
VECTORS = Path(__file__).parents[2] / "tests" / "vectors"

PROGRAM = """
import asyncio, json, pathlib, sys
import mcp_bearer
import mcp_bearer.asgi
import mcp_bearer.testing
from mcp_bearer import Issuer, Issuers, Request, Requirement, ResourceServer

installed = pathlib.Path(mcp_bearer.__file__).parent
assert installed.is_relative_to(sys.prefix), installed
assert {"py.typed", "_mcp_bearer.pyi"} <= {path.name for path in installed.iterdir()}
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
assert gil is ("free-threading" not in sys.version), "the native module needs no global lock"

group, test = json.loads(sys.stdin.read())
settings = group["server"]
issuers = [Issuer(entry.pop("issuer"), **entry) for entry in settings.pop("issuers")]
server = ResourceServer(issuers=Issuers(issuers, clock=lambda: group["now"]), **settings)
given = test["input"]
request = Request(method=given["method"], target=given["target"], headers=given["headers"])
decision = asyncio.run(server.authorize(request, Requirement.none()))
assert decision.token.issuer == test["result"]["token"]["issuer"]

issuer = mcp_bearer.testing.Issuer("https://as.example.com")
fields = list(issuer.headers("https://mcp.example.com").items())
request = Request(method="GET", target="/", headers=fields)
assert issuer.server("https://mcp.example.com").try_authenticate(request).authenticated

try:
    import mcp_bearer.fastapi
except ImportError as error:
    assert "fastapi" in str(error)
else:
    raise AssertionError("the environment was to be empty")
"""

# What the runner of the vectors needs of the folder that it is copied from.
CONFTEST = """
import pathlib, sys
import mcp_bearer, pytest

assert pathlib.Path(mcp_bearer.__file__).is_relative_to(sys.prefix)

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


def main(wheel: str) -> None:
    """Fail if anything does."""
    with tempfile.TemporaryDirectory() as folder:
        python = environment(Path(folder) / "alone", "--no-index", "--no-deps", wheel)
        subprocess.run(
            [python, "-I", "-c", PROGRAM], input=json.dumps(example()), text=True, check=True, cwd=folder
        )
        subprocess.run([Path(python).with_name("mcp-bearer"), "--version"], check=True, cwd=folder)
        pinned = ["--constraint", str(TESTS.parent / "requirements-dev.txt"), "pytest", "anyio"]
        python = environment(Path(folder) / "tested", *pinned, wheel)
        run_vectors(python, Path(folder) / "copy")
    print(f"{Path(wheel).name}: installed, used, and every vector holds")  # noqa: T201


def environment(folder: Path, *requirements: str) -> str:
    """Return the interpreter of a new environment that has these, and nothing else."""
    venv.create(folder, with_pip=True)
    python = str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements], check=True)
    return python


def example() -> tuple[object, object]:
    """Return a group of vectors and the first of its requests that is allowed."""
    groups = json.loads((VECTORS / "credentials.json").read_bytes())["testGroups"]
    return next(
        (group, test) for group in groups for test in group["tests"] if test["result"]["outcome"] == "allowed"
    )


def run_vectors(python: str, folder: Path) -> None:
    """Run them in a copy with the layout of the repository, where they are found, without its package."""
    tests = folder / TESTS.parent.name / TESTS.name
    tests.mkdir(parents=True)
    for name in ("__init__.py", "test_vectors.py", "vectors.py"):
        shutil.copy(TESTS / name, tests)
    (tests / "conftest.py").write_text(CONFTEST)
    shutil.copytree(VECTORS, folder / "tests" / "vectors")
    subprocess.run([python, "-m", "pytest", "-q"], check=True, cwd=tests.parent)


if __name__ == "__main__":
    main(sys.argv[1])
