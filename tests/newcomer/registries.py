"""An index for pip, a registry for npm and one for cargo: ours hold what was built, all else is elsewhere."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
PYTHON, NODE, RUST, DOWNLOAD = "/pypi/", "/npm/", "/crates/", "/download/"


class Registries:
    """Three registries on one port of 127.0.0.1."""

    def __init__(self) -> None:
        self.elsewhere = {
            PYTHON: shown(r"Package Index \(default (\S+?)\)", sys.executable, "-m", "pip", "install", "--help"),
            NODE: shown(r"(\S+)", "npm", "config", "get", "registry"),
            RUST: index_of_cargo(),
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
            **rust_pages(self.url, self.files, self.elsewhere[RUST]),
        }
        Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return the page or the file that is ours, or where it is."""
        if path in self.pages:
            kind, page = self.pages[path]
            return 200, {"content-type": kind}, page.encode()
        name = path.rpartition("/")[2]
        if path.startswith("/files/") and name in self.files:
            return 200, {"content-type": "application/octet-stream"}, self.files[name].read_bytes()
        if path.startswith(DOWNLOAD):
            crate, elsewhere = path.removeprefix(DOWNLOAD).split("/", 1)
            return 302, {"location": f"/files/{crate}" if crate in self.files else elsewhere}, b""
        for prefix, elsewhere in self.elsewhere.items():
            if path.startswith(prefix):
                return 302, {"location": f"{elsewhere.rstrip('/')}/{path.removeprefix(prefix)}"}, b""
        return 404, {}, b""

    def configure(self, home: Path) -> dict[str, str]:
        """Return the variables that make a machine use these registries; cargo reads a file of its own."""
        (home / ".cargo").mkdir(parents=True)
        source = f'[source.crates-io]\nreplace-with = "local"\n[source.local]\nregistry = "sparse+{self.url}{RUST}"\n'
        (home / ".cargo/config.toml").write_text(source)
        return {"PIP_INDEX_URL": self.url + PYTHON, "npm_config_registry": self.url + NODE}


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
        extract = ["tar", "--extract", "--to-stdout", "--file", str(path), "package/package.json"]
        manifest = json.loads(subprocess.check_output(extract))
        digest = hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
        version = {**manifest, "dist": {"tarball": f"{url}/files/{name}", "shasum": digest}}
        tags = {"latest": manifest["version"]}
        page = {"name": manifest["name"], "dist-tags": tags, "versions": {manifest["version"]: version}}
        pages[NODE + manifest["name"]] = ("application/json", json.dumps(page))
    return pages


def rust_pages(url: str, files: Mapping[str, Path], index: str) -> dict[str, tuple[str, str]]:
    """A sparse index (the Cargo Book, "Registry Index")."""
    (crate,) = [path for name, path in files.items() if name.endswith(".crate")]
    read = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--manifest-path", str(ROOT / "core/Cargo.toml")]
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
    with urlopen(f"{index}config.json") as answer:
        download = json.load(answer)["dl"]
    # Cargo puts names and versions into it, and so tells where a crate is elsewhere.
    elsewhere = download if "{" in download else f"{download}/{{crate}}/{{version}}/download"
    settings = {"dl": f"{url}{DOWNLOAD}{{crate}}-{{version}}.crate/{elsewhere}"}
    return {
        f"{RUST}config.json": ("application/json", json.dumps(settings)),
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


def index_of_cargo() -> str:
    """Return where cargo looks, which no command shows; it says so where it cannot get there."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = '[package]\nname = "empty"\nedition = "2024"\n[lib]\npath = "/dev/null"\n[dependencies]\nmcp-bearer = "*"\n'
        Path(folder, "Cargo.toml").write_text(manifest)
        ask = ["cargo", "generate-lockfile", "--manifest-path", f"{folder}/Cargo.toml"]
        return shown(r"`(http\S+/)(?:config\.json|mc/p-/mcp-bearer)`", *ask, CARGO_HTTP_PROXY="127.0.0.1:9", CARGO_NET_RETRY="0")


def shown(pattern: str, *command: str, **variables: str) -> str:
    """Return the part of what a command prints, at whatever width, with the settings of this machine."""
    environment = {**os.environ, "COLUMNS": "1000", **variables}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.search(pattern, done.stdout)
    if found is None:
        raise SystemExit(f"{' '.join(command)} does not say where it looks:\n{done.stdout}")
    return found[1]
