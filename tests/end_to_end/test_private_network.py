"""An authorization server inside a company: its certificate is of a private CA, the way to it a proxy.

The variables mean the same in all three languages, and nothing else in the environment means anything.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import wire
from attacks import LIST
from authority import Authority
from conftest import each
from expect import UNAVAILABLE, check, check_status, describe, eventually
from faults import members
from issuer import Issuer, Key
from servers import TODOS, Server, Target, any_provider


class Proxy:
    """Connects whoever asks to whatever they name, and writes that down."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), connection, connection.makefile("rb", 0) as reader:
            # Unbuffered: what follows the head is not the proxy's to read.
            head = wire.read_head(reader)  # type: ignore[arg-type]
            self.asked.append(f"{head.method} {head.target}")
            if self.refuses or head.method != "CONNECT":
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            # Names are the proxy's to resolve; here all are this machine.
            with socket.create_connection(("127.0.0.1", int(head.target.rsplit(":", 1)[1]))) as target:
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=copy, args=(target, connection), daemon=True)
                back.start()
                copy(connection, target)
                back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    proxy = Proxy()
    yield proxy
    proxy.close()


@pytest.fixture(**each(TODOS))
def target(request: pytest.FixtureRequest) -> Target:
    chosen: Target = request.param
    return chosen


class Network:
    """Starts issuers, which only the proxy finds unless they are `localhost`, and servers that trust them."""

    def __init__(self, target: Target, authority: Authority) -> None:
        self._target, self._authority, self._stack = target, authority, ExitStack()

    def issuer(self, host: str, name: str | None = None) -> Issuer:
        """`name`: what its certificate says."""
        issuer = Issuer(self._authority.server(name or host), host)
        self._stack.callback(issuer.close)
        return issuer.start()

    def plain(self) -> Issuer:
        issuer = Issuer()
        self._stack.callback(issuer.close)
        return issuer.start()

    def server(self, *issuers: Issuer, **environment: Any) -> Server:
        settings = {name: str(value) for name, value in environment.items()}
        server = Server(self._target, "/mcp", any_provider(*issuers) | settings)
        self._stack.callback(server.stop)
        return server

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def network(target: Target, authority: Authority) -> Iterator[Network]:
    network = Network(target, authority)
    yield network
    network.close()


def ask(server: Server, issuer: Issuer, key: Key | None = None) -> wire.Message:
    return server.rpc(LIST, issuer.mint(server.resource, key=key))


def test_unknown_authority(network: Network) -> None:
    issuer = network.issuer("localhost")
    server = network.server(issuer)
    check(server, "an authority that nobody was told of", UNAVAILABLE, ask(server, issuer))
    assert not issuer.recorded, describe(server, "an authority that nobody was told of", "nothing is asked", issuer.requests)


def test_known_authority(network: Network, authority: Authority) -> None:
    good, misnamed = network.issuer("localhost"), network.issuer("localhost", "login.corp.test")
    moved, attacker = network.issuer("localhost"), network.plain()
    server = network.server(good, misnamed, moved, MCP_BEARER_CA_FILE=authority.file)
    check_status(server, "MCP_BEARER_CA_FILE", 200, ask(server, good))

    check(server, "a certificate of another host", UNAVAILABLE, ask(server, misnamed))
    assert not misnamed.recorded, describe(server, "a certificate of another host", "nothing is asked", misnamed.requests)

    # Metadata of an https issuer cannot move its keys to where anybody could change them.
    moved.misbehave(members(jwks_uri=f"{attacker.url}/keys"), "metadata")
    check(server, "jwks_uri over http on loopback", UNAVAILABLE, ask(server, moved, attacker.key))
    assert not attacker.recorded, describe(server, "jwks_uri over http on loopback", "it is not asked", attacker.requests)
    moved.behave()
    eventually(server, "jwks_uri over https again", 200, lambda: ask(server, moved))


def test_proxy(network: Network, authority: Authority, proxy: Proxy) -> None:
    """For the hosts that NO_PROXY does not name. (SSL_CERT_FILE says the same as MCP_BEARER_CA_FILE.)"""
    inside, refused, near, plain = (
        network.issuer("login.corp.test"),
        network.issuer("login.corp.test"),
        network.issuer("localhost"),
        network.plain(),
    )
    other = "http://127.0.0.1:1"
    server = network.server(
        *(inside, refused, near, plain),
        SSL_CERT_FILE=authority.file,
        HTTPS_PROXY=proxy.url,
        NO_PROXY="127.0.0.2,localhost",
        HTTP_PROXY=other,
        ALL_PROXY=other,
    )
    proxy.asked.clear()
    check_status(server, "a host that NO_PROXY names", 200, ask(server, near))
    assert not proxy.asked, describe(server, "a host that NO_PROXY names", "the proxy is not asked", proxy.asked)
    check_status(server, "an issuer over http", 200, ask(server, plain))
    assert not proxy.asked, describe(server, "an issuer over http", "the proxy is not asked", proxy.asked)
    check_status(server, "a host behind the proxy", 200, ask(server, inside))
    through = f"CONNECT login.corp.test:{inside.port}"
    assert set(proxy.asked) == {through}, describe(server, "a host behind the proxy", through, proxy.asked)

    proxy.refuses = True
    check(server, "the proxy refuses", UNAVAILABLE, ask(server, refused))
    proxy.refuses = False
    eventually(server, "the proxy refuses no more", 200, lambda: ask(server, refused))
