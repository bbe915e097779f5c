"""The operation policy cannot be got around, on any server or gateway.

A refusal must be the design's, and nothing may have happened: no todo was made, and the recording
upstream of a gateway saw no request at all. What is permitted runs, byte for byte as it was sent.
"""

import json
from collections.abc import Callable

import pytest

import wire
from attacks import ATTACKS, CREATE, LIST, PATHS, Attack, Parser, Passes, call
from expect import INVALID, MISSING, check, check_status, describe, needs, result
from servers import Server
from upstream import Upstream
from wire import Message

Mint = Callable[..., str]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(policed: Server, attack: Attack, mint: Mint, upstream: Upstream) -> None:
    token = mint(policed)
    answer = policed.rpc(attack.body, token, attack.fields, content_type=attack.content_type)
    expected = attack.parsed if policed.target.parses_first and attack.parsed else attack.expected
    match expected:
        case Passes():
            check_passed(policed, attack, expected, answer, upstream)
        case Parser(status):
            check_status(policed, attack.name, status, answer)
        case _:
            check(policed, attack.name, expected, answer)
    if not isinstance(expected, Passes):
        check_nothing_happened(policed, attack.name, token, upstream)


def check_passed(server: Server, attack: Attack, expected: Passes, answer: Message, upstream: Upstream) -> None:
    if server.target.is_gateway:
        assert answer.status in (200, 202), describe(server, attack.name, "the answer of the upstream", answer)
        [seen] = upstream.recorded
        # A value that was parsed first is handed on as a value.
        value = json.loads(attack.body.decode(errors="replace")) if server.target.parses_first else None
        same = json.loads(seen.body) == value if server.target.parses_first else seen.body == attack.body
        assert same, describe(server, attack.name, f"upstream gets {attack.body[:300]!r}", seen)
    elif expected.runs:
        ran = answer.status == 200 and "error" not in result(answer) and not result(answer)["result"].get("isError")
        assert ran, describe(server, attack.name, "the result of the tool", answer)
    else:
        refused = answer.status in (401, 403) or answer.status >= 500 or b"error_description" in answer.body
        assert not refused, describe(server, attack.name, "an answer of the SDK", answer)


def check_nothing_happened(server: Server, attack: str, token: str, upstream: Upstream) -> None:
    if server.target.is_gateway:
        assert not upstream.seen(), describe(server, attack, "no request to the upstream", upstream.seen()[0])
    else:
        todos = server("GET", "/todos", token).json()
        assert todos == {"todos": []}, describe(server, attack, "no todo", todos)


def test_no_attack_gets_by_without_a_token(policed: Server, upstream: Upstream, mint: Mint) -> None:
    expired = mint(policed, exp=1)
    for attack in ATTACKS:
        if policed.target.parses_first and isinstance(attack.parsed, Parser):
            continue
        for token, expected in ((None, MISSING), (expired, INVALID)):
            answer = policed.rpc(attack.body, token, attack.fields, content_type=attack.content_type)
            if policed.target.parses_first and answer.status in (400, 413, 415):
                continue  # The host put its parser before everything, and it has answered.
            check(policed, f"{attack.name}, {'expired' if token else 'no'} token", expected, answer)
    assert not upstream.seen(), describe(policed, "all of them", "no request to the upstream", upstream.seen()[0])


@pytest.mark.parametrize("path", PATHS)
def test_another_spelling_of_the_path(policed: Server, path: str, mint: Mint, upstream: Upstream) -> None:
    token = mint(policed)
    answer = policed.rpc(CREATE, token, target=path)
    if answer.status == 403 and answer.one("WWW-Authenticate"):
        check(policed, path, needs("todo:write"), answer)
    else:
        check_status(policed, path, {307, 308, 400, 404, 405}, answer)
    check_nothing_happened(policed, path, token, upstream)

    answer = policed.rpc(CREATE, target=path)
    if answer.status != 400:  # Not a request target at all, and so refused before anyone is asked.
        check(policed, f"{path} without a token", MISSING, answer)
    check_nothing_happened(policed, path, token, upstream)


def test_full_token_runs_every_tool(policed: Server, mint: Mint, upstream: Upstream) -> None:
    token = mint(policed, "todo:read todo:write todo:delete")
    for body in (CREATE, LIST, call("delete_todo", '{"id":"unknown"}')):
        answer = check_status(policed, body.decode(), 200, policed.rpc(body, token))
        assert "result" in result(answer) or b"delete" in body, describe(policed, body.decode(), "a result", answer)
    if policed.target.is_gateway:
        assert [json.loads(seen.body)["params"]["name"] for seen in upstream.recorded] == ["create_todo", "list_todos", "delete_todo"]


def test_each_tool_needs_its_own_scope(policed: Server, mint: Mint, upstream: Upstream) -> None:
    scopes = {"list_todos": "todo:read", "create_todo": "todo:write", "delete_todo": "todo:delete"}
    for tool, scope in scopes.items():
        token = mint(policed, "todo:read" if tool != "list_todos" else "todo:write todo:delete")
        check(policed, tool, needs(scope), policed.rpc(call(tool, '{"title":"x","id":"1"}'), token))
    assert not upstream.seen()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "GET", "DELETE", "QUERY", "post", "PosT"])
def test_other_methods_carry_no_call(policed: Server, method: str, mint: Mint, upstream: Upstream) -> None:
    """A body is judged on POST; on any other method it must not reach a tool."""
    token = mint(policed)
    fields = [("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json")]
    fields += [("X-HTTP-Method-Override", "POST"), ("X-HTTP-Method", "POST")]
    upstream.events.put(None)
    wire.request_head(policed.port, method, policed.path, [("Authorization", f"Bearer {token}"), *fields], CREATE)
    reached = [seen for seen in upstream.seen() if b"create_todo" in seen.body]
    assert not reached, describe(policed, f"{method} with a call as its body", "no call to the upstream", reached[0])
    if not policed.target.is_gateway:
        check_nothing_happened(policed, method, token, upstream)
