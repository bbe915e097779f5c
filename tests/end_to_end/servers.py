"""The servers under test: which there are, and how each is started.

A server is a folder with an executable `run` that serves on 127.0.0.1:$PORT. It is started once per
configuration and used by many tests. The environment of whoever runs the tests does not reach it.
"""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import wire
from wire import Fields, Message

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 60.0
# Everything else a server is told explicitly.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True)
class Target:
    """One of the servers that the suite runs against."""

    name: str
    folder: str
    # What the server's own switches are set to, such as the place of a body parser.
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    # Whether the framework parses bodies before the guard sees them.
    parses_first: bool = False
    # Whether there is an MCP endpoint, beside the REST routes.
    has_tools: bool = True
    # Whether its CORS layer takes every OPTIONS for a preflight, as the npm package `cors` does.
    answers_options: bool = False

    @property
    def is_gateway(self) -> bool:
        return self.folder.startswith("tests/gateways")


TODOS = [Target(f"todo-{name}", f"examples/todo-{name}") for name in ("axum", "fastapi", "express")]
# The quickstart's own applications, changed as docs/migration.md says: their REST routes, and no more.
MIGRATED = [
    Target("migrated-fastapi", "tests/migration/fastapi", has_tools=False),
    Target("migrated-express", "tests/migration/express", has_tools=False, answers_options=True),
]
PLAIN_GATEWAYS = [Target(f"gateway-{name}", f"tests/gateways/{name}") for name in ("axum", "fastapi", "express")]
GATEWAYS = [
    *PLAIN_GATEWAYS,
    Target("gateway-express-json-before", "tests/gateways/express", {"EXPRESS_JSON": "before"}, parses_first=True),
    Target("gateway-express-json-after", "tests/gateways/express", {"EXPRESS_JSON": "after"}),
]


class Server:
    """A running server."""

    def __init__(self, target: Target, path: str, environment: Mapping[str, str], command: list[str] | None = None) -> None:
        self.target = target
        self.port = wire.free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.path = path or "/"
        self.resource = self.origin + path
        self.metadata_url = f"{self.origin}/.well-known/oauth-protected-resource{path}"
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (open for as long as the server lives)
        folder = ROOT / target.folder
        own = {"PORT": str(self.port), "MCP_SERVER_URL": self.resource}
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.process = subprocess.Popen(
            [part.replace("$PORT", str(self.port)) for part in command or [str(folder / "run")]],
            cwd=folder,
            env=inherited | own | dict(target.environment) | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)  # There is no event to wait for before the port is there.
        self.stop()
        raise AssertionError(f"{self.target.name} did not start; its output:\n{self.output()}")

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.output()
        self.log.close()

    def output(self) -> str:
        """What it has written so far, or had when it was stopped."""
        if not self.log.closed:
            self.log.seek(0)
            self._output = self.log.read().decode(errors="replace")
        return self._output

    def __call__(self, method: str, target: str, token: str | None = None, fields: Fields = (), body: bytes | None = None) -> Message:
        authorization = [("Authorization", f"Bearer {token}")] if token is not None else []
        return wire.request(self.port, method, target, [*authorization, *fields], body)

    def rpc(
        self,
        body: bytes,
        token: str | None = None,
        fields: Fields = (),
        *,
        target: str | None = None,
        content_type: str | None = "application/json",
    ) -> Message:
        """A POST to the MCP endpoint, as a client of Streamable HTTP sends it."""
        own = [("Accept", "application/json, text/event-stream")]
        own += [("Content-Type", content_type)] if content_type is not None else []
        return self("POST", target or self.path, token, [*own, *fields], body)

    def url(self, path: str) -> str:
        return self.origin + path


def preset(issuer: Any) -> dict[str, str]:
    """The Scalekit preset, with no leeway."""
    return {"SCALEKIT_ENVIRONMENT_URL": issuer.url, "RESOURCE_ID": "res_e2e", "MCP_BEARER_LEEWAY_SECONDS": "0"} | SHORT


def any_provider(*issuers: Any) -> dict[str, str]:
    """Any other provider, or several."""
    return {"MCP_BEARER_ISSUERS": " ".join(issuer.url for issuer in issuers), "MCP_BEARER_LEEWAY_SECONDS": "0"} | SHORT


# Trouble with keys passes in seconds, so that a test can see it pass.
SHORT = {"MCP_BEARER_JWKS_TIMEOUT_SECONDS": "1", "MCP_BEARER_JWKS_COOLDOWN_SECONDS": "0.5"}
