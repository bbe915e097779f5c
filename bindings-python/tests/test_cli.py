"""The program, as it is started from a shell."""

import json
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

STARTS = [[sys.executable, "-m", "mcp_bearer"], [str(Path(sysconfig.get_path("scripts")) / "mcp-bearer")]]


def run(*command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("start", STARTS, ids=["module", "script"])
def test_it_runs_and_says_how_it_went(start: list[str]) -> None:
    helped = run(*start, "--help")
    assert helped.returncode == 0
    assert "mcp-bearer doctor URL" in helped.stdout

    wrong = run(*start, "doctor")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "needs the URL" in wrong.stderr

    nobody = run(*start, "doctor", "http://127.0.0.1:1/mcp", "--json")
    assert nobody.returncode == 1
    assert json.loads(nobody.stdout)["findings"][-1]["id"] == "unreachable"

    decoded = run(*start, "decode", "-", stdin="e30.eyJzdWIiOiJhbGljZSJ9.c2VjcmV0\n")
    assert decoded.returncode == 0
    assert '"sub": "alice"' in decoded.stdout
    assert "c2VjcmV0" not in decoded.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there is no signal to send")
def test_ctrl_c_ends_dev() -> None:
    command = [*STARTS[0], "dev", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as dev:
        assert dev.stdout is not None
        assert dev.stdout.readline().startswith("export MCP_SERVER_URL=")
        dev.send_signal(signal.SIGINT)
        assert dev.wait(timeout=10) == -signal.SIGINT
