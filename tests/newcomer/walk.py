"""Follows each README as a new user would: an empty machine, its commands and its files, word for word.

    make newcomer

Terminals, folders and packages are new; the registries hold what was built here, and everything else comes
from where this machine gets it. What is shown at the end is the time from the first command to the todos.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from registries import ROOT, Registries

# The certificates and proxies of this machine.
CARRIED = re.compile(
    r"(SSL_CERT|CURL_CA|REQUESTS_CA|NODE_EXTRA_CA|CARGO_HTTP|PIP_CERT|LANG)|_proxy$",
    re.IGNORECASE,
)
# What a terminal does not come back from.
STAYS = re.compile(r"^(?:npx )?mcp-bearer dev|^uvicorn |^node |^cargo run", re.MULTILINE)
ISSUER = re.compile(r"mcp-bearer dev")
WITHIN = 600
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
        ["mcp-bearer", "A protected FastAPI application", "A protected MCP server"],
    ),
    Document("bindings-node/README.md", "js", ["Install", "Use", "MCP"]),
    Document("core/README.md", "rust", ["Getting started", "A protected MCP server"]),
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
        print(
            f"set -e\n{script}\nset +e; echo; echo '{DONE}'",
            file=self._shell.stdin,
            flush=True,
        )
        printed = ""
        for line in self._shell.stdout:
            if line.rstrip() == DONE:
                return printed
            printed += line
        raise SystemExit(f"failed:\n{script}\n{printed}")

    def start(self, script: str) -> None:
        """Begin what does not end."""
        assert self._shell.stdin is not None
        print(script, file=self._shell.stdin, flush=True)

    def close(self) -> None:
        """End it, as Ctrl-C and a closed window do."""
        if self._shell.poll() is None:
            os.killpg(self._shell.pid, 2)
            os.killpg(self._shell.pid, 1)
            self._shell.wait(10)


class Walk:
    """One document, on one machine."""

    def __init__(self, document: Document, registries: Registries, machine: Path) -> None:
        home = machine / "home"
        home.mkdir()
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
        carried = {name: value for name, value in os.environ.items() if CARRIED.search(name)}
        programs = [str(home / "venv/bin"), str(home / ".cargo/bin"), os.environ["PATH"]]
        self._environment = {
            **carried,
            **registries.configure(home),
            "HOME": str(home),
            "PATH": os.pathsep.join(programs),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup")),
        }
        self._folder = machine / "work"
        self._folder.mkdir()
        self._document = document
        self._asking = Terminal(self._folder, self._environment)
        self._servers: dict[str, Terminal] = {}
        self._outdated = ""
        self.answers: list[str] = []

    def go(self) -> None:
        """Do what the document says, in its order."""
        for language, code in blocks(self._document):
            if language == self._document.language:
                self._write(code)
            elif STAYS.search(code):
                self._serve(code)
            else:
                self._ask(code)

    def _write(self, code: str) -> None:
        file = re.match(r"(?:#|//) (\S+)\n", code)
        if file is None:
            return  # A part of a program, for whoever reads on.
        (self._folder / file[1]).write_text(code)
        # A server that runs already has to be started again.
        self._outdated = next((script for script in self._servers if not ISSUER.search(script)), "")

    def _serve(self, script: str) -> None:
        """Run a server in a terminal of its own."""
        port = 9000 if ISSUER.search(script) else 8000
        if script in self._servers:
            self._servers.pop(script).close()
        await_state(port, is_open=False)
        *before, last = script.strip().splitlines()
        terminal = self._servers[script] = Terminal(self._folder, self._environment)
        terminal.run("\n".join(before))
        terminal.start(last)
        await_state(port, is_open=True)

    def _ask(self, script: str) -> None:
        if self._outdated and "curl" in script:
            self._serve(self._outdated)
            self._outdated = ""
        answer = self._asking.run(script)
        if "curl" in script:
            self.answers.append(answer)
        # Other terminals are opened where this one is.
        self._folder = Path(self._asking.run("pwd").strip())

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


def await_state(port: int, *, is_open: bool) -> None:
    """Wait until somebody listens on a port, or nobody does."""
    ends = time.monotonic() + WITHIN
    while True:
        with socket.socket() as probe:
            if (probe.connect_ex(("127.0.0.1", port)) == 0) is is_open:
                return
        if time.monotonic() > ends:
            raise SystemExit(f"port {port}, which the READMEs use, is {'not ' if is_open else ''}in use")
        time.sleep(0.05)


def check(answers: list[str]) -> None:
    """Whether the first question was refused as it should be, and all others were answered."""
    rest, mcp = answers
    metadata = "http://127.0.0.1:8000/.well-known/oauth-protected-resource"
    challenge = f'Bearer scope="todo:read", resource_metadata="{metadata}"'
    for shown, expected in [
        (rest, "HTTP/1.1 401"),
        (rest, f"www-authenticate: {challenge}"),
        (rest, "todos"),
        (mcp, "buy milk"),
    ]:
        if expected.lower() not in shown.lower():
            raise SystemExit(f"{expected} is not in\n{shown}")


def main() -> None:
    """Walk the documents that are named, or all of them."""
    registries = Registries()
    took = {}
    for document in DOCUMENTS:
        if sys.argv[1:] and document.path not in sys.argv[1:]:
            continue
        machine = Path(tempfile.mkdtemp(prefix="newcomer-"))
        begun = time.monotonic()
        walk = Walk(document, registries, machine)
        try:
            walk.go()
            took[document.path] = time.monotonic() - begun
            check(walk.answers)
        finally:
            walk.close()
            shutil.rmtree(machine)
    for path, seconds in took.items():
        print(f"{path:28} from the first command to the todos: {seconds:5.0f} s")


if __name__ == "__main__":
    main()
