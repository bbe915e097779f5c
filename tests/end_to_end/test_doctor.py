"""`mcp-bearer doctor` on the three examples: all good, and what is not is found."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from issuer import Issuer
from servers import TODOS, Server, Target

Start = Callable[..., Server]


class AuthorizationServer(Issuer):
    """One that says everything which an MCP client wants to know before it begins."""

    def document(self, path: str) -> dict[str, Any] | None:
        document = super().document(path)
        if document and "issuer" in document:
            document |= {
                "code_challenge_methods_supported": ["S256"],
                "registration_endpoint": f"{self.url}/oauth/register",
                "client_id_metadata_document_supported": True,
            }
        return document


@pytest.fixture
def authorization_server() -> Iterator[AuthorizationServer]:
    server = AuthorizationServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(params=TODOS, ids=[target.name for target in TODOS])
def server(request: pytest.FixtureRequest, start_own: Start, authorization_server: Issuer) -> Server:
    target: Target = request.param
    return start_own(target, authorization_server)


def doctor(url: str, *options: str, token: str = "") -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and the findings by id."""
    command = [sys.executable, "-m", "mcp_bearer", "doctor", url, "--json", *options]
    command += ["--token", "-"] if token else []
    done = subprocess.run(command, input=token, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert not token or token.rsplit(".", 1)[1] not in done.stdout
    return done.returncode, {finding["id"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_an_example_is_all_good(server: Server, authorization_server: Issuer) -> None:
    code, findings = doctor(server.resource, token=authorization_server.mint(server.resource))
    bad = [finding for finding in findings.values() if finding["severity"] in ("warning", "error")]
    assert (code, bad) == (0, [])
    for id in ("challenge", "invalid-token", "paths", "resource", "cors-preflight", "cors-challenge", "jwks", "token", "token-accepted"):
        assert findings[id]["severity"] == "ok", id


def test_a_wrong_token_is_found(server: Server, authorization_server: Issuer) -> None:
    code, findings = doctor(server.resource, token=authorization_server.mint(f"{server.resource}/"))
    assert code == 1
    assert "trailing slash" in findings["token-audience"]["what"]
    assert findings["token-refused"]["severity"] == "error"
