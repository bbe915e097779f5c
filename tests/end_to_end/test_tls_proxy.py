"""HTTPS in production: the nginx configurations of docs/recipes.md in front of the Todo servers.

A client comes to the public host by TLS; the server behind the proxy listens on loopback, and knows of
its public self only by MCP_SERVER_URL.
"""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import recipes
import wire
from attacks import CREATE, LIST
from authority import Authority
from conftest import each
from issuer import Issuer
from servers import TODOS, Server, Target, any_provider
from wire import Fields, Message

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
HOST, SEVERAL = "mcp.example.com", "tools.example.com"
NAMES = ["todo", "notes"]
FORGED = [
    ("Forwarded", "for=203.0.113.7;host=evil.example.com;proto=http"),
    ("X-Forwarded-Host", "evil.example.com"),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-For", "203.0.113.7"),
]


class Proxy:
    """nginx with a configuration of the document, on a port of this machine instead of 443."""

    def __init__(self, folder: Path, authority: Authority, host: str, configuration: str, ports: dict[str, int]) -> None:
        self.port = wire.free_port()
        file = str(authority.certificate(host))
        replaced = {"listen 443": f"listen 127.0.0.1:{self.port}", f"/etc/ssl/{host}.pem": file, f"/etc/ssl/{host}.key": file}
        replaced |= {f"127.0.0.1:{written}": f"127.0.0.1:{port}" for written, port in ports.items()}
        for old, new in replaced.items():
            assert old in configuration, old
            configuration = configuration.replace(old, new)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\nerror_log stderr;\npid {folder}/pid;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{temporary}{configuration}}}\n"
        )
        command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 15
        while not listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise AssertionError(f"nginx did not start: {self._process.communicate()[1]}")
            time.sleep(0.02)  # There is no event to wait for before the port is there.

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate()


class Front:
    """A client of a public host, by TLS."""

    def __init__(self, proxy: Proxy, authority: Authority, host: str) -> None:
        self._port, self.host = proxy.port, host
        self._context = ssl.create_default_context(cafile=str(authority.file))

    def __call__(self, method: str, target: str, token: str | None = None, fields: Fields = (), body: bytes | None = None) -> Message:
        own = [("Host", self.host), ("Connection", "close"), *fields]
        own += [("Authorization", f"Bearer {token}")] if token is not None else []
        own += [("Content-Length", str(len(body)))] if body is not None else []
        with (
            socket.create_connection(("127.0.0.1", self._port), wire.TIMEOUT) as plain,
            self._context.wrap_socket(plain, server_hostname=self.host) as connection,
            connection.makefile("rb") as reader,
        ):
            connection.sendall(wire.head(method, target, self._port, own) + (body or b""))
            head = wire.read_head(reader)
            return Message(head.start, head.fields, wire.read_body(reader, head, to_end=True))

    def rpc(self, target: str, body: bytes, token: str | None = None, fields: Fields = ()) -> Message:
        own = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
        return self("POST", target, token, [*own, *fields], body)


pytestmark = pytest.mark.skipif(NGINX is None, reason="NOTHING IS TESTED BEHIND A TLS PROXY: there is no nginx")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", **each(TODOS))
def behind(request: pytest.FixtureRequest, issuer: Issuer) -> Iterator[Server]:
    """A Todo server that is the whole of a public host."""
    yield from started(request.param, issuer, f"https://{HOST}/mcp")


@pytest.fixture(scope="module")
def front(behind: Server, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    (configuration,) = recipes.blocks("HTTPS behind nginx", "A host of its own", "nginx")
    proxy = Proxy(tmp_path_factory.mktemp("nginx"), authority, HOST, configuration, {"3000": behind.port})
    yield Front(proxy, authority, HOST)
    proxy.stop()


@pytest.fixture(scope="module")
def several(issuer: Issuer, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Two Todo servers of different kinds."""
    servers = [started(target, issuer, f"https://{SEVERAL}/{name}/mcp") for target, name in zip(TODOS[1:], NAMES, strict=True)]
    ports = {number: next(server).port for number, server in zip(("3001", "3002"), servers, strict=True)}
    (configuration,) = recipes.blocks("HTTPS behind nginx", "Several MCP servers under one host", "nginx")
    proxy = Proxy(tmp_path_factory.mktemp("nginx"), authority, SEVERAL, configuration, ports)
    yield Front(proxy, authority, SEVERAL)
    proxy.stop()
    for server in servers:
        next(server, None)


@pytest.mark.parametrize("forged", [[], FORGED], ids=["plain", "forged"])
def test_public_identity(front: Front, issuer: Issuer, forged: Fields) -> None:
    check_identity(front, "/mcp", issuer, forged)


@pytest.mark.parametrize("forged", [[], FORGED], ids=["plain", "forged"])
@pytest.mark.parametrize("name", NAMES)
def test_public_identity_of_each(several: Front, issuer: Issuer, name: str, forged: Fields) -> None:
    check_identity(several, f"/{name}/mcp", issuer, forged)


def test_token_for_the_neighbour(several: Front, issuer: Issuer) -> None:
    token = issuer.mint([f"https://{SEVERAL}/todo/mcp"])
    assert several.rpc("/todo/mcp", LIST, token).status == 200
    refused = several.rpc("/notes/mcp", LIST, token)
    assert refused.status == 401 and (refused.challenge() or {}).get("error") == "invalid_token", refused


def test_token_for_the_inner_address(front: Front, behind: Server, issuer: Issuer) -> None:
    for inner in (behind.origin, f"{behind.origin}/mcp"):
        assert front.rpc("/mcp", LIST, issuer.mint([inner])).status == 401


def test_long_token(front: Front, issuer: Issuer) -> None:
    """Longer than what nginx takes by itself."""
    token = issuer.mint([f"https://{HOST}/mcp"], roles=["x" * 30] * 300)
    assert len(token) > 8192
    assert front.rpc("/mcp", LIST, token).status == 200


def check_identity(front: Front, path: str, issuer: Issuer, forged: Fields) -> None:
    resource, well_known = f"https://{front.host}{path}", f"/.well-known/oauth-protected-resource{path}"
    missing = front.rpc(path, LIST, None, forged)
    assert missing.status == 401, missing
    assert missing.challenge() == {"scope": "todo:read", "resource_metadata": f"https://{front.host}{well_known}"}, missing
    metadata = front("GET", well_known, None, forged)
    assert metadata.status == 200 and metadata.json()["resource"] == resource, metadata
    assert metadata.json()["authorization_servers"] == [issuer.url], metadata
    listed = front.rpc(path, LIST, issuer.mint([resource]), forged)
    assert listed.status == 200 and b'"result":' in listed.body, listed
    refused = front.rpc(path, CREATE, issuer.mint([resource]), forged)
    assert refused.status == 403 and (refused.challenge() or {}).get("scope") == "todo:write", refused


def started(target: Target, issuer: Issuer, resource: str) -> Iterator[Server]:
    server = Server(target, "/mcp", any_provider(issuer) | {"MCP_SERVER_URL": resource})
    yield server
    server.stop()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
