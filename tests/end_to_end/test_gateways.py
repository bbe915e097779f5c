"""A gateway breaks nothing of what is permitted, and lets out nothing that is not its to give.

Behind each stands a recording upstream: it never sees a call that was not permitted, nor the
client's token, and what it sees is what was judged.
"""

import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import wire
from attacks import CREATE, LIST, call
from expect import MISSING, check, check_allowance, check_status, describe, needs
from issuer import Issuer
from servers import Server
from upstream import Upstream, response, result
from wire import Connection

Mint = Callable[..., str]

# Never passed on (RFC 9110 section 7.6.1).
REMOVED = {
    "Authorization",
    "DPoP",
    "Proxy-Authorization",
    "Cookie",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "Proxy-Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Upgrade",
    "X-Named-By-Connection",
}


def test_request_arrives_as_it_was_sent(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    fields = [
        ("MCP-Protocol-Version", "2025-06-18"),
        ("Mcp-Session-Id", "s-1"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "list_todos"),
        ("X-Own", "kept"),
    ]
    answer = check_status(gateway, "list_todos", 200, gateway.rpc(LIST, mint(gateway), fields))
    assert answer.json() == result(json.loads(LIST)), describe(gateway, "list_todos", "the answer of the upstream", answer)
    [seen] = upstream.recorded
    assert seen.target == "/upstream/mcp" and seen.method == "POST", seen
    assert seen.one("Host") == f"127.0.0.1:{upstream.port}", seen
    assert seen.one("Content-Type") == "application/json"
    for name, value in fields:
        assert seen.one(name) == value, describe(gateway, f"{name}: {value}", "passed on", seen)


def test_nothing_private_is_passed_on(gateway: Server, mint: Mint, upstream: Upstream, issuer: Issuer) -> None:
    token = mint(gateway)
    secret = "s3cret"
    fields = [(name, "trailers" if name == "TE" else secret) for name in REMOVED - {"Authorization", "Upgrade", "Trailer"}]
    fields += [("X-Forwarded-Access-Token", "x"), ("Connection", "X-Named-By-Connection, Keep-Alive, TE")]
    with Connection(gateway.port) as connection:
        own = [("Content-Type", "application/json"), ("Content-Length", str(len(LIST))), ("Authorization", f"Bearer {token}")]
        connection.send(wire.head("POST", gateway.path, gateway.port, [*own, *fields]) + LIST)
        check_status(gateway, "private fields", 200, connection.receive("POST"))
    [seen] = upstream.recorded
    present = [name for name in REMOVED if any(secret in value or "Bearer" in value for value in seen.all(name))]
    assert not present, describe(gateway, "private fields", f"{present} removed", seen)
    assert secret not in str(seen.fields), describe(gateway, "private fields", "none passed on", seen)
    assert token.split(".")[2] not in str(seen.fields) and token.split(".")[2].encode() not in seen.body


@pytest.mark.parametrize(
    "named", ["authorization", "Authorization, close", "content-type", "content-length", "transfer-encoding", "mcp-name", "host", "origin"]
)
def test_connection_cannot_name_fields_away(gateway: Server, named: str, mint: Mint, upstream: Upstream) -> None:
    """Hop-by-hop smuggling: the guard judges the fields that were sent, whatever Connection says."""
    fields = [("Connection", named), ("Mcp-Name", "create_todo")]
    own = [("Content-Type", "application/json"), ("Accept", "application/json"), *fields]

    def ask(body: bytes, token: str | None, mcp_name: str) -> wire.Message | None:
        authorization = [("Authorization", f"Bearer {token}")] if token else []
        sent = [(name, mcp_name if name == "Mcp-Name" else value) for name, value in own]
        return wire.raw(
            gateway.port, wire.head("POST", gateway.path, gateway.port, [*authorization, *sent, ("Content-Length", str(len(body)))]) + body
        )

    check(gateway, f"Connection: {named} without a token", MISSING, ask(CREATE, None, "create_todo"))
    check(gateway, f"Connection: {named}", needs("todo:write"), ask(CREATE, mint(gateway), "create_todo"))
    assert not upstream.seen()
    answer = ask(LIST, mint(gateway), "list_todos")
    check_status(gateway, f"Connection: {named}, permitted call", {200, 400}, answer)
    for seen in upstream.recorded:
        assert seen.body == LIST and not seen.all("Authorization"), describe(gateway, named, "the judged call without the token", seen)


def test_answer_arrives_as_it_was_given(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    body = json.dumps(result(json.loads(LIST))).encode()
    fields = [
        ("Mcp-Session-Id", "s-2"),
        ("X-Own", "kept"),
        ("Connection", "X-Hop"),
        ("X-Hop", "s3cret"),
        ("Keep-Alive", "timeout=5"),
        ("Access-Control-Allow-Origin", "https://upstream.example.com"),
    ]
    upstream.answer_with = response(200, body, fields)
    answer = check_status(gateway, "list_todos", 200, gateway.rpc(LIST, mint(gateway), [("Origin", "http://localhost:6274")]))
    assert answer.body == body
    assert (answer.one("Mcp-Session-Id"), answer.one("X-Own"), answer.one("X-Hop")) == ("s-2", "kept", None), answer
    check_allowance(gateway, "allowance of the upstream", "http://localhost:6274", answer)


@pytest.mark.parametrize("status", [202, 400, 403, 404, 405, 429, 500, 503])
def test_status_of_the_upstream(gateway: Server, status: int, mint: Mint, upstream: Upstream) -> None:
    upstream.answer_with = response(status, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x"}}')
    answer = check_status(gateway, f"upstream says {status}", status, gateway.rpc(LIST, mint(gateway)))
    assert answer.challenge() is None


def test_challenge_of_the_upstream_stays_there(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    """It is about the gateway's credentials: a client would throw its good token away."""
    upstream.answer_with = response(401, b"{}", [("WWW-Authenticate", 'Bearer resource_metadata="https://evil.example.com"')])
    answer = check_status(gateway, "upstream says 401", 502, gateway.rpc(LIST, mint(gateway)))
    assert not answer.all("WWW-Authenticate"), describe(gateway, "upstream says 401", "no challenge", answer)


@pytest.mark.parametrize(
    "bytes_",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"],
    ids=["closes", "garbage", "two lengths"],
)
def test_broken_upstream(gateway: Server, bytes_: bytes, mint: Mint, upstream: Upstream) -> None:
    upstream.answer_with = bytes_
    check_status(gateway, f"upstream says {bytes_!r}", 502, gateway.rpc(LIST, mint(gateway)))
    upstream.answer_with = None
    check_status(gateway, "the next request", 200, gateway.rpc(LIST, mint(gateway)))


def test_redirects_are_not_followed(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    upstream.answer_with = response(307, b"", [("Location", f"http://127.0.0.1:{upstream.port}/elsewhere")])
    check_status(gateway, "upstream redirects", {307, 502}, gateway.rpc(LIST, mint(gateway)))
    assert len(upstream.recorded) == 1


def test_coded_answer(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    """Coded as its header says, or not at all: a client library may have decoded it on the way."""
    body = json.dumps(result(json.loads(LIST))).encode()
    upstream.answer_with = response(200, gzip.compress(body), [("Content-Encoding", "gzip")])
    answer = check_status(gateway, "gzip from the upstream", 200, gateway.rpc(LIST, mint(gateway), [("Accept-Encoding", "gzip")]))
    got = gzip.decompress(answer.body) if answer.one("Content-Encoding") == "gzip" else answer.body
    assert got == body, describe(gateway, "gzip from the upstream", "a body as its fields say", answer)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_events_stream_down_while_calls_go_up(gateway: Server, method: str, mint: Mint, upstream: Upstream) -> None:
    """Each event is there before the next is sent, and messages pass upwards in between."""
    token = mint(gateway)
    body = call("stream_todos", "{}") if method == "POST" else b""
    fields = [("Authorization", f"Bearer {token}"), ("Accept", "application/json, text/event-stream")]
    fields += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))] if body else []
    upstream.events.put({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}})
    with Connection(gateway.port) as connection:
        connection.send(wire.head(method, gateway.path, gateway.port, fields) + body)
        head = check_status(gateway, f"{method} stream", 200, connection.receive_head())
        assert (head.one("Content-Type") or "").startswith("text/event-stream"), head
        events = wire.read_events(connection.reader, head)
        assert next(events)["params"]["progress"] == 1

        reply = b'{"jsonrpc":"2.0","id":7,"result":{"action":"accept"}}'
        check_status(gateway, "a client's response while a stream is open", 202, gateway.rpc(reply, token))
        check(gateway, "a forbidden call while a stream is open", needs("todo:write"), gateway.rpc(CREATE, token))
        check(gateway, "no token while a stream is open", MISSING, gateway.rpc(LIST))
        assert [seen.body for seen in upstream.recorded if seen.method == "POST"][-1] == reply

        upstream.go_on.set()
        upstream.events.put(result({"id": 1}))
        upstream.events.put(None)
        assert next(events)["id"] == 1
        assert next(events, None) is None, "the stream ends when the upstream ends it"
    check(gateway, f"{method} stream without a token", MISSING, gateway(method, gateway.path, body=body or None))


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_client_that_leaves_ends_the_stream(gateway: Server, method: str, mint: Mint, upstream: Upstream) -> None:
    token = mint(gateway)
    body = call("stream_todos", "{}") if method == "POST" else b""
    fields = [("Authorization", f"Bearer {token}"), ("Accept", "application/json, text/event-stream")]
    fields += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))] if body else []
    upstream.events.put({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}})
    with Connection(gateway.port) as connection:
        connection.send(wire.head(method, gateway.path, gateway.port, fields) + body)
        head = connection.receive_head()
        next(wire.read_events(connection.reader, head))
    assert upstream.abandoned.wait(10), describe(
        gateway, f"client leaves a {method} stream", "the upstream is hung up on", "still open after 10 s"
    )


def test_get_and_delete(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    for method in ("GET", "DELETE"):
        check(gateway, f"{method} without a token", MISSING, gateway(method, gateway.path))
    assert not upstream.seen()
    answer = check_status(gateway, "DELETE", 200, gateway("DELETE", gateway.path, mint(gateway), [("Mcp-Session-Id", "s-1")]))
    assert answer.body == b"" and upstream.recorded[0].method == "DELETE" and upstream.recorded[0].one("Mcp-Session-Id") == "s-1"


def test_only_the_endpoint_is_served(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    for target in ("/", "/todos", "/upstream/mcp", "/mcp/../upstream/mcp", f"http://127.0.0.1:{upstream.port}/upstream/mcp"):
        check_status(gateway, target, {400, 403, 404, 421}, gateway.rpc(LIST, mint(gateway), target=target))
    assert not upstream.seen(), describe(gateway, "another path", "no request to the upstream", upstream.seen()[0])


def test_without_a_policy_every_operation_needs_the_base_scope(open_gateway: Server, mint: Mint, upstream: Upstream) -> None:
    for body in (LIST, CREATE, call("drop_database"), b'{"jsonrpc":"2.0","id":1,"method":"ping"}'):
        check(open_gateway, f"no token: {body!r}", MISSING, open_gateway.rpc(body))
        check(open_gateway, f"no scope: {body!r}", needs("todo:read"), open_gateway.rpc(body, mint(open_gateway, None)))
        check(open_gateway, f"another scope: {body!r}", needs("todo:read"), open_gateway.rpc(body, mint(open_gateway, "todo:write")))
    for method in ("GET", "DELETE"):
        check(open_gateway, method, needs("todo:read"), open_gateway(method, open_gateway.path, mint(open_gateway, None)))
    assert not upstream.seen()
    for body in (LIST, CREATE, call("drop_database")):
        check_status(open_gateway, f"{body!r}", 200, open_gateway.rpc(body, mint(open_gateway)))
    assert [seen.body for seen in upstream.recorded] == [LIST, CREATE, call("drop_database")]
    assert not any(seen.all("Authorization") for seen in upstream.recorded)


def test_large_answer(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"text": "x" * 20_000_000}}).encode()
    upstream.answer_with = response(200, body)
    answer = check_status(gateway, "20 MB from the upstream", 200, gateway.rpc(LIST, mint(gateway)))
    assert answer.body == body, describe(gateway, "20 MB from the upstream", f"{len(body)} bytes", len(answer.body))


def test_token_in_the_query_is_not_passed_on(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    token = mint(gateway)
    gateway.rpc(LIST, token, target=f"{gateway.path}?access_token={token}")
    for seen in upstream.seen():
        assert token not in seen.start, describe(gateway, "token in the query too", "not passed on", seen)


def test_many_at_once(gateway: Server, mint: Mint, upstream: Upstream) -> None:
    """No request is answered, or judged, with another one's token."""
    good, poor = mint(gateway, "todo:read todo:write"), mint(gateway, "todo:read")
    kinds = [(CREATE, good, 200), (CREATE, poor, 403), (LIST, poor, 200), (LIST, None, 401), (LIST, "garbage", 401)]
    with ThreadPoolExecutor(20) as pool:
        asked = [(status, pool.submit(gateway.rpc, body, token)) for body, token, status in kinds * 20]
        for status, answer in asked:
            check_status(gateway, "many at once", status, answer.result())
    assert sorted(seen.body for seen in upstream.recorded) == sorted([CREATE, LIST] * 20)


def test_metadata_is_the_gateways_own(gateway: Server, upstream: Upstream) -> None:
    for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
        assert check_status(gateway, path, 200, gateway("GET", path)).json()["resource"] == gateway.resource
    assert not upstream.seen()
