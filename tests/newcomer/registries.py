"""An index for pip, a registry for npm and one for cargo: ours hold what was built, all else is elsewhere."""

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYTHON, NODE, RUST = "/pypi/", "/npm/", "/crates/"


class Registries:
    """Three registries on one port of 127.0.0.1."""

    def __init__(self) -> None:
        self.elsewhere = {
            PYTHON: configured("PIP_INDEX_URL", "pip", "config", "get", "global.index-url") or "https://pypi.org/simple",
            NODE: configured("npm_config_registry", "npm", "config", "get", "registry") or "https://registry.npmjs.org",
            RUST: "https://index.crates.io",
        }
        registries = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, fields, body = registries.answer(self.path)
                self.send_response(status)
                for name, value in {**fields, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.files = {path.name: path for path in packages()}
        self.pages = {
            **python_pages(self.url, self.files),
            **node_pages(self.url, self.files),
            **rust_pages(self.url, self.files),
        }
        Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return the page or the file that is ours, or where it is."""
        if path in self.pages:
            kind, page = self.pages[path]
            return 200, {"content-type": kind}, page.encode()
        name = path.rpartition("/")[2]
        if path.startswith("/files/") and name in self.files:
            return (
                200,
                {"content-type": "application/octet-stream"},
                self.files[name].read_bytes(),
            )
        for prefix, elsewhere in self.elsewhere.items():
            if path.startswith(prefix):
                return (
                    302,
                    {"location": f"{elsewhere.rstrip('/')}/{path.removeprefix(prefix)}"},
                    b"",
                )
        if path.startswith("/download/"):
            _, _, crate, version = path.split("/")
            ours = f"{crate}-{version}.crate"
            location = f"/files/{ours}" if ours in self.files else f"https://static.crates.io/crates/{crate}/{version}/download"
            return 302, {"location": location}, b""
        return 404, {}, b""

    def configure(self, home: Path) -> dict[str, str]:
        """Return the variables that make a machine use these registries; cargo reads a file of its own."""
        (home / ".cargo").mkdir(parents=True)
        source = f'[source.crates-io]\nreplace-with = "local"\n[source.local]\nregistry = "sparse+{self.url}{RUST}"\n'
        (home / ".cargo/config.toml").write_text(source)
        return {
            "PIP_INDEX_URL": self.url + PYTHON,
            "npm_config_registry": self.url + NODE,
        }


def packages() -> list[Path]:
    """What was built, in the form in which it is published."""
    found = [
        *ROOT.glob("build/wheels/*.whl"),
        *ROOT.glob("build/npm/*.tgz"),
        *ROOT.glob("target/package/mcp-bearer-*.crate"),
    ]
    if {path.suffix for path in found} != {".whl", ".tgz", ".crate"}:
        raise SystemExit(f"make newcomer builds the packages of all three languages; there are {found}")
    return found


def python_pages(url: str, files: Mapping[str, Path]) -> dict[str, tuple[str, str]]:
    """PEP 503."""
    links = "".join(f'<a href="{url}/files/{name}">{name}</a>' for name in files if name.endswith(".whl"))
    return {f"{PYTHON}mcp-bearer/": ("text/html", f"<!DOCTYPE html>{links}")}


def node_pages(url: str, files: Mapping[str, Path]) -> dict[str, tuple[str, str]]:
    """The packument of each package (the registry's "Package Metadata")."""
    pages = {}
    for name, path in files.items():
        if not name.endswith(".tgz"):
            continue
        extract = [
            "tar",
            "--extract",
            "--to-stdout",
            "--file",
            str(path),
            "package/package.json",
        ]
        manifest = json.loads(subprocess.check_output(extract))
        digest = hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
        version = {
            **manifest,
            "dist": {"tarball": f"{url}/files/{name}", "shasum": digest},
        }
        page = {
            "name": manifest["name"],
            "dist-tags": {"latest": manifest["version"]},
            "versions": {manifest["version"]: version},
        }
        pages[NODE + manifest["name"]] = ("application/json", json.dumps(page))
    return pages


def rust_pages(url: str, files: Mapping[str, Path]) -> dict[str, tuple[str, str]]:
    """A sparse index (the Cargo Book, "Registry Index")."""
    (crate,) = [path for name, path in files.items() if name.endswith(".crate")]
    read = [
        "cargo",
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--manifest-path",
        str(ROOT / "core/Cargo.toml"),
    ]
    (package,) = [p for p in json.loads(subprocess.check_output(read))["packages"] if p["name"] == "mcp-bearer"]
    entry = {
        "name": package["name"],
        "vers": package["version"],
        "deps": [dependency(of) for of in package["dependencies"] if of["kind"] != "dev"],
        "cksum": hashlib.sha256(crate.read_bytes()).hexdigest(),
        "features": {},
        "features2": package["features"],
        "yanked": False,
        "v": 2,
    }
    return {
        f"{RUST}config.json": (
            "application/json",
            json.dumps({"dl": f"{url}/download/{{crate}}/{{version}}"}),
        ),
        f"{RUST}mc/p-/mcp-bearer": ("text/plain", json.dumps(entry)),
    }


def dependency(of: dict[str, Any]) -> dict[str, Any]:
    renamed = of["rename"]
    return {
        "name": renamed or of["name"],
        "package": of["name"] if renamed else None,
        "req": of["req"],
        "features": of["features"],
        "optional": of["optional"],
        "default_features": of["uses_default_features"],
        "target": of["target"],
        "kind": of["kind"] or "normal",
        "registry": None,
    }


def configured(variable: str, *command: str) -> str | None:
    """Return what this machine uses instead of the public registry, if it does."""
    shown = os.environ.get(variable) or subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return shown.strip() or None
