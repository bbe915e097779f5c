"""An authorization server reduced to its keys, and an ASGI client reduced to one request."""

import json
from typing import Any

import httpx2

from mcp_bearer import Issuers, Request
from mcp_bearer.testing import Issuer

ISSUER = "https://as.example.com"
RESOURCE = "https://mcp.example.com/mcp"
METADATA = "/.well-known/oauth-protected-resource/mcp"


class Authority:
    """The issuer of the package, with tokens of one user for one resource."""

    def __init__(self) -> None:
        self._issuer = Issuer(ISSUER)
        self.jwks = self._issuer.jwks

    def static(self) -> Issuers:
        return self._issuer.issuers()

    def token(self, scope: str = "todo:read", **claims: Any) -> str:
        return self._issuer.token(
            RESOURCE, scope=scope, claims={"sub": "alice", "client_id": "cli", **claims}
        )

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
