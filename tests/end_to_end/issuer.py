"""An authorization server as far as a resource server sees one: metadata, keys, and tokens.

Every kind of odd token can be had here, and every kind of trouble: it stops, comes back, hangs and
rotates its keys on demand. Keys are generated at run time.
"""

import base64
import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from wire import free_port

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
    """Runs on a port of its own; stopped and started again it keeps that port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = Key()
        self.published = [self.key]
        self.requests: list[str] = []
        self.minted: list[str] = []
        self._go_on = threading.Event()
        self._go_on.set()
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> "Issuer":
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests.append(self.path)
                issuer._go_on.wait(30)
                document = issuer.document(self.path)
                body = json.dumps(document or {}).encode()
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                pass  # Who stopped waiting for a hanging issuer has gone.

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.release()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def hang(self) -> None:
        """From now on connections are accepted and nothing is answered."""
        self._go_on.clear()

    def release(self) -> None:
        self._go_on.set()

    def rotate(self) -> Key:
        """A new key signs, and the old one is withdrawn."""
        old, self.key = self.key, Key()
        self.published = [self.key]
        return old

    def document(self, path: str) -> dict[str, Any] | None:
        if path in METADATA_PATHS:
            return {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/oauth/authorize",
                "token_endpoint": f"{self.url}/oauth/token",
                "response_types_supported": ["code"],
            }
        return {"keys": [key.jwk() for key in self.published]} if path == "/keys" else None

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
