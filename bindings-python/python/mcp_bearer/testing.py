"""An issuer in this process, for tests: it makes a key and mints tokens, good ones and wrong ones.

For tests only: whoever can run this code can make tokens of such an issuer. Nothing is fetched, and the
private key never leaves the issuer::

    from mcp_bearer.testing import Issuer

    issuer = Issuer("https://auth.example.com")
    http = TestClient(create_app(issuer.server("https://mcp.example.com")))
    todos = http.get("/todos", headers=issuer.headers("https://mcp.example.com", scope="todo:read"))

Where pytest runs, the fixture ``mcp_bearer_issuer`` is such an issuer, a new one for each test.

Any part of a token can be wrong on purpose::

    resource = "https://mcp.example.com"
    issuer.token(resource, claims={"exp": issuer.clock.now - 60})  # expired
    issuer.token(resource, claims={"nbf": issuer.clock.now + 60})  # not yet valid
    issuer.token("https://other.example.com")  # for another audience
    issuer.token(resource, claims={"iss": "https://other.example.com"})  # of another issuer
    issuer.token(resource, claims={"exp": None})  # a claim is missing
    issuer.token(resource, header={"alg": "none"})  # another algorithm
    issuer.token(resource, header={"kid": "other"})  # an unknown key
    Issuer(issuer.identifier).token(resource)  # forged: the right name, but another key
"""

from collections.abc import Mapping
from typing import Any

from ._mcp_bearer import Issuers, ManualClock, ResourceServer, TestIssuer

__all__ = ["Issuer", "ManualClock"]


class Issuer:
    """An authorization server reduced to its signing keys."""

    def __init__(self, identifier: str, /, *, algorithm: str = "EdDSA") -> None:
        """Make a key.

        :param identifier: The ``iss`` of its tokens.
        :param algorithm: What it signs with, as JOSE spells it.
        """
        self._native = TestIssuer(identifier, algorithm)

    @property
    def identifier(self) -> str:
        """The ``iss`` of its tokens."""
        return self._native.identifier

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517 section 5)."""
        return self._native.jwks

    @property
    def clock(self) -> ManualClock:
        """The time of this issuer and its servers. It stands still, at first at when it was made."""
        return self._native.clock

    def server(self, resource: str, /, **settings: Any) -> ResourceServer:
        """Make a resource server that trusts the present keys, and lives by the clock of this issuer.

        :param resource: Its identifier.
        :param settings: Those of ``ResourceServer``, but ``issuers`` and ``keys``.
        """
        return ResourceServer(resource=resource, issuers=self.issuers(), **settings)

    def issuers(self) -> Issuers:
        """Return what ``server`` trusts, for servers that are made in other ways.

        One is ``ResourceServer.from_env({"MCP_SERVER_URL": RESOURCE}, issuers=issuer.issuers())``.
        """
        return self._native.issuers()

    def token(
        self,
        audience: str,
        /,
        *,
        scope: str | None = None,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """Mint a token: a good one, valid for five minutes, but for what is set here.

        :param audience: Its ``aud``: the resource.
        :param scope: Its ``scope``, values separated by spaces. Default: none.
        :param claims: Claims to set. ``None`` as a value leaves one out.
        :param header: Header parameters to set, likewise.
        """
        return self._native.token(audience, scope, claims, header)

    def headers(
        self,
        audience: str,
        /,
        *,
        scope: str | None = None,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        """Mint a token, and return the header fields of a request with it."""
        return {"authorization": self._native.authorization(audience, scope, claims, header)}

    def rotate(self) -> None:
        """Publish a new key and sign with it from now on. Servers that exist do not hear of it."""
        self._native.rotate()

    def __repr__(self) -> str:
        return f"Issuer({self.identifier!r})"
