"""What others put in front of an application."""

import base64
import time
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi.responses import JSONResponse
from fastmcp.server.auth.providers.jwt import JWTVerifier
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken, TokenVerifier
from scalekit import ScalekitClient
from scalekit.common.scalekit import TokenValidationOptions
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from authority import Authority
from fastapi import FastAPI, Request


def install(name: str, app: FastAPI, authority: Authority) -> None:
    """Put one of them in front of this application."""
    match name:
        case "cryptography":
            app.add_middleware(ByHand, authority=authority)
        case "fastmcp":
            sdk(
                app,
                JWTVerifier(
                    jwks_uri=f"{authority.keys}/keys", issuer=authority.issuer, audience=authority.audience
                ),
            )
        case "mcp + PyJWT":
            sdk(app, PyJwt(authority))
        case "quickstart":
            app.middleware("http")(quickstart(authority))
        case _:
            raise SystemExit(f"no variant {name}")


class ByHand:
    """The least that a careful person would write."""

    def __init__(self, app: ASGIApp, authority: Authority) -> None:
        self.app = app
        self.authority = authority
        self.keys = {key["kid"]: jwt.PyJWK(key).key for key in authority.jwks["keys"]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            scope["user"] = self.check(dict(scope["headers"])[b"authorization"])
        except Exception:
            await JSONResponse({"error": "invalid_token"}, 401)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def check(self, field: bytes) -> dict[str, Any]:
        signed, signature = field.removeprefix(b"Bearer ").rsplit(b".", 1)
        header, payload = (orjson.loads(decoded(part)) for part in signed.split(b"."))
        if header["alg"] != "RS256":
            raise ValueError("alg")
        self.keys[header["kid"]].verify(decoded(signature), signed, PKCS1v15(), SHA256())
        audiences = payload["aud"] if isinstance(payload["aud"], list) else [payload["aud"]]
        if payload["iss"] != self.authority.issuer or self.authority.audience not in audiences:
            raise ValueError("not for us")
        if not payload.get("nbf", 0) <= time.time() < payload["exp"]:
            raise ValueError("not now")
        return payload


def decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def sdk(app: FastAPI, verifier: TokenVerifier) -> None:
    """As the MCP SDK does in front of its own application."""
    app.add_middleware(RequireAuthMiddleware, required_scopes=[])
    app.add_middleware(AuthenticationMiddleware, backend=BearerAuthBackend(verifier))


class PyJwt(TokenVerifier):
    """As the documentation of the two has it."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.client = jwt.PyJWKClient(f"{authority.keys}/keys")

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            claims = jwt.decode(
                token,
                self.client.get_signing_key_from_jwt(token),
                algorithms=["RS256"],
                audience=self.authority.audience,
                issuer=self.authority.issuer,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=claims.get("client_id", claims["sub"]),
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            claims=claims,
        )


def quickstart(authority: Authority) -> Callable[[Request, Any], Awaitable[Response]]:
    """As its text has it, which asks the SDK for each request."""
    scalekit = ScalekitClient(authority.keys, "skc_123", "test_123")
    options = TokenValidationOptions(issuer=authority.issuer, audience=[authority.audience])

    async def auth_middleware(request: Request, call_next: Any) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return JSONResponse({"error": "Missing or invalid Bearer token"}, 401)
        try:
            claims = scalekit.validate_token(token, options=options)
            request.state.user = claims
            request.state.scopes = claims.get("scope", "").split()
            return await call_next(request)
        except Exception:
            return JSONResponse({"error": "Invalid or expired token"}, 401)

    return auth_middleware
