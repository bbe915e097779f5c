"""The examples in docstrings, run as they stand there."""

import ast
import asyncio
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from types import ModuleType

import pytest

from .documents import FOLDER

# What an example leaves to its surroundings.
SURROUNDINGS = """
from fastapi import FastAPI
from fastapi.testclient import TestClient
from mcp_bearer import ConfigError, Requirement, ResourceServer
from mcp_bearer.asgi import RequirementMiddleware
from mcp_bearer.fastapi import protect
from starlette.middleware import Middleware
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route


async def todos(request: StarletteRequest) -> Response:
    return Response()


def create_app(server: ResourceServer) -> FastAPI:
    app = FastAPI()
    protect(app, server)
    return app
"""


def examples() -> Iterator[tuple[str, str]]:
    """Those of each docstring, which may build on one another."""
    package = FOLDER / "python" / "mcp_bearer"
    for file in sorted([*package.glob("*.py"), *package.glob("*.pyi")]):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            text = inspect.cleandoc(ast.get_docstring(node) or "")
            found = re.findall(r"::\n\n((?:    .*\n|\n)+)", text + "\n")
            if found:
                name = f"{file.name}-{getattr(node, 'name', 'module')}"
                yield name, "\n".join(map(textwrap.dedent, found))


def ids(found: list[tuple[str, str]]) -> list[str]:
    return [name for name, _ in found]


EXAMPLES = list(examples())


def test_they_are_found() -> None:
    expected = {"__init__", "_config_error", "asgi", "fastapi", "fastmcp", "mcp", "testing"}
    assert {name.split(".")[0] for name in ids(EXAMPLES)} >= expected


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=ids(EXAMPLES))
def test_an_example(name: str, example: str, request: pytest.FixtureRequest) -> None:
    if "from_env" in example:
        request.getfixturevalue("known")
    # Frameworks look for the module of a handler.
    module = sys.modules["example"] = ModuleType("example")
    exec(SURROUNDINGS, vars(module))
    code = compile(example, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    awaited = eval(code, vars(module))
    if inspect.iscoroutine(awaited):
        asyncio.run(awaited)
