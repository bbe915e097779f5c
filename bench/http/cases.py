"""What is compared: the servers, and what they are asked."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import versions

HERE = Path(__file__).parent
TARGET = Path(os.environ["CARGO_TARGET_DIR"]) / os.environ["CARGO_BUILD_TARGET"] / "release"
PYTHON = HERE.parents[1] / "build/bench/venv/bin/python"
# In its place is a middleware that does nothing.
NO_OP = "no check"
# What a policy costs is little, so that it takes more to see it.
MORE = 2


@dataclass(frozen=True)
class Case:
    """One server in one table."""

    name: str
    variant: str
    ours: bool = False
    path: str = "/todos"


@dataclass(frozen=True)
class Table:
    """Cases that are asked the same."""

    title: str
    against: str
    cases: list[Case]
    # How many requests a case answers in each round.
    requests: int
    unseen: bool = False
    body: bool = False
    note: str = ""


@dataclass(frozen=True)
class Framework:
    """A server program, which takes its variant from the environment."""

    name: str
    title: str
    command: list[str]
    folder: Path
    # How many requests it answers in about a tenth of a second.
    requests: int
    peers: list[Case]
    ours: list[Case]
    versions: Callable[[], dict[str, str]]
    # What the framework itself takes for what ours needs of it.
    bare: tuple[Case, ...] = ()
    calls: tuple[Case, ...] = ()

    def variants(self) -> list[str]:
        return ["no-op", *(case.variant for case in (*self.bare, *self.ours, *self.peers))]

    def tables(self) -> list[Table]:
        cases = [Case(NO_OP, "no-op"), *self.bare, *self.ours, *self.peers]
        calls = [
            Case("mcp-bearer", "ours", ours=True, path="/open"),
            Case("mcp-bearer with a policy", "ours", ours=True, path="/policed"),
            *self.calls,
        ]
        return [
            Table("one token again", NO_OP, cases, self.requests),
            Table("tokens never seen before", NO_OP, cases, UNSEEN, unseen=True),
            Table("a tools/call of 2 KB", calls[0].name, calls, MORE * self.requests, body=True),
        ]


UNSEEN = 500

FRAMEWORKS = [
    Framework(
        "axum",
        "axum",
        [str(TARGET / "axum")],
        HERE,
        5_000,
        ours=[
            Case("mcp-bearer", "ours", ours=True),
            Case("mcp-bearer with require_scope", "ours-scope", ours=True),
        ],
        peers=[Case("jsonwebtoken by hand", "jsonwebtoken")],
        versions=partial(versions.of_crates, HERE / "Cargo.lock", ["axum", "jsonwebtoken", "tokio"]),
    ),
    Framework(
        "express",
        "Express",
        ["node", "server.js"],
        HERE / "express",
        1_000,
        ours=[
            Case("mcp-bearer", "ours", ours=True),
            Case("mcp-bearer with requireScope", "ours-scope", ours=True),
        ],
        peers=[
            Case("node:crypto by hand", "node:crypto"),
            Case("aws-jwt-verify", "aws-jwt-verify"),
            Case("jose", "jose"),
            Case("express-oauth2-jwt-bearer", "express-oauth2-jwt-bearer"),
            Case("Scalekit SDK as in its quickstart", "quickstart"),
        ],
        versions=partial(
            versions.of_npm,
            HERE / "express",
            ["express", "aws-jwt-verify", "express-oauth2-jwt-bearer", "jose", "@scalekit-sdk/node"],
        ),
        calls=(
            Case("mcp-bearer with a policy, behind express.json()", "ours", ours=True, path="/parsed"),
            Case("mcp-bearer, and the body read and handed back", "ours", path="/read"),
        ),
    ),
    Framework(
        "fastapi",
        "FastAPI, uvicorn, uvloop",
        [
            str(PYTHON),
            "-m",
            "uvicorn",
            "--loop",
            "uvloop",
            "--http",
            "httptools",
            "--no-access-log",
            "--log-level",
            "warning",
            "app:app",
        ],
        HERE / "fastapi",
        500,
        ours=[
            Case("mcp-bearer", "ours", ours=True),
            Case("mcp-bearer with Security", "ours-security", ours=True),
        ],
        peers=[
            Case("cryptography + orjson by hand", "cryptography"),
            Case("fastmcp JWTVerifier", "fastmcp"),
            Case("PyJWT, mcp SDK", "mcp + PyJWT"),
            Case("Scalekit SDK as in its quickstart", "quickstart"),
        ],
        versions=partial(
            versions.of_python,
            PYTHON,
            [
                "fastapi",
                "uvicorn",
                "uvloop",
                "cryptography",
                "fastmcp",
                "mcp",
                "PyJWT",
                "scalekit-sdk-python",
            ],
        ),
        bare=(Case("no check, with a Security that does nothing", "no-op-security"),),
    ),
]
