"""What observers and ``logging`` are told."""

import contextvars
import logging
from hashlib import sha256
from typing import Any

import pytest

from mcp_bearer import DecisionEvent, OperationPolicy, Requirement, ResourceServer

from .support import ISSUER, RESOURCE, Authority, request

pytestmark = pytest.mark.anyio


def observed(issuer: Authority) -> tuple[ResourceServer, list[DecisionEvent]]:
    told: list[DecisionEvent] = []
    server = ResourceServer(resource=RESOURCE, issuers=issuer.static(), on_decision=told.append)
    return server, told


def test_each_check_is_told(issuer: Authority) -> None:
    server, told = observed(issuer)
    token = issuer.token(scope="todo:read")
    assert not server.try_authorize(request(token), Requirement.scope("todo:write"))
    who, may = told
    assert (who.check, who.allowed, who.reason, who.status) == ("token", True, None, None)
    assert (who.resource, who.issuer, who.scopes) == (RESOURCE, ISSUER, frozenset({"todo:read"}))
    assert (may.check, may.allowed, may.reason, may.status) == (
        "requirement",
        False,
        "insufficient_scope",
        403,
    )
    assert who.fingerprint == may.fingerprint == sha256(token.encode()).hexdigest()[:16]
    assert 0 < who.duration < 60
    assert str(may).startswith(f'denied reason=insufficient_scope check=requirement issuer="{ISSUER}"')
    assert token not in repr(may)


def test_an_operation_is_told_in_words_of_the_policy(issuer: Authority) -> None:
    server, told = observed(issuer)
    authentication = server.try_authenticate(request(issuer.token()))
    assert authentication is not None
    policy = OperationPolicy(tools={"list_todos": []})
    for name, operation in [("list_todos", "tools/call list_todos"), ("other", "tools/call")]:
        body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s"}}' % name.encode()
        server.permit_operation(
            authentication.token,
            policy,
            method="POST",
            headers=[("content-type", "application/json")],
            body=body,
        )
        assert (told[-1].check, told[-1].operation) == ("operation", operation)


async def test_it_is_told_in_the_context_of_the_request(issuer: Authority) -> None:
    request_id = contextvars.ContextVar("request_id", default=0)
    told: list[tuple[int, str | None]] = []
    server = ResourceServer(
        resource=RESOURCE,
        issuers=[ISSUER],
        keys={"fetch": issuer.fetch},
        on_decision=lambda event: told.append((request_id.get(), event.reason)),
    )
    request_id.set(7)
    # The keys are not in memory at first.
    for token in (issuer.token(), issuer.token(), "x"):
        await server.authorize(request(token), Requirement.none())
    assert told == [(7, None)] * 4 + [(7, "malformed_token")]


def test_refusals_are_logged(issuer: Authority, caplog: pytest.LogCaptureFixture) -> None:
    server = ResourceServer(resource=RESOURCE, issuers=issuer.static())
    with caplog.at_level(logging.INFO, "mcp_bearer"):
        assert server.try_authenticate(request(issuer.token()))
        assert not server.try_authenticate(request(issuer.token(exp=1)))
    [record] = caplog.records
    assert (record.name, record.levelname) == ("mcp_bearer", "INFO")
    assert record.getMessage().startswith("denied reason=expired check=token fingerprint=")
    decision: Any = record.__dict__["decision"]
    assert isinstance(decision, DecisionEvent)
    caplog.clear()
    with caplog.at_level(logging.WARNING, "mcp_bearer"):
        assert not server.try_authenticate(request("x"))
    assert not caplog.records


async def test_outages_are_logged(issuer: Authority, caplog: pytest.LogCaptureFixture) -> None:
    def fetch(url: str, timeout: float, headers: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        return 503, [], b""

    server = ResourceServer(resource=RESOURCE, issuers=[ISSUER], keys={"fetch": fetch})
    decision = await server.authorize(request(issuer.token()), Requirement.none())
    assert decision.denial is not None
    messages = {
        (record.levelname, record.getMessage().split(" fingerprint=")[0]) for record in caplog.records
    }
    assert ("WARNING", "denied reason=keys_unavailable check=token") in messages
    assert ("WARNING", f"{ISSUER}: keys not fetched: status 503; status=none") in messages


def test_an_observer_that_fails_hurts_nobody(issuer: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda told: unraisable.append(told.exc_value))

    def fails(event: DecisionEvent) -> None:
        raise RuntimeError("on purpose")

    server = ResourceServer(resource=RESOURCE, issuers=issuer.static(), on_decision=fails)
    assert server.try_authenticate(request(issuer.token()))
    assert [str(error) for error in unraisable] == ["on purpose"]


def test_a_snapshot(issuer: Authority) -> None:
    server, _ = observed(issuer)
    for token in (issuer.token(), "x", issuer.token(exp=1)):
        server.try_authenticate(request(token))
    stats = server.stats()
    assert stats.authenticated == 1
    assert stats.denied == {"malformed_token": 1, "expired": 1}
    assert [key.issuer for key in stats.keys] == [ISSUER]
    assert repr(stats) == 'Stats(authenticated=1, denied={"expired": 1, "malformed_token": 1})'
