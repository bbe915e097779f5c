"""python check_wheel.py WHEEL: installs it, alone, into an empty environment, and uses it there."""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors" / "credentials.json"

PROGRAM = """
import asyncio, json, pathlib, sys
import mcp_bearer
import mcp_bearer.asgi
import mcp_bearer.testing
from mcp_bearer import Issuer, Issuers, Request, Requirement, ResourceServer

installed = pathlib.Path(mcp_bearer.__file__).parent
assert installed.is_relative_to(sys.prefix), installed
assert {"py.typed", "_mcp_bearer.pyi"} <= {path.name for path in installed.iterdir()}

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


def main(wheel: str) -> None:
    """Fail if anything does."""
    groups = json.loads(VECTORS.read_bytes())["testGroups"]
    used = next(
        (group, test) for group in groups for test in group["tests"] if test["result"]["outcome"] == "allowed"
    )
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel]
        subprocess.run(pip, check=True)
        subprocess.run(
            [python, "-I", "-c", PROGRAM], input=json.dumps(used), text=True, check=True, cwd=folder
        )
        program = str(Path(folder) / "bin" / "mcp-bearer")
        subprocess.run([program, "--version"], check=True, cwd=folder)
    print(f"{Path(wheel).name}: installed and used")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
