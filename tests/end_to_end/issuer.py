"""An authorization server as far as a resource server sees one: metadata, keys, and tokens.

Every kind of odd token can be had here. It stops, comes back and rotates its keys on demand; what else
can go wrong is in `faults`. Keys are generated at run time.
"""

import base64
import contextlib
import hashlib
import itertools
import json
import socket
import ssl
import threading
import time
from io import BufferedReader
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import wire
from faults import JSON, Answer, Exchange, Fault, well
from wire import Message

METADATA_PATHS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")

_numbers = itertools.count(1)


class Key:
    """A signing key (ES256)."""

    def __init__(self) -> None:
        self.kid = f"key-{next(_numbers)}"
        self.private = ec.generate_private_key(ec.SECP256R1())

    def jwk(self) -> dict[str, str]:
        point = self.private.public_key().public_numbers()
        x, y = (encode(number.to_bytes(32, "big")) for number in (point.x, point.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "alg": "ES256", "use": "sig"}

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class Issuer:
    """Runs on a port of its own, which it keeps while it is stopped."""

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self._listener = _bound(0)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self.key = Key()
        self.published = [self.key]
        # Beside the keys, whatever it is.
        self.entries: list[Any] = []
        self.keys_path = "/keys"
        # Of every right answer.
        self.fields: list[tuple[str, str]] = []
        self.etags = False
        self.accepted = 0
        self.recorded: list[Message] = []
        # Those of them that a fault has not let go yet.
        self.held: list[Message] = []
        self.minted: list[str] = []
        self._tls = tls
        self._faults: dict[str, Fault] = {}
        self._over = threading.Event()
        self._connections: set[socket.socket] = set()

    @property
    def requests(self) -> list[str]:
        """What has been asked for, in order."""
        return [message.target for message in self.recorded]

    def start(self) -> "Issuer":
        self._listener.listen(1024)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Connections are refused from now on."""
        self.close()
        self._listener = _bound(self.port)

    def close(self) -> None:
        """For good."""
        self.behave()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up()

    def misbehave(self, fault: Fault, *documents: str) -> None:
        """From now on, for `metadata`, `keys` or, before anything is asked, `connection`; else for both documents."""
        self._faults |= dict.fromkeys(documents or ("metadata", "keys"), fault)
        if "connection" in documents:
            self._hang_up()

    def behave(self) -> None:
        self._faults, over = {}, self._over
        self._over = threading.Event()
        over.set()

    def _hang_up(self) -> None:
        """On whoever keeps a connection for later."""
        for connection in [*self._connections]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # Whatever the other side does to a connection is its own business.
        with contextlib.suppress(OSError, EOFError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._connections.add(connection)
            with connection, connection.makefile("rb") as reader:
                fault = self._faults.get("connection")
                if fault:
                    fault(Exchange(connection, over=self._over))
                while not fault and self._exchange(reader, connection):
                    pass
        self._connections.discard(connection)

    def _exchange(self, reader: BufferedReader, connection: socket.socket) -> bool:
        request = wire.read_head(reader)
        fault = self._faults.get("metadata" if request.target in METADATA_PATHS else "keys")
        exchange = Exchange(connection, lambda: self.answer(request), request, self._over)
        self.recorded.append(request)
        if fault is None:
            well(exchange)
        else:
            self.held.append(request)
            try:
                fault(exchange)
            finally:
                self.held.remove(request)
        return exchange.whole

    def answer(self, request: Message) -> Answer:
        """The right one."""
        document = self.document(request.target)
        if document is None:
            return Answer(404)
        body = json.dumps(document).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        fields = (JSON, *self.fields, *([("ETag", tag)] if self.etags else []))
        if self.etags and tag in request.all("If-None-Match"):
            return Answer(304, b"", fields)
        return Answer(200, body, fields)

    def rotate(self) -> Key:
        """A new key signs, and the old one is withdrawn."""
        old, self.key = self.key, Key()
        self.published = [self.key]
        return old

    def document(self, path: str) -> dict[str, Any] | None:
        if path in METADATA_PATHS:
            return {
                "issuer": self.url,
                "jwks_uri": self.url + self.keys_path,
                "authorization_endpoint": f"{self.url}/oauth/authorize",
                "token_endpoint": f"{self.url}/oauth/token",
                "response_types_supported": ["code"],
            }
        return {"keys": [*self.entries, *(key.jwk() for key in self.published)]} if path == self.keys_path else None

    def mint(
        self,
        audience: str | list[str],
        scope: str | None = "todo:read",
        /,
        *,
        key: Key | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """A good token, except for the changes; a claim that is changed to `...` is left out."""
        key = key or self.key
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": audience,
            "sub": "usr_ada",
            "client_id": "m2m_client",
            "scope": scope,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": f"tkn_{next(_numbers)}",
        }
        claims |= changes
        if scope is None:
            claims["scope"] = ...
        claims = {name: value for name, value in claims.items() if value is not ...}
        fixed = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"} | (header or {})
        token = key.sign({name: value for name, value in fixed.items() if value is not ...}, claims)
        self.minted.append(token)
        return token


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bound(port: int) -> socket.socket:
    """Nobody else gets the port, and nobody is let in before it listens."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
