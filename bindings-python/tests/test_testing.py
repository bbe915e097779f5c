"""The issuer for tests, which comes with the package."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mcp_bearer.testing
from mcp_bearer import ConfigError, Request, ResourceServer, reason
from mcp_bearer.testing import Issuer

RESOURCE = "https://mcp.example.com"
OTHER = """
import sys

def test_other():
    assert not [name for name in sys.modules if name.startswith("mcp_bearer")]
"""
WRONG = {
    "expired": reason.EXPIRED,
    "not yet valid": reason.NOT_YET_VALID,
    "for another audience": reason.WRONG_AUDIENCE,
    "of another issuer": reason.UNKNOWN_ISSUER,
    "a claim is missing": reason.MISSING_CLAIM,
    "another algorithm": reason.UNSUPPORTED_ALGORITHM,
    "an unknown key": reason.KEY_NOT_FOUND,
    "forged: the right name, but another key": reason.BAD_SIGNATURE,
}
DOCUMENTED = re.findall(
    r"^    (\S*token\(.*\))  # (.*)$", mcp_bearer.testing.__doc__ or "", flags=re.MULTILINE
)


def verdict(server: ResourceServer, token: str) -> str:
    request = Request(method="GET", target="/", headers=[("authorization", f"Bearer {token}")])
    answer = server.try_authenticate(request)
    assert answer is not None
    return answer.denial.reason if answer.denial else "good"


def test_a_run_that_asks_for_no_issuer_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(OTHER)
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_other.py"]
    told = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_a_good_token_is_good(mcp_bearer_issuer: Issuer) -> None:
    server = mcp_bearer_issuer.server(RESOURCE, scopes_supported=["todo:read"], rfc9068_only=True)
    fields = list(mcp_bearer_issuer.headers(RESOURCE, scope="todo:read todo:write").items())
    answer = server.try_authenticate(Request(method="GET", target="/", headers=fields))
    assert answer is not None
    assert answer.token is not None
    assert answer.token.issuer == mcp_bearer_issuer.identifier == "https://auth.example.com"
    assert answer.token.scopes == {"todo:read", "todo:write"}
    assert answer.token.issued_at == mcp_bearer_issuer.clock.now
    assert answer.token.expires_at == mcp_bearer_issuer.clock.now + 300
    assert server.metadata.dict["scopes_supported"] == ["todo:read"]


@pytest.mark.parametrize(("call", "why"), DOCUMENTED)
def test_the_wrong_tokens_of_the_documentation(mcp_bearer_issuer: Issuer, call: str, why: str) -> None:
    names = {"issuer": mcp_bearer_issuer, "Issuer": Issuer, "resource": RESOURCE}
    assert verdict(mcp_bearer_issuer.server(RESOURCE), eval(call, names)) == WRONG[why]


def test_they_are_all_there() -> None:
    assert [why for _, why in DOCUMENTED] == list(WRONG)


def test_claims_and_header_parameters_are_set_or_left_out(mcp_bearer_issuer: Issuer) -> None:
    server = mcp_bearer_issuer.server(RESOURCE, rfc9068_only=True)
    claims = {"aud": [RESOURCE, "https://other.example.com"], "roles": ["staff"], "jti": "7"}
    token = mcp_bearer_issuer.token(RESOURCE, claims=claims)
    request = Request(method="GET", target="/", headers=[("authorization", f"Bearer {token}")])
    answer = server.try_authenticate(request)
    assert answer is not None
    assert answer.token is not None
    assert claims.items() <= answer.token.claims.items()
    assert verdict(server, mcp_bearer_issuer.token(RESOURCE, claims={"sub": None})) == reason.MISSING_CLAIM
    assert verdict(server, mcp_bearer_issuer.token(RESOURCE, header={"typ": None})) == reason.WRONG_TYPE


def test_time_passes_when_the_test_says_so(mcp_bearer_issuer: Issuer) -> None:
    issuer, server = mcp_bearer_issuer, mcp_bearer_issuer.server(RESOURCE, leeway=0)
    issuer.clock.now = 1_000_000_000.5
    token = issuer.token(RESOURCE)
    issuer.clock.advance(299)
    assert (verdict(server, token), issuer.clock.now) == ("good", 1_000_000_299.5)
    issuer.clock.advance(0.5)
    assert verdict(server, token) == reason.EXPIRED
    assert verdict(server, issuer.token(RESOURCE)) == "good"


def test_a_server_knows_the_keys_of_the_time_when_it_was_made(mcp_bearer_issuer: Issuer) -> None:
    before = mcp_bearer_issuer.token(RESOURCE)
    server = mcp_bearer_issuer.server(RESOURCE)
    mcp_bearer_issuer.rotate()
    after = mcp_bearer_issuer.token(RESOURCE)
    assert (verdict(server, before), verdict(server, after)) == ("good", reason.KEY_NOT_FOUND)
    server = mcp_bearer_issuer.server(RESOURCE)
    assert (verdict(server, before), verdict(server, after)) == ("good", "good")
    assert len(mcp_bearer_issuer.jwks["keys"]) == 2


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384"])
def test_it_signs_with_any_algorithm(algorithm: str) -> None:
    issuer = Issuer("https://auth.example.com", algorithm=algorithm)
    assert verdict(issuer.server(RESOURCE, algorithms=[algorithm]), issuer.token(RESOURCE)) == "good"


def test_what_it_shows_is_public(mcp_bearer_issuer: Issuer) -> None:
    assert set(mcp_bearer_issuer.jwks["keys"][0]) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert repr(mcp_bearer_issuer) == "Issuer('https://auth.example.com')"


def test_it_stands_in_for_the_issuers_of_the_environment(mcp_bearer_issuer: Issuer) -> None:
    server = ResourceServer.from_env({"MCP_SERVER_URL": RESOURCE}, issuers=mcp_bearer_issuer.issuers())
    assert verdict(server, mcp_bearer_issuer.token(RESOURCE)) == "good"


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        (lambda issuer: Issuer("auth.example.com"), "issuers"),
        (lambda issuer: Issuer(issuer.identifier, algorithm="HS256"), "algorithm"),
        (lambda issuer: issuer.server("mcp.example.com"), "resource"),
        (lambda issuer: issuer.server(RESOURCE, keys={"jwks_fresh": 1.0}), "keys"),
        (lambda issuer: issuer.clock.advance(-1), "seconds"),
        (lambda issuer: setattr(issuer.clock, "now", float("nan")), "now"),
    ],
)
def test_what_is_wrong_is_named(
    mcp_bearer_issuer: Issuer, wrong: Callable[[Issuer], object], setting: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        wrong(mcp_bearer_issuer)
    assert caught.value.setting == setting


def test_claims_must_be_json(mcp_bearer_issuer: Issuer) -> None:
    with pytest.raises(TypeError):
        mcp_bearer_issuer.token(RESOURCE, claims={"roles": object()})
    with pytest.raises(TypeError):
        mcp_bearer_issuer.token(RESOURCE, claims=["roles"])  # type: ignore[arg-type]
