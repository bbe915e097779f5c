"""Follows each README as a new user would: an empty machine, its commands and its files, word for word.

    make newcomer

Terminals, folders and packages are new; the registries hold what was built here, and everything else comes
from where this machine gets it. What is shown at the end is the time from the first command to the todos.
"""

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from registries import ROOT, Registries

# The certificates and proxies of this machine.
CARRIED = re.compile(r"(SSL_CERT|CURL_CA|REQUESTS_CA|NODE_EXTRA_CA|CARGO_HTTP|PIP_CERT|LANG)|_proxy$", re.IGNORECASE)
# What a terminal does not come back from.
STAYS = re.compile(r"^(?:npx )?mcp-bearer dev|^uvicorn |^node \w|^cargo run", re.MULTILINE)
ISSUER = re.compile(r"mcp-bearer dev")
SERVER_URL, ISSUER_URL = "http://127.0.0.1:8000", "http://127.0.0.1:9000"
METADATA = f"{SERVER_URL}/.well-known/oauth-protected-resource/mcp"
CHALLENGE = f'Bearer scope="todo:read", resource_metadata="{METADATA}"'
WITHIN, CLOSED_WITHIN = 600, 20
DONE = "that was all of it"


@dataclass(frozen=True)
class Document:
    """A README, as far as it leads to todos."""

    path: str
    language: str
    sections: list[str]


DOCUMENTS = [
    Document(
        "bindings-python/README.md",
        "python",
        ["mcp-bearer", "A protected MCP server", "A protected FastAPI application", "In tests"],
    ),
    Document("bindings-node/README.md", "js", ["Install", "MCP", "Express", "In tests"]),
    Document("core/README.md", "rust", ["A protected MCP server", "A protected axum application"]),
]


class Terminal:
    """A shell that is open for as long as the walk."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str) -> str:
        """Return what is printed by commands of which each has to succeed."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        print(f"set -e\n{script}\nset +e; echo; echo '{DONE}'", file=self._shell.stdin, flush=True)
        printed = ""
        for line in self._shell.stdout:
            if line.rstrip() == DONE:
                return printed
            printed += line
        raise SystemExit(f"failed:\n{script}\n{printed}")

    def start(self, script: str) -> None:
        """Begin what does not end."""
        assert self._shell.stdin is not None
        print(f"{script}\nexit", file=self._shell.stdin, flush=True)

    def ended(self) -> bool:
        """Whether it has ended all the same."""
        return self._shell.poll() is not None

    def close(self) -> None:
        """End it, as Ctrl-C and a closed window do."""
        if not self.ended():
            os.killpg(self._shell.pid, 2)
            os.killpg(self._shell.pid, 1)
            self._shell.wait(10)


class Walk:
    """One document, on one machine."""

    def __init__(self, document: Document, registries: Registries, machine: Path) -> None:
        home = machine / "home"
        home.mkdir()
        carried = {name: value for name, value in os.environ.items() if CARRIED.search(name)}
        self._environment = {
            **carried,
            **registries.configure(home),
            "HOME": str(home),
            "PATH": os.pathsep.join([str(home / ".cargo/bin"), os.environ["PATH"]]),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup")),
        }
        self._folder = machine / "work"
        self._folder.mkdir()
        self._document = document
        self._asking = Terminal(self._folder, self._environment)
        self._servers: dict[str, Terminal] = {}
        self._outdated = ""

    def go(self) -> Iterator[str]:
        """Do what the document says, in its order. What requests are answered is told while the server still runs."""
        for language, code in blocks(self._document):
            if language == self._document.language:
                self._write(code)
            elif STAYS.search(code):
                self._serve(code)
            elif "curl" in code:
                yield self._ask(code)
            else:
                self._prepare(code)

    def _write(self, code: str) -> None:
        file = re.match(r"(?:#|//) (\S+)\n", code)
        if file is None:
            return  # A part of a program, for whoever reads on.
        path = self._folder / file[1]
        if path.exists():
            # What runs already has to be started anew.
            self._outdated = next((script for script in self._servers if not ISSUER.search(script)), "")
        path.write_text(code)

    def _serve(self, script: str) -> None:
        """Run a server in a terminal of its own."""
        port = 9000 if ISSUER.search(script) else 8000
        if script in self._servers:
            self._servers.pop(script).close()
        await_closed(port)
        *before, last = script.strip().splitlines()
        terminal = self._servers[script] = Terminal(self._folder, self._environment)
        terminal.run("\n".join(before))
        terminal.start(last)
        await_open(port, terminal)

    def _ask(self, script: str) -> str:
        if self._outdated:
            self._serve(self._outdated)
            self._outdated = ""
        return self._asking.run(script)

    def _prepare(self, script: str) -> None:
        self._asking.run(script)
        # Other terminals are opened where this one is, and find what it finds.
        self._folder = Path(self._asking.run("pwd").strip())
        self._environment["PATH"] = self._asking.run('echo "$PATH"').strip()

    def token(self) -> str:
        """Return the one that the document has got."""
        return self._asking.run('echo "$TOKEN"').strip()

    def close(self) -> None:
        """Close every window."""
        for terminal in (self._asking, *self._servers.values()):
            terminal.close()


def blocks(document: Document) -> list[tuple[str, str]]:
    """The code of the sections that lead to todos, in order."""
    found = []
    section, language, code = "", None, ""
    for line in (ROOT / document.path).read_text().splitlines(keepends=True):
        if line.startswith("```"):
            if language is None:
                language, code = line[3:].strip(), ""
            else:
                if section in document.sections:
                    found.append(("sh" if language in ("bash", "sh") else language, code))
                language = None
        elif language is not None:
            code += line
        elif line.startswith("#"):
            section = line.lstrip("#").strip()
    return found


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def await_open(port: int, terminal: Terminal) -> None:
    """Wait until a server that was just started is ready."""
    ends = time.monotonic() + WITHIN
    while not is_open(port):
        if terminal.ended() or time.monotonic() > ends:
            raise SystemExit(f"nobody listens on port {port}")
        time.sleep(0.05)


def await_closed(port: int) -> None:
    """Wait until a server that was just stopped is gone."""
    ends = time.monotonic() + CLOSED_WITHIN
    while is_open(port):
        if time.monotonic() > ends:
            raise SystemExit(f"port {port}, which the READMEs use, is taken")
        time.sleep(0.05)


def check_mcp(shown: str, token: str) -> None:
    """Whether the MCP server refused the first request as it should, and lists todos, to the official client too."""
    refused, listed = shown.split("\n\n", 1)
    expect("HTTP/1.1 401 Unauthorized", refused.splitlines()[0])
    expect([CHALLENGE], re.findall(r"^www-authenticate: (.*)$", refused, flags=re.IGNORECASE | re.MULTILINE))
    with urlopen(METADATA) as answer:
        metadata = json.load(answer)
    expect((f"{SERVER_URL}/mcp", [ISSUER_URL]), (metadata["resource"], metadata["authorization_servers"]))
    for todos in (listed, asyncio.run(seen_by_client(token))):
        expect(["buy milk for "], re.findall("buy milk for ", todos)[:1])


async def seen_by_client(token: str) -> str:
    """Return what the official client is shown."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
        Client(streamable_http_client(f"{SERVER_URL}/mcp", http_client=http)) as client,
    ):
        result = await client.call_tool("list_todos", {})
        return str(getattr(result.content[0], "text", result))


def expect(expected: object, shown: object) -> None:
    """End the walk where they differ."""
    if shown != expected:
        raise SystemExit(f"not {expected}, but {shown}")


def main() -> None:
    """Walk the documents that are named, or all of them."""
    registries = Registries()
    for document in DOCUMENTS:
        if sys.argv[1:] and document.path not in sys.argv[1:]:
            continue
        machine = Path(tempfile.mkdtemp(prefix="newcomer-"))
        begun = time.monotonic()
        walk = Walk(document, registries, machine)
        answers = walk.go()
        try:
            shown = next(answers)
            took = time.monotonic() - begun
            check_mcp(shown, walk.token())
            (routes,) = answers
            expect(["todos"], re.findall("todos", routes))
        finally:
            walk.close()
            shutil.rmtree(machine)
        print(f"{document.path:28} from the first command to the todos: {took:5.0f} s", flush=True)


if __name__ == "__main__":
    main()
