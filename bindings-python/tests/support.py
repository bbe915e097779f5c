"""An authorization server reduced to its keys, and an ASGI client reduced to one request."""

import json
import time
from typing import Any

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from mcp_bearer import Issuer, Issuers, Request

ISSUER = "https://as.example.com"
RESOURCE = "https://mcp.example.com/mcp"
METADATA = "/.well-known/oauth-protected-resource/mcp"


class TestIssuer:
    """Makes a key, publishes it, mints tokens."""

    __test__ = False

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        jwk = OKPAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self.jwks: dict[str, Any] = {"keys": [{**jwk, "kid": "one", "alg": "EdDSA", "use": "sig"}]}

    def static(self) -> Issuers:
        return Issuers([Issuer(ISSUER, jwks=self.jwks)])

    def token(self, scope: str = "todo:read", **claims: Any) -> str:
        payload = {
            "iss": ISSUER,
            "aud": RESOURCE,
            "sub": "alice",
            "client_id": "cli",
            "exp": int(time.time()) + 600,
            "scope": scope,
            **claims,
        }
        present = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(present, self._key, algorithm="EdDSA", headers={"kid": "one"})

    def bearer(self, scope: str = "todo:read", **claims: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(scope, **claims)}"}

    def fetch(
        self, url: str, timeout: float, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Answer with the metadata or the keys, as an authorization server would."""
        kind = [("content-type", "application/json")]
        if url == f"{ISSUER}/keys":
            return 200, kind, json.dumps(self.jwks).encode()
        return 200, kind, json.dumps({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}).encode()


def request(token: str | None, method: str = "GET", target: str = "/todos") -> Request:
    headers = [] if token is None else [("authorization", f"Bearer {token}")]
    return Request(method=method, target=target, headers=headers)


def client(app: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="https://mcp.example.com", follow_redirects=False
    )


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
