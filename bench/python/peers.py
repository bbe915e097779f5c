"""Each library as its documentation says it is used best, with issuer, audience and expiry checked.

A peer is a function of what is given that returns a check: a function of a token that raises or
returns ``None`` where the token is refused.
"""

import asyncio
import time
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from typing import Any

import joserfc.jwk
import joserfc.jwt
import jwt
import orjson
import oxyjwt
import scalekit
import webtoken
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from fastmcp.server.auth.providers.jwt import JWTVerifier
from scalekit.common.scalekit import TokenValidationOptions

from given import Given

Check = Callable[[str], Any]
AsyncCheck = Callable[[str], Awaitable[Any]]


def expectations(given: Given) -> dict[str, Any]:
    """In the words of PyJWT, which webtoken has taken over."""
    return {
        "algorithms": [given.algorithm],
        "audience": given.audience,
        "issuer": given.issuer,
        "options": {"require": ["exp", "iss", "aud"]},
    }


def pyjwt_client(given: Given) -> Check:
    """As "Retrieve RSA signing keys from a JWKS endpoint" in the documentation has it."""
    client = jwt.PyJWKClient(given.jwks_uri, lifespan=86_400)
    client.get_signing_keys()
    expected = expectations(given)

    def check(token: str) -> Any:
        key = client.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, **expected)

    return check


def pyjwt_key(given: Given) -> Check:
    """With a key that nobody looks up."""
    key = jwt.PyJWK.from_dict(given.jwk)
    expected = expectations(given)

    def check(token: str) -> Any:
        return jwt.decode(token, key, **expected)

    return check


def oxyjwt_key(given: Given) -> Check:
    """With a key that nobody looks up, and without options, which would be slower."""
    key = oxyjwt.DecodingKey.from_jwk(given.jwk)

    def check(token: str) -> Any:
        return oxyjwt.decode(
            token, key, algorithms=[given.algorithm], audience=given.audience, issuer=given.issuer
        )

    return check


def webtoken_key(given: Given) -> Check:
    """With a key that nobody looks up."""
    key = webtoken.PyJWK.from_dict(given.jwk)
    expected = expectations(given)

    def check(token: str) -> Any:
        return webtoken.decode(token, key, **expected)

    return check


def webtoken_thread(given: Given) -> AsyncCheck:
    """What it recommends to those who await. Its own ``decode_async`` fails for every token."""
    check = webtoken_key(given)
    return lambda token: asyncio.to_thread(check, token)


def joserfc_keys(given: Given) -> Check:
    """With a key set and a registry of claims."""
    keys = joserfc.jwk.KeySet.import_key_set(given.jwks)
    claims = joserfc.jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": given.issuer},
        aud={"essential": True, "value": given.audience},
        exp={"essential": True},
    )

    def check(token: str) -> Any:
        decoded = joserfc.jwt.decode(token, keys, algorithms=[given.algorithm])
        claims.validate(decoded.claims)
        return decoded

    return check


def by_hand(given: Given) -> Check:
    """What somebody writes who wants no JWT library: ``cryptography`` and ``orjson``."""
    keys = {jwk["kid"]: _verifier(jwt.PyJWK.from_dict(jwk).key) for jwk in given.jwks["keys"]}

    def check(token: str) -> Any:
        signed, _, signature = token.rpartition(".")
        head, _, body = signed.partition(".")
        header = orjson.loads(_decode(head))
        if header["alg"] != given.algorithm:
            raise ValueError
        keys[header["kid"]](_decode(signature), signed.encode("ascii"))
        claims = orjson.loads(_decode(body))
        audience = claims["aud"]
        now = time.time()
        if (
            claims["iss"] != given.issuer
            or given.audience not in (audience if isinstance(audience, list) else [audience])
            or claims["exp"] <= now
            or claims.get("nbf", 0) > now
        ):
            raise ValueError
        return claims

    return check


def fastmcp_verifier(given: Given) -> AsyncCheck:
    """The verifier of an MCP server; of the two forms that it has the one with a static key."""
    key = jwt.PyJWK.from_dict(given.jwk).key
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    verifier = JWTVerifier(
        public_key=pem, issuer=given.issuer, audience=given.audience, algorithm=given.algorithm
    )
    return verifier.verify_token


def scalekit_client(given: Given) -> Check:
    """The client of the quickstart, which knows RS256 alone."""
    client = scalekit.ScalekitClient(given.origin, "client", "secret")
    options = TokenValidationOptions(issuer=given.issuer, audience=[given.audience])

    def check(token: str) -> Any:
        return client.validate_token(token, options=options)

    return check


def _decode(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _verifier(key: Any) -> Callable[[bytes, bytes], None]:
    if isinstance(key, rsa.RSAPublicKey):
        scheme, sha256 = padding.PKCS1v15(), hashes.SHA256()
        return lambda signature, signed: key.verify(signature, signed, scheme, sha256)
    if isinstance(key, ec.EllipticCurvePublicKey):
        ecdsa = ec.ECDSA(hashes.SHA256())

        def verify(signature: bytes, signed: bytes) -> None:
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            key.verify(encode_dss_signature(r, s), signed, ecdsa)

        return verify
    return lambda signature, signed: key.verify(signature, signed)


# What libraries say about the name EdDSA, again and again.
warnings.simplefilter("ignore")
