"""The servers under load, and what they ask of an issuer."""

import http.client
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

START_TIMEOUT = 60.0
CORES = sorted(os.sched_getaffinity(0))


class Server:
    """A running server, on the last core."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        port = str(self.port)
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                # uvicorn has another name for the port.
                env=dict(os.environ) | {"PORT": port, "UVICORN_PORT": port} | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=lambda: os.sched_setaffinity(0, CORES[-1:]),
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise SystemExit(f"{self.process.args!r} did not start: {self.log.read_text()}")

    def cpu(self) -> float:
        """Seconds of CPU that all of its threads have used."""
        # The number that clock_getcpuclockid(3) gives for a process.
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def status(self, token: str) -> int:
        """Ask once."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/todos", headers={"Authorization": f"Bearer {token}"})
        try:
            return connection.getresponse().status
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Authority:
    """Serves the key set to whoever fetches it, and a token to the SDK that begins by asking for one."""

    def __init__(self, jwks: Any) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(jwks)

            def do_POST(self) -> None:
                self.answer({"access_token": "none", "token_type": "Bearer", "expires_in": 86_400})

            def answer(self, value: Any) -> None:
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
