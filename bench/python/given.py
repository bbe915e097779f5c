"""The tokens of one algorithm, and their issuer's keys on the loopback interface."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "bench"


@dataclass(frozen=True)
class Given:
    """What ``build/bench/tokens`` holds for one algorithm."""

    algorithm: str
    issuer: str
    audience: str
    jwks: dict[str, Any]
    tokens: list[str]
    forged: list[str]
    bad: dict[str, str]
    origin: str

    @property
    def jwk(self) -> dict[str, Any]:
        """The only key."""
        return self.jwks["keys"][0]

    @property
    def jwks_uri(self) -> str:
        """For those that want to fetch the keys: once, before anything is measured."""
        return f"{self.origin}/keys"


@contextmanager
def given(algorithm: str) -> Iterator[Given]:
    """Read the tokens, and serve the keys meanwhile."""
    content = json.loads((BUILD / "tokens" / f"{algorithm}.json").read_bytes())
    keys = json.dumps(content["jwks"]).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(keys)

        def do_POST(self) -> None:
            self._answer(b'{"access_token": "none", "expires_in": 86400}')

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Given(algorithm=algorithm, origin=f"http://127.0.0.1:{server.server_port}", **content)
    server.shutdown()
    server.server_close()
