"""The README's programs, and that of the repository's, run as they stand there."""

import asyncio
import logging
import re
from hashlib import sha256
from pathlib import Path

import prometheus_client
import pytest
from fastapi.testclient import TestClient
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mcp_bearer import ResourceServer
from mcp_bearer.testing import Issuer

from .documents import FOLDER, changed, check_types, programs, run
from .support import Authority, request, rpc

MCP, FASTAPI, PROMETHEUS, OPENTELEMETRY, TESTS, NO_FRAMEWORK = programs(FOLDER / "README.md")
(ROOT,) = programs(FOLDER.parent / "README.md")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("program", "todos"), [(FASTAPI, {"user": "alice", "todos": []}), (ROOT, {"todos": "of alice"})]
)
def test_the_fastapi_quickstart(issuer: Authority, program: str, todos: object) -> None:
    assert len(program.strip().splitlines()) <= 14
    http = TestClient(run(program)["app"])
    assert 'scope="todo:read"' in http.get("/todos").headers["www-authenticate"]
    assert http.get("/todos", headers=issuer.bearer("other")).status_code == 403
    assert http.get("/todos", headers=issuer.bearer()).json() == todos


@pytest.mark.usefixtures("known")
def test_the_mcp_quickstart(issuer: Authority) -> None:
    call = rpc("tools/call", name="list_todos", arguments={})
    headers = {**issuer.bearer(), "accept": "application/json, text/event-stream"}
    with TestClient(run(MCP)["app"], base_url="https://mcp.example.com") as http:
        assert http.post("/mcp", json=call).status_code == 401
        assert http.post("/mcp", json=call, headers=issuer.bearer("other")).status_code == 403
        assert "buy milk for alice" in http.post("/mcp", json=call, headers=headers).text


def test_the_line_of_a_log(
    server: ResourceServer, issuer: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "mcp_bearer"):
        server.try_authenticate(request(issuer.token(exp=1)))
    varies = re.compile(r"(?<=fingerprint=)[0-9a-f]{16}|(?<=duration_us=)[0-9]+")
    shown = re.findall(r"```text\n(.*?)\n```", (FOLDER / "README.md").read_text())
    assert [varies.sub("", line) for line in shown] == [varies.sub("", caplog.messages[0])]


@pytest.mark.usefixtures("known")
def test_prometheus(issuer: Authority) -> None:
    server = run(PROMETHEUS)["server"]
    for token in (issuer.token(), "x", "x"):
        server.try_authenticate(request(token))
    shown = prometheus_client.generate_latest().decode()
    decided = 'mcp_bearer_decisions_total{check="token",operation="",reason='
    assert f'{decided}"allowed"}} 1.0' in shown
    assert f'{decided}"malformed_token"}} 2.0' in shown
    assert 'mcp_bearer_decision_duration_seconds_count{check="token"} 3.0' in shown


@pytest.mark.usefixtures("known")
def test_opentelemetry(issuer: Authority) -> None:
    reader, spans = InMemoryMetricReader(), InMemorySpanExporter()
    metrics.set_meter_provider(MeterProvider([reader]))
    tracing = TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    server = run(OPENTELEMETRY)["server"]
    with tracing.get_tracer("test").start_as_current_span("request"):
        server.try_authenticate(request("x"))
    told = {"check": "token", "reason": "malformed_token", "operation": ""}
    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == "mcp_bearer.decisions"
    (point,) = metric.data.data_points
    assert isinstance(point, NumberDataPoint)
    assert (dict(point.attributes or {}), point.value) == (told, 1)
    (span,) = spans.get_finished_spans()
    (event,) = span.events
    assert event.name == "mcp_bearer.decision"
    assert dict(event.attributes or {}) == told | {"fingerprint": sha256(b"x").hexdigest()[:16]}


@pytest.mark.parametrize("program", [PROMETHEUS, OPENTELEMETRY])
def test_exporters_are_short(program: str) -> None:
    assert len([line for line in program.splitlines() if line]) <= 15


def test_a_test(mcp_bearer_issuer: Issuer) -> None:
    run(TESTS)["test_todos"](mcp_bearer_issuer)


@pytest.mark.usefixtures("known")
def test_without_a_framework(issuer: Authority) -> None:
    answer = run(NO_FRAMEWORK)["answer"]
    assert asyncio.run(answer("GET", "/", []))[0] == 401
    assert asyncio.run(answer("GET", "/", list(issuer.bearer().items()))) == (200, [], b"hello")


@pytest.mark.usefixtures("known")
def test_what_becomes_of_validate_token(issuer: Authority) -> None:
    found = changed(FOLDER.parent / "docs" / "migration.md")
    (program,) = [program for program in found if "async def whoami(method" in program]
    whoami = run(program)["whoami"]
    status, headers, _ = asyncio.run(whoami("GET", "/", list(issuer.bearer("other").items())))
    assert status == 403
    assert 'scope="todo:read"' in dict(headers)["www-authenticate"]
    assert asyncio.run(whoami("GET", "/", list(issuer.bearer().items()))) == (200, [], b"alice")


def test_they_have_types(tmp_path: Path) -> None:
    check_types([FASTAPI, MCP, PROMETHEUS, OPENTELEMETRY, TESTS, NO_FRAMEWORK], tmp_path)
